//! Takes back the decisions whose records could not be stored.

use super::Engine;
use super::deletions::Deletions;
use crate::services::pushes::Pushes;
use crate::storage::ledger::{DiskFailure, LedgerError};

impl Engine {
    /// Discards the unsent replies that depend on records that could not be written. Their requests are
    /// answered again: reads from the state on the disk, and writes with the error.
    pub(super) fn roll_back(&mut self, failure: DiskFailure) -> Result<u64, LedgerError> {
        let DiskFailure { durable, answer, cause, is_rolled_back } = failure;
        if !is_rolled_back {
            return Err(cause);
        }
        if self.ledger.follows() {
            self.follow();
        }
        self.files.roll_back(durable);
        self.deletions = Deletions::default();
        // The pushes of the remaining events are found again.
        self.pushes = Pushes::default();
        self.turns.roll_back(durable, self.outbound.roll_back(durable));
        self.waiting_for_job.values_mut().for_each(|pending| pending.roll_back_with_error(durable, &answer));
        Ok(durable)
    }
}

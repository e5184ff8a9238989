//! The ledger of a node in a cluster. While the node leads, its batches go to the shared log first. While it
//! follows, it applies the batches of the shared log, and refuses commands.

use std::convert::Infallible;

use cluster::{Head, Refused, SharedBatch};
use common::{Detail, Error};
use tracing::warn;

use super::{DiskFailure, Ledger, apply};
use crate::domain::records::Record;
use crate::journal::{Appended, Checkpoint, Journal, JournalError, record_lines};
use crate::storage::commit_log::CommitMode;
use crate::storage::recorded::Recorded;
use crate::storage::replay::key_of;

/// A batch of this size, in bytes, is closed before the next record. With one more line and the commit line,
/// it fits a request to etcd.
const SHARED_BATCH_BYTES: usize = 512 * 1024;

const _: () = assert!(
    SHARED_BATCH_BYTES + common::limits::LINE_BYTES_MAX + 200 <= cluster::BATCH_BYTES_MAX,
    "a batch with one more line fits"
);

/// What the node does in its cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// The node is not in a cluster.
    Alone,
    Following,
    Leading,
}

impl Standing {
    /// A node in a cluster begins as a follower.
    pub(super) fn of(commits: &CommitMode) -> Self {
        match commits {
            CommitMode::Shared(..) | CommitMode::SharedWhenPolled(..) => Self::Following,
            CommitMode::OnThread(_) | CommitMode::WhenPolled => Self::Alone,
        }
    }
}

impl Ledger {
    /// Returns an error while another node leads, or no node.
    pub(super) fn may_lead(&self) -> Result<(), Error> {
        if self.follows() { Err(Detail::NoLeader.into()) } else { Ok(()) }
    }

    /// The end of the log on the disk.
    #[must_use]
    pub fn head(&self) -> Head {
        self.durable.into()
    }

    #[must_use]
    pub fn is_in_cluster(&self) -> bool {
        self.standing != Standing::Alone
    }

    #[must_use]
    pub fn leads(&self) -> bool {
        self.standing == Standing::Leading
    }

    /// Whether the node is in a cluster, and does not lead it.
    #[must_use]
    pub fn follows(&self) -> bool {
        self.standing == Standing::Following
    }

    /// Whether no batch is in flight to the commit log.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.commit_log.is_idle()
    }

    /// Begins to lead. The log must end where the shared log ends.
    pub fn lead(&mut self) {
        debug_assert!(self.is_quiet(), "a node that begins to lead has applied the whole log");
        self.standing = Standing::Leading;
    }

    /// Closes the open batch if it is as large as the shared log permits. Returns its last record.
    pub fn close_full_batch(&mut self) -> Option<u64> {
        if self.standing != Standing::Leading || self.journal.open_batch_bytes() < SHARED_BATCH_BYTES {
            return None;
        }
        let last = self.journal.last();
        self.closed.push_back(self.journal.close_batch()?);
        Some(last)
    }

    /// Applies a batch of the shared log, and calls `visit` after each record. The batch is written when the
    /// commit log is idle. The batch must follow the last one that was applied.
    pub fn receive(
        &mut self,
        batch: &SharedBatch,
        visit: &mut dyn FnMut(&Recorded<'_>),
    ) -> Result<(), JournalError> {
        let other_chain = || JournalError::OtherChain { record: batch.after.record };
        let after = Checkpoint::try_from(&batch.after).map_err(|_| other_chain())?;
        if self.journal.last() != batch.before.record {
            return Err(other_chain());
        }
        for line in record_lines(&batch.bytes) {
            let Self { journal, state, open_batch_bytes, .. } = self;
            let record = Record::decode(line).map_err(|error| JournalError::Record {
                record: journal.last() + 1,
                file: "the shared log".to_owned(),
                why: error.to_string(),
            })?;
            let appended = append_line(journal, &record, line);
            *open_batch_bytes += line.len();
            visit(&apply(state, record, appended));
        }
        match self.journal.close_batch() {
            Some(received) if self.journal.last() == after.record => {
                self.closed.push_back(received.received(after.chain));
                Ok(())
            }
            Some(_) | None => Err(other_chain()),
        }
    }

    /// Stops leading, and discards all records that are not durable.
    pub fn step_down(&mut self) -> DiskFailure {
        self.take_back(JournalError::NotShared(Refused::Deposed), Detail::NoLeader.into())
    }

    /// Restores the state of the last durable record after the shared log refused a batch. The node then
    /// follows.
    pub(super) fn take_back(&mut self, refused: JournalError, answer: Error) -> DiskFailure {
        warn!(error = %refused, "this node no longer leads its cluster");
        self.standing = Standing::Following;
        self.roll_back(refused, answer)
    }
}

/// Appends a record with the line that it has in the log of another node.
fn append_line<'a>(journal: &'a mut Journal, record: &Record<'_>, line: &[u8]) -> Appended<'a> {
    let Ok(appended) = journal.append_with(key_of(record).as_ref(), |batch| {
        batch.extend_from_slice(line);
        Ok::<(), Infallible>(())
    });
    appended
}

//! The longest wait of one client for an acknowledgement.

use std::collections::BTreeMap;

use uuid::Uuid;

#[derive(Default)]
pub(super) struct Waits {
    /// The times at which the pending messages were sent.
    sent_at_ms: BTreeMap<Uuid, u64>,
    acknowledged_at_ms: u64,
    longest_ms: u64,
    acknowledged: u64,
}

impl Waits {
    pub(super) fn sent(&mut self, id: Uuid, now_ms: u64) {
        self.sent_at_ms.insert(id, now_ms);
    }

    /// The wait begins when the message is sent, or at the last acknowledgement, which may be later.
    pub(super) fn acknowledged(&mut self, id: Uuid, now_ms: u64) {
        self.acknowledged += 1;
        if let Some(sent_at_ms) = self.sent_at_ms.remove(&id) {
            let since_ms = sent_at_ms.max(self.acknowledged_at_ms);
            self.longest_ms = self.longest_ms.max(now_ms.saturating_sub(since_ms));
        }
        self.acknowledged_at_ms = now_ms;
    }

    pub(super) fn refused(&mut self, id: Uuid) {
        self.sent_at_ms.remove(&id);
    }

    /// The number of acknowledged messages.
    pub(super) fn count(&self) -> u64 {
        self.acknowledged
    }

    /// The longest wait since the last call.
    pub(super) fn take_longest_ms(&mut self) -> u64 {
        std::mem::take(&mut self.longest_ms)
    }
}

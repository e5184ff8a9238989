//! Counts the messages of this chat: pending, acknowledged, rejected.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The counts, and a wait for the answers of the server. Clones share the counts.
#[derive(Clone, Default)]
pub(super) struct DeliveryCounter {
    shared: Arc<(Mutex<Counts>, Condvar)>,
}

#[derive(Default)]
struct Counts {
    /// Sent, but neither acknowledged nor rejected.
    pending: usize,
    acknowledged: usize,
    rejected: usize,
}

impl DeliveryCounter {
    /// Counts a message as pending.
    pub(super) fn message_sent(&self) {
        self.counts().pending += 1;
    }

    /// Counts a pending message as acknowledged or rejected.
    pub(super) fn message_answered(&self, is_acknowledged: bool) {
        let mut counts = self.counts();
        counts.pending = counts.pending.saturating_sub(1);
        if is_acknowledged {
            counts.acknowledged += 1;
        } else {
            counts.rejected += 1;
        }
        self.shared.1.notify_all();
    }

    pub(super) fn pending(&self) -> usize {
        self.counts().pending
    }

    pub(super) fn rejected(&self) -> usize {
        self.counts().rejected
    }

    pub(super) fn has_acknowledged(&self) -> bool {
        self.counts().acknowledged > 0
    }

    /// Waits until at most `pending_max` messages are pending. Returns false if no message is acknowledged or
    /// rejected within `timeout`.
    pub(super) fn wait_for(&self, pending_max: usize, timeout: Duration) -> bool {
        let mut counts = self.counts();
        while counts.pending > pending_max {
            let before = counts.pending;
            let waited = self.shared.1.wait_timeout(counts, timeout);
            let (after, waited) = waited.unwrap_or_else(PoisonError::into_inner);
            if waited.timed_out() && after.pending == before {
                return false;
            }
            counts = after;
        }
        true
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.shared.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_ends_when_messages_are_answered_or_at_the_timeout() {
        let delivery = DeliveryCounter::default();
        delivery.message_sent();
        assert!(delivery.wait_for(1, Duration::ZERO));
        assert!(!delivery.wait_for(0, Duration::from_millis(1)), "no message is answered");
        let shared_counter = delivery.clone();
        let thread = std::thread::spawn(move || shared_counter.message_answered(false));
        assert!(delivery.wait_for(0, Duration::from_mins(1)));
        assert_eq!(delivery.rejected(), 1);
        thread.join().expect("the thread ends");
    }
}

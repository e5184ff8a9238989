//! Counts the messages of this chat: sent, acknowledged, rejected.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Counts messages, and waits until the server has answered them. Clones share the counts.
#[derive(Clone, Default)]
pub(super) struct DeliveryCounter {
    shared: Arc<(Mutex<Counts>, Condvar)>,
}

#[derive(Default)]
struct Counts {
    /// Sent, and neither acknowledged nor rejected.
    pending: usize,
    acknowledged: usize,
    rejected: usize,
}

impl DeliveryCounter {
    /// Counts a message that is on its way to the server.
    pub(super) fn message_sent(&self) {
        self.counts().pending += 1;
    }

    /// Counts the outcome of a message.
    pub(super) fn message_settled(&self, is_acknowledged: bool) {
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

    /// Waits until at most `pending_max` messages are pending. False when no message is settled for
    /// `patience`.
    pub(super) fn wait_for(&self, pending_max: usize, patience: Duration) -> bool {
        let mut counts = self.counts();
        while counts.pending > pending_max {
            let before = counts.pending;
            let waited = self.shared.1.wait_timeout(counts, patience);
            let (after, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
            if timeout.timed_out() && after.pending == before {
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
    fn waits_for_all_messages_and_gives_up_without_progress() {
        let delivery = DeliveryCounter::default();
        delivery.message_sent();
        assert!(delivery.wait_for(1, Duration::ZERO));
        assert!(!delivery.wait_for(0, Duration::from_millis(1)), "no message is settled");
        let other = delivery.clone();
        let thread = std::thread::spawn(move || other.message_settled(false));
        assert!(delivery.wait_for(0, Duration::from_mins(1)));
        assert_eq!(delivery.rejected(), 1);
        thread.join().expect("the thread ends");
    }
}

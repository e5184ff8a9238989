//! Rates: `BURST` at once, and then `PER_SECOND`. A token bucket.

/// The rate of lines from one client, or of handshakes from one network.
#[derive(Default)]
pub(crate) struct Rate<const BURST: u64, const PER_SECOND: u64> {
    /// The items that were taken and not refilled, in thousandths.
    missing: u64,
    /// The time of `missing`, in milliseconds.
    at_ms: u64,
}

impl<const BURST: u64, const PER_SECOND: u64> Rate<BURST, PER_SECOND> {
    /// Takes some items. A client that sends expensive lines can owe lines.
    pub(crate) fn take(&mut self, items: u64, now_ms: u64) {
        self.missing = self.missing_at(now_ms) + items * 1_000;
        self.at_ms = now_ms;
    }

    /// The time at which the next item can be taken. `None` if it can be taken now.
    pub(crate) fn due(&self, now_ms: u64) -> Option<u64> {
        let lacking = (self.missing_at(now_ms) + 1_000).saturating_sub(BURST * 1_000);
        (lacking > 0).then(|| now_ms + lacking.div_ceil(PER_SECOND))
    }

    /// Whether no item is missing.
    pub(crate) fn is_full(&self, now_ms: u64) -> bool {
        self.missing_at(now_ms) == 0
    }

    /// Items per second are thousandths of an item per millisecond.
    fn missing_at(&self, now_ms: u64) -> u64 {
        let refilled = now_ms.saturating_sub(self.at_ms).saturating_mul(PER_SECOND);
        self.missing.saturating_sub(refilled)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::{LINES_BURST, LINES_PER_SECOND};

    #[test]
    fn a_burst_is_followed_by_the_rate() {
        let mut rate = Rate::<LINES_BURST, LINES_PER_SECOND>::default();
        for _ in 0..LINES_BURST {
            assert_eq!(rate.due(7), None);
            rate.take(1, 7);
        }
        let wait_ms = 1_000 / LINES_PER_SECOND;
        assert_eq!((rate.due(7), rate.due(7 + wait_ms)), (Some(7 + wait_ms), None));
        rate.take(1, 7 + wait_ms);
        assert_eq!(rate.due(7 + wait_ms), Some(7 + 2 * wait_ms));
        assert_eq!(rate.due(60_000), None);
        rate.take(2 * LINES_BURST, 60_000);
        assert_eq!(rate.due(60_000), Some(60_000 + (LINES_BURST + 1) * wait_ms));
    }
}

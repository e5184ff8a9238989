//! The rate of lines from one client: a token bucket.

use crate::limits::{LINES_BURST, LINES_PER_SECOND};

#[derive(Default)]
pub(super) struct LineRate {
    /// The lines that were taken and not refilled, in thousandths.
    missing: u64,
    /// The time of `missing`, in milliseconds.
    at_ms: u64,
}

impl LineRate {
    /// Takes some lines. A client that sends expensive lines can owe lines.
    pub(super) fn take(&mut self, lines: u64, now_ms: u64) {
        self.missing = self.missing_at(now_ms) + lines * 1_000;
        self.at_ms = now_ms;
    }

    /// The time at which the next line can be handled. `None` if it can be handled now.
    pub(super) fn due(&self, now_ms: u64) -> Option<u64> {
        let lacking = (self.missing_at(now_ms) + 1_000).saturating_sub(LINES_BURST * 1_000);
        (lacking > 0).then(|| now_ms + lacking.div_ceil(LINES_PER_SECOND))
    }

    /// Lines per second are thousandths of a line per millisecond.
    fn missing_at(&self, now_ms: u64) -> u64 {
        let refilled = now_ms.saturating_sub(self.at_ms).saturating_mul(LINES_PER_SECOND);
        self.missing.saturating_sub(refilled)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_followed_by_the_rate() {
        let mut rate = LineRate::default();
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

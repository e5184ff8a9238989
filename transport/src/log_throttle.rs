//! A limit for log lines that a peer can cause.

use std::time::{Duration, Instant};

/// Permits one log line in each interval, and counts the suppressed lines.
#[derive(Debug)]
pub(crate) struct LogThrottle {
    interval: Duration,
    logged: Option<Instant>,
    suppressed: u64,
}

impl LogThrottle {
    pub(crate) fn new(interval: Duration) -> Self {
        Self { interval, logged: None, suppressed: 0 }
    }

    /// Returns the number of lines that were suppressed since the last permitted line; `None` if this line is
    /// suppressed.
    pub(crate) fn permit(&mut self, now: Instant) -> Option<u64> {
        if self.logged.is_some_and(|logged| now.duration_since(logged) < self.interval) {
            self.suppressed += 1;
            return None;
        }
        self.logged = Some(now);
        Some(std::mem::take(&mut self.suppressed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_permitted_line_reports_the_number_of_suppressed_lines() {
        let (start, second) = (crate::clock::now(), Duration::from_secs(1));
        let mut log_throttle = LogThrottle::new(second * 10);
        let mut permit = |seconds| log_throttle.permit(start + second * seconds);
        assert_eq!(
            [permit(0), permit(0), permit(9), permit(10), permit(11), permit(30)],
            [Some(0), None, None, Some(2), None, Some(1)]
        );
    }
}

//! A histogram of durations with three significant digits.

use std::time::Duration;

use anyhow::Result;
use hdrhistogram::Histogram;

/// The maximum of the histogram: a minute.
const LONGEST_NS: u64 = 60_000_000_000;

pub(crate) struct Latencies(Histogram<u64>);

impl Latencies {
    pub(crate) fn new() -> Result<Self> {
        Ok(Self(Histogram::new_with_bounds(1, LONGEST_NS, 3)?))
    }

    pub(crate) fn add(&mut self, took: Duration) {
        self.0.saturating_record(u64::try_from(took.as_nanos()).unwrap_or(LONGEST_NS));
    }

    /// The quantile `share` in milliseconds; a share of 1 is the maximum.
    pub(crate) fn quantile_ms(&self, share: f64) -> f64 {
        self.0.value_at_quantile(share) as f64 / 1e6
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_in_milliseconds() {
        let mut latencies = Latencies::new().expect("a histogram");
        (1..=100).for_each(|ms| latencies.add(Duration::from_millis(ms)));
        assert!((latencies.quantile_ms(0.5) - 50.0).abs() < 0.1);
        assert!((latencies.quantile_ms(1.0) - 100.0).abs() < 0.1);
    }
}

//! The metrics of a role: counters, gauges and histograms, in the form in which `role.metrics` returns them.
//!
//! A role counts without locks and returns [`Family`] values. The gateway writes the families of all roles as
//! the page `/metrics`.

use std::borrow::Cow;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The upper bounds of the buckets of every histogram, in microseconds. They range from a write into the
/// cache of an SSD to a disk that hangs.
const BOUNDS_US: [u64; 15] = [
    100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000,
    2_500_000, 10_000_000,
];

/// Durations, counted in buckets. Any thread may add one.
#[derive(Debug, Default)]
pub struct Histogram {
    /// The count of each bucket, without the counts of the buckets before it.
    counts: [AtomicU64; BOUNDS_US.len()],
    /// The count of all durations, including those beyond the last bound.
    count: AtomicU64,
    sum_us: AtomicU64,
}

impl Histogram {
    pub fn observe(&self, duration: Duration) {
        let us = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        let bucket = BOUNDS_US.partition_point(|bound| *bound < us);
        if let Some(count) = self.counts.get(bucket) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        self.count.fetch_add(1, Ordering::Relaxed);
        self.sum_us.fetch_add(us, Ordering::Relaxed);
    }

    /// The number of durations.
    pub fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }
}

/// The type of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MetricKind {
    Counter,
    Gauge,
    Histogram,
}

/// A metric with its samples.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Family {
    pub name: Cow<'static, str>,
    pub kind: MetricKind,
    /// One sentence for the operator.
    pub help: Cow<'static, str>,
    pub samples: Vec<Sample>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    pub labels: Vec<(Cow<'static, str>, String)>,
    pub value: SampleValue,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum SampleValue {
    Number(f64),
    Durations {
        /// The upper bound of each bucket in microseconds, and the count of all durations up to this bound.
        buckets: Vec<(u64, u64)>,
        count: u64,
        sum_us: u64,
    },
}

impl From<u64> for SampleValue {
    fn from(number: u64) -> Self {
        Self::Number(number as f64)
    }
}

impl From<&Histogram> for SampleValue {
    fn from(histogram: &Histogram) -> Self {
        let mut total = 0;
        let buckets = BOUNDS_US.iter().zip(&histogram.counts).map(|(bound, count)| {
            total += count.load(Ordering::Relaxed);
            (*bound, total)
        });
        let buckets = buckets.collect();
        // Another thread may have added a duration since the count of its bucket was read.
        let count = histogram.count().max(total);
        Self::Durations { buckets, count, sum_us: histogram.sum_us.load(Ordering::Relaxed) }
    }
}

impl Family {
    #[must_use]
    pub fn new(kind: MetricKind, name: &'static str, help: &'static str) -> Self {
        Self { name: name.into(), kind, help: help.into(), samples: Vec::new() }
    }

    /// A metric with one sample and no labels.
    #[must_use]
    pub fn single(
        kind: MetricKind,
        name: &'static str,
        help: &'static str,
        value: impl Into<SampleValue>,
    ) -> Self {
        Self::new(kind, name, help).with(&[], value)
    }

    /// Adds a sample.
    #[must_use]
    pub fn with(mut self, labels: &[(&'static str, &str)], value: impl Into<SampleValue>) -> Self {
        self.add(labels, value);
        self
    }

    /// Adds a sample.
    pub fn add(&mut self, labels: &[(&'static str, &str)], value: impl Into<SampleValue>) {
        let labels = labels.iter().map(|(name, value)| ((*name).into(), (*value).to_owned())).collect();
        self.samples.push(Sample { labels, value: value.into() });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_bucket_counts_all_durations_up_to_its_bound() {
        let histogram = Histogram::default();
        for us in [0, 100, 101, 2_500, 10_000_000, 10_000_001] {
            histogram.observe(Duration::from_micros(us));
        }
        let SampleValue::Durations { buckets, count, sum_us } = SampleValue::from(&histogram) else {
            panic!("a histogram")
        };
        let at = |bound| buckets.iter().find(|(known, _)| *known == bound).map(|(_, count)| *count);
        assert_eq!(
            [at(100), at(250), at(1_000), at(2_500), at(2_500_000), at(10_000_000)],
            [2, 3, 3, 4, 4, 5].map(Some)
        );
        assert_eq!((count, sum_us), (6, 20_002_702));
    }

    #[test]
    fn a_family_survives_its_encoding() {
        let histogram = Histogram::default();
        histogram.observe(Duration::from_millis(3));
        let family = Family::new(MetricKind::Histogram, "papo_x_seconds", "X.")
            .with(&[("method", "message.send")], &histogram)
            .with(&[], 7_u64);
        let line = serde_json::to_string(&family).expect("JSON");
        assert_eq!(serde_json::from_str::<Family>(&line).expect("a family"), family);
    }
}

//! The counts and the durations of requests, for `/metrics`.

use std::time::Duration;

use common::Error;
use common::methods::Method;
use transport::metrics::{Family, Histogram, MetricKind};

/// The label of lines whose method could not be read.
const NO_METHOD: &str = "none";

/// The outcome of a request, as a label of the metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Ok,
    /// The request is invalid, or the user does not have the right.
    Refused,
    /// The client sends too fast, or the server is busy.
    Limited,
    /// The server cannot store or answer, for example because the disk is full.
    Failed,
}

const OUTCOMES: [(Outcome, &str); 4] = [
    (Outcome::Ok, "ok"),
    (Outcome::Refused, "refused"),
    (Outcome::Limited, "limited"),
    (Outcome::Failed, "failed"),
];

impl Outcome {
    #[must_use]
    pub fn of(error: &Error) -> Self {
        match error.code {
            4290 => Self::Limited,
            -32603 | 5_000..6_000 => Self::Failed,
            _ => Self::Refused,
        }
    }
}

/// The requests since server startup, by method.
#[derive(Debug)]
pub struct RequestMetrics {
    /// One row for each method, and one for lines without a method.
    rows: Vec<Row>,
}

#[derive(Debug, Default)]
struct Row {
    counts: [u64; OUTCOMES.len()],
    durations: Histogram,
}

impl Default for RequestMetrics {
    fn default() -> Self {
        Self { rows: (0..=Method::ALL.len()).map(|_| Row::default()).collect() }
    }
}

impl RequestMetrics {
    /// Counts answered lines.
    pub fn count(&mut self, method: Option<Method>, outcome: Outcome, lines: u64) {
        if let Some(row) = self.rows.get_mut(index(method))
            && let Some(count) = row.counts.get_mut(outcome as usize)
        {
            *count += lines;
        }
    }

    /// Adds the duration of a frame for each of its lines.
    pub fn observe(&self, methods: &[Option<Method>], duration: Duration) {
        for row in methods.iter().filter_map(|method| self.rows.get(index(*method))) {
            row.durations.observe(duration);
        }
    }

    /// The metrics of the methods that were called.
    #[must_use]
    pub fn families(&self) -> [Family; 2] {
        let names = Method::ALL.iter().map(|method| method.description().name).chain([NO_METHOD]);
        let mut requests = Family::new(
            MetricKind::Counter,
            "papo_requests_total",
            "Request lines that the server answered, by method and outcome. refused: the request is invalid or not \
             allowed; limited: the client sends too fast; failed: check the disk and the log of the server. A \
             frame of too many lines counts as one line of the method none.",
        );
        let mut durations = Family::new(
            MetricKind::Histogram,
            "papo_request_duration_seconds",
            "Seconds from the arrival of a request at the server to its reply, with the sync of its record. If they \
             rise, compare papo_fsync_duration_seconds: a slow disk, or a full processor.",
        );
        for (name, row) in names.zip(&self.rows) {
            for ((_, outcome), count) in OUTCOMES.iter().zip(row.counts).filter(|(_, count)| *count > 0) {
                requests.add(&[("method", name), ("outcome", *outcome)], count);
            }
            if row.durations.count() > 0 {
                durations.add(&[("method", name)], &row.durations);
            }
        }
        [requests, durations]
    }
}

fn index(method: Option<Method>) -> usize {
    method.map_or(Method::ALL.len(), |method| method as usize)
}

#[cfg(test)]
mod tests {
    use common::Detail;

    use super::*;

    #[test]
    fn each_method_is_in_the_row_of_its_name() {
        for method in Method::ALL {
            assert_eq!(Method::ALL.get(index(Some(*method))), Some(method));
        }
        for (row, (outcome, _)) in OUTCOMES.iter().enumerate() {
            assert_eq!(*outcome as usize, row);
        }
    }

    #[test]
    fn errors_of_the_server_are_failures() {
        for (detail, outcome) in [
            (Detail::StorageFull, Outcome::Failed),
            (Detail::LogUnwritable, Outcome::Failed),
            (Detail::Internal, Outcome::Failed),
            (Detail::ServerBusy, Outcome::Limited),
            (Detail::NoSession, Outcome::Refused),
        ] {
            assert_eq!(Outcome::of(&detail.into()), outcome);
        }
    }
}

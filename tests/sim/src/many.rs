//! Runs many seeds on all processors. The run of a seed uses one thread, so runs do not affect each other.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use crate::nodes::run_cluster;
use crate::{Counters, Failure, Report, run};

/// The outcome of many seeds.
#[derive(Default)]
pub struct Outcome {
    pub counters: Counters,
    /// The seeds that failed, in order.
    pub failures: Vec<(u64, Box<Failure>)>,
}

/// Runs all seeds of a range.
#[must_use]
pub fn run_all(seeds: Range<u64>) -> Outcome {
    run_each(seeds, |seed| run(seed, None))
}

/// Runs all seeds of a range, each with a cluster.
#[must_use]
pub fn run_all_clusters(seeds: Range<u64>) -> Outcome {
    run_each(seeds, |seed| run_cluster(seed, None))
}

type Run = fn(u64) -> Result<Report, Box<Failure>>;

fn run_each(seeds: Range<u64>, run: Run) -> Outcome {
    let next = AtomicU64::new(seeds.start);
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let mut outcome = Outcome::default();
    thread::scope(|scope| {
        let running: Vec<_> =
            (0..threads).map(|_| scope.spawn(|| run_share(&next, seeds.end, run))).collect();
        for thread in running {
            let share = thread.join().expect("a bug in the simulation has stopped a run");
            outcome.counters += &share.counters;
            outcome.failures.extend(share.failures);
        }
    });
    outcome.failures.sort_by_key(|(seed, _)| *seed);
    outcome
}

/// Runs the seeds that no other thread has taken.
fn run_share(next: &AtomicU64, end: u64, run: Run) -> Outcome {
    let mut share = Outcome::default();
    loop {
        let seed = next.fetch_add(1, Ordering::Relaxed);
        if seed >= end {
            return share;
        }
        match run(seed) {
            Ok(report) => share.counters += &report.counters,
            Err(failure) => share.failures.push((seed, failure)),
        }
    }
}

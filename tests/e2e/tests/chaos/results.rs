//! The results of a run, shared by all client threads: observed events, violations and counters.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::time::Instant;

use sim::Violation;
use sim::checks::Check;
use sim::checks::observed::Observed;
use transport::clock;

/// Maximum number of recorded violations.
const VIOLATIONS_MAX: usize = 100;

pub(super) struct RunResults {
    begun: Instant,
    observed: Mutex<Observed>,
    violations: Mutex<Vec<Violation>>,
    pub(super) is_sending: AtomicBool,
    pub(super) is_stopped: AtomicBool,
    pub(super) sent: Count,
    pub(super) acknowledged: Count,
    pub(super) refused: Count,
    pub(super) shown: Count,
    pub(super) requests: Count,
    pub(super) connections_lost: Count,
    acknowledged_at_ms: AtomicU64,
    ack_gap_ms_max: AtomicU64,
}

/// A number that only grows.
#[derive(Default)]
pub(super) struct Count(AtomicU64);

impl Count {
    pub(super) fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    pub(super) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl RunResults {
    pub(super) fn new() -> Self {
        Self {
            begun: clock::now(),
            observed: Mutex::default(),
            violations: Mutex::default(),
            is_sending: AtomicBool::new(false),
            is_stopped: AtomicBool::new(false),
            sent: Count::default(),
            acknowledged: Count::default(),
            refused: Count::default(),
            shown: Count::default(),
            requests: Count::default(),
            connections_lost: Count::default(),
            acknowledged_at_ms: AtomicU64::new(0),
            ack_gap_ms_max: AtomicU64::new(0),
        }
    }

    pub(super) fn now_ms(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    pub(super) fn observed(&self) -> MutexGuard<'_, Observed> {
        self.observed.lock().expect("no client fails")
    }

    /// Records a violation, unless it is already recorded or there are too many violations.
    pub(super) fn note(&self, check: Check) {
        if let Err(violation) = check {
            let mut violations = self.violations.lock().expect("no client fails");
            if violations.len() < VIOLATIONS_MAX && !violations.contains(&violation) {
                violations.push(violation);
            }
        }
    }

    pub(super) fn violations(&self) -> Vec<Violation> {
        self.violations.lock().expect("no client fails").clone()
    }

    /// Allows or forbids all clients to send messages.
    pub(super) fn set_sending(&self, is_sending: bool) {
        self.acknowledged_now(!is_sending);
        self.is_sending.store(is_sending, Ordering::Relaxed);
    }

    pub(super) fn acknowledged(&self) {
        self.acknowledged.add(1);
        self.acknowledged_now(self.is_sending.load(Ordering::Relaxed));
    }

    fn acknowledged_now(&self, was_sending: bool) {
        let now_ms = self.now_ms();
        let before_ms = self.acknowledged_at_ms.swap(now_ms, Ordering::Relaxed);
        if was_sending {
            self.ack_gap_ms_max.fetch_max(now_ms.saturating_sub(before_ms), Ordering::Relaxed);
        }
    }

    /// The longest time without an acknowledgement while clients were sending.
    pub(super) fn ack_gap_ms_max(&self) -> u64 {
        self.ack_gap_ms_max.load(Ordering::Relaxed)
    }
}

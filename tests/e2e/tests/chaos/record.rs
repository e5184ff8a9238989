//! What all clients of a run together were told, and what the checkers found: one for the run, shared by the threads.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::time::Instant;

use sim::Violation;
use sim::checks::Check;
use sim::checks::told::Told;
use transport::clock;

/// Findings that are kept.
const FINDINGS_MAX: usize = 100;

/// The record of one run.
pub(super) struct Record {
    begun: Instant,
    told: Mutex<Told>,
    findings: Mutex<Vec<Violation>>,
    /// Whether people go on saying things.
    pub(super) is_talking: AtomicBool,
    /// Whether the clients stop.
    pub(super) is_over: AtomicBool,
    pub(super) said: Count,
    pub(super) acknowledged: Count,
    pub(super) refused: Count,
    pub(super) shown: Count,
    pub(super) requests: Count,
    pub(super) connections_lost: Count,
    acknowledged_at_ms: AtomicU64,
    silence_ms: AtomicU64,
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

impl Record {
    pub(super) fn new() -> Self {
        Self {
            begun: clock::now(),
            told: Mutex::default(),
            findings: Mutex::default(),
            is_talking: AtomicBool::new(false),
            is_over: AtomicBool::new(false),
            said: Count::default(),
            acknowledged: Count::default(),
            refused: Count::default(),
            shown: Count::default(),
            requests: Count::default(),
            connections_lost: Count::default(),
            acknowledged_at_ms: AtomicU64::new(0),
            silence_ms: AtomicU64::new(0),
        }
    }

    /// Milliseconds since the run began.
    pub(super) fn now_ms(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// What was told so far.
    pub(super) fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().expect("no client fails")
    }

    /// Notes what a checker found, if it did: the same once, however many clients find it, and no end of it never.
    pub(super) fn note(&self, check: Check) {
        if let Err(violation) = check {
            let mut findings = self.findings.lock().expect("no client fails");
            if findings.len() < FINDINGS_MAX && !findings.contains(&violation) {
                findings.push(violation);
            }
        }
    }

    /// What the checkers found so far.
    pub(super) fn findings(&self) -> Vec<Violation> {
        self.findings.lock().expect("no client fails").clone()
    }

    /// People begin to talk, or stop.
    pub(super) fn talk(&self, is_talking: bool) {
        self.acknowledged_now(!is_talking);
        self.is_talking.store(is_talking, Ordering::Relaxed);
    }

    /// A message was acknowledged.
    pub(super) fn acknowledged(&self) {
        self.acknowledged.add(1);
        self.acknowledged_now(self.is_talking.load(Ordering::Relaxed));
    }

    fn acknowledged_now(&self, was_talking: bool) {
        let now_ms = self.now_ms();
        let before_ms = self.acknowledged_at_ms.swap(now_ms, Ordering::Relaxed);
        if was_talking {
            self.silence_ms.fetch_max(now_ms.saturating_sub(before_ms), Ordering::Relaxed);
        }
    }

    /// The longest time without an acknowledgement while people talked, in milliseconds.
    pub(super) fn silence_ms(&self) -> u64 {
        self.silence_ms.load(Ordering::Relaxed)
    }
}

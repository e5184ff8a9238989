//! The leases of runs: which outgoing webhooks a gateway delivers now, and which wait after a failure.
//!
//! Leases are in memory only. Two gateways may deliver the same events after the server was restarted. Both
//! begin at the stored position and deliver the events in order, so the receiver gets no event before its
//! predecessor, and gets some events twice.

use std::collections::HashMap;

use common::limits::{RETRY_MS_MAX, RETRY_MS_MIN, RUN_LEASE_MS};
use foldhash::fast::RandomState;
use uuid::Uuid;

/// The maximum milliseconds by which the clock can be set back without ending all waits. It is also the
/// maximum by which a clock that was set back prolongs a wait.
const CORRECTION_MS_MAX: u64 = 10_000;

#[derive(Debug, Default)]
pub struct Leases {
    /// At most one for each hook.
    statuses: HashMap<Uuid, Status, RandomState>,
    last_lease: u64,
    /// The hook that was leased last. The next search begins after it, so all hooks take turns.
    pub last_hook: Uuid,
    /// Whether no gateway can take a run: without encryption, the server does not recognize the gateway.
    pub is_off: bool,
}

#[derive(Debug, Default)]
struct Status {
    /// `None` after a failure.
    lease: Option<u64>,
    /// The time until which no gateway takes the hook.
    until_ms: u64,
    /// Milliseconds from the lease or the failure until `until_ms`.
    wait_ms: u64,
    /// The last error since the last accepted event.
    error: Option<Box<str>>,
}

impl Leases {
    /// Whether a gateway may take a run of the hook.
    #[must_use]
    pub fn is_free(&self, hook: Uuid, now_ms: u64) -> bool {
        self.statuses.get(&hook).and_then(|status| status.left_ms(now_ms)).is_none()
    }

    /// Leases the hook for a run.
    pub fn lease(&mut self, hook: Uuid, now_ms: u64) -> u64 {
        (self.last_lease, self.last_hook) = (self.last_lease + 1, hook);
        let status = self.statuses.entry(hook).or_default();
        (status.lease, status.wait_ms) = (Some(self.last_lease), RUN_LEASE_MS);
        status.until_ms = now_ms + RUN_LEASE_MS;
        self.last_lease
    }

    /// Whether the hook is leased to this run.
    #[must_use]
    pub fn has(&self, hook: Uuid, lease: u64) -> bool {
        self.statuses.get(&hook).is_some_and(|status| status.lease == Some(lease))
    }

    /// Ends the lease and forgets the failures of the hook.
    pub fn release(&mut self, hook: Uuid) {
        self.statuses.remove(&hook);
    }

    /// Ends the lease after a failure. The delay grows with the time since the first failure, so it doubles
    /// with each attempt.
    pub fn delay(&mut self, hook: Uuid, error: &str, failing_ms: u64, now_ms: u64) {
        let wait_ms = failing_ms.clamp(RETRY_MS_MIN, RETRY_MS_MAX);
        let until_ms = now_ms + wait_ms;
        self.statuses.insert(hook, Status { lease: None, until_ms, wait_ms, error: Some(error.into()) });
    }

    #[must_use]
    pub fn error(&self, hook: Uuid) -> Option<&str> {
        self.statuses.get(&hook).and_then(|status| status.error.as_deref())
    }

    /// Forgets hooks that were revoked.
    pub fn retain(&mut self, exists: impl Fn(Uuid) -> bool) {
        self.statuses.retain(|hook, _| exists(*hook));
    }

    /// Milliseconds until the next hook becomes free.
    #[must_use]
    pub fn next_ms(&self, now_ms: u64) -> Option<u64> {
        self.statuses.values().filter_map(|status| status.left_ms(now_ms)).min()
    }
}

impl Status {
    /// Milliseconds until a gateway may take the hook; `None` if a gateway may take it now.
    fn left_ms(&self, now_ms: u64) -> Option<u64> {
        let left_ms = self.until_ms.checked_sub(now_ms).filter(|left_ms| *left_ms > 0)?;
        // More time than the whole wait is left if the clock was set back. The wait then ends, and a second
        // gateway can deliver the same events. Small corrections of the clock must not cause that.
        (left_ms <= self.wait_ms + CORRECTION_MS_MAX).then_some(left_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOOK: Uuid = Uuid::from_u128(7);

    #[test]
    fn a_lease_ends_with_its_time_or_its_report() {
        let mut leases = Leases::default();
        let lease = leases.lease(HOOK, 1_000);
        assert!(leases.has(HOOK, lease) && !leases.is_free(HOOK, 1_000 + RUN_LEASE_MS - 1));
        assert!(leases.is_free(HOOK, 1_000 + RUN_LEASE_MS), "another gateway may take it");
        let next = leases.lease(HOOK, 20_000);
        assert!(leases.has(HOOK, next) && !leases.has(HOOK, lease), "the late report is not of this run");
        leases.release(HOOK);
        assert!(leases.is_free(HOOK, 20_000));
    }

    #[test]
    fn the_delay_after_failures_doubles_up_to_an_hour() {
        let (mut leases, mut now_ms, mut delays) = (Leases::default(), 0, Vec::new());
        while now_ms < 24 * RETRY_MS_MAX {
            leases.delay(HOOK, "500", now_ms, now_ms);
            let left = leases.next_ms(now_ms).expect("a delay");
            assert!(!leases.is_free(HOOK, now_ms + left - 1) && leases.is_free(HOOK, now_ms + left));
            delays.push(left);
            now_ms += left;
        }
        assert_eq!(delays[..5], [250, 250, 500, 1_000, 2_000]);
        assert_eq!((delays.iter().max(), delays.len()), (Some(&RETRY_MS_MAX), 38));
    }

    #[test]
    fn a_clock_that_was_set_back_delays_nothing_for_long() {
        const NOW_MS: u64 = 10 * RETRY_MS_MAX;
        let lease = |leases: &mut Leases| leases.lease(HOOK, NOW_MS);
        let delay = |leases: &mut Leases| {
            leases.delay(HOOK, "500", RETRY_MS_MAX, NOW_MS);
            0
        };
        for (begin, wait_ms) in
            [(&lease as &dyn Fn(&mut Leases) -> u64, RUN_LEASE_MS), (&delay, RETRY_MS_MAX)]
        {
            for back_ms in [60_000, RETRY_MS_MAX / 2, NOW_MS] {
                let mut leases = Leases::default();
                begin(&mut leases);
                assert!(leases.is_free(HOOK, NOW_MS - back_ms), "{wait_ms} ms, back by {back_ms} ms");
                assert_eq!(leases.next_ms(NOW_MS - back_ms), None);
            }
            let mut leases = Leases::default();
            begin(&mut leases);
            let corrected_ms = NOW_MS - 5_000;
            assert!(!leases.is_free(HOOK, corrected_ms), "a small correction does not end a wait");
            assert_eq!(leases.next_ms(corrected_ms), Some(wait_ms + 5_000));
            assert!(leases.is_free(HOOK, NOW_MS + wait_ms));
        }
    }
}

//! Random numbers from a seed. Two runs with the same seed are equal.

use std::fmt::Write as _;

use uuid::Uuid;

use super::limits::{HEADS_INTERVAL_MS, REPLY_WAIT_MS, REPLY_WAIT_MS_MAX};

/// SplitMix64 (Steele, Lea, Flood 2014), for jitter and for names that are not secret.
pub(crate) struct Rng(u64);

impl Rng {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// The time to wait for the reply to an attempt. The first attempt is 0. The time doubles up to a
    /// maximum, with a jitter of a quarter: clients do not return to a restarted server at the same moment.
    pub(crate) fn wait_ms(&mut self, attempt: u32) -> u64 {
        let doubled = REPLY_WAIT_MS.saturating_mul(1_u64.checked_shl(attempt).unwrap_or(u64::MAX));
        let full = doubled.min(REPLY_WAIT_MS_MAX);
        full - full / 4 + self.next() % (full / 2)
    }

    /// The time until the next request for heads.
    pub(crate) fn heads_interval_ms(&mut self) -> u64 {
        self.up_to_a_quarter_shorter(HEADS_INTERVAL_MS)
    }

    /// The time until the next heartbeat. It is never longer than the server's interval.
    pub(crate) fn heartbeat_wait_ms(&mut self, full: u64) -> u64 {
        self.up_to_a_quarter_shorter(full)
    }

    /// Adds jitter: clients that reconnected at the same moment do not stay synchronized.
    fn up_to_a_quarter_shorter(&mut self, full: u64) -> u64 {
        full - self.next() % (full / 4).max(1)
    }

    /// A random id, which is not secret.
    pub(crate) fn uuid(&mut self) -> Uuid {
        let [high, low] = [self.next(), self.next()];
        uuid::Builder::from_random_bytes((u128::from(high) << 64 | u128::from(low)).to_be_bytes()).into_uuid()
    }

    /// The topic of a new barrier, which no other client uses.
    pub(crate) fn barrier_topic(&mut self) -> String {
        let mut topic = "sync.client.".to_owned();
        let _never_fails = write!(topic, "{:016x}{:016x}", self.next(), self.next());
        topic
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_up_to_their_maximum_with_jitter() {
        let mut rng = Rng::new(7);
        for (attempt, full) in [(0, 2_000), (1, 4_000), (2, 8_000), (3, 10_000), (63, 10_000), (64, 10_000)] {
            let waits: Vec<_> = (0..50).map(|_| rng.wait_ms(attempt)).collect();
            assert!(
                waits.iter().all(|wait| (full * 3 / 4..full * 5 / 4).contains(wait)),
                "{attempt}: {waits:?}"
            );
            assert!(waits.iter().any(|wait| *wait != waits[0]), "no jitter");
        }
    }

    #[test]
    fn heads_are_requested_within_ten_seconds_with_jitter() {
        let mut rng = Rng::new(7);
        let waits: Vec<_> = (0..50).map(|_| rng.heads_interval_ms()).collect();
        assert!(waits.iter().all(|wait| (7_500..=10_000).contains(wait)), "{waits:?}");
        assert!(waits.iter().any(|wait| *wait != waits[0]), "no jitter");
    }

    #[test]
    fn heartbeats_are_sent_within_their_interval_with_jitter() {
        let mut rng = Rng::new(7);
        let waits: Vec<_> = (0..50).map(|_| rng.heartbeat_wait_ms(15_000)).collect();
        assert!(waits.iter().all(|wait| (11_250..=15_000).contains(wait)), "{waits:?}");
        assert!(waits.iter().any(|wait| *wait != waits[0]), "no jitter");
        assert_eq!(rng.heartbeat_wait_ms(1), 1);
    }

    #[test]
    fn barriers_are_valid_and_unique() {
        let mut rng = Rng::new(7);
        let (one, other) = (rng.barrier_topic(), rng.barrier_topic());
        assert_ne!(one, other);
        assert!(matches!(
            common::topics::parse_subscription(one.as_bytes()),
            Ok(common::topics::Subscription::Sync(_))
        ));
    }
}

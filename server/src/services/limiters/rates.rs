//! The rate limit of messages: a token bucket for each session.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use crate::domain::records::TokenDigest;

/// The maximum number of remembered sessions. At the maximum, sessions with a full bucket are forgotten.
const REMEMBERED_MAX: usize = 64 * 1024;

/// The rate limit of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Messages per second in the long run.
    pub per_second: u32,
    /// Messages at once after a pause.
    pub burst: u32,
}

impl Default for Rate {
    /// People and most programs send fewer messages. A flood of the longest texts is limited to 16 MiB a
    /// second.
    fn default() -> Self {
        Self { per_second: 1_000, burst: 10_000 }
    }
}

#[derive(Debug, Default)]
pub struct Rates {
    rate: Rate,
    buckets: HashMap<TokenDigest, Bucket, RandomState>,
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    /// The content in thousandths of a message.
    thousandths: u64,
    /// The time at which the bucket had that content, in Unix milliseconds.
    at_ms: u64,
}

impl Rates {
    #[must_use]
    pub fn new(rate: Rate) -> Self {
        Self { rate, buckets: HashMap::default() }
    }

    /// Takes one message out of a session's bucket. If the bucket is empty, returns the milliseconds to wait.
    pub fn take(&mut self, session: TokenDigest, now_ms: u64) -> Result<(), u64> {
        let (full, per_ms) =
            (u64::from(self.rate.burst.max(1)) * 1_000, u64::from(self.rate.per_second.max(1)));
        let refilled = |bucket: &Bucket| {
            // If the clock was set back, no time has passed.
            let passed_ms = now_ms.saturating_sub(bucket.at_ms);
            bucket.thousandths.saturating_add(passed_ms.saturating_mul(per_ms)).min(full)
        };
        if self.buckets.len() >= REMEMBERED_MAX {
            self.buckets.retain(|_, bucket| refilled(bucket) < full);
        }
        let bucket = self.buckets.entry(session).or_insert(Bucket { thousandths: full, at_ms: now_ms });
        let thousandths = refilled(bucket);
        let taken = thousandths.checked_sub(1_000);
        *bucket = Bucket { thousandths: taken.unwrap_or(thousandths), at_ms: now_ms };
        taken.map(drop).ok_or_else(|| (1_000 - thousandths).div_ceil(per_ms))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_empties_the_bucket_and_a_pause_refills_it() {
        let mut rates = Rates::new(Rate { per_second: 10, burst: 3 });
        let (one, other) = (TokenDigest::of("one"), TokenDigest::of("other"));
        for _ in 0..3 {
            assert_eq!(rates.take(one, 1_000), Ok(()));
        }
        assert_eq!(rates.take(one, 1_000), Err(100));
        assert_eq!(rates.take(other, 1_000), Ok(()), "each session has its own");
        assert_eq!(rates.take(one, 1_099), Err(1));
        assert_eq!(rates.take(one, 1_100), Ok(()));
        assert_eq!(rates.take(one, 900), Err(100), "the clock was set back");
        for _ in 0..3 {
            assert_eq!(rates.take(one, u64::MAX), Ok(()));
        }
        assert!(rates.take(one, u64::MAX).is_err(), "a long pause fills no more than the bucket");
    }

    #[test]
    fn the_number_of_sessions_is_bounded() {
        let mut rates = Rates::new(Rate { per_second: 1_000, burst: 1 });
        for i in 0..3 * REMEMBERED_MAX as u64 {
            assert_eq!(rates.take(TokenDigest::of(&i.to_string()), i), Ok(()));
        }
        assert!(rates.buckets.len() <= REMEMBERED_MAX);
    }
}

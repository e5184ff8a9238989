//! Limits per address: token buckets for logins and for new connections.
//!
//! The server limits guesses per account. A limit per account alone would let a stranger block the owner, so
//! the gateway also limits each address.

use std::collections::HashMap;
use std::hash::Hash;

use foldhash::fast::RandomState;

use crate::limits::ADDRESSES_MAX;

/// A token bucket for each key.
pub(crate) struct Buckets<K> {
    burst: u64,
    /// Milliseconds until one token returns.
    refill_ms: u64,
    /// The time at which each bucket is full again.
    full_at_ms: HashMap<K, u64, RandomState>,
}

impl<K: Hash + Eq> Buckets<K> {
    /// Creates buckets of `burst` tokens. An empty bucket is full again after `per_ms`.
    pub(crate) fn new(burst: u32, per_ms: u64) -> Self {
        let burst = u64::from(burst.max(1));
        Self { burst, refill_ms: (per_ms / burst).max(1), full_at_ms: HashMap::default() }
    }

    /// Takes a token, or returns the milliseconds until the next token.
    pub(crate) fn take(&mut self, key: K, now_ms: u64) -> Result<(), u64> {
        if self.full_at_ms.len() >= ADDRESSES_MAX {
            self.full_at_ms.retain(|_, full| *full > now_ms);
        }
        if self.full_at_ms.len() >= ADDRESSES_MAX && !self.full_at_ms.contains_key(&key) {
            return Err(self.refill_ms);
        }
        let full = self.full_at_ms.entry(key).or_insert(now_ms);
        let next = (*full).max(now_ms) + self.refill_ms;
        let latest = now_ms + self.burst * self.refill_ms;
        if next > latest {
            return Err(next - latest);
        }
        *full = next;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_has_a_burst_and_is_refilled() {
        let mut buckets = Buckets::new(5, 60_000);
        for _ in 0..5 {
            assert_eq!(buckets.take("a", 1_000), Ok(()));
        }
        assert_eq!(buckets.take("a", 1_000), Err(12_000));
        assert_eq!(buckets.take("b", 1_000), Ok(()));
        assert_eq!(buckets.take("a", 13_000), Ok(()));
        assert_eq!(buckets.take("a", 13_000), Err(12_000));
    }

    #[test]
    fn the_number_of_addresses_is_bounded() {
        let mut buckets = Buckets::new(1, 1_000);
        for n in 0..ADDRESSES_MAX + 1 {
            assert_eq!(buckets.take(n, 0).is_ok(), n < ADDRESSES_MAX);
        }
        assert_eq!(buckets.take(ADDRESSES_MAX, 1_001), Ok(()));
        assert_eq!(buckets.full_at_ms.len(), 1);
    }
}

//! Randomness that can be had again: a seed, printed by the test that rolls.

use std::ops::Range;

/// SplitMix64 (Steele, Lea, Flood 2014): small, and good enough to choose moments.
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    /// The dice of this run: seeded by `PAPO_SEED`, or else anew. Prints the seed, which the test's failure shows.
    #[must_use]
    #[expect(clippy::print_stdout, reason = "who repeats a failed test needs the seed")]
    pub fn of_this_run() -> Self {
        let seed = Self::seed_of_this_run();
        println!("repeat with PAPO_SEED={seed}");
        Self(seed)
    }

    /// The seed of this run: `PAPO_SEED`, or else any.
    #[must_use]
    pub fn seed_of_this_run() -> u64 {
        let given = std::env::var("PAPO_SEED").ok().and_then(|seed| seed.parse().ok());
        given.unwrap_or_else(|| uuid::Uuid::now_v7().as_u64_pair().1)
    }

    /// The dice of a seed.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self(seed)
    }

    /// Dice for somebody else, who rolls at moments of their own.
    #[must_use]
    pub fn split(&mut self) -> Self {
        Self(self.next())
    }

    /// A number of `range`, which is not empty.
    pub fn roll(&mut self, range: Range<u64>) -> u64 {
        range.start + self.next() % (range.end - range.start)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

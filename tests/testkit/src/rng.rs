//! Random numbers from one seed. The same seed repeats the same run.

use std::ops::Range;

/// SplitMix64 (Steele, Lea, Flood: "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014). For tests
/// and measurements, not for secrets.
///
/// A seed of the simulation must repeat the same run after any update of a dependency, so the algorithm is
/// implemented here. The session core has its own copy in `session::rng`.
#[derive(Debug, Clone)]
pub struct Rng(u64);

impl Rng {
    /// A generator that starts at `seed`.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A generator for this test run. Prints its seed; `PAPO_SEED` repeats a failed test.
    #[must_use]
    #[expect(clippy::print_stdout, reason = "a failed test prints the seed")]
    pub fn of_this_run() -> Self {
        let seed = Self::seed_of_this_run();
        println!("repeat with PAPO_SEED={seed}");
        Self(seed)
    }

    /// `PAPO_SEED`, or a new seed.
    #[must_use]
    pub fn seed_of_this_run() -> u64 {
        let given = std::env::var("PAPO_SEED").ok().and_then(|seed| seed.parse().ok());
        given.unwrap_or_else(|| uuid::Uuid::now_v7().as_u64_pair().1)
    }

    /// An independent generator, for a second thread.
    #[must_use]
    pub fn split(&mut self) -> Self {
        Self(self.next_u64())
    }

    pub fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number smaller than `end`; 0 if `end` is 0.
    pub fn below(&mut self, end: u64) -> u64 {
        self.next_u64() % end.max(1)
    }

    /// A number from `first` to `last`, both included.
    pub fn between(&mut self, first: u64, last: u64) -> u64 {
        first + self.below(last.saturating_sub(first).saturating_add(1))
    }

    /// A number in `range`, which must not be empty.
    pub fn within(&mut self, range: Range<u64>) -> u64 {
        range.start + self.next_u64() % (range.end - range.start)
    }

    /// An index into a list of this length; 0 if the list is empty.
    pub fn index(&mut self, length: usize) -> usize {
        usize::try_from(self.below(length as u64)).unwrap_or_default()
    }

    /// `true` with the probability `times`/1000.
    pub fn per_mille(&mut self, times: u64) -> bool {
        self.below(1000) < times
    }

    /// One of `choices`, which must not be empty.
    pub fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.index(choices.len())]
    }

    /// Random letters from `a` to `z`, which need no escaping.
    pub fn letters(&mut self, bytes: usize) -> String {
        (0..bytes).map(|_| char::from(b'a' + (self.next_u64() % 26) as u8)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_equal_those_of_the_published_algorithm() {
        // The outputs of java.util.SplittableRandom and of Vigna's splitmix64.c for this seed.
        let mut rng = Rng::new(1_234_567);
        let numbers: Vec<u64> = (0..3).map(|_| rng.next_u64()).collect();
        assert_eq!(
            numbers,
            [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]
        );
    }

    #[test]
    fn numbers_are_in_their_range() {
        let mut rng = Rng::new(7);
        assert!((0..100).all(|_| (3..=5).contains(&rng.between(3, 5)) && (3..5).contains(&rng.within(3..5))));
        assert!((0..100).all(|_| !rng.per_mille(0) && rng.per_mille(1000)));
        assert_eq!(rng.below(0), 0);
        assert_eq!(Rng::new(6).letters(8), Rng::new(6).letters(8));
    }
}

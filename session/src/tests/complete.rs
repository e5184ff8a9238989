//! The promise that nobody has to type anything: whatever the fan-out drops, all is there a little later.

use proptest::prelude::*;

use super::moving::{Step, World};

/// Milliseconds within which everything is there: the look at the heads, the grace after it, and a page of
/// history.
const COMPLETE_MS: u64 = 12_000;

impl World {
    /// Time passes, with a server that answers at once and a fan-out that drops events and subscriptions as
    /// it is told.
    fn run_for(&mut self, ms: u64, losses: &mut impl Iterator<Item = bool>) {
        for _ in 0..ms / 50 {
            self.take(Step::Pass(50));
            while !self.is_quiet() {
                if losses.next() == Some(true) {
                    self.take(Step::LoseSubscription);
                } else {
                    self.take(Step::Link);
                }
                self.take(Step::Answer);
                self.take(Step::Reply);
            }
        }
    }
}

proptest! {
    #[test]
    fn whatever_the_fan_out_drops_everything_is_told_within_12_s(
        losses in proptest::collection::vec(any::<bool>(), 1..64),
        pauses in proptest::collection::vec(0..4_000_u64, 1..30),
        moves in any::<u32>(),
    ) {
        let mut world = World::new();
        let mut losses = losses.into_iter().cycle();
        for (at, pause) in pauses.into_iter().enumerate() {
            let is_lost = losses.next() == Some(true);
            if moves >> (at % 32) & 7 == 7 {
                world.take(Step::Move { is_notice_first: is_lost, is_notice_lost: is_lost });
            } else {
                world.take(Step::Say { is_lost });
            }
            world.run_for(pause, &mut losses);
        }
        world.run_for(COMPLETE_MS, &mut losses);
        let all: Vec<_> = (4..=world.head()).collect();
        prop_assert_eq!(world.told(), &all[..]);
    }
}

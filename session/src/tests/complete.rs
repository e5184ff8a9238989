//! The session emits each event within 12 seconds, even if the proxy lost it.

use proptest::prelude::*;

use super::topic_moves::{SimulatedNode, Step};

/// Milliseconds within which all events are emitted: the interval of heads, the grace after them, and a page.
const COMPLETE_MS: u64 = 12_000;

impl SimulatedNode {
    /// Advances the time. The server replies at once, and the proxy loses the subscriptions that `losses`
    /// selects.
    fn run_for(&mut self, ms: u64, losses: &mut impl Iterator<Item = bool>) {
        for _ in 0..ms / 50 {
            self.apply(Step::Advance(50));
            while !self.is_idle() {
                if losses.next() == Some(true) {
                    self.apply(Step::LoseSubscription);
                } else {
                    self.apply(Step::ApplySubscription);
                }
                self.apply(Step::Answer);
                self.apply(Step::Reply);
            }
        }
    }
}

proptest! {
    #[test]
    fn every_event_that_the_proxy_drops_is_emitted_within_12_s(
        losses in proptest::collection::vec(any::<bool>(), 1..64),
        pauses in proptest::collection::vec(0..4_000_u64, 1..30),
        moves in any::<u32>(),
    ) {
        let mut node = SimulatedNode::new();
        let mut losses = losses.into_iter().cycle();
        for (at, pause) in pauses.into_iter().enumerate() {
            let is_lost = losses.next() == Some(true);
            if moves >> (at % 32) & 7 == 7 {
                node.apply(Step::Move { is_notice_first: is_lost, is_notice_lost: is_lost });
            } else {
                node.apply(Step::Event { is_lost });
            }
            node.run_for(pause, &mut losses);
        }
        node.run_for(COMPLETE_MS, &mut losses);
        let all: Vec<_> = (4..=node.head()).collect();
        prop_assert_eq!(node.emitted(), &all[..]);
    }
}

//! The rate of TLS handshakes of each network.

use std::net::IpAddr;

use transport::clock;

use super::{Shared, network};
use crate::limits::{HANDSHAKE_NETWORKS_MAX, HANDSHAKES_BURST, HANDSHAKES_PER_SECOND};
use crate::rate::Rate;

pub(super) type HandshakeRate = Rate<HANDSHAKES_BURST, HANDSHAKES_PER_SECOND>;

impl Shared {
    /// Counts a handshake. Returns false if the network of the address begins too many.
    pub(crate) fn take_handshake(&self, address: IpAddr) -> bool {
        self.take_handshake_at(address, clock::monotonic_ms())
    }

    fn take_handshake_at(&self, address: IpAddr, now_ms: u64) -> bool {
        let mut board = self.board();
        if board.handshakes.len() >= HANDSHAKE_NETWORKS_MAX {
            board.handshakes.retain(|_, rate| !rate.is_full(now_ms));
        }
        let has_room = board.handshakes.len() < HANDSHAKE_NETWORKS_MAX;
        let key = network(address);
        if !has_room && !board.handshakes.contains_key(&key) {
            return false;
        }
        let rate = board.handshakes.entry(key).or_default();
        let is_permitted = rate.due(now_ms).is_none();
        if is_permitted {
            rate.take(1, now_ms);
        }
        is_permitted
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::super::tests::shared;
    use super::*;

    #[test]
    fn a_network_has_a_rate_of_handshakes_and_idle_networks_are_forgotten() {
        let shared = shared();
        let address = |n: u32| IpAddr::V4(Ipv4Addr::from(n));
        let taken = (0..300).filter(|_| shared.take_handshake_at(address(1), 7)).count();
        assert_eq!(taken as u64, HANDSHAKES_BURST);
        assert!(shared.take_handshake_at(address(2), 7), "another network");
        assert!(shared.take_handshake_at(address(1), 7 + 1_000 / HANDSHAKES_PER_SECOND));
        let others = u32::try_from(HANDSHAKE_NETWORKS_MAX).expect("a small number");
        let admitted = (10..10 + others).filter(|n| shared.take_handshake_at(address(*n), 8)).count();
        assert_eq!(admitted, HANDSHAKE_NETWORKS_MAX - 2);
        assert!(shared.take_handshake_at(address(9), 60_000));
        assert_eq!(shared.board().handshakes.len(), 1);
    }
}

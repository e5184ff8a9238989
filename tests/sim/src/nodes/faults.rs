//! The faults of a cluster.

use super::shared_log::LogRates;
use super::{name_of, number_of};
use crate::faults::DOWN_MS_MAX;
use crate::schedule::Part;
use crate::world::World;

/// A kind of fault.
#[derive(Debug, Clone, Copy)]
enum ClusterFault {
    /// The process with server, broker and proxy.
    NodeKilled,
    /// The server is paused, as by SIGSTOP, and then continues.
    NodePaused,
    /// The node does not reach the shared log.
    NodeCutFromLog,
    /// No node reaches the shared log.
    LogDown,
    /// Two nodes do not reach each other.
    LinkCut,
    /// A node reaches no other node.
    NodeSeparated,
    ClientMoves,
}

const ALL_FAULTS: [ClusterFault; 7] = [
    ClusterFault::NodeKilled,
    ClusterFault::NodePaused,
    ClusterFault::NodeCutFromLog,
    ClusterFault::LogDown,
    ClusterFault::LinkCut,
    ClusterFault::NodeSeparated,
    ClusterFault::ClientMoves,
];

impl ClusterFault {
    fn name(self) -> &'static str {
        match self {
            Self::NodeKilled => "node killed",
            Self::NodePaused => "node paused",
            Self::NodeCutFromLog => "node cut off from the shared log",
            Self::LogDown => "shared log down",
            Self::LinkCut => "link between two nodes cut",
            Self::NodeSeparated => "node cut off from all nodes",
            Self::ClientMoves => "client moves",
        }
    }
}

impl World {
    /// The node that the next fault affects: often the leader.
    pub(crate) fn faulty_node(&mut self) -> usize {
        let Some(cluster) = &self.cluster else { return 0 };
        let leader = number_of(&cluster.log.standing().leader);
        match leader.filter(|_| self.rng.per_mille(400)) {
            Some(leader) => leader,
            None => self.rng.index(self.nodes.len()),
        }
    }

    /// With some probability, injects a fault of the cluster. Returns whether it did.
    pub(crate) fn maybe_cluster_fault(&mut self) -> bool {
        if self.cluster.is_none() || self.rng.per_mille(400) {
            return false;
        }
        let fault = self.rng.pick(&ALL_FAULTS);
        let node = self.faulty_node();
        let client = self.rng.index(self.clients.len());
        let until_ms = self.schedule.now_ms + self.rng.below(DOWN_MS_MAX);
        self.count_fault(fault.name(), None);
        self.note_at(node, format_args!("{} ({client})", fault.name()));
        match fault {
            ClusterFault::NodeKilled => {
                self.nodes[node].kill();
                self.nodes[node].broker.kill();
                self.nodes[node].kill_proxy();
                self.restart_later(Part::Server(node));
                self.restart_later(Part::Broker(node));
                self.restart_later(Part::Proxy(node));
            }
            ClusterFault::NodePaused => self.nodes[node].paused_until_ms = until_ms,
            ClusterFault::NodeCutFromLog => self.cut_from_log(node, until_ms),
            ClusterFault::LogDown => (0..self.nodes.len()).for_each(|node| self.cut_from_log(node, until_ms)),
            ClusterFault::LinkCut => {
                let other = self.rng.index(self.nodes.len());
                self.cut_link(node, other, until_ms);
            }
            ClusterFault::NodeSeparated => {
                (0..self.nodes.len()).for_each(|other| self.cut_link(node, other, until_ms));
            }
            ClusterFault::ClientMoves => self.move_on(client),
        }
        true
    }

    fn cut_from_log(&self, node: usize, until_ms: u64) {
        if let Some(cluster) = &self.cluster {
            cluster.log.cut(node, until_ms);
        }
    }

    fn cut_link(&mut self, one: usize, other: usize, until_ms: u64) {
        if let Some(cluster) = &mut self.cluster {
            cluster.cut_links.insert((one.min(other), one.max(other)), until_ms);
        }
    }

    /// Ends all faults of the cluster.
    pub(crate) fn calm_cluster(&mut self) {
        let now_ms = self.schedule.now_ms;
        let Some(cluster) = &mut self.cluster else { return };
        cluster.log.set_rates(LogRates::default());
        cluster.plan.link_loss = 0;
        cluster.plan.link_delay_ms_max = super::plan::LINK_DELAY_MS_MAX;
        cluster.cut_links.clear();
        for (number, node) in self.nodes.iter_mut().enumerate() {
            cluster.log.cut(number, 0);
            node.paused_until_ms = node.paused_until_ms.min(now_ms);
        }
        let faults = cluster.log.faults();
        self.note(format_args!("{faults} requests to the shared log failed; {}", name_of(0)));
    }
}

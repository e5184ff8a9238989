//! What a node reports about itself.

use super::Membership;
use crate::replication::election::Phase;
use crate::replication::link::NodeLink;

impl<L: NodeLink> Membership<L> {
    /// The endpoints for clients of all nodes.
    pub(in crate::engine) fn clients(&self) -> Vec<String> {
        self.election.nodes().iter().map(|node| node.clients.clone()).collect()
    }

    /// Whether the node was up to date once. Before, it may receive no requests of clients.
    #[must_use]
    pub fn has_started(&self) -> bool {
        self.has_started
    }

    #[must_use]
    pub fn leads(&self) -> bool {
        matches!(self.election.phase, Phase::Leading { .. })
    }

    /// Whether the node refuses all requests, because its state is or will be too old: a node whose disk
    /// failed cannot receive the next records.
    #[must_use]
    pub fn refuses_all(&self, now_ms: u64) -> bool {
        self.had_failure || self.election.is_cut_off(now_ms)
    }

    /// The reason why the state of the node is too old, as a sentence for the operator. The ledger reports a
    /// failure of the disk.
    pub(in crate::engine) fn problem(&self, now_ms: u64) -> Option<String> {
        let is_cut_off = self.has_started && !self.had_failure && self.election.is_cut_off(now_ms);
        is_cut_off.then(|| self.catching_up.reason_of_cut_off(self.election.has_answer(now_ms)).to_owned())
    }

    /// The state of the node, for `papo health`.
    pub(in crate::engine) fn counters(&self) -> [(&'static str, u64); 4] {
        [
            ("cluster_nodes", self.election.nodes().len() as u64),
            ("cluster_term", self.election.term()),
            ("cluster_leads", u64::from(self.leads())),
            ("cluster_files_missing", self.contents.missing()),
        ]
    }
}

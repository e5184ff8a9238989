//! Decides when the node takes over. Pure: times are arguments, in milliseconds of a monotonic clock.
//!
//! Heartbeats are hints only. A wrong suspicion costs one needless takeover and never a record, because the
//! shared log refuses every append of a former leader.

#[cfg(test)]
mod tests;

use std::cmp::Ordering;
use std::collections::VecDeque;

use cluster::{Head, Node, Standing};

use super::Differs;

/// The time between two heartbeats of the leader.
pub const HEARTBEAT_MS: u64 = 150;

/// The time without a heartbeat after which the first node takes over.
const SUSPECT_MS: u64 = 600;

/// The additional time of each further node, so that they do not take over at the same time.
const RANK_MS: u64 = 150;

/// A node that lost the lead twice within this time waits longer before it takes over again. Otherwise two
/// nodes that reach etcd and not each other would depose each other every 0.6 s.
const RIVALRY_MS: u64 = 60_000;

/// The additional time after the second loss. It doubles with each further loss, up to 32 s.
const RIVAL_WAIT_MS: u64 = 1_000;

/// The minimum time after the start before the node suspects another node. The leader may need this time to
/// connect to the node.
const START_MS: u64 = 2_500;

/// The time without an answer of the shared log after which the node refuses all requests. The next step
/// notices it, so the node refuses within 2 s.
const CUT_OFF_MS: u64 = 1_800;

/// The maximum age of the answer of the shared log with which the node takes over, or keeps its lead.
const ANSWER_MS_MAX: u64 = 1_000;

/// The time without a gap in the answers of the shared log after which a node no longer waits for a leader
/// that lacks answers.
const STEADY_MS: u64 = 1_000;

/// The maximum number of answers whose records are not on the disk yet.
const ANSWERS_MAX: usize = 16;

/// The phase of a node in its cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Phase {
    Following,
    /// The node has asked to take over.
    Candidate,
    /// The node leads when its disk has all records up to `head`.
    Won {
        term: u64,
        head: Head,
    },
    Leading {
        term: u64,
    },
}

/// The node's view of its cluster.
pub struct Election {
    name: String,
    pub phase: Phase,
    /// The newest term that the node knows, and its leader.
    term: u64,
    leader: String,
    /// The newest term whose leader has sent a heartbeat.
    heard_term: u64,
    nodes: Vec<Node>,
    started_ms: u64,
    /// The number of lost leads, each within [`RIVALRY_MS`] of the previous one, and the last time.
    losses: u32,
    lost_ms: u64,
    /// The time of the last sign of the leader.
    heard_ms: u64,
    /// The time of the last answer of the shared log.
    answered_ms: Option<u64>,
    /// The time since which the shared log has answered without a gap.
    steady_since_ms: u64,
    /// Answers of the shared log: the time before the question, and the last record at that time.
    answers: VecDeque<(u64, u64)>,
    /// The node had all records of the shared log at this time.
    fresh_ms: Option<u64>,
    /// Whether the last takeover failed because the shared log has no space.
    is_full: bool,
}

impl Election {
    #[must_use]
    pub fn new(name: String, now_ms: u64) -> Self {
        Self {
            name,
            phase: Phase::Following,
            term: 0,
            leader: String::new(),
            heard_term: 0,
            nodes: Vec::new(),
            started_ms: now_ms,
            losses: 0,
            lost_ms: 0,
            heard_ms: now_ms,
            answered_ms: None,
            steady_since_ms: now_ms,
            answers: VecDeque::new(),
            fresh_ms: None,
            is_full: false,
        }
    }

    /// Whether no node can lead, because the shared log has no space.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.is_full
    }

    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    #[must_use]
    pub fn term(&self) -> u64 {
        self.term
    }

    /// All registered nodes.
    #[must_use]
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The term and the name of the leader to which requests go. A leader drops requests until its disk has
    /// all records of the shared log; then it sends its first heartbeat.
    #[must_use]
    pub fn leader_for_requests(&self) -> Option<(u64, &str)> {
        self.other_leader().filter(|(term, _)| *term == self.heard_term)
    }

    /// The term and the name of the leader; `None` if there is none, or if it is this node.
    #[must_use]
    pub fn other_leader(&self) -> Option<(u64, &str)> {
        let is_other = !self.leader.is_empty() && self.leader != self.name;
        is_other.then_some((self.term, &*self.leader))
    }

    /// Notes an answer of the shared log to a question at `asked_ms`. Returns true if the node leads no
    /// longer.
    pub fn answered(&mut self, asked_ms: u64, standing: Standing, now_ms: u64) -> bool {
        if !self.has_answer(asked_ms) {
            self.steady_since_ms = now_ms;
        }
        self.answered_ms = Some(asked_ms);
        if self.answers.len() == ANSWERS_MAX {
            self.answers.pop_front();
        }
        self.answers.push_back((asked_ms, standing.head.record));
        self.nodes = standing.nodes;
        self.begin_term(standing.term, &standing.leader, now_ms)
    }

    /// Notes a heartbeat. `has_answer` says whether the shared log answers the leader. Returns true if the
    /// node leads no longer.
    pub fn heard(&mut self, term: u64, leader: &str, has_answer: bool, now_ms: u64) -> bool {
        if term < self.term || leader == self.name {
            return false;
        }
        let is_deposed = self.begin_term(term, leader, now_ms);
        self.heard_term = term;
        // While the shared log answers nobody, for example while it elects a leader of its own, a takeover
        // would only delay the next batch.
        if has_answer || !self.has_steady_answers(now_ms) {
            self.heard_ms = now_ms;
        }
        is_deposed
    }

    fn has_steady_answers(&self, now_ms: u64) -> bool {
        self.has_answer(now_ms) && now_ms.saturating_sub(self.steady_since_ms) >= STEADY_MS
    }

    fn begin_term(&mut self, term: u64, leader: &str, now_ms: u64) -> bool {
        if term <= self.term {
            return false;
        }
        (self.term, self.leader, self.heard_ms) = (term, leader.to_owned(), now_ms);
        self.is_full = false;
        let own = match &self.phase {
            Phase::Leading { term } | Phase::Won { term, .. } => Some(*term),
            Phase::Following | Phase::Candidate => None,
        };
        own.is_some_and(|own| own < term)
    }

    /// Notes that the local disk has all records up to `durable`.
    pub fn stored(&mut self, durable: u64) {
        while let Some((asked_ms, _)) = self.answers.pop_front_if(|(_, record)| *record <= durable) {
            self.fresh_ms = Some(asked_ms);
        }
    }

    /// Whether the node may not answer, because its state may be too old.
    #[must_use]
    pub fn is_cut_off(&self, now_ms: u64) -> bool {
        self.fresh_ms.is_none_or(|fresh| now_ms.saturating_sub(fresh) >= CUT_OFF_MS)
    }

    /// Whether the shared log has answered recently. Another node takes over from a leader without an answer.
    #[must_use]
    pub fn has_answer(&self, now_ms: u64) -> bool {
        self.answered_ms.is_some_and(|asked| now_ms.saturating_sub(asked) <= ANSWER_MS_MAX)
    }

    /// The term that the node should end by taking over; `None` if it should not.
    #[must_use]
    pub fn suspects(&self, now_ms: u64) -> Option<u64> {
        if self.phase != Phase::Following || !self.has_answer(now_ms) {
            return None;
        }
        let is_other = self.other_leader().is_some();
        let is_starting = is_other && now_ms.saturating_sub(self.started_ms) < START_MS;
        let patience_ms = SUSPECT_MS + RANK_MS * self.rank() + self.rival_wait_ms(now_ms);
        let is_silent = now_ms.saturating_sub(self.heard_ms) >= patience_ms;
        (is_silent && !is_starting).then_some(self.term)
    }

    fn rival_wait_ms(&self, now_ms: u64) -> u64 {
        if self.losses < 2 || now_ms.saturating_sub(self.lost_ms) >= RIVALRY_MS {
            return 0;
        }
        RIVAL_WAIT_MS << (self.losses - 2).min(5)
    }

    /// The number of nodes that take over before this node.
    fn rank(&self) -> u64 {
        let earlier = |node: &&Node| node.name != self.leader && *node.name < *self.name;
        self.nodes.iter().filter(earlier).count() as u64
    }

    /// The node has won a takeover. The answer may arrive after the next node has taken over.
    pub fn won(&mut self, term: u64, head: Head, now_ms: u64) {
        if term < self.term {
            return self.follow(now_ms);
        }
        self.is_full = false;
        self.term = term;
        self.leader.clone_from(&self.name);
        self.phase = Phase::Won { term, head };
    }

    /// The term that a node leads after it has won, when its disk has the log up to `own`. The node follows
    /// again if its log has later records: another node has led since.
    ///
    /// # Errors
    ///
    /// The log of the node is not the shared log.
    pub fn term_to_lead(&mut self, own: &Head, now_ms: u64) -> Result<Option<u64>, Differs> {
        let Phase::Won { term, head } = &self.phase else { return Ok(None) };
        match own.record.cmp(&head.record) {
            Ordering::Equal if own != head => Err(Differs(own.clone())),
            Ordering::Equal => Ok(Some(*term)),
            Ordering::Less => Ok(None),
            Ordering::Greater => {
                self.follow(now_ms);
                Ok(None)
            }
        }
    }

    /// A takeover had no answer, or the shared log refused it because it has no space (`is_full`).
    pub fn failed(&mut self, is_full: bool, now_ms: u64) {
        self.is_full = is_full;
        self.follow(now_ms);
    }

    /// The node follows, after it lost a takeover or stepped down.
    pub fn follow(&mut self, now_ms: u64) {
        if let Phase::Leading { .. } = self.phase {
            let is_repeated = now_ms.saturating_sub(self.lost_ms) < RIVALRY_MS;
            self.losses = if is_repeated { self.losses.saturating_add(1) } else { 1 };
            self.lost_ms = now_ms;
        }
        self.phase = Phase::Following;
        self.heard_ms = now_ms;
    }
}

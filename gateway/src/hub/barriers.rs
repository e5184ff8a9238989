//! Subscriptions that are not in force yet, and the barriers that show when they are.
//!
//! One barrier serves all subscriptions of a few milliseconds. A further barrier every `PROBE_MS` checks that
//! the proxy still publishes.

use crate::connection_id::ConnectionId;
use crate::limits::{BARRIER_DELAY_MS, BARRIER_MS_MAX, PROBE_MS};

/// A reply that waits for a barrier: the connection and the `id` of its request, as JSON.
pub(crate) type Waiting = (ConnectionId, String);

pub(crate) struct Barriers {
    /// Makes the topics of this run unguessable.
    seed: u64,
    count: u64,
    collected: Vec<Waiting>,
    /// The time at which the collected subscriptions get their barrier.
    due_ms: Option<u64>,
    pending: Option<Pending>,
    probe_ms: u64,
}

struct Pending {
    topic: String,
    waiting: Vec<Waiting>,
    sent_ms: u64,
}

/// An action for the socket of the subscriptions.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Subscribe(String),
    /// The barrier was lost. A new socket must subscribe to all topics.
    Reconnect,
}

impl Barriers {
    pub(crate) fn new(seed: u64, now_ms: u64) -> Self {
        Self {
            seed,
            count: 0,
            collected: Vec::new(),
            due_ms: None,
            pending: None,
            probe_ms: now_ms + PROBE_MS,
        }
    }

    /// Adds a reply that waits for the subscriptions before it.
    pub(crate) fn wait(&mut self, waiting: Waiting, now_ms: u64) {
        self.collected.push(waiting);
        self.due_ms.get_or_insert(now_ms + BARRIER_DELAY_MS);
    }

    /// The replies of a barrier that arrived; `None` if this is not the topic of the pending barrier.
    pub(crate) fn arrived(&mut self, topic: &[u8]) -> Option<Vec<Waiting>> {
        let pending = self.pending.take_if(|pending| pending.topic.as_bytes() == topic)?;
        Some(pending.waiting)
    }

    pub(crate) fn deadline(&self, has_topics: bool) -> Option<u64> {
        match &self.pending {
            Some(pending) => Some(pending.sent_ms + BARRIER_MS_MAX),
            None => self.due_ms.or(has_topics.then_some(self.probe_ms)),
        }
    }

    pub(crate) fn tick(&mut self, has_topics: bool, now_ms: u64) -> Option<Step> {
        if let Some(pending) = &self.pending {
            if now_ms < pending.sent_ms + BARRIER_MS_MAX {
                return None;
            }
            let lost = self.pending.take()?;
            self.collected.splice(0..0, lost.waiting);
            self.due_ms = Some(now_ms);
            return Some(Step::Reconnect);
        }
        let is_due = self.due_ms.is_some_and(|due| due <= now_ms);
        let is_probe_due = has_topics && self.probe_ms <= now_ms;
        if !is_due && !is_probe_due {
            return None;
        }
        self.count += 1;
        let topic = format!("sync.gateway.{:016x}{:016x}", self.seed, self.count);
        let waiting = std::mem::take(&mut self.collected);
        (self.due_ms, self.probe_ms) = (None, now_ms + PROBE_MS);
        self.pending = Some(Pending { topic: topic.clone(), waiting, sent_ms: now_ms });
        Some(Step::Subscribe(topic))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn topic(step: Option<Step>) -> String {
        match step {
            Some(Step::Subscribe(topic)) => topic,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn one_barrier_serves_all_subscriptions_of_a_few_milliseconds() {
        let mut barriers = Barriers::new(7, 0);
        let waiting = |n| (ConnectionId(n), n.to_string());
        barriers.wait(waiting(1), 10);
        barriers.wait(waiting(2), 12);
        assert_eq!((barriers.deadline(true), barriers.tick(true, 14)), (Some(15), None));
        let barrier = topic(barriers.tick(true, 15));
        assert!(common::topics::parse_subscription(barrier.as_bytes()).is_ok());
        barriers.wait(waiting(3), 16);
        assert_eq!(barriers.tick(true, 40), None, "the next barrier waits for this one");
        assert_eq!(barriers.arrived(b"sync.other"), None);
        assert_eq!(barriers.arrived(barrier.as_bytes()), Some(vec![waiting(1), waiting(2)]));
        assert_ne!(topic(barriers.tick(true, 40)), barrier);
    }

    #[test]
    fn a_lost_barrier_replaces_the_socket_and_keeps_its_replies() {
        let mut barriers = Barriers::new(7, 0);
        barriers.wait((ConnectionId(1), "1".to_owned()), 0);
        topic(barriers.tick(true, 5));
        assert_eq!(barriers.tick(true, 4 + BARRIER_MS_MAX), None);
        assert_eq!(barriers.tick(true, 5 + BARRIER_MS_MAX), Some(Step::Reconnect));
        let barrier = topic(barriers.tick(true, 5 + BARRIER_MS_MAX));
        assert_eq!(barriers.arrived(barrier.as_bytes()).expect("the barrier").len(), 1);
    }

    #[test]
    fn a_probe_is_sent_while_there_are_topics() {
        let mut barriers = Barriers::new(7, 0);
        assert_eq!((barriers.deadline(false), barriers.tick(false, PROBE_MS)), (None, None));
        let barrier = topic(barriers.tick(true, PROBE_MS));
        assert_eq!(barriers.arrived(barrier.as_bytes()), Some(Vec::new()));
        assert_eq!(barriers.deadline(true), Some(2 * PROBE_MS));
    }
}

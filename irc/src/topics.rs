//! The topics of all connections. The subscriber subscribes to each topic once.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use foldhash::fast::RandomState;

use crate::limits::TOPICS_MAX;
use crate::relay::ConnectionId;

#[derive(Default)]
pub(crate) struct Topics {
    followers: HashMap<Arc<str>, Vec<ConnectionId>, RandomState>,
    /// The topics of each connection.
    own: HashMap<ConnectionId, HashSet<Arc<str>, RandomState>, RandomState>,
}

/// The outcome of following a topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Followed {
    /// No connection followed the topic before.
    New,
    Known,
    /// There are too many topics.
    Full,
}

impl Topics {
    pub(crate) fn len(&self) -> usize {
        self.followers.len()
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Arc<str>> {
        self.followers.keys()
    }

    /// The topic and its followers.
    pub(crate) fn get(&self, topic: &str) -> Option<(&Arc<str>, &[ConnectionId])> {
        self.followers.get_key_value(topic).map(|(topic, followers)| (topic, followers.as_slice()))
    }

    /// Adds a follower.
    pub(crate) fn follow(&mut self, id: ConnectionId, topic: &str) -> Followed {
        let known = self.followers.get_key_value(topic).map(|(topic, _)| Arc::clone(topic));
        let outcome = if known.is_some() { Followed::Known } else { Followed::New };
        if outcome == Followed::New && self.followers.len() >= TOPICS_MAX {
            return Followed::Full;
        }
        let topic = known.unwrap_or_else(|| topic.into());
        if self.own.entry(id).or_default().insert(Arc::clone(&topic)) {
            self.followers.entry(topic).or_default().push(id);
        }
        outcome
    }

    /// Removes a follower. Returns whether no connection follows the topic any longer.
    pub(crate) fn leave(&mut self, id: ConnectionId, topic: &str) -> bool {
        if let Some(own) = self.own.get_mut(&id) {
            own.remove(topic);
            if own.is_empty() {
                self.own.remove(&id);
            }
        }
        let Some(followers) = self.followers.get_mut(topic) else { return false };
        followers.retain(|follower| *follower != id);
        let is_unused = followers.is_empty();
        if is_unused {
            self.followers.remove(topic);
        }
        is_unused
    }

    /// The topics that a connection follows.
    pub(crate) fn of(&self, id: ConnectionId) -> Vec<Arc<str>> {
        self.own.get(&id).into_iter().flatten().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_has_its_followers_until_the_last_one_leaves() {
        let mut topics = Topics::default();
        let [one, other] = [1, 2].map(ConnectionId);
        let follows = [one, one, other].map(|id| topics.follow(id, "t"));
        assert_eq!(follows, [Followed::New, Followed::Known, Followed::Known]);
        assert_eq!(topics.get("t").map(|(_, followers)| followers.to_vec()), Some(vec![one, other]));
        assert_eq!(topics.of(one), ["t".into()]);
        assert!(!topics.leave(one, "t") && !topics.leave(one, "u") && topics.leave(other, "t"));
        assert!(topics.of(one).is_empty() && topics.own.is_empty());
        assert_eq!(topics.len(), 0);
    }

    #[test]
    fn the_number_of_topics_is_bounded() {
        let mut topics = Topics::default();
        let id = ConnectionId(1);
        assert!((0..TOPICS_MAX).all(|n| topics.follow(id, &n.to_string()) == Followed::New));
        assert_eq!((topics.follow(id, "more"), topics.follow(id, "0")), (Followed::Full, Followed::Known));
        assert_eq!(topics.len(), TOPICS_MAX);
    }
}

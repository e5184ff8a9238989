//! The topics of all connections. The subscriber subscribes to each topic once.

use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::RandomState;

use crate::limits::TOPICS_MAX;
use crate::relay::ConnectionId;

#[derive(Default)]
pub(crate) struct Topics {
    followers: HashMap<Arc<str>, Vec<ConnectionId>, RandomState>,
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

    /// Adds a follower. Returns whether the topic is new. Topics beyond the limit are ignored.
    pub(crate) fn follow(&mut self, id: ConnectionId, topic: &str) -> bool {
        if let Some(followers) = self.followers.get_mut(topic) {
            if !followers.contains(&id) {
                followers.push(id);
            }
            return false;
        }
        let has_room = self.followers.len() < TOPICS_MAX;
        if has_room {
            self.followers.insert(topic.into(), vec![id]);
        }
        has_room
    }

    /// Removes a follower. Returns whether no connection follows the topic any longer.
    pub(crate) fn leave(&mut self, id: ConnectionId, topic: &str) -> bool {
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
        let own = self.followers.iter().filter(|(_, followers)| followers.contains(&id));
        own.map(|(topic, _)| Arc::clone(topic)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_has_its_followers_until_the_last_one_leaves() {
        let mut topics = Topics::default();
        let [one, other] = [1, 2].map(ConnectionId);
        assert!(topics.follow(one, "t") && !topics.follow(one, "t") && !topics.follow(other, "t"));
        assert_eq!(topics.get("t").map(|(_, followers)| followers.to_vec()), Some(vec![one, other]));
        assert_eq!(topics.of(one), ["t".into()]);
        assert!(!topics.leave(one, "t") && !topics.leave(one, "u") && topics.leave(other, "t"));
        assert_eq!(topics.len(), 0);
    }

    #[test]
    fn the_number_of_topics_is_bounded() {
        let mut topics = Topics::default();
        assert!((0..TOPICS_MAX).all(|n| topics.follow(ConnectionId(1), &n.to_string())));
        assert!(!topics.follow(ConnectionId(1), "more"));
        assert_eq!(topics.len(), TOPICS_MAX);
    }
}

//! The topics of all connections. Each topic is subscribed once, however many connections follow it.

use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::RandomState;

use crate::connection_id::ConnectionId;
use crate::limits::ALL_TOPICS_MAX;

#[derive(Default)]
pub(crate) struct Topics {
    followers: HashMap<Arc<str>, Vec<ConnectionId>, RandomState>,
}

/// The outcome of a subscription.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Followed {
    /// The socket must subscribe to the topic.
    New(Arc<str>),
    /// Another connection follows the topic already.
    Known(Arc<str>),
    TooManyTopics,
}

impl Topics {
    pub(crate) fn len(&self) -> usize {
        self.followers.len()
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Arc<str>> {
        self.followers.keys()
    }

    /// Adds a follower. The caller ensures that the connection does not follow the topic yet.
    pub(crate) fn follow(&mut self, topic: &str, connection: ConnectionId) -> Followed {
        if let Some((known, _)) = self.followers.get_key_value(topic) {
            let known = Arc::clone(known);
            self.followers.entry(Arc::clone(&known)).or_default().push(connection);
            return Followed::Known(known);
        }
        if self.followers.len() >= ALL_TOPICS_MAX {
            return Followed::TooManyTopics;
        }
        let topic: Arc<str> = topic.into();
        self.followers.insert(Arc::clone(&topic), vec![connection]);
        Followed::New(topic)
    }

    /// Removes a follower. Returns whether no connection follows the topic any longer.
    pub(crate) fn leave(&mut self, topic: &str, connection: ConnectionId) -> bool {
        let Some(followers) = self.followers.get_mut(topic) else { return false };
        followers.retain(|follower| *follower != connection);
        let is_unused = followers.is_empty();
        if is_unused {
            self.followers.remove(topic);
        }
        is_unused
    }

    pub(crate) fn followers(&self, topic: &str) -> &[ConnectionId] {
        self.followers.get(topic).map_or(&[], Vec::as_slice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_is_subscribed_once_and_until_its_last_follower_leaves() {
        let mut topics = Topics::default();
        let [one, other] = [1, 2].map(ConnectionId);
        assert_eq!(topics.follow("t", one), Followed::New("t".into()));
        assert_eq!(topics.follow("t", other), Followed::Known("t".into()));
        assert_eq!(topics.followers("t"), [one, other]);
        assert!(!topics.leave("t", one));
        assert!(!topics.leave("u", other));
        assert!(topics.leave("t", other));
        assert_eq!((topics.followers("t"), topics.len()), (&[][..], 0));
    }

    #[test]
    fn the_number_of_topics_is_bounded() {
        let mut topics = Topics::default();
        for n in 0..ALL_TOPICS_MAX {
            topics.follow(&n.to_string(), ConnectionId(1));
        }
        assert_eq!(topics.follow("more", ConnectionId(1)), Followed::TooManyTopics);
        assert_eq!(topics.follow("0", ConnectionId(2)), Followed::Known("0".into()));
    }
}

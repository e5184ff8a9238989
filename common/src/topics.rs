//! Topics of the fan-out, and which subscriptions are well formed.
//!
//! A topic is `channel.<name>.<key>` (the name `*` is that of the channel that everybody is in, no wildcard), `user.<name>.<key>` or `presence.all.<key>`; the key is what makes it
//! private, because only the server hands it out. ZeroMQ matches subscriptions by prefix, so only whole topics
//! may be subscribed to. No topic is a prefix of another: a name has at most
//! [`NAME_CHARACTERS_MAX`](crate::limits::NAME_CHARACTERS_MAX) characters, too few to hold a name and a key.

use std::fmt;

use thiserror::Error;

use crate::hex::to_hex;
use crate::limits::{TOPIC_BYTES_MAX, TOPIC_KEY_DIGITS};
use crate::names::{ChannelName, UserName};

/// The secret end of a topic: 128 random bits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct TopicKey(pub [u8; TOPIC_KEY_DIGITS / 2]);

impl fmt::Display for TopicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&to_hex(&self.0))
    }
}

/// The topic that carries a channel's events.
#[must_use]
pub fn channel_topic(channel: &ChannelName, key: TopicKey) -> String {
    format!("channel.{}.{key}", channel.bare())
}

/// The topic that carries what is meant for one user.
#[must_use]
pub fn user_topic(user: &UserName, key: TopicKey) -> String {
    format!("user.{user}.{key}")
}

/// The topic that carries changes of everybody's presence.
#[must_use]
pub fn presence_topic(key: TopicKey) -> String {
    format!("presence.all.{key}")
}

/// Why a subscription is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum TopicError {
    /// Longer than any topic.
    #[error("a topic has at most {TOPIC_BYTES_MAX} bytes")]
    TooLong,
    /// Not a whole topic: empty, a prefix, a wildcard, or no topic of papo's at all.
    #[error("subscribe to a whole topic: <kind>.<name>.<{TOPIC_KEY_DIGITS} hex digits>")]
    Shape,
}

/// A subscription that the proxy honours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subscription<'a> {
    /// To the events of a channel, a user or everybody's presence.
    Events(&'a str),
    /// To a barrier: answered by one empty message as soon as it is in force.
    Sync(&'a str),
}

/// Decides whether `topic` may be subscribed to.
pub fn parse_subscription(topic: &[u8]) -> Result<Subscription<'_>, TopicError> {
    if topic.len() > TOPIC_BYTES_MAX {
        return Err(TopicError::TooLong);
    }
    let topic = std::str::from_utf8(topic).map_err(|_| TopicError::Shape)?;
    let (kind, rest) = topic.split_once('.').ok_or(TopicError::Shape)?;
    let (name, key) = rest.rsplit_once('.').ok_or(TopicError::Shape)?;
    if !is_key(key) {
        return Err(TopicError::Shape);
    }
    match kind {
        "channel" if name == "*" => Ok(Subscription::Events(topic)),
        "channel" | "user" if is_canonical(name) => Ok(Subscription::Events(topic)),
        "presence" if name == "all" => Ok(Subscription::Events(topic)),
        "sync" if is_canonical(name) => Ok(Subscription::Sync(topic)),
        _ => Err(TopicError::Shape),
    }
}

/// Keys are written in lower case only, so that a topic has one spelling.
fn is_key(key: &str) -> bool {
    key.len() == TOPIC_KEY_DIGITS && key.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

fn is_canonical(name: &str) -> bool {
    UserName::new(name).is_ok_and(|canonical| canonical.as_str() == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const KEY: &str = "000102030405060708090a0b0c0d0e0f";

    #[test]
    fn whole_topics_are_honoured() {
        let key = TopicKey(std::array::from_fn(|i| i as u8));
        let channel = channel_topic(&ChannelName::new("#café").expect("a name"), key);
        assert_eq!(channel, format!("channel.café.{KEY}"));
        assert_eq!(parse_subscription(channel.as_bytes()), Ok(Subscription::Events(&channel)));
        assert!(parse_subscription(channel_topic(&ChannelName::everybody(), key).as_bytes()).is_ok());
        let user = user_topic(&UserName::new("a.b").expect("a name"), key);
        assert_eq!(parse_subscription(user.as_bytes()), Ok(Subscription::Events(&user)));
        let sync = format!("sync.join.{KEY}");
        assert_eq!(parse_subscription(sync.as_bytes()), Ok(Subscription::Sync(&sync)));
        assert!(parse_subscription(presence_topic(key).as_bytes()).is_ok());
    }

    #[test]
    fn every_proper_prefix_is_refused() {
        let topic = format!("channel.general.{KEY}");
        for end in 0..topic.len() {
            let prefix = topic.get(..end).expect("ascii");
            assert_eq!(parse_subscription(prefix.as_bytes()), Err(TopicError::Shape), "{prefix}");
        }
    }

    #[test]
    fn other_shapes_are_refused() {
        for topic in [
            format!("channel.General.{KEY}"),
            format!("channel..{KEY}"),
            format!("user.*.{KEY}"),
            format!("channel.**.{KEY}"),
            "channel.*.*".to_owned(),
            format!("presence.alice.{KEY}"),
            format!("sync.{KEY}"),
            format!("log.general.{KEY}"),
            format!("channel.general.{}", KEY.to_uppercase()),
            format!("channel.general.{KEY}0"),
            format!("channel.general.{KEY}."),
        ] {
            assert_eq!(parse_subscription(topic.as_bytes()), Err(TopicError::Shape), "{topic}");
        }
        assert_eq!(parse_subscription(b"\xff\xfe"), Err(TopicError::Shape));
        assert_eq!(parse_subscription(&[b'a'; 257]), Err(TopicError::TooLong));
    }

    proptest! {
        #[test]
        fn no_topic_is_a_prefix_of_another(one in "[a-z0-9.]{1,32}", other in "[a-z0-9.]{1,32}") {
            let topics = [one, other].map(|name| format!("channel.{name}.{KEY}"));
            if topics.iter().all(|topic| parse_subscription(topic.as_bytes()).is_ok()) && topics[0] != topics[1] {
                prop_assert!(!topics[0].starts_with(topics[1].as_str()));
            }
        }

        #[test]
        fn any_bytes_are_decided(topic in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _decided = parse_subscription(&topic);
        }
    }
}

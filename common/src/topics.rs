//! Topics of the fan-out, and the check of subscriptions.
//!
//! A topic is `channel.<name>.<key>`, `user.<name>.<key>`, `presence.all.<key>` or `deliveries.all.<key>`.
//! The channel of all users has the name `*`, which is not a wildcard. The key makes a topic private: only
//! the server can derive it. ZeroMQ matches subscriptions by prefix, so the proxy accepts only whole topics.
//! No topic is a prefix of another: a name has at most
//! [`NAME_CHARACTERS_MAX`](crate::limits::NAME_CHARACTERS_MAX) characters, too few for a name and a key.

use std::fmt;

use thiserror::Error;

use crate::hex::to_hex;
use crate::limits::{TOPIC_BYTES_MAX, TOPIC_KEY_DIGITS};
use crate::names::{ChannelName, UserName};

/// The secret end of a topic: 128 bits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct TopicKey(pub [u8; TOPIC_KEY_DIGITS / 2]);

impl fmt::Display for TopicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&to_hex(&self.0))
    }
}

/// The topic of a channel's events.
#[must_use]
pub fn channel_topic(channel: &ChannelName, key: TopicKey) -> String {
    format!("channel.{}.{key}", channel.bare())
}

/// The topic of events and notices for one user.
#[must_use]
pub fn user_topic(user: &UserName, key: TopicKey) -> String {
    format!("user.{user}.{key}")
}

/// The topic of all users' presence.
#[must_use]
pub fn presence_topic(key: TopicKey) -> String {
    format!("presence.all.{key}")
}

/// The topic of the notices for the gateway that outgoing webhooks may have events.
#[must_use]
pub fn deliveries_topic(key: TopicKey) -> String {
    format!("deliveries.all.{key}")
}

/// The error for a refused subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum TopicError {
    /// The subscription is longer than any topic.
    #[error("a topic may have at most {TOPIC_BYTES_MAX} bytes")]
    TooLong,
    /// The subscription is not a whole topic of papo.
    #[error("subscribe to a whole topic: <kind>.<name>.<{TOPIC_KEY_DIGITS} hex digits>")]
    Shape,
}

/// A subscription that the proxy accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subscription<'a> {
    /// The topic of a channel, a user, all users' presence, or the deliveries.
    Events(&'a str),
    /// A barrier: the proxy publishes one empty message on it as soon as the subscription is in force.
    Sync(&'a str),
}

/// Checks a subscription.
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
        "presence" | "deliveries" if name == "all" => Ok(Subscription::Events(topic)),
        "sync" if is_canonical(name) => Ok(Subscription::Sync(topic)),
        _ => Err(TopicError::Shape),
    }
}

/// Whether this is a key. Only lowercase digits are valid, so a topic has only one spelling.
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
    fn a_whole_topic_is_accepted() {
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
        assert!(parse_subscription(deliveries_topic(key).as_bytes()).is_ok());
    }

    #[test]
    fn every_prefix_of_a_topic_is_refused() {
        let topic = format!("channel.general.{KEY}");
        for end in 0..topic.len() {
            let prefix = topic.get(..end).expect("ascii");
            assert_eq!(parse_subscription(prefix.as_bytes()), Err(TopicError::Shape), "{prefix}");
        }
    }

    #[test]
    fn other_forms_are_refused() {
        for topic in [
            format!("channel.General.{KEY}"),
            format!("channel..{KEY}"),
            format!("user.*.{KEY}"),
            format!("channel.**.{KEY}"),
            "channel.*.*".to_owned(),
            format!("presence.alice.{KEY}"),
            format!("deliveries.alice.{KEY}"),
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
        fn any_bytes_are_accepted_or_refused(topic in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _no_panic = parse_subscription(&topic);
        }
    }
}

//! Conversations and their names. A [`Target`] is the name that a user writes: `#general`, `@bob`. A
//! [`Conversation`] has one value for all users: a channel, or a pair of users.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::errors::{Detail, refused};
use crate::names::{ChannelName, UserName};

/// The name of a conversation as a user writes it: `#channel`, `@user`, or `*`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Target {
    /// A channel such as `#general`, or `*`, whose members are all users.
    Channel(ChannelName),
    /// Another user, such as `@bob`.
    User(UserName),
}

impl Target {
    /// Parses `#channel`, `@user` or `*`.
    pub fn new(target: &str) -> Result<Self, Detail> {
        if target == "*" {
            return Ok(Self::Channel(ChannelName::everybody()));
        }
        match target.strip_prefix('@') {
            Some(name) => UserName::new(name).map(Self::User),
            None if target.starts_with('#') => ChannelName::new(target).map(Self::Channel),
            None => Err(Detail::TargetWithoutSign),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Channel(name) => name.fmt(f),
            Self::User(name) => write!(f, "@{name}"),
        }
    }
}

impl Serialize for Target {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Target {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let target = crate::text::borrowed(deserializer)?;
        Self::new(&target).map_err(refused)
    }
}

/// A numbered sequence of events: a channel, or the direct messages of two users.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Conversation {
    /// The events of a channel.
    Channel(ChannelName),
    /// The direct messages of two users, in alphabetical order. For notes to oneself both are the same user.
    Direct(UserName, UserName),
}

impl Conversation {
    /// The key of the conversation in the journal's index: `#general` or `@alice @bob`.
    #[must_use]
    pub fn key(&self) -> Cow<'_, str> {
        match self {
            Self::Channel(name) => Cow::Borrowed(name.as_str()),
            Self::Direct(first, second) => Cow::Owned(format!("@{first} @{second}")),
        }
    }

    /// Parses a [`key`](Self::key). The two users may be in any order. Returns `None` if the key contains
    /// only one user.
    pub fn from_key(key: &str) -> Result<Option<Self>, Detail> {
        if let Some((first, second)) = key.split_once(' ')
            && let (Target::User(user), other @ Target::User(_)) = (Target::new(first)?, Target::new(second)?)
        {
            return Ok(Some(Self::of(&user, &other)));
        }
        Ok(match Target::new(key)? {
            Target::Channel(channel) => Some(Self::Channel(channel)),
            Target::User(_) => None,
        })
    }

    /// The conversation that `user` calls `target`.
    #[must_use]
    pub fn of(user: &UserName, target: &Target) -> Self {
        match target {
            Target::Channel(name) => Self::Channel(name.clone()),
            Target::User(other) if other < user => Self::Direct(other.clone(), user.clone()),
            Target::User(other) => Self::Direct(user.clone(), other.clone()),
        }
    }

    /// The name that `user` writes for this conversation.
    #[must_use]
    pub fn seen_by(&self, user: &UserName) -> Target {
        match self {
            Self::Channel(name) => Target::Channel(name.clone()),
            Self::Direct(first, second) if first == user => Target::User(second.clone()),
            Self::Direct(first, _) => Target::User(first.clone()),
        }
    }
}

impl fmt::Display for Conversation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.key())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(name: &str) -> UserName {
        UserName::new(name).expect("a name")
    }

    #[test]
    fn two_users_share_one_conversation() {
        let from_alice = Conversation::of(&name("alice"), &Target::User(name("bob")));
        let from_bob = Conversation::of(&name("bob"), &Target::User(name("alice")));
        let names = |key: &str| Conversation::from_key(key).ok().flatten().map(|one| one.to_string());
        assert_eq!(
            ["@bob @alice", "#ops", "*", "@bob", "x"].map(names),
            [Some("@alice @bob".into()), Some("#ops".into()), Some("*".into()), None, None]
        );
        assert_eq!(from_alice, from_bob);
        assert_eq!(from_alice.key(), "@alice @bob");
        assert_eq!(from_alice.seen_by(&name("alice")).to_string(), "@bob");
        assert_eq!(from_alice.seen_by(&name("bob")).to_string(), "@alice");
    }

    #[test]
    fn a_user_has_a_conversation_with_themselves() {
        let own = Conversation::of(&name("alice"), &Target::User(name("alice")));
        assert_eq!(own.key(), "@alice @alice");
        assert_eq!(own.seen_by(&name("alice")).to_string(), "@alice");
    }

    #[test]
    fn the_channel_of_all_users_is_a_target_but_not_a_valid_channel_name() {
        let everybody = Target::new("*").expect("a target");
        assert_eq!(serde_json::to_string(&everybody).expect("json"), "\"*\"");
        assert_eq!(serde_json::from_str::<Target>("\"*\"").expect("a target"), everybody);
        assert_eq!(Conversation::of(&name("alice"), &everybody).key(), "*");
        assert!(ChannelName::new("*").is_err() && ChannelName::new("#*").is_err());
        assert!(serde_json::from_str::<ChannelName>("\"*\"").is_err());
        assert!(Target::new("**").is_err() && Target::new("@*").is_err());
    }

    #[test]
    fn a_target_needs_its_sign() {
        let error = serde_json::from_str::<Target>("\"general\"").expect_err("no sign");
        assert!(error.to_string().starts_with(&Detail::TargetWithoutSign.to_string()), "{error}");
        assert_eq!(serde_json::to_string(&Target::new("@Bob").expect("a target")).expect("json"), "\"@bob\"");
    }
}

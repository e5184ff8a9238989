//! The places of imported conversations.

use std::collections::BTreeSet;

use common::{ChannelName, Conversation, Target, UserName};

/// The place of a conversation.
#[derive(Debug, Clone)]
pub(super) enum Place {
    Channel(ChannelName),
    Direct(UserName, UserName),
}

/// A channel of the export.
pub(super) struct NewChannel {
    pub(super) name: ChannelName,
    pub(super) is_private: bool,
    /// The time of the creation in Unix milliseconds.
    pub(super) created_at: u64,
    pub(super) creator: Option<UserName>,
    pub(super) members: Vec<UserName>,
    pub(super) subject: String,
}

/// A conversation while its messages are imported.
pub(super) struct Imported {
    pub(super) place: Place,
    pub(super) members: BTreeSet<UserName>,
    /// Senders who are not members in the export. They leave at the end.
    pub(super) guests: BTreeSet<UserName>,
    /// The number of the last imported message or change.
    pub(super) last_n: u64,
    /// The time of the newest imported message.
    pub(super) last_at: u64,
}

impl Place {
    pub(super) fn conversation(&self) -> Conversation {
        match self {
            Self::Channel(channel) => Conversation::Channel(channel.clone()),
            Self::Direct(user, other) => Conversation::of(user, &Target::User(other.clone())),
        }
    }

    /// The conversation as `user` addresses it; `None` if it is a direct conversation of others.
    pub(super) fn seen_by(&self, user: &UserName) -> Option<Target> {
        match self {
            Self::Channel(channel) => Some(Target::Channel(channel.clone())),
            Self::Direct(first, second) if first == user => Some(Target::User(second.clone())),
            Self::Direct(first, second) if second == user => Some(Target::User(first.clone())),
            Self::Direct(..) => None,
        }
    }
}

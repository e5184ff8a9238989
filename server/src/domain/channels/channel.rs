//! One conversation: a channel with its members, or a direct conversation of two users.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use common::channels::{Attribution, LaterNames, Role};
use common::{Event, Subject, UserName};
use serde::{Deserialize, Deserializer, Serialize};

use crate::domain::amendments::Amendments;
use crate::domain::reads::ReadState;

/// A channel, as `channels.json` stores it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Channel {
    /// The time of creation in Unix milliseconds.
    pub since: u64,
    /// The user who created the channel; `None` if an older version wrote the snapshot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub creator: Option<UserName>,
    #[serde(flatten)]
    pub progress: Progress,
    /// How often the key of the channel's topic has changed.
    pub epoch: u64,
    /// Whether only invited users may join. Other users cannot see that the channel exists.
    pub private: bool,
    /// Whether the channel is read-only.
    #[serde(default, skip_serializing_if = "is_false")]
    pub archived: bool,
    /// A deleted channel stays in the state without members, so that its name cannot be used again.
    #[serde(default, skip_serializing_if = "is_false")]
    pub deleted: bool,
    #[serde(flatten)]
    pub names: LaterNames,
    /// The subject; empty if none is set.
    pub subject: Subject<'static>,
    pub members: BTreeMap<UserName, Role>,
    /// The users who were invited and have not joined.
    #[serde(deserialize_with = "invited")]
    pub invited: BTreeMap<UserName, Attribution>,
    /// Banned users may not join.
    pub banned: BTreeSet<UserName>,
    /// The author and the time of each ban. Snapshots of older versions do not contain them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub bans: BTreeMap<UserName, Attribution>,
    pub reads: ReadState,
    #[serde(default)]
    pub amendments: Amendments,
    /// The topic of the channel's events; derived from the name and the epoch.
    #[serde(skip)]
    pub topic: Arc<str>,
}

fn is_false(flag: &bool) -> bool {
    !flag
}

/// Reads the invitations. Snapshots of older versions contain only the names.
fn invited<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<UserName, Attribution>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Form {
        Names(BTreeSet<UserName>),
        Attributed(BTreeMap<UserName, Attribution>),
    }
    Ok(match Form::deserialize(deserializer)? {
        Form::Names(names) => names.into_iter().map(|name| (name, Attribution::default())).collect(),
        Form::Attributed(invited) => invited,
    })
}

/// A direct conversation of two users, as `channels.json` stores it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Direct {
    #[serde(flatten)]
    pub progress: Progress,
    pub reads: ReadState,
    #[serde(default)]
    pub amendments: Amendments,
}

/// The newest event of a conversation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// The number of the event in the conversation.
    pub n: u64,
    /// The number of the event's record in the log.
    pub record: u64,
}

impl Channel {
    /// Creates a channel, owned by the sender of `event`.
    pub(super) fn created(event: &Event<'_>, private: bool, progress: Progress) -> Self {
        let members = [(event.from.clone(), Role::Owner)].into();
        let mut reads = ReadState::default();
        reads.apply(progress.record, event);
        reads.begin(&event.from, event.n);
        let creator = Some(event.from.clone());
        Self { since: event.at, creator, progress, private, members, reads, ..Self::default() }
    }

    /// Whether `user` may see that the channel exists.
    #[must_use]
    pub fn is_visible_to(&self, user: &UserName) -> bool {
        !self.private || self.members.contains_key(user) || self.invited.contains_key(user)
    }

    pub(in crate::domain) fn is_last_owner(&self, user: &UserName) -> bool {
        let owners = self.members.iter().filter(|(_, role)| **role == Role::Owner);
        owners.map(|(name, _)| name).eq([user])
    }
}

impl Direct {
    pub(super) fn apply(&mut self, progress: Progress, event: &Event<'_>) {
        self.progress = progress;
        self.reads.apply(progress.record, event);
        self.amendments.apply(event);
    }
}

//! One conversation: a channel with its members, or what two users write to each other.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use common::channels::{Attribution, Role};
use common::{Event, Subject, UserName};
use serde::{Deserialize, Deserializer, Serialize};

use crate::domain::amendments::Amendments;
use crate::domain::reads::ReadState;

/// One channel, as `channels.json` holds it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Channel {
    /// When it was made, in Unix milliseconds.
    pub since: u64,
    /// How far it has come.
    #[serde(flatten)]
    pub progress: Progress,
    /// How often its topic has moved.
    pub epoch: u64,
    /// Whether only the invited may join, and others are not told of it.
    pub private: bool,
    /// What it is about; empty when nobody said.
    pub subject: Subject<'static>,
    /// Who is in it.
    pub members: BTreeMap<UserName, Role>,
    /// Who may join and has not yet.
    #[serde(deserialize_with = "invited")]
    pub invited: BTreeMap<UserName, Attribution>,
    /// Who may not join.
    pub banned: BTreeSet<UserName>,
    /// The author and the time of each ban. A snapshot of an earlier version has none.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub bans: BTreeMap<UserName, Attribution>,
    /// How far its members have read.
    pub reads: ReadState,
    /// What became of messages.
    #[serde(default)]
    pub amendments: Amendments,
    /// Where its events are published; derived from the name and the epoch.
    #[serde(skip)]
    pub topic: Arc<str>,
}

/// Older snapshots have the names alone.
fn invited<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<UserName, Attribution>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Form {
        Names(BTreeSet<UserName>),
        Known(BTreeMap<UserName, Attribution>),
    }
    Ok(match Form::deserialize(deserializer)? {
        Form::Names(names) => names.into_iter().map(|name| (name, Attribution::default())).collect(),
        Form::Known(known) => known,
    })
}

/// What two users write to each other, as `channels.json` holds it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Direct {
    /// How far it has come.
    #[serde(flatten)]
    pub progress: Progress,
    /// How far the two have read.
    pub reads: ReadState,
    /// What became of messages.
    #[serde(default)]
    pub amendments: Amendments,
}

/// How far a conversation has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// The number of its newest event.
    pub n: u64,
    /// The number of the record that was.
    pub record: u64,
}

impl Channel {
    /// A new one, with whoever made it as its owner.
    pub(super) fn created(event: &Event<'_>, private: bool, progress: Progress) -> Self {
        let members = [(event.from.clone(), Role::Owner)].into();
        let mut reads = ReadState::default();
        reads.take(progress.record, event);
        reads.begin(&event.from, event.n);
        Self { since: event.at, progress, private, members, reads, ..Self::default() }
    }

    /// Whether `user` may know of it.
    #[must_use]
    pub fn is_visible_to(&self, user: &UserName) -> bool {
        !self.private || self.members.contains_key(user) || self.invited.contains_key(user)
    }

    pub(super) fn is_last_owner(&self, user: &UserName) -> bool {
        let owners = self.members.iter().filter(|(_, role)| **role == Role::Owner);
        owners.map(|(name, _)| name).eq([user])
    }
}

impl Direct {
    pub(super) fn take(&mut self, progress: Progress, event: &Event<'_>) {
        self.progress = progress;
        self.reads.take(progress.record, event);
        self.amendments.take(event);
    }
}

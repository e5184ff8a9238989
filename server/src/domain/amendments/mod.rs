//! Amendments: the edits, deletions and reactions of messages. Only amended messages use memory. All texts
//! are in the log.

pub(super) mod decide;

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use common::amendments::{Emoji, Reaction};
use common::events::Class;
use common::{Body, Event, UserName};
use serde::{Deserialize, Serialize};

/// The amendments of one conversation, by the numbers of the messages.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<(u64, Amendment)>", into = "Vec<(u64, Amendment)>")]
pub struct Amendments(BTreeMap<u64, Amendment>);

/// The amendments of one message. When a message is deleted, its edits are marked as deleted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Amendment {
    /// The event numbers of the edits, in order. Empty after a deletion.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub edits: Vec<u64>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub deleted: bool,
    /// In the order in which each emoji was first used. Empty after a deletion.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reactions: Vec<Reaction>,
}

impl From<Vec<(u64, Amendment)>> for Amendments {
    fn from(all: Vec<(u64, Amendment)>) -> Self {
        Self(all.into_iter().collect())
    }
}

impl From<Amendments> for Vec<(u64, Amendment)> {
    fn from(all: Amendments) -> Self {
        all.0.into_iter().collect()
    }
}

impl Amendments {
    /// The amendments of the message `n`; `None` if the message was never amended.
    #[must_use]
    pub fn of(&self, n: u64) -> Option<&Amendment> {
        self.0.get(&n)
    }

    /// Whether an event with one of these numbers has amendments.
    #[must_use]
    pub fn has_any_in(&self, numbers: RangeInclusive<u64>) -> bool {
        !numbers.is_empty() && self.0.range(numbers).next().is_some()
    }

    pub(super) fn apply(&mut self, event: &Event<'_>) {
        match event.body.class() {
            Class::Amendment { of, .. } => self.amend(of, event),
            Class::Content { .. } if matches!(event.body, Body::Redacted { .. }) => {
                self.0.entry(event.n).or_default().deleted = true;
            }
            Class::Content { .. }
            | Class::Membership
            | Class::Moderation { .. }
            | Class::Settings
            | Class::Unknown => {}
        }
    }

    fn amend(&mut self, of: u64, event: &Event<'_>) {
        if let Body::Reacted { emoji, .. } = &event.body {
            self.react(of, emoji, &event.from);
        } else if let Body::Unreacted { emoji, .. } = &event.body {
            self.unreact(of, emoji, &event.from);
        } else if let Body::Deleted { .. } = event.body {
            let deleted = Amendment { deleted: true, ..Amendment::default() };
            let before = self.0.insert(of, deleted.clone()).unwrap_or_default();
            self.0.extend(before.edits.into_iter().map(|edit| (edit, deleted.clone())));
        } else if let Body::Edited { .. } | Body::Redacted { .. } = event.body {
            self.edit(of, event.n);
        }
    }

    fn edit(&mut self, of: u64, edit: u64) {
        let amendment = self.0.entry(of).or_default();
        if amendment.deleted {
            self.0.entry(edit).or_default().deleted = true;
        } else {
            amendment.edits.push(edit);
        }
    }

    fn react(&mut self, n: u64, emoji: &Emoji, user: &UserName) {
        let reactions = &mut self.0.entry(n).or_default().reactions;
        match reactions.iter_mut().find(|reaction| reaction.emoji == *emoji) {
            Some(reaction) => reaction.users.push(user.clone()),
            None => reactions.push(Reaction { emoji: emoji.clone(), users: vec![user.clone()] }),
        }
    }

    fn unreact(&mut self, n: u64, emoji: &Emoji, user: &UserName) {
        let Some(amendment) = self.0.get_mut(&n) else { return };
        for reaction in amendment.reactions.iter_mut().filter(|reaction| reaction.emoji == *emoji) {
            reaction.users.retain(|other| other != user);
        }
        amendment.reactions.retain(|reaction| !reaction.users.is_empty());
        if *amendment == Amendment::default() {
            self.0.remove(&n);
        }
    }
}

impl Amendment {
    pub(super) fn has_reaction(&self, emoji: &Emoji, user: &UserName) -> bool {
        let same = self.reactions.iter().find(|reaction| reaction.emoji == *emoji);
        same.is_some_and(|reaction| reaction.users.contains(user))
    }

    pub(super) fn reaction_count(&self) -> usize {
        self.reactions.iter().map(|reaction| reaction.users.len()).sum()
    }
}

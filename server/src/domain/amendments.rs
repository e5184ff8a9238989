//! What became of messages after they were said. Only messages that were amended cost memory, and none of it is text:
//! the texts of edits stay in the log.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use common::amendments::{Emoji, Reaction};
use common::limits::{EDITS_MAX, REACTIONS_MAX};
use common::{Body, Conversation, Detail, Event, Target, Text, UserName};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::channels::rights::{Action, check};
use super::messages::check_id;
use super::{State, history};
use crate::domain::records::Record;

/// What became of the messages of one conversation, by their numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<(u64, Amendment)>", into = "Vec<(u64, Amendment)>")]
pub struct Amendments(BTreeMap<u64, Amendment>);

/// What became of one message; or of an edit, whose text is gone when that of its message is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Amendment {
    /// The numbers of its edits, in order; none when it is deleted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub edits: Vec<u64>,
    /// Whether its text is gone.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub deleted: bool,
    /// The reactions, in the order in which they began; none when it is deleted.
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

/// A message as the log has it: what has to be known of it to amend it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Original {
    /// Its number.
    pub n: u64,
    /// Who said it.
    pub author: UserName,
    /// Whether it is a file: what is in it can be taken back, but not be edited.
    pub is_file: bool,
}

impl Original {
    /// Of an event; nothing when that is no message.
    #[must_use]
    pub fn of(event: &Event<'_>) -> Option<Self> {
        let is_file = matches!(event.body, Body::File { .. });
        let is_message = is_file || matches!(event.body, Body::Message { .. });
        is_message.then(|| Self { n: event.n, author: event.from.clone(), is_file })
    }
}

/// What is to become of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change<'a> {
    /// It says something else.
    Edit(Text<'a>),
    /// It is taken back.
    Delete,
    /// Somebody reacts to it.
    React(Emoji),
    /// Somebody takes their reaction back.
    Unreact(Emoji),
}

impl Amendments {
    /// What became of a message, if anything did.
    #[must_use]
    pub fn of(&self, n: u64) -> Option<&Amendment> {
        self.0.get(&n)
    }

    /// Whether anything became of any of these events.
    #[must_use]
    pub fn touch(&self, numbers: RangeInclusive<u64>) -> bool {
        !numbers.is_empty() && self.0.range(numbers).next().is_some()
    }

    /// Takes an event in.
    pub(super) fn take(&mut self, event: &Event<'_>) {
        match &event.body {
            Body::Edited { of, .. } | Body::Gone { of: Some(of), .. } => {
                let amendment = self.0.entry(*of).or_default();
                if amendment.deleted {
                    self.0.entry(event.n).or_default().deleted = true;
                } else {
                    amendment.edits.push(event.n);
                }
            }
            Body::Deleted { of, .. } => {
                let gone = Amendment { deleted: true, ..Amendment::default() };
                let before = self.0.insert(*of, gone.clone()).unwrap_or_default();
                self.0.extend(before.edits.into_iter().map(|edit| (edit, gone.clone())));
            }
            Body::Reacted { of, emoji, .. } => self.react(*of, emoji, &event.from),
            Body::Unreacted { of, emoji, .. } => self.unreact(*of, emoji, &event.from),
            Body::Gone { of: None, .. } => {
                self.0.entry(event.n).or_default().deleted = true;
            }
            Body::Message { .. }
            | Body::File { .. }
            | Body::Created { .. }
            | Body::Joined
            | Body::Left
            | Body::Declined
            | Body::Invited(_)
            | Body::Kicked(_)
            | Body::Banned(_)
            | Body::Unbanned(_)
            | Body::Role(..)
            | Body::Set { .. }
            | Body::Unknown => {}
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
    fn has(&self, emoji: &Emoji, user: &UserName) -> bool {
        let same = self.reactions.iter().find(|reaction| reaction.emoji == *emoji);
        same.is_some_and(|reaction| reaction.users.contains(user))
    }

    fn reactions(&self) -> usize {
        self.reactions.iter().map(|reaction| reaction.users.len()).sum()
    }
}

/// Decides whether `user` may do this to a message.
pub(super) fn amend<'a>(
    state: &State,
    user: UserName,
    to: Target,
    original: &Original,
    id: Uuid,
    change: Change<'a>,
    at: u64,
) -> Result<Record<'a>, Detail> {
    check_id(id, at)?;
    let conversation = history::readable(state, &user, &to)?;
    if let Target::Channel(name) = &to {
        state.channels.writable(name, &user)?;
    }
    let nothing = Amendment::default();
    let amendment = state.channels.amendments(&conversation).and_then(|all| all.of(original.n));
    let amendment = amendment.unwrap_or(&nothing);
    let of = original.n;
    if amendment.deleted {
        return Err(Detail::NoSuchMessage { n: of, conversation: to });
    }
    let body = match change {
        Change::Edit(_) if original.is_file => return Err(Detail::NoSuchMessage { n: of, conversation: to }),
        Change::Edit(_) if original.author != user => return Err(Detail::NotAuthor),
        Change::Edit(_) if amendment.edits.len() >= EDITS_MAX => {
            return Err(Detail::TooManyEdits { max: EDITS_MAX });
        }
        Change::Edit(text) => Body::Edited { id, of, text },
        Change::Delete => {
            may_delete(state, &user, &conversation, original)?;
            Body::Deleted { id, of }
        }
        Change::React(emoji) if amendment.has(&emoji, &user) => {
            return Err(Detail::ReactionPresent { emoji: emoji.as_str().to_owned() });
        }
        Change::React(_) if amendment.reactions() >= REACTIONS_MAX => {
            return Err(Detail::TooManyReactions { max: REACTIONS_MAX });
        }
        Change::React(emoji) => Body::Reacted { id, of, emoji },
        Change::Unreact(emoji) if !amendment.has(&emoji, &user) => {
            return Err(Detail::ReactionAbsent { emoji: emoji.as_str().to_owned() });
        }
        Change::Unreact(emoji) => Body::Unreacted { id, of, emoji },
    };
    let n = state.head(&conversation) + 1;
    Ok(Record::Event(Event { n, at, to, from: user, body }))
}

/// The author deletes; in a channel those who look after it do, too.
fn may_delete(
    state: &State,
    user: &UserName,
    conversation: &Conversation,
    original: &Original,
) -> Result<(), Detail> {
    match conversation {
        _ if original.author == *user => Ok(()),
        Conversation::Channel(name) => check(name, state.channels.channel(name)?, user, Action::Delete),
        Conversation::Direct(..) => Err(Detail::NotAuthor),
    }
}

//! The rules of amendments: the right to edit, delete and react, and the limits.

use common::amendments::Emoji;
use common::limits::{EDITS_MAX, REACTIONS_MAX};
use common::{Body, Conversation, Detail, Event, Target, Text, UserName};
use uuid::Uuid;

use super::Amendment;
use crate::domain::channels::rights::{Action, check};
use crate::domain::messages::check_id;
use crate::domain::records::Record;
use crate::domain::{State, blocks, history};

/// The message to amend, as it was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Original {
    pub n: u64,
    pub author: UserName,
    /// A file can be deleted but not edited.
    pub is_file: bool,
}

impl Original {
    /// The message of an event; `None` if the event is not a message.
    #[must_use]
    pub fn of(event: &Event<'_>) -> Option<Self> {
        let is_file = matches!(event.body, Body::File { .. });
        let is_message = is_file || matches!(event.body, Body::Message { .. });
        is_message.then(|| Self { n: event.n, author: event.from.clone(), is_file })
    }
}

/// A change to a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change<'a> {
    Edit(Text<'a>),
    Delete,
    React(Emoji),
    Unreact(Emoji),
}

/// The record of an amendment, if `user` may amend the message.
pub(in crate::domain) fn amend<'a>(
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
    match &to {
        Target::Channel(name) if matches!(change, Change::Delete) => {
            state.channels.amendable(name, &user).map(drop)?;
        }
        Target::Channel(name) => state.channels.writable(name, &user).map(drop)?,
        // A new text or a reaction reaches the other user like a message; a deletion does not.
        Target::User(other) if !matches!(change, Change::Delete) => {
            blocks::check_not_blocked(state, other, &user)?;
        }
        Target::User(_) => {}
    }
    let unamended = Amendment::default();
    let amendment = state.channels.amendments(&conversation).and_then(|all| all.of(original.n));
    let amendment = amendment.unwrap_or(&unamended);
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
        Change::React(emoji) if amendment.has_reaction(&emoji, &user) => {
            return Err(Detail::ReactionPresent { emoji: emoji.as_str().to_owned() });
        }
        Change::React(_) if amendment.reaction_count() >= REACTIONS_MAX => {
            return Err(Detail::TooManyReactions { max: REACTIONS_MAX });
        }
        Change::React(emoji) => Body::Reacted { id, of, emoji },
        Change::Unreact(emoji) if !amendment.has_reaction(&emoji, &user) => {
            return Err(Detail::ReactionAbsent { emoji: emoji.as_str().to_owned() });
        }
        Change::Unreact(emoji) => Body::Unreacted { id, of, emoji },
    };
    let n = state.head(&conversation) + 1;
    Ok(Record::Event(Event { n, at, to, from: user, body }))
}

/// Checks that `user` is the author of the message, or an owner or moderator of its channel.
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

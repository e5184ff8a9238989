//! The deletion of accounts. One record deletes the account. The engine then records in small steps that the
//! user leaves each channel. If requested, it also records the deletion of each of the user's messages.

use std::cmp::Reverse;

use common::channels::Role;
use common::{Body, Conversation, Detail, Event, Target, UserName};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::channels::Channel;
use super::{State, admin};
use crate::domain::records::{Record, ServerRecord};

/// The deletion of an account, as `users.json` stores it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deletion {
    /// The time in Unix milliseconds.
    pub at: u64,
    /// Whether the user's messages are deleted, too.
    pub erase: bool,
    /// Whether the user has left all channels, and the messages to erase are deleted.
    pub finished: bool,
}

/// Checks that `by` may delete the account of `user`: `by` must be `user` or an administrator. The last
/// administrator cannot be deleted.
pub fn may_delete(state: &State, by: &UserName, user: &UserName) -> Result<(), Detail> {
    if by != user {
        admin::check(state, by)?;
    }
    if state.users.active(user)?.administrator {
        admin::require_other_administrator(state, user)?;
    }
    Ok(())
}

pub(super) fn delete<'a>(
    state: &State,
    by: UserName,
    user: UserName,
    erase: bool,
    at: u64,
) -> Result<Record<'a>, Detail> {
    may_delete(state, &by, &user)?;
    Ok(Record::Server(ServerRecord::AccountDeleted { at, user, by, erase }))
}

/// The record with which a deleted user leaves a channel. If the user is the channel's last owner, the record
/// first gives another member that role. `None` if the user is in no channel.
pub(super) fn depart<'a>(state: &State, user: UserName, at: u64) -> Option<Record<'a>> {
    state.users.deletion(&user)?;
    let (to, channel) = next_channel(state, &user)?;
    let body = successor(channel, &user).map_or(Body::Left, |new_owner| Body::Role(new_owner, Role::Owner));
    let (n, to) = (channel.progress.n + 1, to.clone());
    Some(Record::Event(Event { n, at, to, from: user, body }))
}

/// The first channel of which the user is still a member.
fn next_channel<'s>(state: &'s State, user: &UserName) -> Option<(&'s Target, &'s Channel)> {
    state.channels.conversations(user).find_map(|target| match target {
        Target::Channel(name) => state.channels.channel(name).ok().map(|channel| (target, channel)),
        Target::User(_) => None,
    })
}

/// The next owner if `user` is the last owner: the member with the highest role and then the first name.
fn successor(channel: &Channel, user: &UserName) -> Option<UserName> {
    if !channel.is_last_owner(user) {
        return None;
    }
    let others = channel.members.iter().filter(|(name, _)| *name != user);
    others.min_by_key(|(_, role)| Reverse(**role)).map(|(name, _)| name.clone())
}

/// The deletion of a deleted user's message; `None` if `event` is no message or is already deleted.
pub(super) fn erase<'a>(state: &State, event: Event<'_>, id: Uuid, at: u64) -> Option<Record<'a>> {
    if !state.users.deletion(&event.from)?.erase || !event.body.is_content() {
        return None;
    }
    let conversation = event.conversation();
    let amendment = state.channels.amendments(&conversation).and_then(|all| all.of(event.n));
    if amendment.is_some_and(|amendment| amendment.deleted) {
        return None;
    }
    let n = state.head(&conversation) + 1;
    let body = Body::Deleted { id, of: event.n };
    Some(Record::Event(Event { n, at, to: event.to, from: event.from, body }))
}

pub(super) fn finish<'a>(state: &State, user: UserName, at: u64) -> Option<Record<'a>> {
    let deletion = state.users.deletion(&user)?;
    (!deletion.finished).then_some(Record::Server(ServerRecord::DeletionFinished { at, user }))
}

/// The conversations that can have messages of a deleted user: all channels, because the user may have left
/// some of them, and the user's direct conversations.
pub fn conversations_to_erase<'a>(
    state: &'a State,
    user: &'a UserName,
) -> impl Iterator<Item = Conversation> + 'a {
    let channels = state.channels.names().map(Conversation::Channel);
    let targets = state.channels.conversations(user).filter(|target| matches!(target, Target::User(_)));
    channels.chain(targets.map(|target| Conversation::of(user, target)))
}

//! Shared read marks: each user decides whether others see them in direct conversations. Only a user who
//! shares them sees those of others.

use common::reads::Peer;
use common::{Conversation, Detail, Target, UserName};

use super::State;
use crate::domain::records::{Record, ServerRecord};

/// Returns the record that sets whether `user` shares their read marks; `None` if it is set already.
pub(super) fn set<'a>(
    state: &State,
    user: UserName,
    shared: bool,
    at: u64,
) -> Result<Option<Record<'a>>, Detail> {
    let is_new = state.users.active(&user)?.shares_reads != shared;
    Ok(is_new.then_some(Record::Server(ServerRecord::ReadsShared { at, user, shared })))
}

/// Whether `user` shares their read marks, and the read mark of `other` in their direct conversation.
pub fn peer(state: &State, user: &UserName, other: &UserName) -> Result<Peer, Detail> {
    let shared = state.users.active(user)?.shares_reads;
    let known = state.users.active(other)?;
    let is_visible = shared && known.shares_reads && !known.blocks.contains_key(user);
    let conversation = Conversation::of(user, &Target::User(other.clone()));
    let n = is_visible.then(|| state.channels.reads(&conversation).map_or(0, |reads| reads.last_read(other)));
    Ok(Peer { shared, n })
}

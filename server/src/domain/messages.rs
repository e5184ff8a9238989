//! Messages to channels and to users.

use common::{Body, Conversation, Detail, Event, Target, UserName};
use uuid::Uuid;

use super::{State, blocks};
use crate::domain::records::Record;

/// The maximum milliseconds between the time in an id and the server's earlier clock. The index is sorted by
/// id, so ids from the far future would slow down every later search.
const ID_AHEAD_MS_MAX: u64 = 24 * 60 * 60 * 1000;

pub(super) fn send<'a>(
    state: &State,
    user: UserName,
    to: Target,
    body: Body<'a>,
    at: u64,
) -> Result<Record<'a>, Detail> {
    let n = next(state, &user, &to, body.id(), at)?;
    if let Body::Message { reply: Some(reply), .. } = &body {
        let reads = state.channels.reads(&Conversation::of(&user, &to));
        // Only messages and files that were not deleted accept replies.
        if !(1..n).contains(reply) || !reads.is_some_and(|reads| reads.is_message(*reply)) {
            return Err(Detail::NoSuchMessage { n: *reply, conversation: to });
        }
    }
    Ok(Record::Event(Event { n, at, to, from: user, body }))
}

/// Returns the number of the next event from `user` to `to`, or an error if the user may not send it.
pub(super) fn next(
    state: &State,
    user: &UserName,
    to: &Target,
    id: Option<Uuid>,
    at: u64,
) -> Result<u64, Detail> {
    id.map_or(Ok(()), |id| check_id(id, at))?;
    let head = match to {
        Target::Channel(name) => state.channels.writable(name, user)?.progress.n,
        Target::User(other) => {
            blocks::check_not_blocked(state, other, user)?;
            state.head(&Conversation::of(user, to))
        }
    };
    Ok(head + 1)
}

/// Checks the version and the time of an id: the first 48 bits are Unix milliseconds (RFC 9562, section 5.7).
pub(super) fn check_id(id: Uuid, at: u64) -> Result<(), Detail> {
    if id.get_version_num() != 7 {
        return Err(Detail::IdVersion);
    }
    let created_ms = id.as_u64_pair().0 >> 16;
    if created_ms > at.saturating_add(ID_AHEAD_MS_MAX) { Err(Detail::IdFuture) } else { Ok(()) }
}

//! `presence.set`, `typing.set`.

use common::accounts::Done;
use common::limits::PRESENCE_HEARTBEAT_MS;
use common::presence::{PresenceSet, SetPresence, SetTyping};
use common::{Error, UserName};

use super::Desk;
use crate::engine::ephemeral::tell_typing;

pub(super) fn set(desk: &mut Desk<'_>, params: &SetPresence<'_>) -> Result<PresenceSet, Error> {
    let user = desk.user_of(&params.token)?;
    // Whoever comes and goes as fast as they can leaves a record each time.
    desk.take_rate(&params.token)?;
    let session = desk.known_tokens.digest(&params.token);
    desk.presence.set(&user, session, params.state, desk.now_ms);
    Ok(PresenceSet { topic: desk.ledger.state().presence_topic(), heartbeat_ms: PRESENCE_HEARTBEAT_MS })
}

pub(super) fn typing(desk: &mut Desk<'_>, params: &SetTyping<'_>) -> Result<Done, Error> {
    let user = desk.user_of(&params.token)?;
    let topic = desk.ledger.state().typing_topic(&user, &params.to)?;
    if desk.typing.take(&user, &params.to, params.typing, desk.now_ms) {
        tell_typing(desk.ledger, &topic, &user, &params.to, params.typing, desk.now_ms);
    }
    Ok(Done {})
}

/// Sessions of `user` were ended: they are there no more.
pub(super) fn forget_ended(desk: &mut Desk<'_>, user: &UserName) {
    let (users, now_ms) = (&desk.ledger.state().users, desk.now_ms);
    desk.presence.keep(user, |session| users.owner(session, now_ms).is_some());
}

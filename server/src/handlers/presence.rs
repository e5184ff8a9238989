//! `presence.set`, `typing.set`.

use common::accounts::Done;
use common::limits::PRESENCE_HEARTBEAT_MS;
use common::presence::{PresenceReply, SetPresence, SetTyping};
use common::{Error, UserName};

use super::RequestContext;
use crate::outbound::ephemeral::publish_typing;
use crate::services::limiters::rates::RateKind;
use crate::services::presence::Connection;

pub(super) fn set(
    context: &mut RequestContext<'_>,
    params: &SetPresence<'_>,
) -> Result<PresenceReply, Error> {
    let user = context.authenticate(&params.token)?;
    // Each change between online and offline stores a record, so the rate limit counts it.
    context.take_rate(&user, RateKind::Messages)?;
    let session = context.known_tokens.digest(&params.token);
    let connection = Connection { session, id: params.connection.unwrap_or_default() };
    context.presence.set(&user, connection, params.state, context.now_ms);
    Ok(PresenceReply { topic: context.ledger.state().presence_topic(), heartbeat_ms: PRESENCE_HEARTBEAT_MS })
}

pub(super) fn typing(context: &mut RequestContext<'_>, params: &SetTyping<'_>) -> Result<Done, Error> {
    let user = context.authenticate(&params.token)?;
    let topic = context.ledger.state().typing_topic(&user, &params.to)?;
    if context.typing.permit(&user, &params.to, params.typing, context.now_ms) {
        publish_typing(context.outbound, &topic, &user, &params.to, params.typing, context.now_ms);
    }
    Ok(Done {})
}

/// Removes the ended sessions of `user` from presence.
pub(super) fn remove_ended_sessions(context: &mut RequestContext<'_>, user: &UserName) {
    let (users, now_ms) = (&context.ledger.state().users, context.now_ms);
    context.presence.remove_ended(user, |session| users.owner(session, now_ms).is_some());
}

//! `message.send`.

use common::accounts::Token;
use common::messages::{Send, Sent};
use common::{Detail, Error, UserName};
use uuid::Uuid;

use super::RequestContext;
use crate::domain::Command;
use crate::services::limiters::rates::RateKind;
use crate::storage::ledger::Receipt;

pub(super) fn send(context: &mut RequestContext<'_>, params: Send<'_>) -> Result<Sent, Error> {
    let Send { token, to, id, text, reply } = params;
    if let Some(error) = context.message_refusals.error(&token, &to) {
        return Err(error.clone());
    }
    let conversation = to.clone();
    let sent = record_once(context, &token, id, |_, user| Ok(Command::Send { user, to, id, text, reply }));
    if let Err(error) = &sent {
        context.message_refusals.note(context.line, &token, &conversation, error);
    }
    let channel = context.renamed.as_ref().map(|renamed| renamed.first.clone());
    sent.map(|sent| Sent { channel, ..sent })
}

/// Records the command of a request whose sender chose the `id`. A second request with the same id records
/// nothing and gets the result of the first.
pub(super) fn record_once<'a>(
    context: &mut RequestContext<'_>,
    token: &Token<'_>,
    id: Uuid,
    command: impl FnOnce(&RequestContext<'_>, UserName) -> Result<Command<'a>, Error>,
) -> Result<Sent, Error> {
    let user = context.authenticate(token)?;
    if let Some(Receipt { n, at }) = context.ledger.sent_before(id, &user)? {
        context.take_rate(&user, RateKind::Reads)?;
        return Ok(Sent::new(n, at));
    }
    context.take_rate(&user, RateKind::Messages)?;
    let command = command(context, user)?;
    let receipt = context.record(command)?;
    let Receipt { n, at } = receipt.ok_or(Detail::Internal)?;
    Ok(Sent::new(n, at))
}

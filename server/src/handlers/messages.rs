//! `message.send`.

use common::accounts::Token;
use common::messages::{Send, Sent};
use common::{Error, Reason, UserName};
use uuid::Uuid;

use super::Desk;
use crate::domain::Command;
use crate::storage::ledger::Receipt;

pub(super) fn send(desk: &mut Desk<'_>, params: Send<'_>) -> Result<Sent, Error> {
    let Send { token, to, id, text, reply } = params;
    once(desk, &token, id, |_, user| Ok(Command::Send { user, to, id, text, reply }))
}

/// Records what has an id of its sender's, once: sent again, it is answered with the first result.
pub(super) fn once<'a>(
    desk: &mut Desk<'_>,
    token: &Token<'_>,
    id: Uuid,
    command: impl FnOnce(&Desk<'_>, UserName) -> Result<Command<'a>, Error>,
) -> Result<Sent, Error> {
    let user = desk.user_of(token)?;
    if let Some(Receipt { n, at }) = desk.ledger.sent_before(id, &user)? {
        return Ok(Sent { n, at });
    }
    desk.ledger.may_write()?;
    desk.take_rate(token)?;
    let command = command(desk, user)?;
    let receipt = desk.ledger.record(command, desk.now_ms)?;
    let Receipt { n, at } = receipt.ok_or_else(|| Error::new(Reason::Internal, "nothing was recorded"))?;
    Ok(Sent { n, at })
}

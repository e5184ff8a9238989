//! `message.send`.

use common::messages::{Send, Sent};
use common::{Error, Reason};

use super::Desk;
use crate::domain::Command;
use crate::ledger::Receipt;

pub(super) fn send(desk: &mut Desk<'_>, params: Send<'_>) -> Result<Sent, Error> {
    let user = desk.user_of(&params.token)?;
    if let Some(Receipt { n, at }) = desk.ledger.sent_before(params.id, &user)? {
        return Ok(Sent { n, at });
    }
    desk.ledger.may_write()?;
    let session = desk.known_tokens.digest(&params.token);
    desk.take_rate(session)?;
    let command = Command::Send { user, to: params.to, id: params.id, text: params.text };
    let receipt = desk.ledger.record(command, desk.now_ms)?;
    let Receipt { n, at } = receipt.ok_or_else(|| Error::new(Reason::Internal, "nothing was recorded"))?;
    Ok(Sent { n, at })
}

//! `read.mark`, `read.list`.

use common::reads::{ListReads, MarkRead, Marked, Reads};
use common::{Error, Target};

use super::{Desk, first_page};
use crate::domain::{Command, reads};

pub(super) fn mark(desk: &mut Desk<'_>, params: MarkRead<'_>) -> Result<Marked, Error> {
    let user = desk.user_of(&params.token)?;
    desk.take_rate(&params.token)?;
    let MarkRead { conversation, n, .. } = params;
    let command = Command::MarkRead { user: user.clone(), conversation: conversation.clone(), n };
    desk.ledger.record(command, desk.now_ms)?;
    let reading = reads::reading(desk.ledger.state(), &user, &conversation);
    Ok(Marked { unread: reading.map_or(0, |reading| reading.unread) })
}

pub(super) fn list(desk: &mut Desk<'_>, params: &ListReads<'_>) -> Result<Reads, Error> {
    let user = desk.user_of(&params.token)?;
    // A cursor that is no conversation lies before all of them: nothing is skipped.
    let after = params.after.as_deref().and_then(|name| Target::new(name).ok());
    let (conversations, more) = first_page(reads::list(desk.ledger.state(), &user, after.as_ref()));
    Ok(Reads { conversations, more })
}

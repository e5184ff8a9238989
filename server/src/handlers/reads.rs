//! `read.mark`, `read.list`, `read.share` and `read.peer`.

use common::accounts::Done;
use common::reads::{ListReads, MarkRead, Marked, Peer, PeerOf, Reads, ShareReads};
use common::{Error, Target};

use super::{RequestContext, first_page};
use crate::domain::{Command, reads, shared_reads};
use crate::services::limiters::rates::RateKind;

pub(super) fn mark(context: &mut RequestContext<'_>, params: MarkRead<'_>) -> Result<Marked, Error> {
    let user = context.authenticate(&params.token)?;
    context.take_rate(&user, RateKind::Messages)?;
    let MarkRead { conversation, n, .. } = params;
    let command = Command::MarkRead { user: user.clone(), conversation: conversation.clone(), n };
    context.record(command)?;
    let reading = reads::reading(context.ledger.state(), &user, &conversation);
    Ok(Marked { unread: reading.map_or(0, |reading| reading.unread) })
}

pub(super) fn list(context: &mut RequestContext<'_>, params: &ListReads<'_>) -> Result<Reads, Error> {
    let user = context.authenticate(&params.token)?;
    // An invalid cursor is ignored: the list then starts with the first conversation.
    let after = params.after.as_deref().and_then(|name| Target::new(name).ok());
    let readings = reads::list(context.ledger.state(), &user, after.as_ref());
    let (conversations, more) =
        first_page(readings.filter(|reading| context.is_in_scope(&reading.conversation)));
    Ok(Reads { conversations, more })
}

pub(super) fn share(context: &mut RequestContext<'_>, params: &ShareReads<'_>) -> Result<Done, Error> {
    let user = context.authenticate(&params.token)?;
    context.record(Command::ShareReads { user, shared: params.shared })?;
    Ok(Done {})
}

pub(super) fn peer(context: &mut RequestContext<'_>, params: &PeerOf<'_>) -> Result<Peer, Error> {
    let user = context.authenticate(&params.token)?;
    Ok(shared_reads::peer(context.ledger.state(), &user, &params.user)?)
}

//! `notify.set`, `notify.list`.

use common::Error;
use common::accounts::{Done, SessionOnly};
use common::notify::{Levels, SetLevel};

use super::RequestContext;
use crate::domain::{Command, levels};
use crate::services::limiters::rates::RateKind;

pub(super) fn set(context: &mut RequestContext<'_>, params: SetLevel<'_>) -> Result<Done, Error> {
    let user = context.authenticate(&params.token)?;
    context.take_rate(&user, RateKind::Messages)?;
    let SetLevel { conversation, level, .. } = params;
    context.record(Command::SetLevel { user, conversation, level })?;
    Ok(Done {})
}

pub(super) fn list(context: &mut RequestContext<'_>, params: &SessionOnly<'_>) -> Result<Levels, Error> {
    let user = context.authenticate(&params.token)?;
    Ok(levels::list(context.ledger.state(), &user)?)
}

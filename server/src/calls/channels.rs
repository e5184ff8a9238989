//! `channel.create`, `channel.list`, `channel.join`, `channel.leave`, `channel.members`.

use std::ops::Bound;

use common::accounts::{Done, ListNames};
use common::channels::{Channels, Joined, ListMembers, Members, OneChannel};
use common::{Error, UserName};

use super::{Desk, first_page};
use crate::domain::Command;

pub(super) fn create(desk: &mut Desk<'_>, params: &OneChannel<'_>) -> Result<Joined, Error> {
    let (user, channel) = (desk.user_of(&params.token)?, params.channel.clone());
    desk.ledger.record(Command::CreateChannel { user, channel }, desk.now_ms)?;
    joined(desk, params)
}

pub(super) fn join(desk: &mut Desk<'_>, params: &OneChannel<'_>) -> Result<Joined, Error> {
    let (user, channel) = (desk.user_of(&params.token)?, params.channel.clone());
    desk.ledger.record(Command::Join { user, channel }, desk.now_ms)?;
    joined(desk, params)
}

fn joined(desk: &Desk<'_>, params: &OneChannel<'_>) -> Result<Joined, Error> {
    let channel = desk.ledger.state().channels.channel(&params.channel)?;
    let topic = channel.topic.to_string();
    Ok(Joined { channel: params.channel.clone(), topic, n: channel.progress.n })
}

pub(super) fn leave(desk: &mut Desk<'_>, params: &OneChannel<'_>) -> Result<Done, Error> {
    let (user, channel) = (desk.user_of(&params.token)?, params.channel.clone());
    desk.ledger.record(Command::Leave { user, channel }, desk.now_ms)?;
    Ok(Done {})
}

pub(super) fn list(desk: &Desk<'_>, params: &ListNames<'_>) -> Result<Channels, Error> {
    let user = desk.user_of(&params.token)?;
    let (channels, more) = first_page(desk.ledger.state().channels.list(&user, params.after.as_deref()));
    Ok(Channels { channels, more })
}

pub(super) fn members(desk: &Desk<'_>, params: &ListMembers<'_>) -> Result<Members, Error> {
    let user = desk.user_of(&params.token)?;
    let channel = desk.ledger.state().channels.membership(&params.channel, &user)?;
    // A cursor that is no name lies before all names: nothing is skipped.
    let after = params.after.as_deref().and_then(|name| UserName::new(name).ok());
    let start = after.as_ref().map_or(Bound::Unbounded, Bound::Excluded);
    let (members, more) =
        first_page(channel.members.range::<UserName, _>((start, Bound::Unbounded)).cloned());
    Ok(Members { members, more })
}

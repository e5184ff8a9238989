//! `channel.create`, `channel.list`, `channel.join`, `channel.leave`, `channel.members`, and looking after a channel.

use std::ops::Bound;

use common::accounts::{Done, ListNames, Token};
use common::channels::{
    Channels, CreateChannel, GiveRole, Invitations, Joined, ListMembers, Member, Members, OneChannel,
    OneMember, SetChannel,
};
use common::{ChannelName, Error, UserName};

use super::{Desk, first_page};
use crate::domain::{Command, Deed};

pub(super) fn create(desk: &mut Desk<'_>, params: &CreateChannel<'_>) -> Result<Joined, Error> {
    let deed = deed(desk, &params.token, &params.channel)?;
    desk.ledger.record(Command::CreateChannel(deed, params.private), desk.now_ms)?;
    joined(desk, &params.channel)
}

pub(super) fn join(desk: &mut Desk<'_>, params: &OneChannel<'_>) -> Result<Joined, Error> {
    let deed = deed(desk, &params.token, &params.channel)?;
    desk.ledger.record(Command::Join(deed), desk.now_ms)?;
    joined(desk, &params.channel)
}

pub(super) fn leave(desk: &mut Desk<'_>, params: &OneChannel<'_>) -> Result<Done, Error> {
    let deed = deed(desk, &params.token, &params.channel)?;
    done(desk, Command::Leave(deed))
}

pub(super) fn decline(desk: &mut Desk<'_>, params: &OneChannel<'_>) -> Result<Done, Error> {
    let deed = deed(desk, &params.token, &params.channel)?;
    done(desk, Command::Decline(deed))
}

pub(super) fn invitations(desk: &mut Desk<'_>, params: &ListNames<'_>) -> Result<Invitations, Error> {
    let user = desk.user_of(&params.token)?;
    let all = desk.ledger.state().channels.invitations(&user, params.after.as_deref());
    let (invitations, more) = first_page(all);
    Ok(Invitations { invitations, more })
}

/// What is done to one user: `command` says which of it.
pub(super) fn to_member(
    desk: &mut Desk<'_>,
    params: OneMember<'_>,
    command: impl FnOnce(Deed, UserName) -> Command<'static>,
) -> Result<Done, Error> {
    let deed = deed(desk, &params.token, &params.channel)?;
    done(desk, command(deed, params.user))
}

pub(super) fn give_role(desk: &mut Desk<'_>, params: GiveRole<'_>) -> Result<Done, Error> {
    let deed = deed(desk, &params.token, &params.channel)?;
    done(desk, Command::GiveRole(deed, params.user, params.role))
}

pub(super) fn set(desk: &mut Desk<'_>, params: SetChannel<'_>) -> Result<Done, Error> {
    let deed = deed(desk, &params.token, &params.channel)?;
    done(desk, Command::SetChannel(deed, params.subject, params.private))
}

/// Who does something to a channel, if they may do one more thing now: each leaves a record.
fn deed(desk: &mut Desk<'_>, token: &Token<'_>, channel: &ChannelName) -> Result<Deed, Error> {
    let user = desk.user_of(token)?;
    desk.take_rate(token)?;
    Ok(Deed { user, channel: channel.clone() })
}

fn done(desk: &mut Desk<'_>, command: Command<'_>) -> Result<Done, Error> {
    desk.ledger.record(command, desk.now_ms)?;
    Ok(Done {})
}

fn joined(desk: &Desk<'_>, name: &ChannelName) -> Result<Joined, Error> {
    let channel = desk.ledger.state().channels.channel(name)?;
    Ok(Joined { channel: name.clone(), topic: channel.topic.to_string(), n: channel.progress.n })
}

pub(super) fn list(desk: &mut Desk<'_>, params: &ListNames<'_>) -> Result<Channels, Error> {
    let user = desk.user_of(&params.token)?;
    let (channels, more) = first_page(desk.ledger.state().channels.list(&user, params.after.as_deref()));
    Ok(Channels { channels, more })
}

pub(super) fn members(desk: &mut Desk<'_>, params: &ListMembers<'_>) -> Result<Members, Error> {
    let user = desk.user_of(&params.token)?;
    let channel = desk.ledger.state().channels.membership(&params.channel, &user)?;
    // A cursor that is no name lies before all names: nothing is skipped.
    let after = params.after.as_deref().and_then(|name| UserName::new(name).ok());
    let start = after.as_ref().map_or(Bound::Unbounded, Bound::Excluded);
    let (members, more) = first_page(
        channel
            .members
            .range::<UserName, _>((start, Bound::Unbounded))
            .map(|(user, role)| Member { user: user.clone(), role: *role }),
    );
    Ok(Members { members, more })
}

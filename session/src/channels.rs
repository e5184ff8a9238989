//! Channels: the requests to create, join, leave, manage and list them.

use common::accounts::{ListNames, UserInfo, Users};
use common::channels::{
    ChannelInfo, Channels, CreateChannel, GiveRole, Invitation, Invitations, ListMembers, Member, Members,
    OneChannel, OneMember, SetChannel,
};
use common::{ChannelName, Error, Method};

use super::accounts::list_users;
use super::api::{Answer, Deed};
use super::context::Context;
use super::limits::LIST_PAGES_MAX;
use super::requests::{Pending, read};

pub(crate) fn create(cx: &mut Context, ticket: u64, channel: ChannelName, private: bool) {
    let pending = Pending::Join(channel.clone());
    cx.ask_for(ticket, pending, Method::ChannelCreate, |token| CreateChannel { token, channel, private });
}

pub(crate) fn join(cx: &mut Context, ticket: u64, channel: ChannelName) {
    ask(cx, ticket, Pending::Join(channel.clone()), Method::ChannelJoin, channel);
}

pub(crate) fn leave(cx: &mut Context, ticket: u64, channel: ChannelName) {
    ask(cx, ticket, Pending::Leave(channel.clone()), Method::ChannelLeave, channel);
}

pub(crate) fn decline(cx: &mut Context, ticket: u64, channel: ChannelName) {
    ask(cx, ticket, Pending::Manage, Method::ChannelDecline, channel);
}

fn ask(cx: &mut Context, ticket: u64, pending: Pending, method: Method, channel: ChannelName) {
    cx.ask_for(ticket, pending, method, |token| OneChannel { token, channel });
}

pub(crate) fn manage(cx: &mut Context, ticket: u64, channel: ChannelName, action: Deed) {
    let (method, user) = match action {
        Deed::Invite(user) => (Method::ChannelInvite, user),
        Deed::Kick(user) => (Method::ChannelKick, user),
        Deed::Ban(user) => (Method::ChannelBan, user),
        Deed::Unban(user) => (Method::ChannelUnban, user),
        Deed::Role(user, role) => {
            let params = |token| GiveRole { token, channel, user, role };
            return cx.ask_for(ticket, Pending::Manage, Method::ChannelRole, params);
        }
        Deed::Set { subject, private } => {
            let params = |token| SetChannel { token, channel, subject, private };
            return cx.ask_for(ticket, Pending::Manage, Method::ChannelSet, params);
        }
    };
    cx.ask_for(ticket, Pending::Manage, method, |token| OneMember { token, channel, user });
}

pub(crate) fn list_invitations(cx: &mut Context, ticket: u64, so_far: Vec<Invitation>) {
    let after = so_far.last().map(|last| last.channel.to_string().into());
    let params = |token| ListNames { token, after };
    cx.ask_for(ticket, Pending::Invitations { so_far }, Method::ChannelInvitations, params);
}

pub(crate) fn list_members(cx: &mut Context, ticket: u64, channel: ChannelName, so_far: Vec<Member>) {
    let after = so_far.last().map(|last| last.user.to_string().into());
    let pending = Pending::Members { channel: channel.clone(), so_far };
    cx.ask_for(ticket, pending, Method::ChannelMembers, |token| ListMembers { token, channel, after });
}

pub(crate) fn list_channels(cx: &mut Context, ticket: u64, so_far: Vec<ChannelInfo>) {
    let after = so_far.last().map(|last| last.channel.to_string().into());
    let params = |token| ListNames { token, after };
    cx.ask_for(ticket, Pending::Channels { so_far }, Method::ChannelList, params);
}

/// A page of channels: the whole list, or `None` while the next page is pending.
pub(crate) fn channels_listed(
    cx: &mut Context,
    ticket: u64,
    mut so_far: Vec<ChannelInfo>,
    result: &str,
) -> Result<Option<Answer>, Error> {
    let page: Channels = read(result)?;
    let is_last = is_last(page.more, page.channels.len(), so_far.len());
    so_far.extend(page.channels);
    if is_last {
        return Ok(Some(Answer::Channels(so_far)));
    }
    list_channels(cx, ticket, so_far);
    Ok(None)
}

/// A page of invitations, likewise.
pub(crate) fn invitations_listed(
    cx: &mut Context,
    ticket: u64,
    mut so_far: Vec<Invitation>,
    result: &str,
) -> Result<Option<Answer>, Error> {
    let page: Invitations = read(result)?;
    let is_last = is_last(page.more, page.invitations.len(), so_far.len());
    so_far.extend(page.invitations);
    if is_last {
        return Ok(Some(Answer::Invitations(so_far)));
    }
    list_invitations(cx, ticket, so_far);
    Ok(None)
}

/// A page of members, likewise.
pub(crate) fn members_listed(
    cx: &mut Context,
    ticket: u64,
    channel: ChannelName,
    mut so_far: Vec<Member>,
    result: &str,
) -> Result<Option<Answer>, Error> {
    let page: Members = read(result)?;
    let is_last = is_last(page.more, page.members.len(), so_far.len());
    so_far.extend(page.members);
    if is_last {
        return Ok(Some(Answer::Members(so_far)));
    }
    list_members(cx, ticket, channel, so_far);
    Ok(None)
}

/// A page of users, likewise.
pub(crate) fn users_listed(
    cx: &mut Context,
    ticket: u64,
    mut so_far: Vec<UserInfo>,
    result: &str,
) -> Result<Option<Answer>, Error> {
    let page: Users = read(result)?;
    let is_last = is_last(page.more, page.users.len(), so_far.len());
    so_far.extend(page.users);
    if is_last {
        return Ok(Some(Answer::Users(so_far)));
    }
    list_users(cx, ticket, so_far);
    Ok(None)
}

/// Whether a list ends with this page: the last one, one without progress, or one too many.
pub(crate) fn is_last(more: bool, page: usize, so_far: usize) -> bool {
    !more || page == 0 || so_far + page >= LIST_PAGES_MAX * common::limits::LIST_NAMES_MAX
}

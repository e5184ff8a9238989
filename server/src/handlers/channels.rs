//! `channel.create`, `channel.list`, `channel.join`, `channel.leave`, `channel.members`, and the methods
//! that manage a channel.

use common::accounts::{Done, ListNames, Token};
use common::channels::{
    ArchiveChannel, Bans, Channels, CreateChannel, GiveRole, Invitations, Joined, ListInChannel, Member,
    Members, OneChannel, OneMember, RenameChannel, SetChannel,
};
use common::{ChannelName, Conversation, Error, UserName, pages};

use super::{RequestContext, first_page};
use crate::domain::channels::decide;
use crate::domain::{Actor, Command};
use crate::services::limiters::rates::RateKind;

pub(super) fn create(context: &mut RequestContext<'_>, params: &CreateChannel<'_>) -> Result<Joined, Error> {
    let actor = actor(context, &params.token, &params.channel)?;
    decide::may_create(context.ledger.state(), &actor)?;
    context.record(Command::CreateChannel(actor, params.private))?;
    joined(context, &params.channel)
}

pub(super) fn join(context: &mut RequestContext<'_>, params: &OneChannel<'_>) -> Result<Joined, Error> {
    let actor = actor(context, &params.token, &params.channel)?;
    decide::may_join(context.ledger.state(), &actor)?;
    context.record(Command::Join(actor))?;
    joined(context, &params.channel)
}

pub(super) fn leave(context: &mut RequestContext<'_>, params: &OneChannel<'_>) -> Result<Done, Error> {
    let actor = actor(context, &params.token, &params.channel)?;
    done(context, Command::Leave(actor))
}

pub(super) fn decline(context: &mut RequestContext<'_>, params: &OneChannel<'_>) -> Result<Done, Error> {
    let actor = actor(context, &params.token, &params.channel)?;
    done(context, Command::Decline(actor))
}

pub(super) fn invitations(
    context: &mut RequestContext<'_>,
    params: &ListNames<'_>,
) -> Result<Invitations, Error> {
    let user = context.authenticate(&params.token)?;
    let all = context.ledger.state().channels.invitations(&user, params.after.as_deref());
    let (invitations, more) = first_page(all);
    Ok(Invitations { invitations, more })
}

/// Executes `command` for the user in `params`: invites, removes, bans or unbans that user.
pub(super) fn apply_to_user(
    context: &mut RequestContext<'_>,
    params: OneMember<'_>,
    command: impl FnOnce(Actor, UserName) -> Command<'static>,
) -> Result<Done, Error> {
    let actor = actor(context, &params.token, &params.channel)?;
    done(context, command(actor, params.user))
}

pub(super) fn give_role(context: &mut RequestContext<'_>, params: GiveRole<'_>) -> Result<Done, Error> {
    let actor = actor(context, &params.token, &params.channel)?;
    done(context, Command::GiveRole(actor, params.user, params.role))
}

pub(super) fn set(context: &mut RequestContext<'_>, params: SetChannel<'_>) -> Result<Done, Error> {
    let actor = actor(context, &params.token, &params.channel)?;
    done(context, Command::SetChannel(actor, params.subject, params.private))
}

pub(super) fn rename(context: &mut RequestContext<'_>, params: RenameChannel<'_>) -> Result<Done, Error> {
    let actor = actor(context, &params.token, &params.channel)?;
    done(context, Command::Rename(actor, params.new_name))
}

pub(super) fn archive(context: &mut RequestContext<'_>, params: &ArchiveChannel<'_>) -> Result<Done, Error> {
    let actor = actor(context, &params.token, &params.channel)?;
    done(context, Command::Archive(actor, params.archived))
}

/// Deletes a channel. The contents of its files are removed when the deletion is durable.
pub(super) fn delete(context: &mut RequestContext<'_>, params: &OneChannel<'_>) -> Result<Done, Error> {
    let actor = actor(context, &params.token, &params.channel)?;
    let files = &context.ledger.state().files;
    let contents: Vec<_> =
        files.of(&Conversation::Channel(params.channel.clone())).map(|shared| shared.sha256).collect();
    context.record(Command::DeleteChannel(actor))?;
    contents.into_iter().for_each(|sha256| context.files.release(sha256, context.ledger.position()));
    Ok(Done {})
}

/// The user and the channel of a request that stores a record. Returns an error if the user exceeds the
/// rate of messages.
fn actor(context: &mut RequestContext<'_>, token: &Token<'_>, channel: &ChannelName) -> Result<Actor, Error> {
    let user = context.authenticate(token)?;
    context.take_rate(&user, RateKind::Messages)?;
    Ok(Actor { user, channel: channel.clone() })
}

fn done(context: &mut RequestContext<'_>, command: Command<'_>) -> Result<Done, Error> {
    context.record(command)?;
    Ok(Done {})
}

fn joined(context: &RequestContext<'_>, name: &ChannelName) -> Result<Joined, Error> {
    let channel = context.ledger.state().channels.channel(name)?;
    let (names, topic) = (channel.names.clone(), channel.topic.to_string());
    Ok(Joined { channel: name.clone(), names, topic, n: channel.progress.n })
}

pub(super) fn list(context: &mut RequestContext<'_>, params: &ListNames<'_>) -> Result<Channels, Error> {
    let user = context.authenticate(&params.token)?;
    let (channels, more) = first_page(context.ledger.state().channels.list(&user, params.after.as_deref()));
    Ok(Channels { channels, more })
}

pub(super) fn members(
    context: &mut RequestContext<'_>,
    params: &ListInChannel<'_>,
) -> Result<Members, Error> {
    let user = context.authenticate(&params.token)?;
    let (users, channels) = (&context.ledger.state().users, &context.ledger.state().channels);
    let channel = channels.membership(&params.channel, &user)?;
    let page = channel.members.range(pages::range(params.after.as_deref(), UserName::new));
    let (members, more) = first_page(page.map(|(user, role)| Member {
        user: user.clone(),
        display_name: users.display_name(user),
        role: *role,
    }));
    Ok(Members { members, more })
}

pub(super) fn bans(context: &mut RequestContext<'_>, params: &ListInChannel<'_>) -> Result<Bans, Error> {
    let user = context.authenticate(&params.token)?;
    let channels = &context.ledger.state().channels;
    let (bans, more) = first_page(channels.bans(&params.channel, &user, params.after.as_deref())?);
    Ok(Bans { bans, more })
}

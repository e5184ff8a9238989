//! Commands about channels and their members.

use common::channels::{
    ArchiveChannel, GiveRole, ListInChannel, OneChannel, OneMember, RenameChannel, Role, SetChannel,
};
use common::methods::{
    ChannelArchive, ChannelBan, ChannelBans, ChannelDecline, ChannelDelete, ChannelInvite, ChannelKick,
    ChannelMembers, ChannelRename, ChannelRole, ChannelSet, ChannelUnban, Request,
};
use common::{ChannelName, Subject, Target, UserName};

use super::arguments::{channel, channel_or_open, first_word, user};
use super::command::{Command, Next};
use crate::chat::context::Context;
use crate::chat::names::ChannelChoice;
use crate::cli_error::CliError;
use crate::i18n::{Catalog, both, same};
use crate::render;
use session::{Answer, Command as SessionCommand};

pub(super) static COMMANDS: &[Command] = &[
    Command::new(
        "channels",
        same(""),
        both(
            "list the channels; * marks yours, + marks invitations",
            "lista os canais; * marca os seus, + marca convites",
        ),
        channels,
    ),
    Command::new(
        "create",
        both("#CHANNEL [private]", "#CANAL [private]"),
        both("create a channel and open it", "cria um canal e o abre"),
        create,
    )
    .offering(ChannelChoice::New),
    Command::new(
        "join",
        both("#CHANNEL", "#CANAL"),
        both("join a channel and open it", "entra em um canal e o abre"),
        join,
    )
    .offering(ChannelChoice::All),
    Command::new(
        "leave",
        both("[#CHANNEL]", "[#CANAL]"),
        both("leave a channel, or the open one", "sai de um canal, ou do canal aberto"),
        leave,
    ),
    Command::new(
        "members",
        both("[#CHANNEL]", "[#CANAL]"),
        both(
            "list the members of a channel, or of the open one",
            "lista os membros de um canal, ou do canal aberto",
        ),
        members,
    ),
    Command::new(
        "invite",
        both("USER [#CHANNEL]", "USUÁRIO [#CANAL]"),
        both("invite a user to a channel", "convida alguém para um canal"),
        invite,
    ),
    Command::new(
        "invitations",
        same(""),
        both("list the channels you are invited to", "lista os canais que convidaram você"),
        invitations,
    ),
    Command::new(
        "accept",
        both("[#CHANNEL]", "[#CANAL]"),
        both("accept an invitation and open the channel", "aceita um convite e abre o canal"),
        accept,
    )
    .offering(ChannelChoice::Invited),
    Command::new(
        "decline",
        both("[#CHANNEL]", "[#CANAL]"),
        both("decline an invitation", "recusa um convite"),
        decline,
    )
    .offering(ChannelChoice::Invited),
    Command::new(
        "kick",
        both("USER [#CHANNEL]", "USUÁRIO [#CANAL]"),
        both("remove a member from a channel", "remove alguém de um canal"),
        kick,
    ),
    Command::new(
        "ban",
        both("USER [#CHANNEL]", "USUÁRIO [#CANAL]"),
        both(
            "ban a user: remove them, and forbid them to join",
            "bane alguém: remove e impede que volte a entrar",
        ),
        ban,
    ),
    Command::new(
        "unban",
        both("USER [#CHANNEL]", "USUÁRIO [#CANAL]"),
        both("lift a ban", "desfaz um banimento"),
        unban,
    ),
    Command::new(
        "bans",
        both("[#CHANNEL]", "[#CANAL]"),
        both("list the banned users of a channel", "lista os banimentos de um canal"),
        bans,
    ),
    Command::new(
        "role",
        both("USER ROLE [#CHANNEL]", "USUÁRIO PAPEL [#CANAL]"),
        both(
            "give a member a role: owner, moderator or member",
            "dá a alguém um papel: owner, moderator ou member",
        ),
        role,
    ),
    Command::new(
        "topic",
        both("TEXT", "TEXTO"),
        both(
            "set the subject of the open channel; - removes it",
            "define o assunto do canal aberto; - apaga o assunto",
        ),
        subject,
    ),
    Command::new(
        "private",
        same("on|off"),
        both("make the open channel private or public", "torna o canal aberto privado ou público"),
        private,
    ),
    Command::new(
        "rename",
        both("#NEW", "#NOVO"),
        both(
            "rename the open channel; its former names still lead to it",
            "muda o nome do canal aberto; os nomes anteriores ainda levam a ele",
        ),
        rename,
    )
    .offering(ChannelChoice::New),
    Command::new(
        "archive",
        same("on|off"),
        both("make the open channel read-only, or restore it", "arquiva o canal aberto, ou o restaura"),
        archive,
    ),
    Command::new(
        "delete-channel",
        both("#CHANNEL", "#CANAL"),
        both(
            "delete a channel with all its messages and files",
            "apaga um canal com todas as mensagens e arquivos",
        ),
        delete_channel,
    ),
];

fn channels(context: &mut Context, _: &str) -> Result<Next, CliError> {
    let channels = context.channels()?;
    let lines = channels.iter().map(|channel| render::channel(context.catalog, channel));
    context.say_list(lines, &context.catalog.no_channels())?;
    Ok(Next::Stay)
}

fn create(context: &mut Context, arguments: &str) -> Result<Next, CliError> {
    let (name, rest) = first_word(arguments);
    let private = match rest {
        "" => false,
        "private" => true,
        _ => return Err(CliError::Usage(context.catalog.usage_create())),
    };
    let channel = channel(context.catalog, name)?;
    join_and_open(context, SessionCommand::Create { channel, private })
}

fn join(context: &mut Context, arguments: &str) -> Result<Next, CliError> {
    let channel = channel(context.catalog, arguments)?;
    join_and_open(context, SessionCommand::Join(channel))
}

/// Runs a command that joins a channel, and opens the channel.
fn join_and_open(context: &mut Context, command: SessionCommand) -> Result<Next, CliError> {
    let Answer::Joined(joined) = context.handle.command(command)? else {
        return Err(CliError::UnexpectedAnswer);
    };
    context.open(Target::Channel(joined.channel))?;
    Ok(Next::Stay)
}

fn leave(context: &mut Context, arguments: &str) -> Result<Next, CliError> {
    let channel = channel_or_open(context, arguments)?;
    context.handle.command(SessionCommand::Leave(channel.clone()))?;
    forget(context, &channel);
    context.say(&context.catalog.you_left(&channel))?;
    Ok(Next::Stay)
}

fn members(context: &mut Context, arguments: &str) -> Result<Next, CliError> {
    let channel = channel_or_open(context, arguments)?;
    let params = |token| ListInChannel { token, channel, after: None };
    let members = context.handle.list::<ChannelMembers>(params)?;
    context.say_list(members.iter().map(|member| render::member(context.catalog, member)), "")?;
    Ok(Next::Stay)
}

fn bans(context: &mut Context, arguments: &str) -> Result<Next, CliError> {
    let channel = channel_or_open(context, arguments)?;
    let when_empty = context.catalog.no_bans(&channel);
    let params = |token| ListInChannel { token, channel, after: None };
    let bans = context.handle.list::<ChannelBans>(params)?;
    context.say_list(bans.iter().map(|ban| render::ban(context.catalog, ban)), &when_empty)?;
    Ok(Next::Stay)
}

fn invitations(context: &mut Context, _: &str) -> Result<Next, CliError> {
    let invitations = context.invitations()?;
    let lines = invitations.iter().map(|invitation| render::invitation(context.catalog, invitation));
    context.say_list(lines, &context.catalog.no_invitations())?;
    Ok(Next::Stay)
}

fn accept(context: &mut Context, arguments: &str) -> Result<Next, CliError> {
    let channel = invited_channel(context, arguments)?;
    join_and_open(context, SessionCommand::Join(channel))
}

fn decline(context: &mut Context, arguments: &str) -> Result<Next, CliError> {
    let channel = invited_channel(context, arguments)?;
    let done = context.catalog.invitation_declined(&channel);
    context.handle.request::<ChannelDecline>(|token| OneChannel { token, channel })?;
    context.say(&done)?;
    Ok(Next::Stay)
}

/// Parses `[#CHANNEL]`. Without an argument, returns the channel of the only invitation.
fn invited_channel(context: &mut Context, name: &str) -> Result<ChannelName, CliError> {
    if !name.is_empty() {
        return channel(context.catalog, name);
    }
    match context.invitations()?.as_slice() {
        [] => Err(CliError::Usage(context.catalog.no_invitations())),
        [only] => Ok(only.channel.clone()),
        [..] => Err(CliError::Usage(context.catalog.several_invitations())),
    }
}

fn invite(context: &mut Context, arguments: &str) -> Result<Next, CliError> {
    manage::<ChannelInvite>(context, arguments, Catalog::done_invite)
}

fn kick(context: &mut Context, arguments: &str) -> Result<Next, CliError> {
    manage::<ChannelKick>(context, arguments, Catalog::done_kick)
}

fn ban(context: &mut Context, arguments: &str) -> Result<Next, CliError> {
    manage::<ChannelBan>(context, arguments, Catalog::done_ban)
}

fn unban(context: &mut Context, arguments: &str) -> Result<Next, CliError> {
    manage::<ChannelUnban>(context, arguments, Catalog::done_unban)
}

/// Sends a request about one member, and prints `done`.
fn manage<R: for<'a> Request<Params<'a> = OneMember<'a>>>(
    context: &mut Context,
    arguments: &str,
    done: fn(Catalog, &UserName, &ChannelName) -> String,
) -> Result<Next, CliError> {
    let (user, channel) = member(context, arguments)?;
    let done = done(context.catalog, &user, &channel);
    context.handle.request::<R>(|token| OneMember { token, channel, user })?;
    context.say(&done)?;
    Ok(Next::Stay)
}

fn role(context: &mut Context, arguments: &str) -> Result<Next, CliError> {
    let (name, rest) = first_word(arguments);
    let (word, rest) = first_word(rest);
    let role: Role =
        serde_json::from_value(word.into()).map_err(|_| CliError::Usage(context.catalog.usage_role()))?;
    let (user, channel) = (user(context.catalog, name)?, channel_or_open(context, rest)?);
    let done = context.catalog.done_role(&user, &context.catalog.role(role), &channel);
    context.handle.request::<ChannelRole>(|token| GiveRole { token, channel, user, role })?;
    context.say(&done)?;
    Ok(Next::Stay)
}

fn subject(context: &mut Context, arguments: &str) -> Result<Next, CliError> {
    let subject = match arguments {
        "" => return Err(CliError::Usage(context.catalog.usage_topic())),
        "-" => "",
        subject => subject,
    };
    let refused = |error| CliError::Usage(context.catalog.detail(&error));
    let subject = Subject::new(subject).map_err(refused)?.into_owned();
    let channel = channel_or_open(context, "")?;
    let done = context.catalog.done_topic(&channel);
    set(context, channel, Some(subject), None, &done)
}

fn private(context: &mut Context, arguments: &str) -> Result<Next, CliError> {
    let private = match arguments {
        "on" => true,
        "off" => false,
        _ => return Err(CliError::Usage(context.catalog.usage_private())),
    };
    let channel = channel_or_open(context, "")?;
    let done = match private {
        true => context.catalog.done_private(&channel),
        false => context.catalog.done_public(&channel),
    };
    set(context, channel, None, Some(private), &done)
}

fn rename(context: &mut Context, arguments: &str) -> Result<Next, CliError> {
    if arguments.is_empty() {
        return Err(CliError::Usage(context.catalog.usage_rename()));
    }
    let (channel, new_name) = (channel_or_open(context, "")?, channel(context.catalog, arguments)?);
    let done = context.catalog.done_rename(&channel, &new_name);
    context.handle.request::<ChannelRename>(|token| RenameChannel { token, channel, new_name })?;
    context.say(&done)?;
    Ok(Next::Stay)
}

fn archive(context: &mut Context, arguments: &str) -> Result<Next, CliError> {
    let archived = match arguments {
        "on" => true,
        "off" => false,
        _ => return Err(CliError::Usage(context.catalog.usage_archive())),
    };
    let channel = channel_or_open(context, "")?;
    let done = match archived {
        true => context.catalog.done_archive(&channel),
        false => context.catalog.done_restore(&channel),
    };
    context.handle.request::<ChannelArchive>(|token| ArchiveChannel { token, channel, archived })?;
    context.say(&done)?;
    Ok(Next::Stay)
}

fn delete_channel(context: &mut Context, arguments: &str) -> Result<Next, CliError> {
    let channel = channel(context.catalog, arguments)?;
    let done = context.catalog.done_delete_channel(&channel);
    let deleted = channel.clone();
    context.handle.request::<ChannelDelete>(|token| OneChannel { token, channel })?;
    forget(context, &deleted);
    context.say(&done)?;
    Ok(Next::Stay)
}

/// Closes a channel that the user can no longer read.
fn forget(context: &mut Context, channel: &ChannelName) {
    let conversation = context.handle.names().first_of(Target::Channel(channel.clone()));
    context.cache.forget(&conversation);
    context.open.take_if(|open| *open == conversation);
}

fn set(
    context: &mut Context,
    channel: ChannelName,
    subject: Option<Subject<'static>>,
    private: Option<bool>,
    done: &str,
) -> Result<Next, CliError> {
    context.handle.request::<ChannelSet>(|token| SetChannel { token, channel, subject, private })?;
    context.say(done)?;
    Ok(Next::Stay)
}

/// Parses `USER [#CHANNEL]`. Without a channel, returns the open channel.
fn member(context: &Context, arguments: &str) -> Result<(UserName, ChannelName), CliError> {
    let (name, rest) = first_word(arguments);
    Ok((user(context.catalog, name)?, channel_or_open(context, rest)?))
}

//! Commands about channels: to find them, to be in them, to look after them.

use common::channels::Role;
use common::{ChannelName, Subject, Target, UserName};

use super::{Command, channel, first_word, user};
use crate::chat::completion::Channels;
use crate::chat::room::Room;
use crate::cli_error::CliError;
use crate::client_handle::unexpected;
use crate::i18n::{both, same};
use crate::render;
use session::{Answer, Command as Ask, Deed};

pub(super) static COMMANDS: &[Command] = &[
    Command::new(
        "channels",
        same(""),
        both(
            "list the channels; * marks yours, + those you are invited to",
            "lista os canais; * marca os seus, + os que têm convite para você",
        ),
        channels,
    ),
    Command::new(
        "create",
        both("#CHANNEL [private]", "#CANAL [private]"),
        both("make a channel and open it", "cria um canal e o abre"),
        create,
    )
    .about(Channels::New),
    Command::new(
        "join",
        both("#CHANNEL", "#CANAL"),
        both("become a member of a channel and open it", "entra em um canal e o abre"),
        join,
    )
    .about(Channels::All),
    Command::new(
        "leave",
        both("[#CHANNEL]", "[#CANAL]"),
        both("leave a channel, or the open one", "sai de um canal, ou do que está aberto"),
        leave,
    ),
    Command::new(
        "members",
        both("[#CHANNEL]", "[#CANAL]"),
        both(
            "list the members of a channel, or of the open one",
            "lista os membros de um canal, ou do que está aberto",
        ),
        members,
    ),
    Command::new(
        "invite",
        both("USER [#CHANNEL]", "USUÁRIO [#CANAL]"),
        both("allow somebody to join", "permite que alguém entre"),
        invite,
    ),
    Command::new(
        "invitations",
        same(""),
        both("list the channels you are invited to", "lista os canais para os quais há convite seu"),
        invitations,
    ),
    Command::new(
        "accept",
        both("[#CHANNEL]", "[#CANAL]"),
        both("join a channel you are invited to", "entra em um canal para o qual há convite seu"),
        accept,
    )
    .about(Channels::Invited),
    Command::new(
        "decline",
        both("[#CHANNEL]", "[#CANAL]"),
        both("turn an invitation down", "recusa um convite"),
        decline,
    )
    .about(Channels::Invited),
    Command::new(
        "kick",
        both("USER [#CHANNEL]", "USUÁRIO [#CANAL]"),
        both("remove somebody", "remove alguém"),
        kick,
    ),
    Command::new(
        "ban",
        both("USER [#CHANNEL]", "USUÁRIO [#CANAL]"),
        both("remove somebody, or keep them out, for good", "remove alguém, ou impede que entre, de vez"),
        ban,
    ),
    Command::new(
        "unban",
        both("USER [#CHANNEL]", "USUÁRIO [#CANAL]"),
        both("take a ban back", "desfaz um banimento"),
        unban,
    ),
    Command::new(
        "role",
        both("USER ROLE [#CHANNEL]", "USUÁRIO PAPEL [#CANAL]"),
        both("make somebody owner, moderator or member", "dá a alguém o papel de owner, moderator ou member"),
        role,
    ),
    Command::new(
        "topic",
        both("TEXT", "TEXTO"),
        both(
            "say what the open channel is about; - takes it away",
            "diz qual é o assunto do canal aberto; - o tira",
        ),
        subject,
    ),
    Command::new(
        "private",
        same("on|off"),
        both("make the open channel private or public", "torna o canal aberto privado ou público"),
        private,
    ),
];

pub(super) fn channels(room: &mut Room, _: &str) -> Result<(), CliError> {
    let channels = room.channels()?;
    room.say_list(
        channels.iter().map(|channel| render::channel(room.words, channel)),
        &room.words.no_channels(),
    )
}

pub(super) fn create(room: &mut Room, arguments: &str) -> Result<(), CliError> {
    let (name, rest) = first_word(arguments);
    let private = match rest {
        "" => false,
        "private" => true,
        _ => return Err(CliError::Usage(room.words.say_create())),
    };
    let channel = channel(room.words, name)?;
    room.handle.ask(Ask::Create { channel, private }).and_then(|answer| room.joined(answer))
}

pub(super) fn join(room: &mut Room, arguments: &str) -> Result<(), CliError> {
    room.handle.ask(Ask::Join(channel(room.words, arguments)?)).and_then(|answer| room.joined(answer))
}

pub(super) fn leave(room: &mut Room, arguments: &str) -> Result<(), CliError> {
    let channel = channel_or_open(room, arguments)?;
    room.handle.ask(Ask::Leave(channel.clone()))?;
    room.cache.forget(&Target::Channel(channel.clone()));
    room.open.take_if(|open| *open == Target::Channel(channel.clone()));
    room.say(&room.words.no_member_any_more(&channel))
}

pub(super) fn invitations(room: &mut Room, _: &str) -> Result<(), CliError> {
    let invitations = room.invitations()?;
    let lines = invitations.iter().map(|one| render::invitation(room.words, one));
    room.say_list(lines, &room.words.no_invitations())
}

pub(super) fn accept(room: &mut Room, arguments: &str) -> Result<(), CliError> {
    let channel = invited_to(room, arguments)?;
    room.handle.ask(Ask::Join(channel)).and_then(|answer| room.joined(answer))
}

pub(super) fn decline(room: &mut Room, arguments: &str) -> Result<(), CliError> {
    let channel = invited_to(room, arguments)?;
    room.handle.ask(Ask::Decline(channel.clone()))?;
    room.say(&room.words.invitation_declined(&channel))
}

/// The channel that is named, or the only one there is an invitation to.
fn invited_to(room: &mut Room, name: &str) -> Result<ChannelName, CliError> {
    if !name.is_empty() {
        return channel(room.words, name);
    }
    match room.invitations()?.as_slice() {
        [] => Err(CliError::Usage(room.words.no_invitations())),
        [only] => Ok(only.channel.clone()),
        [..] => Err(CliError::Usage(room.words.which_invitation())),
    }
}

pub(super) fn members(room: &mut Room, arguments: &str) -> Result<(), CliError> {
    let channel = channel_or_open(room, arguments)?;
    let Answer::Members(members) = room.handle.ask(Ask::Members(channel))? else { return Err(unexpected()) };
    room.say_list(members.iter().map(|member| render::member(room.words, member)), "")
}

pub(super) fn invite(room: &mut Room, arguments: &str) -> Result<(), CliError> {
    let (user, channel) = member(room, arguments)?;
    let words = room.words.may_join(&user, &channel);
    manage(room, channel, Deed::Invite(user), &words)
}

pub(super) fn kick(room: &mut Room, arguments: &str) -> Result<(), CliError> {
    let (user, channel) = member(room, arguments)?;
    let words = room.words.is_removed(&user, &channel);
    manage(room, channel, Deed::Kick(user), &words)
}

pub(super) fn ban(room: &mut Room, arguments: &str) -> Result<(), CliError> {
    let (user, channel) = member(room, arguments)?;
    let words = room.words.is_kept_out(&user, &channel);
    manage(room, channel, Deed::Ban(user), &words)
}

pub(super) fn unban(room: &mut Room, arguments: &str) -> Result<(), CliError> {
    let (user, channel) = member(room, arguments)?;
    let words = room.words.is_not_kept_out(&user, &channel);
    manage(room, channel, Deed::Unban(user), &words)
}

pub(super) fn role(room: &mut Room, arguments: &str) -> Result<(), CliError> {
    let (name, rest) = first_word(arguments);
    let (word, rest) = first_word(rest);
    let role: Role =
        serde_json::from_value(word.into()).map_err(|_| CliError::Usage(room.words.say_role()))?;
    let (user, channel) = (user(room.words, name)?, channel_or_open(room, rest)?);
    let words = room.words.has_role(&user, &room.words.role(role), &channel);
    manage(room, channel, Deed::Role(user, role), &words)
}

pub(super) fn subject(room: &mut Room, arguments: &str) -> Result<(), CliError> {
    let subject = match arguments {
        "" => return Err(CliError::Usage(room.words.say_subject())),
        "-" => "",
        subject => subject,
    };
    let subject =
        Subject::new(subject).map_err(|error| CliError::Usage(room.words.detail(&error)))?.into_owned();
    let channel = channel_or_open(room, "")?;
    let words = room.words.subject_is_set(&channel);
    manage(room, channel, Deed::Set { subject: Some(subject), private: None }, &words)
}

pub(super) fn private(room: &mut Room, arguments: &str) -> Result<(), CliError> {
    let private = match arguments {
        "on" => true,
        "off" => false,
        _ => return Err(CliError::Usage(room.words.say_private())),
    };
    let channel = channel_or_open(room, "")?;
    let words =
        if private { room.words.invited_may_join(&channel) } else { room.words.anybody_may_join(&channel) };
    manage(room, channel, Deed::Set { subject: None, private: Some(private) }, &words)
}

fn manage(room: &mut Room, channel: ChannelName, deed: Deed, words: &str) -> Result<(), CliError> {
    room.handle.ask(Ask::Manage(channel, deed))?;
    room.say(words)
}

/// `NAME`, and the channel that follows it or is open.
fn member(room: &Room, arguments: &str) -> Result<(UserName, ChannelName), CliError> {
    let (name, rest) = first_word(arguments);
    Ok((user(room.words, name)?, channel_or_open(room, rest)?))
}

fn channel_or_open(room: &Room, name: &str) -> Result<ChannelName, CliError> {
    match (&room.open, name) {
        (Some(Target::Channel(open)), "") => Ok(open.clone()),
        (Some(Target::User(_)) | None, "") => Err(CliError::Usage(room.words.which_channel())),
        (_, name) => channel(room.words, name),
    }
}

//! Commands about channels: to find them, to be in them, to look after them.

use common::channels::Role;
use common::{ChannelName, Subject, Target, UserName};

use super::{channel, first_word, usage, user};
use crate::chat::room::Room;
use crate::desk::unexpected;
use crate::failure::Failure;
use crate::render;
use crate::session::{Answer, Command as Ask, Deed};

pub(super) fn channels(room: &mut Room, _: &str) -> Result<(), Failure> {
    let channels = room.channels()?;
    room.say_list(channels.iter().map(render::channel), "there are no channels yet: /create #general")
}

pub(super) fn create(room: &mut Room, arguments: &str) -> Result<(), Failure> {
    let (name, rest) = first_word(arguments);
    let private = match rest {
        "" => false,
        "private" => true,
        _ => return Err(usage("say /create #channel, or /create #channel private")),
    };
    let channel = channel(name)?;
    room.desk.ask(Ask::Create { channel, private }).and_then(|answer| room.joined(answer))
}

pub(super) fn join(room: &mut Room, arguments: &str) -> Result<(), Failure> {
    room.desk.ask(Ask::Join(channel(arguments)?)).and_then(|answer| room.joined(answer))
}

pub(super) fn leave(room: &mut Room, arguments: &str) -> Result<(), Failure> {
    let channel = channel_or_open(room, arguments)?;
    room.desk.ask(Ask::Leave(channel.clone()))?;
    room.open.take_if(|open| *open == Target::Channel(channel.clone()));
    room.say(&format!("you are no member of {channel} any more"))
}

pub(super) fn members(room: &mut Room, arguments: &str) -> Result<(), Failure> {
    let channel = channel_or_open(room, arguments)?;
    let Answer::Members(members) = room.desk.ask(Ask::Members(channel))? else { return Err(unexpected()) };
    room.say_list(members.iter().map(render::member), "")
}

pub(super) fn invite(room: &mut Room, arguments: &str) -> Result<(), Failure> {
    let (user, channel) = member(room, arguments)?;
    let words = format!("{user} may join {channel}");
    manage(room, channel, Deed::Invite(user), &words)
}

pub(super) fn kick(room: &mut Room, arguments: &str) -> Result<(), Failure> {
    let (user, channel) = member(room, arguments)?;
    let words = format!("{user} is no member of {channel} any more");
    manage(room, channel, Deed::Kick(user), &words)
}

pub(super) fn ban(room: &mut Room, arguments: &str) -> Result<(), Failure> {
    let (user, channel) = member(room, arguments)?;
    let words = format!("{user} is kept out of {channel}");
    manage(room, channel, Deed::Ban(user), &words)
}

pub(super) fn unban(room: &mut Room, arguments: &str) -> Result<(), Failure> {
    let (user, channel) = member(room, arguments)?;
    let words = format!("{user} is not kept out of {channel} any more");
    manage(room, channel, Deed::Unban(user), &words)
}

pub(super) fn role(room: &mut Room, arguments: &str) -> Result<(), Failure> {
    let (name, rest) = first_word(arguments);
    let (word, rest) = first_word(rest);
    let role: Role = serde_json::from_value(word.into())
        .map_err(|_| usage("say /role NAME owner, /role NAME moderator or /role NAME member"))?;
    let (user, channel) = (user(name)?, channel_or_open(room, rest)?);
    let words = format!("{user} is {word} of {channel}");
    manage(room, channel, Deed::Role(user, role), &words)
}

pub(super) fn subject(room: &mut Room, arguments: &str) -> Result<(), Failure> {
    let subject = match arguments {
        "" => return Err(usage("say what the channel is about; /topic - takes the subject away")),
        "-" => "",
        subject => subject,
    };
    let subject = Subject::new(subject).map_err(|error| usage(&error.to_string()))?.into_owned();
    let channel = channel_or_open(room, "")?;
    let words = format!("the subject of {channel} is set");
    manage(room, channel, Deed::Set { subject: Some(subject), private: None }, &words)
}

pub(super) fn private(room: &mut Room, arguments: &str) -> Result<(), Failure> {
    let (private, may_join) = match arguments {
        "on" => (true, "only the invited may join"),
        "off" => (false, "anybody may join"),
        _ => return Err(usage("say /private on, or /private off")),
    };
    let channel = channel_or_open(room, "")?;
    let words = format!("{channel}: {may_join}");
    manage(room, channel, Deed::Set { subject: None, private: Some(private) }, &words)
}

fn manage(room: &mut Room, channel: ChannelName, deed: Deed, words: &str) -> Result<(), Failure> {
    room.desk.ask(Ask::Manage(channel, deed))?;
    room.say(words)
}

/// `NAME`, and the channel that follows it or is open.
fn member(room: &Room, arguments: &str) -> Result<(UserName, ChannelName), Failure> {
    let (name, rest) = first_word(arguments);
    Ok((user(name)?, channel_or_open(room, rest)?))
}

fn channel_or_open(room: &Room, name: &str) -> Result<ChannelName, Failure> {
    match (&room.open, name) {
        (Some(Target::Channel(open)), "") => Ok(open.clone()),
        (Some(Target::User(_)) | None, "") => Err(usage("which channel? say #channel")),
        (_, name) => channel(name),
    }
}

//! The commands of the chat: one table, from which `/help`, completion and dispatch come.

use common::{ChannelName, Target, Text, UserName};

use super::room::Room;
use crate::desk::unexpected;
use crate::failure::Failure;
use crate::session::{Answer, Command as Ask, Range};

/// One command.
pub(super) struct Command {
    /// What follows the slash.
    pub(super) name: &'static str,
    /// What follows the name.
    pub(super) arguments: &'static str,
    /// One line.
    pub(super) help: &'static str,
    /// Whether passwords come near it, so that the line is not kept.
    pub(super) is_private: bool,
    pub(super) run: fn(&mut Room, &str) -> Result<(), Failure>,
}

/// Declares one command.
const fn command(
    name: &'static str,
    arguments: &'static str,
    help: &'static str,
    run: fn(&mut Room, &str) -> Result<(), Failure>,
) -> Command {
    Command { name, arguments, help, is_private: false, run }
}

/// Declares one command that has to do with passwords.
const fn private(
    name: &'static str,
    arguments: &'static str,
    help: &'static str,
    run: fn(&mut Room, &str) -> Result<(), Failure>,
) -> Command {
    Command { name, arguments, help, is_private: true, run }
}

/// All commands, in the order of `/help`.
pub(super) static COMMANDS: &[Command] = &[
    command("help", "", "list the commands", help),
    private("register", "NAME", "make an account and log in; the password is asked for", register),
    private("login", "NAME", "log in; the password is asked for", login),
    command("logout", "", "end the session", logout),
    command("channels", "", "list the channels; * marks yours", channels),
    command("users", "", "list the users", users),
    command("create", "#CHANNEL", "make a channel and open it", create),
    command("join", "#CHANNEL", "become a member of a channel and open it", join),
    command("leave", "[#CHANNEL]", "leave a channel, or the open one", leave),
    command("members", "[#CHANNEL]", "list the members of a channel, or of the open one", members),
    command("open", "#CHANNEL|@USER", "write there from now on; the name alone does the same", open),
    command("msg", "#CHANNEL|@USER TEXT", "say something there without opening it", message),
    command("history", "[BEFORE]", "read more of the open conversation, before a number", history),
    command("quit", "", "end; Ctrl-D does the same", quit),
];

impl PartialEq for Command {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Command {}

impl std::fmt::Debug for Command {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "/{}", self.name)
    }
}

fn help(room: &mut Room, _: &str) -> Result<(), Failure> {
    room.say(&help_text())
}

fn help_text() -> String {
    let line = |command: &Command| {
        let usage = format!("/{} {}", command.name, command.arguments);
        format!("{usage:<28} {}\n", command.help)
    };
    let commands: String = COMMANDS.iter().map(line).collect();
    commands + "anything else is said in the open conversation; //text says /text"
}

fn register(room: &mut Room, arguments: &str) -> Result<(), Failure> {
    let user = user(arguments)?;
    let password = room.password.read_new()?;
    room.desk.register(user.clone(), password.clone())?;
    room.login(user, password)
}

fn login(room: &mut Room, arguments: &str) -> Result<(), Failure> {
    let user = user(arguments)?;
    let password = room.password.read()?;
    room.login(user, password)
}

fn logout(room: &mut Room, _: &str) -> Result<(), Failure> {
    room.desk.logout()?;
    room.open = None;
    room.say("you are logged out")
}

fn channels(room: &mut Room, _: &str) -> Result<(), Failure> {
    let channels = room.channels()?;
    let line = |channel: &common::channels::ChannelInfo| {
        let mark = if channel.member { '*' } else { ' ' };
        format!("{mark} {} ({})", channel.channel, channel.members)
    };
    room.say_list(channels.iter().map(line), "there are no channels yet: /create #general")
}

fn users(room: &mut Room, _: &str) -> Result<(), Failure> {
    let users = room.users()?;
    room.say_list(users.iter().map(|user| format!("@{}", user.user)), "")
}

fn create(room: &mut Room, arguments: &str) -> Result<(), Failure> {
    room.desk.ask(Ask::Create(channel(arguments)?)).and_then(|answer| room.joined(answer))
}

fn join(room: &mut Room, arguments: &str) -> Result<(), Failure> {
    room.desk.ask(Ask::Join(channel(arguments)?)).and_then(|answer| room.joined(answer))
}

fn leave(room: &mut Room, arguments: &str) -> Result<(), Failure> {
    let channel = channel_or_open(room, arguments)?;
    room.desk.ask(Ask::Leave(channel.clone()))?;
    room.open.take_if(|open| *open == Target::Channel(channel.clone()));
    room.say(&format!("you are no member of {channel} any more"))
}

fn members(room: &mut Room, arguments: &str) -> Result<(), Failure> {
    let channel = channel_or_open(room, arguments)?;
    let Answer::Members(members) = room.desk.ask(Ask::Members(channel))? else { return Err(unexpected()) };
    room.say_list(members.iter().map(|member| format!("@{member}")), "")
}

fn open(room: &mut Room, arguments: &str) -> Result<(), Failure> {
    room.open(target(arguments)?)
}

fn message(room: &mut Room, arguments: &str) -> Result<(), Failure> {
    let (to, text) = arguments.split_once(char::is_whitespace).unwrap_or((arguments, ""));
    room.send(target(to)?, text.trim_start())
}

fn history(room: &mut Room, arguments: &str) -> Result<(), Failure> {
    let before = match arguments {
        "" => None,
        number => {
            Some(number.parse().map_err(|_| usage("say a number: /history 120 shows what came before it"))?)
        }
    };
    let conversation = room.open.clone().ok_or_else(nothing_open)?;
    let range = Range { conversation, before, after: None, limit: None };
    let Answer::History(entries) = room.desk.ask(Ask::History(range))? else { return Err(unexpected()) };
    let lines: Vec<_> = entries.iter().map(|entry| room.renderer.entry(entry)).collect();
    super::say(&lines.join("\n"))
}

fn quit(room: &mut Room, _: &str) -> Result<(), Failure> {
    room.leave_for_good();
    Ok(())
}

fn user(name: &str) -> Result<UserName, Failure> {
    if name.contains(char::is_whitespace) {
        return Err(usage("say only the name: the password is asked for, and not shown"));
    }
    let name = name.strip_prefix('@').unwrap_or(name);
    UserName::new(name).map_err(|error| usage(&error.to_string()))
}

fn target(name: &str) -> Result<Target, Failure> {
    Target::new(name).map_err(|_| usage("say a #channel or a @user"))
}

fn channel(name: &str) -> Result<ChannelName, Failure> {
    ChannelName::new(name).map_err(|error| usage(&error.to_string()))
}

fn channel_or_open(room: &Room, name: &str) -> Result<ChannelName, Failure> {
    match (&room.open, name) {
        (Some(Target::Channel(open)), "") => Ok(open.clone()),
        (Some(Target::User(_)) | None, "") => Err(usage("which channel? say #channel")),
        (_, name) => channel(name),
    }
}

pub(super) fn nothing_open() -> Failure {
    usage("no conversation is open: /open #channel or /open @user, or see /channels")
}

pub(super) fn usage(words: &str) -> Failure {
    Failure::Usage(words.to_owned())
}

/// Checks a text before it is sent.
pub(super) fn text(text: &str) -> Result<Text<'static>, Failure> {
    Text::new(text.to_owned()).map_err(|error| usage(&error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::super::line::Line;
    use super::*;

    #[test]
    fn every_command_is_understood_and_listed() {
        let help = help_text();
        for command in COMMANDS {
            let line = format!("/{} {}", command.name, command.arguments);
            assert_eq!(Line::read(&line), Line::Command(command, command.arguments), "{line}");
            let listed = help.lines().find(|listed| listed.starts_with(line.trim())).expect(&line);
            assert!(listed.ends_with(command.help), "{listed}");
        }
        assert_eq!(help.lines().count(), COMMANDS.len() + 1);
    }

    #[test]
    fn names_are_unique() {
        for (i, command) in COMMANDS.iter().enumerate() {
            assert!(COMMANDS[i + 1..].iter().all(|other| other != command), "{command:?}");
        }
    }

    #[test]
    fn a_password_is_no_argument() {
        let failure = user("alice secret").expect_err("refused");
        assert_eq!(failure.to_string(), "say only the name: the password is asked for, and not shown");
    }
}

//! The commands of the chat: one table, from which `/help`, completion and dispatch come.

mod accounts;
mod admin;
mod channels;
mod conversations;

use common::{ChannelName, Target, Text, UserName};

use super::room::Room;
use crate::failure::Failure;
use accounts::{change_password, login, logout, register, revoke, sessions, users};
use admin::admin;
use channels::{
    ban, channels, create, invite, join, kick, leave, members, private as set_private, role, subject, unban,
};
use conversations::{history, message, open};

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
    private("password", "", "change the password; both are asked for", change_password),
    command("sessions", "", "list your open sessions; * marks this one", sessions),
    command("revoke", "ID|others", "end one of your sessions, or all others", revoke),
    command("channels", "", "list the channels; * marks yours, + those you are invited to", channels),
    command("users", "", "list the users", users),
    command("create", "#CHANNEL [private]", "make a channel and open it", create),
    command("join", "#CHANNEL", "become a member of a channel and open it", join),
    command("leave", "[#CHANNEL]", "leave a channel, or the open one", leave),
    command("members", "[#CHANNEL]", "list the members of a channel, or of the open one", members),
    command("invite", "USER [#CHANNEL]", "allow somebody to join", invite),
    command("kick", "USER [#CHANNEL]", "remove somebody", kick),
    command("ban", "USER [#CHANNEL]", "remove somebody, or keep them out, for good", ban),
    command("unban", "USER [#CHANNEL]", "take a ban back", unban),
    command("role", "USER ROLE [#CHANNEL]", "make somebody owner, moderator or member", role),
    command("topic", "TEXT", "say what the open channel is about; - takes it away", subject),
    command("private", "on|off", "make the open channel private or public", set_private),
    command("open", "#CHANNEL|@USER", "write there from now on; the name alone does the same", open),
    command("msg", "#CHANNEL|@USER TEXT", "say something there without opening it", message),
    command("history", "[BEFORE]", "read more of the open conversation, before a number", history),
    command(
        "admin",
        "WHAT [USER]",
        "see to the node: users, channels, sessions, stats, disable, enable, promote, demote",
        admin,
    ),
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

fn quit(room: &mut Room, _: &str) -> Result<(), Failure> {
    room.leave_for_good();
    Ok(())
}

/// The first word, and what follows it.
fn first_word(words: &str) -> (&str, &str) {
    let (first, rest) = words.split_once(char::is_whitespace).unwrap_or((words, ""));
    (first, rest.trim_start())
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

//! Commands for scripts and bots: each does one thing, prints its result (with `--json` one JSON line each),
//! and ends with an exit code that tells how it went.

mod accounts;
mod presence;
mod channels;
mod files;
mod history;
mod manage;
mod amendments;
mod reads;
mod search;
mod send;
mod sessions;
mod subscribe;
mod admin;

use std::sync::mpsc::{Receiver, sync_channel};

use common::channels::Role;
use common::{ChannelName, Detail, Target, UserName};
use transport::shutdown::Shutdown;

use crate::cli_error::CliError;
use crate::client_handle::{ClientHandle, Sends};
use crate::connection::Connection;
use session::News;

/// News that wait to be read.
const NEWS_WAITING_MAX: usize = 1024;

/// The commands for scripts.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Make an account.
    Register(accounts::Register),
    /// Open a session, which is kept for all further commands.
    Login(accounts::Login),
    /// End the session.
    Logout(accounts::Logout),
    /// Say something, or every line of standard input.
    Send(send::Send),
    /// Tell what happens in a conversation, until interrupted.
    Subscribe(subscribe::Subscribe),
    /// Send a file, or fetch one that was sent.
    #[command(subcommand)]
    File(files::File),
    /// Read a page of a conversation.
    History(history::History),
    /// Find what was said.
    Search(search::Search),
    /// Make your own message say something else.
    Edit(amendments::Edit),
    /// Take a message back.
    Delete(amendments::OneMessage),
    /// React to a message.
    React(amendments::React),
    /// List the conversations with something unread.
    Unread(reads::Unread),
    /// List the newest messages that mention you.
    Mentions(reads::Mentions),
    /// Mark a conversation as read.
    Read(reads::Mark),
    /// List the channels.
    Channels(channels::Channels),
    /// List the channels you are invited to; `papo join` accepts.
    Invitations(channels::Channels),
    /// List the users.
    Users(accounts::Users),
    /// Be shown as online or away, until interrupted.
    Presence(presence::Presence),
    /// Make a channel; you are its first member.
    Create(channels::Create),
    /// Become a member of a channel.
    Join(channels::Join),
    /// Be a member no more.
    Leave(channels::Leave),
    /// Look after a channel: its members, roles, subject.
    #[command(subcommand)]
    Channel(manage::Manage),
    /// See to the node; for administrators.
    #[command(subcommand)]
    Admin(admin::Admin),
    /// Change the password, which ends all other sessions.
    Password(sessions::Password),
    /// List your open sessions.
    Sessions(sessions::Sessions),
    /// End one of your sessions, or all others.
    Revoke(sessions::Revoke),
}

pub(crate) fn run(command: Command) -> Result<(), CliError> {
    match command {
        Command::Register(arguments) => accounts::register(arguments),
        Command::Login(arguments) => accounts::login(arguments),
        Command::Logout(arguments) => accounts::logout(&arguments),
        Command::Send(arguments) => send::run(arguments),
        Command::Subscribe(arguments) => subscribe::run(arguments),
        Command::File(file) => files::run(file),
        Command::History(arguments) => history::run(arguments),
        Command::Edit(arguments) => amendments::edit(arguments),
        Command::Delete(arguments) => amendments::delete(arguments),
        Command::React(arguments) => amendments::react(arguments),
        Command::Unread(arguments) => reads::unread(&arguments),
        Command::Mentions(arguments) => reads::mentions(&arguments),
        Command::Read(arguments) => reads::mark(arguments),
        Command::Search(arguments) => search::run(arguments),
        Command::Channels(arguments) => channels::list(&arguments),
        Command::Invitations(arguments) => channels::list_invitations(&arguments),
        Command::Users(arguments) => accounts::list(&arguments),
        Command::Presence(arguments) => presence::run(&arguments),
        Command::Create(arguments) => channels::create(arguments),
        Command::Join(arguments) => channels::join(arguments),
        Command::Leave(arguments) => channels::leave(arguments),
        Command::Channel(manage) => manage::run(manage),
        Command::Admin(admin) => admin::run(admin),
        Command::Password(arguments) => sessions::change_password(&arguments),
        Command::Sessions(arguments) => sessions::list(&arguments),
        Command::Revoke(arguments) => sessions::revoke(&arguments),
    }
}

/// What all commands have in common.
#[derive(Debug, clap::Args)]
struct Common {
    #[command(flatten)]
    connection: Connection,
    /// Print JSON Lines.
    #[arg(long)]
    json: bool,
}

/// A handle without a session. The caller keeps the receiver of news: once it is dropped, the network thread
/// ends.
fn open(connection: &Connection) -> Result<(ClientHandle, Receiver<News>), CliError> {
    let (sender, news) = sync_channel(NEWS_WAITING_MAX);
    Ok((ClientHandle::open(connection, sender, Shutdown::new(), Sends::Nothing)?, news))
}

/// As [`open`], with the session that was kept.
fn open_session(connection: &Connection) -> Result<(ClientHandle, Receiver<News>), CliError> {
    let (mut handle, news) = open(connection)?;
    handle.require_session()?;
    Ok((handle, news))
}

/// Reads `#channel` or `@user`.
fn target(text: &str) -> Result<Target, String> {
    Target::new(text).map_err(|error| {
        if error == Detail::TargetWithoutSign {
            return format!(
                "write '#{text}' or '@{text}', with the quotes: a shell takes a bare # as the start of a comment"
            );
        }
        error.to_string()
    })
}

/// Reads `#channel`.
fn channel(text: &str) -> Result<ChannelName, String> {
    match target(text)? {
        Target::Channel(channel) => Ok(channel),
        Target::User(_) => Err("say a channel, such as '#general'".to_owned()),
    }
}

/// Reads `user` or `@user`.
fn user(text: &str) -> Result<UserName, String> {
    UserName::new(text.strip_prefix('@').unwrap_or(text)).map_err(|error| error.to_string())
}

/// Reads `member`, `moderator` or `owner`.
fn role(word: &str) -> Result<Role, String> {
    serde_json::from_value(word.into()).map_err(|_| "say owner, moderator or member".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_without_its_sign_is_explained() {
        insta::assert_snapshot!(target("general").expect_err("no sign"), @"write '#general' or '@general', with the quotes: a shell takes a bare # as the start of a comment");
        insta::assert_snapshot!(channel("@bob").expect_err("a user"), @"say a channel, such as '#general'");
        assert_eq!(user("@bob"), user("bob"));
    }

    #[derive(clap::Parser)]
    struct Program {
        #[command(subcommand)]
        command: crate::Command,
    }

    fn parses(line: &str) -> bool {
        let words = std::iter::once("papo").chain(line.split_whitespace());
        <Program as clap::Parser>::try_parse_from(words).is_ok_and(|program| {
            let Program { command: _ } = program;
            true
        })
    }

    const UNDERSTOOD: &[&str] = &[
        "chat",
        "chat #general --server tcp://papo.example:5555",
        "chat --plain --bell --lang pt-BR",
        "register alice --password-file secret",
        "login @alice --json",
        "logout --config here",
        "send #ops done",
        "chat --server papo://key@papo.example:5555",
        "channels --plaintext --data elsewhere",
        "channels --plaintext-anywhere",
        "send @bob - --json --timeout 0.5",
        "subscribe #ops --json --after 0",
        "history #ops --before 7 --limit 500",
        "send #ops --reply 17 done",
        "history #ops --edits",
        "edit #ops 17 done",
        "delete #ops 17 --json",
        "react @bob 17 👍 --remove",
        "file send #ops plan.pdf --json",
        "file get #ops 17 --downloads elsewhere",
        "unread --json",
        "unread --all",
        "mentions --json",
        "read #ops",
        "read @bob --until 17 --json",
        "channels",
        "users --json",
        "presence online --json",
        "presence away --for 60",
        "create #ops --private",
        "channel members #ops --json",
        "channel invite #ops bob",
        "invitations --json",
        "channel decline #ops",
        "channel kick #ops @bob",
        "channel ban #ops bob",
        "channel unban #ops bob",
        "channel role #ops bob moderator",
        "channel set #ops --subject lunch --private",
        "channel set #ops --public",
        "admin users --json",
        "admin channels",
        "admin sessions bob",
        "admin disable @bob",
        "admin disable bob --enable",
        "admin promote bob",
        "admin promote bob --demote",
        "admin stats --json",
        "password --password-file old --new-password-file new",
        "sessions --json",
        "revoke 01970000-0000-7000-8000-000000000001",
        "revoke --others",
        "join #ops",
        "leave #ops",
    ];

    #[test]
    fn the_command_lines_of_the_documentation_are_understood() {
        <Program as clap::CommandFactory>::command().debug_assert();
        for line in UNDERSTOOD {
            assert!(parses(line), "{line}");
        }
        for line in [
            "send ops done",
            "send #ops",
            "history #ops --limit 501",
            "users --timeout 0",
            "presence offline",
            "login alice secret",
            "channel set #ops",
            "channel set #ops --public --private",
            "channel role #ops bob king",
            "revoke",
            "revoke 01970000-0000-7000-8000-000000000001 --others",
        ] {
            assert!(!parses(line), "{line}");
        }
    }
}

//! Commands for scripts and bots. Each command prints its result, with `--json` as JSON lines, and returns an
//! exit code.

mod accounts;
mod presence;
mod channels;
mod files;
mod history;
mod manage;
mod amendments;
mod reads;
mod notify;
mod search;
mod send;
mod sessions;
mod subscribe;
mod admin;
mod join_codes;
mod hooks;
mod bots;

use std::sync::mpsc::{Receiver, sync_channel};

use common::channels::Role;
use common::{ChannelName, Detail, Target, UserName};
use transport::shutdown::Shutdown;
use transport::signals;

use crate::cli_error::CliError;
use crate::client_handle::{ClientHandle, Sends};
use crate::connection::Connection;
use crate::i18n::Catalog;
use crate::render::print_error;
use session::News;

pub(crate) use join_codes::DAYS_DEFAULT;
pub use join_codes::InviteCode;

/// The maximum number of queued news. If the queue is full, the network thread waits.
const NEWS_QUEUED_MAX: usize = 1024;

#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Create an account.
    ///
    /// papo asks for the password, or reads it from PAPO_PASSWORD.
    Register(accounts::Register),
    /// Replace your forgotten password, with a code of an administrator.
    ///
    /// papo asks for the new password, or reads it from PAPO_NEW_PASSWORD.
    ResetPassword(accounts::ResetPassword),
    /// Log in, and store the session for later commands.
    ///
    /// papo asks for the password, or reads it from PAPO_PASSWORD.
    Login(accounts::Login),
    /// Log out and end the session.
    Logout(accounts::Logout),
    /// Send a message, or each line of standard input as a message.
    ///
    /// papo exits with 0 only if the server stored all messages. The first answer must come within --timeout.
    /// After it, an outage of the server may last a minute; papo then sends the unacknowledged messages
    /// again.
    Send(send::Send),
    /// Print the events of a conversation as they happen, until interrupted.
    Subscribe(subscribe::Subscribe),
    /// Send or download a file.
    #[command(subcommand)]
    File(files::File),
    /// Show earlier events of a conversation.
    History(history::History),
    /// Find messages.
    Search(search::Search),
    /// Replace the text of your message.
    Edit(amendments::Edit),
    /// Delete a message.
    Delete(amendments::OneMessage),
    /// React to a message.
    React(amendments::React),
    /// List the conversations with unread messages.
    Unread(reads::Unread),
    /// List the newest messages that mention you.
    Mentions(reads::Mentions),
    /// Mark the messages of a conversation as read.
    Read(reads::Mark),
    /// List or set the notification levels.
    Notify(notify::Notify),
    /// List the channels.
    Channels(channels::Channels),
    /// List the channels you are invited to. `papo join` accepts an invitation.
    Invitations(channels::Channels),
    /// List the users.
    Users(accounts::Users),
    /// Set the display name that others see next to your name. An empty text removes it.
    Name(accounts::Name),
    /// Block a user: refuse their direct messages and invitations.
    Block(accounts::Block),
    /// Unblock a user.
    Unblock(accounts::Block),
    /// List the users whom you block.
    Blocks(accounts::Users),
    /// Appear as online or away, until interrupted.
    Presence(presence::Presence),
    /// Create a channel, and become its owner.
    Create(channels::Create),
    /// Join a channel.
    Join(channels::OneChannel),
    /// Leave a channel.
    Leave(channels::OneChannel),
    /// Manage a channel: its members, roles and subject.
    #[command(subcommand)]
    Channel(manage::ChannelCommand),
    /// Manage the webhooks of a channel: other programs post messages, or receive its events.
    #[command(subcommand)]
    Hook(hooks::HookCommand),
    /// Manage your bots: tokens with which programs read and write messages.
    #[command(subcommand)]
    Bot(bots::BotCommand),
    /// Manage the node, as an administrator.
    #[command(subcommand)]
    Admin(admin::Admin),
    /// Manage your account.
    #[command(subcommand)]
    Account(accounts::Account),
    /// Change your password, and end all your other sessions.
    ///
    /// papo asks for the passwords, or reads them from PAPO_PASSWORD and PAPO_NEW_PASSWORD.
    Password(sessions::Password),
    /// List your open sessions.
    Sessions(sessions::Sessions),
    /// End one of your sessions, or all your other sessions.
    Revoke(sessions::Revoke),
}

pub(crate) fn run(command: Command) -> Result<(), CliError> {
    match command {
        Command::Register(arguments) => accounts::register(arguments),
        Command::ResetPassword(arguments) => accounts::reset_password(arguments),
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
        Command::Notify(arguments) => notify::run(arguments),
        Command::Search(arguments) => search::run(arguments),
        Command::Channels(arguments) => channels::list(&arguments),
        Command::Invitations(arguments) => channels::list_invitations(&arguments),
        Command::Users(arguments) => accounts::list(&arguments),
        Command::Name(arguments) => accounts::set_name(arguments),
        Command::Block(arguments) => accounts::block(arguments),
        Command::Unblock(arguments) => accounts::unblock(arguments),
        Command::Blocks(arguments) => accounts::list_blocks(&arguments),
        Command::Presence(arguments) => presence::run(&arguments),
        Command::Create(arguments) => channels::create(arguments),
        Command::Join(arguments) => channels::join(arguments),
        Command::Leave(arguments) => channels::leave(arguments),
        Command::Channel(command) => manage::run(command),
        Command::Hook(command) => hooks::run(command),
        Command::Bot(command) => bots::run(command),
        Command::Admin(admin) => admin::run(admin),
        Command::Account(account) => accounts::run(account),
        Command::Password(arguments) => sessions::change_password(&arguments),
        Command::Sessions(arguments) => sessions::list(&arguments),
        Command::Revoke(arguments) => sessions::revoke(&arguments),
    }
}

/// The arguments of all commands.
#[derive(Debug, clap::Args)]
struct Common {
    #[command(flatten)]
    connection: Connection,
    /// Print JSON lines.
    #[arg(long)]
    json: bool,
}

/// Opens a handle without a session. The caller must keep the receiver: dropping it ends the network thread.
fn open(connection: &Connection) -> Result<(ClientHandle, Receiver<News>), CliError> {
    let (sender, news) = sync_channel(NEWS_QUEUED_MAX);
    Ok((ClientHandle::open(connection, Catalog::ENGLISH, sender, Shutdown::new(), Sends::Nothing)?, news))
}

/// Like [`open`], with the stored session.
fn open_session(connection: &Connection) -> Result<(ClientHandle, Receiver<News>), CliError> {
    let (mut handle, news) = open(connection)?;
    handle.require_session()?;
    Ok((handle, news))
}

/// Like [`open_session`], for a command that runs until a signal. The signal requests the returned shutdown.
fn open_until_signal(connection: &Connection) -> Result<(ClientHandle, Receiver<News>, Shutdown), CliError> {
    let shutdown = Shutdown::new();
    signals::stop_on_termination(&shutdown)?;
    let (sender, news) = sync_channel(NEWS_QUEUED_MAX);
    let (language, ended) = (Catalog::ENGLISH, shutdown.clone());
    let mut handle = ClientHandle::open(connection, language, sender, ended, Sends::Nothing)?;
    handle.require_session()?;
    Ok((handle, news, shutdown))
}

/// Prints news about the connection to standard error. Returns an error if the session has ended.
fn report_connection(news: News) -> Result<(), CliError> {
    match news {
        News::SessionEnded(error) => return Err(error.into()),
        News::ConnectionLost => print_error("the server does not answer; trying again"),
        News::ConnectionRestored => print_error("the server answers again"),
        News::RolledBack => print_error(&Catalog::ENGLISH.rolled_back()),
        News::Entry(_)
        | News::MembershipEnded(_)
        | News::Opened { .. }
        | News::Named { .. }
        | News::Read(_)
        | News::Invited(_)
        | News::OutboxLoaded(_)
        | News::Delayed(_)
        | News::Sent { .. }
        | News::Presence(_)
        | News::StatusSummary(_)
        | News::Typing(_) => {}
    }
    Ok(())
}

/// Parses `#channel` or `@user`.
fn target(text: &str) -> Result<Target, String> {
    Target::new(text).map_err(|error| {
        if error == Detail::TargetWithoutSign {
            return format!(
                "write '#{text}' or '@{text}', with the quotes: without them, a shell reads # as the start of a comment"
            );
        }
        error.to_string()
    })
}

/// Parses `#channel` or `channel`.
fn channel(text: &str) -> Result<ChannelName, String> {
    ChannelName::from_input(text).map_err(|error| {
        if error == Detail::ChannelWithoutHash {
            return "name a channel, such as '#general'".to_owned();
        }
        error.to_string()
    })
}

/// Parses `user` or `@user`.
fn user(text: &str) -> Result<UserName, String> {
    UserName::new(text.strip_prefix('@').unwrap_or(text)).map_err(|error| error.to_string())
}

/// Parses `member`, `moderator` or `owner`.
fn role(word: &str) -> Result<Role, String> {
    serde_json::from_value(word.into()).map_err(|_| "give a role: owner, moderator or member".to_owned())
}

#[cfg(test)]
mod tests;

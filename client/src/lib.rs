//! The client: a network thread around the pure core of the crate `session`, and two front ends, the chat for
//! people and the commands for scripts.
//!
//! Only `session` makes decisions, only `network` has sockets, and only `render` prints. `i18n` has the
//! messages for users.

mod network;

mod config;
mod outbox;
mod files;
mod cache;
mod connection;
mod channel_names;
mod client_handle;
mod requests;
mod cli_error;
mod local_error;
mod permalink;
mod password;
mod i18n;
mod render;

mod chat;
mod script;

use std::borrow::Cow;
use std::process::ExitCode;

use common::notify::Level;
use common::{FileName, Target, UserName};

/// The subcommands of `papo` that talk to a server.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Chat in the terminal, or run the lines of a pipe.
    Chat(chat::Arguments),
    /// The commands for scripts.
    #[command(flatten)]
    Script(script::Command),
}

/// The options of `papo invite` for a join code.
pub use script::InviteCode;

/// Renders an event as `papo history` shows it to `reader`, but without the date. Returns `None` for an
/// unknown kind of event.
#[must_use]
pub fn event_in_words(reader: &UserName, line: &str) -> Option<String> {
    let entry = session::Entry::read_amended(reader, line)?;
    let text = render::Renderer::for_scripts().without_dates().page(std::slice::from_ref(&entry));
    Some(text).filter(|text| !text.is_empty())
}

/// The word for a notification level.
#[must_use]
pub fn level_in_words(level: Level) -> &'static str {
    match level {
        Level::None => "none",
        Level::Mentions => "mentions",
        Level::All => "all",
    }
}

/// Escapes characters in JSON that a terminal would interpret, or show in another order.
#[must_use]
pub fn escaped_json(json: &str) -> Cow<'_, str> {
    render::escape(json)
}

/// The local name of a file that a user sent. `number`, from 1 on, distinguishes files with the same name.
#[must_use]
pub fn local_file_name(to: &Target, from: &UserName, name: &FileName, number: u32) -> String {
    files::numbered(&files::local_name(to, from, name), number)
}

/// Runs a command, and prints errors to standard error. The exit code is 0 for success, 1 if the command
/// failed, 2 for wrong usage, 3 if the server did not answer.
#[must_use]
pub fn run(command: Command) -> ExitCode {
    let outcome = match command {
        Command::Chat(arguments) => chat::run(&arguments),
        Command::Script(command) => script::run(command),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            if !matches!(error, cli_error::CliError::OutputClosed | cli_error::CliError::Reported(_)) {
                render::print_error(&error.to_string());
            }
            error.exit_code()
        }
    }
}

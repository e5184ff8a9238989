//! The client: a pure session core, a thread that moves its frames, and two front ends around them, the chat
//! for people and the commands for scripts.
//!
//! Only [`session`] decides anything; only `network` has sockets; only `config`, `outbox`, `cache` and `files` touch the
//! disk; only
//! `render` prints, and what it says to people comes from `i18n`.

mod network;

mod config;
mod outbox;
mod files;
mod cache;
mod connection;
mod client_handle;
mod cli_error;
mod local_error;
mod password;
mod i18n;
mod render;

mod chat;
mod script;

use std::borrow::Cow;
use std::process::ExitCode;

use common::{FileName, Target, UserName};

/// What the client can be told on the command line.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Chat in the terminal; reads commands from a pipe just as well.
    Chat(chat::Arguments),
    /// One thing, for scripts.
    #[command(flatten)]
    Script(script::Command),
}

/// An event's line as `papo history` shows it to `reader`, without a date; what amends another message, too.
#[must_use]
pub fn event_in_words(reader: &UserName, line: &str) -> Option<String> {
    let entry = session::Entry::read_present(reader, line)?;
    let text = render::Renderer::for_scripts().without_dates().page(std::slice::from_ref(&entry));
    Some(text).filter(|text| !text.is_empty())
}

/// The same JSON, with nothing in it that a terminal would obey or show in another order.
#[must_use]
pub fn harmless_json(json: &str) -> Cow<'_, str> {
    render::escape(json)
}

/// What a file that somebody sent is called on this machine, where it does no harm; `number` tells apart files that would
/// have one name, from 1 on.
#[must_use]
pub fn local_file_name(to: &Target, from: &UserName, name: &FileName, number: u32) -> String {
    files::numbered(&files::local(to, from, name), number)
}

/// Does what the command says. What goes wrong is told on standard error; the exit code is 0 when all is done,
/// 1 when the server or this machine refused, 2 when the command was wrong, 3 when the server did not answer.
#[must_use]
pub fn run(command: Command) -> ExitCode {
    let outcome = match command {
        Command::Chat(arguments) => chat::run(&arguments),
        Command::Script(command) => script::run(command),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if !matches!(failure, cli_error::CliError::OutputClosed | cli_error::CliError::Reported(_)) {
                render::complain(&failure.to_string());
            }
            failure.exit_code()
        }
    }
}

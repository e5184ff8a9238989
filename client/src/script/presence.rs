//! `papo presence`: the user appears as online or away as long as the command runs.

use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use common::accounts::{ListNames, UserInfo};
use common::methods::UserList;
use transport::clock;

use super::{Common, open_until_signal, report_connection};
use crate::cli_error::CliError;
use crate::connection::parse_seconds;
use crate::i18n::Catalog;
use crate::render::{self, Output};
use session::{Command, News, PresenceMode};

/// How long the command waits for news without `--for`, before it waits again.
const NEWS_WAIT: Duration = Duration::from_hours(1);

#[derive(Debug, clap::Args)]
pub struct Presence {
    /// Your state. A chat in the same session has its own state.
    #[arg(value_enum)]
    state: State,
    /// End after this number of seconds, instead of at an interrupt.
    #[arg(long = "for", value_name = "SECONDS", value_parser = parse_seconds)]
    time: Option<Duration>,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum State {
    Online,
    Away,
}

pub(super) fn run(arguments: &Presence) -> Result<(), CliError> {
    let (mut handle, news, shutdown) = open_until_signal(&arguments.common.connection)?;
    let appearance = match arguments.state {
        State::Online => PresenceMode::Always,
        State::Away => PresenceMode::Away,
    };
    let appeared = handle.command(Command::SetPresence(appearance));
    let users = appeared.and_then(|_| handle.list::<UserList>(|token| ListNames { token, after: None }));
    // After a signal, errors of the closed connection are expected.
    if shutdown.is_requested() {
        return Ok(());
    }
    let users = users?;
    let own =
        users.iter().find(|info| Some(&info.user) == handle.user()).ok_or(CliError::UnexpectedAnswer)?;
    print(&arguments.common, own)?;
    wait_until(&news, arguments.time.map(|time| clock::now() + time))
}

/// Prints the presence of the user, as other users see it.
fn print(common: &Common, own: &UserInfo) -> Result<(), CliError> {
    let mut output = Output::new();
    if common.json {
        output.print_json(&serde_json::to_string(own).map_err(std::io::Error::from)?)?;
    } else {
        output.print(&render::user(Catalog::ENGLISH, own))?;
    }
    Ok(output.flush()?)
}

/// Waits for a signal, for the end of the session, or for `end`.
fn wait_until(news: &Receiver<News>, end: Option<Instant>) -> Result<(), CliError> {
    loop {
        let left = end.map_or(NEWS_WAIT, |end| end.saturating_duration_since(clock::now()));
        match news.recv_timeout(left) {
            Ok(news) => report_connection(news)?,
            Err(RecvTimeoutError::Timeout) if end.is_none() => {}
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return Ok(()),
        }
    }
}

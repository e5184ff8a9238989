//! `papo presence`: be shown as there, or as away, for as long as it runs.

use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::{Duration, Instant};

use common::accounts::{ListNames, UserInfo};
use common::methods::UserList;
use transport::clock;
use transport::shutdown::Shutdown;
use transport::signals;

use super::{Common, NEWS_WAITING_MAX};
use crate::cli_error::CliError;
use crate::client_handle::{ClientHandle, Sends, unexpected};
use crate::connection::seconds;
use crate::i18n::Words;
use crate::render::{self, Output, complain};
use session::{Command, News, PresenceMode};

/// How long nothing is looked at but what comes; then it is looked again.
const LONG: Duration = Duration::from_hours(1);

/// Arguments of `papo presence`.
#[derive(Debug, clap::Args)]
pub struct Presence {
    /// What you are shown as. A chat that runs in the same session says so for itself.
    #[arg(value_enum)]
    state: Shown,
    /// End after so many seconds, instead of when it is interrupted.
    #[arg(long = "for", value_name = "SECONDS", value_parser = seconds)]
    time: Option<Duration>,
    #[command(flatten)]
    common: Common,
}

/// What one can be shown as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Shown {
    Online,
    Away,
}

/// Says so, and says goodbye at the end.
pub(super) fn run(arguments: &Presence) -> Result<(), CliError> {
    let stop = Shutdown::new();
    signals::stop_on_termination(&stop)?;
    let (sender, news) = sync_channel(NEWS_WAITING_MAX);
    let mut handle = ClientHandle::open(&arguments.common.connection, sender, stop.clone(), Sends::Nothing)?;
    let user = handle.require_session()?.user;
    let appearance = match arguments.state {
        Shown::Online => PresenceMode::Always,
        Shown::Away => PresenceMode::Away,
    };
    let appeared = handle.command(Command::SetPresence(appearance));
    let users = appeared.and_then(|_| handle.list::<UserList>(|token| ListNames { token, after: None }));
    // It was stopped meanwhile, and that is all there is to it.
    if stop.is_requested() {
        return Ok(());
    }
    let users = users?;
    let own = users.iter().find(|info| info.user == user).ok_or_else(unexpected)?;
    print(&arguments.common, own)?;
    stay(&news, arguments.time.map(|time| clock::now() + time))
}

/// What others see now.
fn print(common: &Common, own: &UserInfo) -> Result<(), CliError> {
    let mut output = Output::new();
    if common.json {
        output.print_json(&serde_json::to_string(own).map_err(std::io::Error::from)?)?;
    } else {
        output.print(&render::user(Words::ENGLISH, own))?;
    }
    Ok(output.flush()?)
}

/// Until the end: a signal's, that of the session, or that of the time.
fn stay(news: &Receiver<News>, end: Option<Instant>) -> Result<(), CliError> {
    loop {
        let left = end.map_or(LONG, |end| end.saturating_duration_since(clock::now()));
        match news.recv_timeout(left) {
            Ok(News::SessionEnded(error)) => return Err(error.into()),
            Ok(News::ConnectionLost) => complain("the server does not answer; trying again"),
            Ok(News::ConnectionRestored) => complain("the server answers again"),
            Ok(_nothing_is_followed) => {}
            Err(RecvTimeoutError::Timeout) if end.is_none() => {}
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return Ok(()),
        }
    }
}

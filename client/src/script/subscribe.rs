//! `papo subscribe`: everything that happens in a conversation, in order and without a hole.

use std::sync::mpsc::{Receiver, sync_channel};

use common::Target;
use transport::shutdown::Shutdown;
use transport::signals;

use super::{Common, NEWS_WAITING_MAX, target};
use crate::cli_error::CliError;
use crate::client_handle::{ClientHandle, Sends, connection_ended};
use crate::i18n::Words;
use crate::render::{Output, Renderer, complain, to_reader};
use session::{Command, Entry, Follow, News, PresenceMode};

/// Arguments of `papo subscribe`.
#[derive(Debug, clap::Args)]
pub struct Subscribe {
    /// The channel or user, in quotes: '#general', '@bob'. Of a channel you must be a member.
    #[arg(value_parser = target)]
    conversation: Target,
    /// Begin after this event instead of now; 0 is the very beginning.
    #[arg(long, value_name = "N")]
    after: Option<u64>,
    #[command(flatten)]
    common: Common,
}

pub(super) fn run(arguments: Subscribe) -> Result<(), CliError> {
    let stop = Shutdown::new();
    signals::stop_on_termination(&stop)?;
    let (sender, news) = sync_channel(NEWS_WAITING_MAX);
    let mut handle = ClientHandle::open(&arguments.common.connection, sender, stop.clone(), Sends::Nothing)?;
    handle.require_session()?;
    let Subscribe { conversation, after, common } = arguments;
    let printer = Printer { renderer: Renderer::for_scripts(), json: common.json };
    // Events may come before following has begun, more than the channel holds, so they are read from now on.
    std::thread::scope(|scope| {
        let printing = scope.spawn(|| {
            let printed = printer.print_all(news);
            stop.request();
            printed
        });
        // Whoever listens is there, for as long as that lasts.
        let appeared = handle.command(Command::SetPresence(PresenceMode::Always));
        let followed =
            appeared.and_then(|_| handle.command(Command::Follow(Follow::One { conversation, after })));
        // When it was stopped meanwhile, by a signal or by the printer, that is all there is to it.
        let followed = if stop.is_requested() { Ok(()) } else { followed.map(drop) };
        if followed.is_err() {
            stop.request();
        }
        let printed = printing.join().unwrap_or_else(|_panicked| Err(connection_ended()));
        followed.and(printed)
    })
}

struct Printer {
    renderer: Renderer,
    json: bool,
}

impl Printer {
    /// Prints until the connection ends; what waits is printed together, and then seen at once.
    fn print_all(&self, news: Receiver<News>) -> Result<(), CliError> {
        let mut output = Output::new();
        while let Ok(first) = news.recv() {
            for one in std::iter::once(first).chain(news.try_iter()) {
                self.print(&mut output, one)?;
            }
            output.flush()?;
        }
        Ok(())
    }

    fn print(&self, output: &mut Output, news: News) -> Result<(), CliError> {
        match news {
            News::Entry(entry) => self.print_entry(output, &entry)?,
            News::MembershipEnded(entry) => {
                self.print_entry(output, &entry)?;
                output.flush()?;
                return Err(CliError::Refused(to_reader(Words::ENGLISH, &entry)));
            }
            News::SessionEnded(error) => return Err(error.into()),
            News::ConnectionLost => complain("the server does not answer; trying again"),
            News::ConnectionRestored => complain("the server answers again"),
            News::RolledBack => complain(&Words::ENGLISH.set_back()),
            News::Opened { .. }
            | News::Read(_)
            | News::Invited(_)
            | News::Recalled(_)
            | News::Pending(_)
            | News::Sent { .. }
            | News::Presence(_)
            | News::Standing(_)
            | News::Typing(_) => {}
        }
        Ok(())
    }

    fn print_entry(&self, output: &mut Output, entry: &Entry) -> Result<(), CliError> {
        if self.json {
            output.print_json(&entry.line)?;
        } else if let Some(shown) = self.renderer.entry(entry) {
            output.print(&shown)?;
        }
        Ok(())
    }
}

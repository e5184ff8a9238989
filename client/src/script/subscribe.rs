//! `papo subscribe`: all events of a conversation, in order and without a gap.

use std::sync::mpsc::{Receiver, sync_channel};

use common::Target;
use transport::shutdown::Shutdown;
use transport::signals;

use super::{Common, NEWS_QUEUED_MAX, target};
use crate::cli_error::CliError;
use crate::client_handle::{ClientHandle, Sends};
use crate::i18n::Catalog;
use crate::render::{Output, Renderer, event_for_reader, print_error};
use session::{Command, Entry, Follow, News, PresenceMode};

#[derive(Debug, clap::Args)]
pub struct Subscribe {
    /// The channel or user, in quotes: '#general', '@bob'. You must be a member of the channel.
    #[arg(value_parser = target)]
    conversation: Target,
    /// Begin after this event instead of now; 0 is the beginning of the conversation.
    #[arg(long, value_name = "N")]
    after: Option<u64>,
    #[command(flatten)]
    common: Common,
}

pub(super) fn run(arguments: Subscribe) -> Result<(), CliError> {
    let shutdown = Shutdown::new();
    signals::stop_on_termination(&shutdown)?;
    let (sender, news) = sync_channel(NEWS_QUEUED_MAX);
    let mut handle = ClientHandle::open(
        &arguments.common.connection,
        Catalog::ENGLISH,
        sender,
        shutdown.clone(),
        Sends::Nothing,
    )?;
    handle.require_session()?;
    let Subscribe { conversation, after, common } = arguments;
    let printer = Printer { renderer: Renderer::for_scripts(), json: common.json };
    // News is read before the answer to `Follow`, because the channel can be full before that answer arrives.
    std::thread::scope(|scope| {
        let printing = scope.spawn(|| {
            let printed = printer.print_all(news);
            shutdown.request();
            printed
        });
        // A subscriber is present as long as it runs.
        let appeared = handle.command(Command::SetPresence(PresenceMode::Always));
        let followed =
            appeared.and_then(|_| handle.command(Command::Follow(Follow::One { conversation, after })));
        // After a signal, or the end of the printer, errors of the closed connection are expected.
        let followed = if shutdown.is_requested() { Ok(()) } else { followed.map(drop) };
        if followed.is_err() {
            shutdown.request();
        }
        let printed = printing.join().unwrap_or(Err(CliError::ConnectionEnded));
        followed.and(printed)
    })
}

struct Printer {
    renderer: Renderer,
    json: bool,
}

impl Printer {
    /// Prints until the connection ends. Flushes after all queued news.
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
                return Err(CliError::Failed(event_for_reader(Catalog::ENGLISH, &entry)));
            }
            News::SessionEnded(error) => return Err(error.into()),
            News::ConnectionLost => print_error("the server does not answer; trying again"),
            News::ConnectionRestored => print_error("the server answers again"),
            News::RolledBack => print_error(&Catalog::ENGLISH.rolled_back()),
            News::Opened { .. }
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

    fn print_entry(&self, output: &mut Output, entry: &Entry) -> Result<(), CliError> {
        if self.json {
            output.print_json(&entry.line)?;
        } else if let Some(shown) = self.renderer.entry(entry) {
            output.print(&shown)?;
        }
        Ok(())
    }
}

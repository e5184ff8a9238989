//! `papo subscribe`: all events of a conversation, in order and without a gap.

use std::sync::mpsc::Receiver;

use common::Target;

use super::{Common, open_until_signal, report_connection, target};
use crate::channel_names::SharedNames;
use crate::cli_error::CliError;
use crate::i18n::Catalog;
use crate::render::{Output, Renderer, event_for_reader};
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
    let (mut handle, news, shutdown) = open_until_signal(&arguments.common.connection)?;
    let Subscribe { conversation, after, common } = arguments;
    let printer = Printer {
        renderer: Renderer::for_scripts().with_names(handle.names()),
        names: handle.names(),
        json: common.json,
    };
    // News is read before the answer to `Follow`, because the channel can be full before that answer arrives.
    std::thread::scope(|scope| {
        let printing = scope.spawn(|| {
            let printed = printer.print_all(news);
            shutdown.request();
            printed
        });
        // A subscriber is present as long as it runs.
        let appeared = handle.command(Command::SetPresence(PresenceMode::Always));
        let follow = Command::Follow(Follow::One { conversation, after });
        let followed = appeared.and_then(|_| handle.blocks()).and_then(|_| handle.command(follow));
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
    names: SharedNames,
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
        if let News::Entry(entry) = news {
            self.print_entry(output, &entry)
        } else if let News::MembershipEnded(entry) = news {
            self.print_entry(output, &entry)?;
            output.flush()?;
            Err(CliError::Failed(event_for_reader(Catalog::ENGLISH, &entry, &self.names)))
        } else {
            report_connection(news)
        }
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

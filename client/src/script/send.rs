//! `papo send`: one message, or a message for every line of standard input, each acknowledged or reported.

use std::io::BufRead as _;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use common::{Error, Target, Text};
use transport::clock;
use transport::shutdown::Shutdown;

use super::{Common, NEWS_WAITING_MAX, target};
use crate::cli_error::CliError;
use crate::client_handle::{ClientHandle, MESSAGES_UNDERWAY_MAX, PATIENCE, Sends, connection_ended};
use crate::i18n::Words;
use crate::render::{Output, complain};
use session::{Entry, News};

/// Longer than any wait: a pipe may be silent for as long as it likes.
const NO_HURRY: Duration = Duration::from_hours(24);

/// Arguments of `papo send`. It ends with 0 only when every message is stored by the server.
///
/// The first answer must come within `--timeout`; from then on a server that goes away is waited for, for a
/// minute, and what was not acknowledged is sent again.
#[derive(Debug, clap::Args)]
pub struct Send {
    /// The channel or user, in quotes: '#general', '@bob'; of an administrator also '*': all users.
    #[arg(value_parser = target)]
    to: Target,
    /// What to say; `-` sends every line of standard input that is not blank.
    text: String,
    /// The number of the event that it answers.
    #[arg(long, value_name = "N")]
    reply: Option<u64>,
    #[command(flatten)]
    common: Common,
}

/// What happens while sending.
enum Step {
    Line(String),
    End,
    News(Box<News>),
}

impl From<News> for Step {
    fn from(news: News) -> Self {
        Self::News(Box::new(news))
    }
}

pub(super) fn run(arguments: Send) -> Result<(), CliError> {
    let (sender, steps) = sync_channel(NEWS_WAITING_MAX);
    let mut handle =
        ClientHandle::open(&arguments.common.connection, sender.clone(), Shutdown::new(), Sends::Messages)?;
    handle.require_session()?;
    let credits = provide(arguments.text, sender)?;
    let deadline = handle.deadline(NO_HURRY);
    let output = arguments.common.json.then(Output::new);
    let (to, reply) = (arguments.to, arguments.reply);
    let sending = Sending {
        handle,
        to,
        reply,
        output,
        credits,
        underway: 0,
        refused: 0,
        has_ended: false,
        patience: Duration::ZERO,
        deadline,
    };
    sending.run(&steps)
}

/// Provides the lines, from a thread of its own, one for each credit: so the messages on their way are bounded,
/// and whoever writes into the pipe waits.
fn provide(text: String, steps: SyncSender<Step>) -> Result<SyncSender<()>, CliError> {
    let (credits, allowed) = sync_channel(MESSAGES_UNDERWAY_MAX);
    while credits.try_send(()).is_ok() {}
    let work = move || {
        if text == "-" {
            read_lines(&allowed, &steps);
        } else {
            let _nobody_listens = steps.send(Step::Line(text));
        }
        let _nobody_listens = steps.send(Step::End);
    };
    std::thread::Builder::new().name("lines".to_owned()).spawn(work)?;
    Ok(credits)
}

/// Bytes that are not UTF-8 are sent as the replacement character: a log must not stop at them.
fn read_lines(allowed: &Receiver<()>, steps: &SyncSender<Step>) {
    let mut input = std::io::stdin().lock();
    let mut line = Vec::new();
    while allowed.recv().is_ok() {
        loop {
            line.clear();
            if !matches!(input.read_until(b'\n', &mut line), Ok(1..)) {
                return;
            }
            if !line.trim_ascii().is_empty() {
                break;
            }
        }
        let text = String::from_utf8_lossy(line.trim_ascii_end()).into_owned();
        if steps.send(Step::Line(text)).is_err() {
            return;
        }
    }
}

struct Sending {
    handle: ClientHandle,
    to: Target,
    reply: Option<u64>,
    /// Where the events go that the messages have become, if anybody wants them.
    output: Option<Output>,
    credits: SyncSender<()>,
    underway: usize,
    refused: usize,
    has_ended: bool,
    /// How long a server that has answered before is waited for.
    patience: Duration,
    deadline: Instant,
}

impl Sending {
    fn run(mut self, steps: &Receiver<Step>) -> Result<(), CliError> {
        while !(self.has_ended && self.underway == 0) {
            match steps.recv_timeout(self.deadline.saturating_duration_since(clock::now())) {
                Ok(step) => self.take(step)?,
                Err(RecvTimeoutError::Timeout) if self.underway == 0 => self.wait_anew(),
                Err(RecvTimeoutError::Timeout) => {
                    complain(&format!(
                        "messages that are kept for the next papo send or papo chat: {}",
                        self.underway
                    ));
                    return Err(self.handle.unreachable(self.waited()));
                }
                Err(RecvTimeoutError::Disconnected) => return Err(connection_ended()),
            }
        }
        match self.refused {
            0 => Ok(()),
            count => Err(CliError::Refused(Words::ENGLISH.some_not_sent(count))),
        }
    }

    fn take(&mut self, step: Step) -> Result<(), CliError> {
        match step {
            Step::Line(line) => self.send(line),
            Step::End => {
                self.has_ended = true;
                Ok(())
            }
            Step::News(news) => self.hear(*news),
        }
    }

    fn hear(&mut self, news: News) -> Result<(), CliError> {
        match news {
            News::Sent { outcome, .. } => self.sent(outcome),
            News::Recalled(messages) => {
                complain(&format!(
                    "sending first the messages that were not sent before: {}",
                    messages.len()
                ));
                self.underway += messages.len();
                self.wait_anew();
                Ok(())
            }
            News::SessionEnded(error) => Err(error.into()),
            News::ConnectionLost => {
                complain("the server does not answer; trying again");
                Ok(())
            }
            News::ConnectionRestored
            | News::RolledBack
            | News::Entry(_)
            | News::Opened { .. }
            | News::Pending(_)
            | News::Read(_)
            | News::Invited(_)
            | News::MembershipEnded(_)
            | News::Presence(_)
            | News::Standing(_)
            | News::Typing(_) => Ok(()),
        }
    }

    fn send(&mut self, line: String) -> Result<(), CliError> {
        match Text::new(line) {
            Ok(text) => {
                if self.underway == 0 {
                    self.underway = 1;
                    self.wait_anew();
                } else {
                    self.underway += 1;
                }
                self.handle.send(self.to.clone(), text, self.reply)
            }
            Err(error) => {
                self.refuse(&error.to_string());
                Ok(())
            }
        }
    }

    fn sent(&mut self, outcome: Result<Entry, Error>) -> Result<(), CliError> {
        self.underway = self.underway.saturating_sub(1);
        self.patience = PATIENCE;
        self.wait_anew();
        match outcome {
            Ok(entry) => {
                if let Some(output) = &mut self.output {
                    output.print_json(&entry.line)?;
                    output.flush()?;
                }
                let _full_or_nobody_reads_on = self.credits.try_send(());
            }
            Err(error) => self.refuse(&error.message),
        }
        Ok(())
    }

    fn refuse(&mut self, why: &str) {
        complain(&format!("not sent: {why}"));
        self.refused += 1;
        let _full_or_nobody_reads_on = self.credits.try_send(());
    }

    fn waited(&self) -> Duration {
        self.handle.wait(self.patience)
    }

    fn wait_anew(&mut self) {
        self.deadline = self.handle.deadline(if self.underway == 0 { NO_HURRY } else { self.patience });
    }
}

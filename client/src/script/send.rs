//! `papo send`: one message, or one for each line of standard input.

use std::io::BufRead as _;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use common::{Error, Target, Text};
use transport::clock;
use transport::shutdown::Shutdown;

use super::{Common, NEWS_QUEUED_MAX, target};
use crate::cli_error::CliError;
use crate::client_handle::{ClientHandle, MESSAGES_PENDING_MAX, OUTAGE_WAIT, Sends};
use crate::i18n::Catalog;
use crate::render::{Output, print_error};
use session::{Entry, News};

/// How long the command waits for the next line of a pipe, before it waits again.
const LINE_WAIT: Duration = Duration::from_hours(24);

#[derive(Debug, clap::Args)]
pub struct Send {
    /// The channel or user, in quotes: '#general', '@bob'. Administrators can send to all users: '*'.
    #[arg(value_parser = target)]
    to: Target,
    /// The text of the message; `-` sends each line of standard input that is not blank.
    #[arg(allow_hyphen_values = true)]
    text: String,
    /// Reply to the event with this number.
    #[arg(long, value_name = "N")]
    reply: Option<u64>,
    #[command(flatten)]
    common: Common,
}

/// The inputs of the command.
enum Input {
    Line(String),
    End,
    News(Box<News>),
}

impl From<News> for Input {
    fn from(news: News) -> Self {
        Self::News(Box::new(news))
    }
}

pub(super) fn run(arguments: Send) -> Result<(), CliError> {
    let (sender, inputs) = sync_channel(NEWS_QUEUED_MAX);
    let mut handle = ClientHandle::open(
        &arguments.common.connection,
        Catalog::ENGLISH,
        sender.clone(),
        Shutdown::new(),
        Sends::Messages,
    )?;
    handle.require_session()?;
    let credits = start_line_thread(arguments.text, sender)?;
    let deadline = handle.deadline(LINE_WAIT);
    let output = arguments.common.json.then(Output::new);
    let (to, reply) = (arguments.to, arguments.reply);
    let sending = Sending {
        handle,
        to,
        reply,
        output,
        credits,
        pending: 0,
        rejected: 0,
        is_input_closed: false,
        outage_wait: Duration::ZERO,
        deadline,
    };
    sending.run(&inputs)
}

/// Starts a thread that reads the lines. Each line uses a credit, and each answered message returns a credit.
/// So the number of pending messages is bounded.
fn start_line_thread(text: String, inputs: SyncSender<Input>) -> Result<SyncSender<()>, CliError> {
    let (credits, allowed) = sync_channel(MESSAGES_PENDING_MAX);
    while credits.try_send(()).is_ok() {}
    let work = move || {
        if text == "-" {
            read_lines(&allowed, &inputs);
        } else {
            let _sent_or_ended = inputs.send(Input::Line(text));
        }
        let _sent_or_ended = inputs.send(Input::End);
    };
    std::thread::Builder::new().name("lines".to_owned()).spawn(work)?;
    Ok(credits)
}

/// Reads lines that are not blank. Bytes that are not UTF-8 are replaced.
fn read_lines(allowed: &Receiver<()>, inputs: &SyncSender<Input>) {
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
        if inputs.send(Input::Line(text)).is_err() {
            return;
        }
    }
}

struct Sending {
    handle: ClientHandle,
    to: Target,
    reply: Option<u64>,
    /// Prints the events of stored messages, if `--json` is given.
    output: Option<Output>,
    credits: SyncSender<()>,
    pending: usize,
    rejected: usize,
    is_input_closed: bool,
    /// The timeout after the first answer, if it is longer than the timeout of the connection.
    outage_wait: Duration,
    deadline: Instant,
}

impl Sending {
    fn run(mut self, inputs: &Receiver<Input>) -> Result<(), CliError> {
        while !(self.is_input_closed && self.pending == 0) {
            match inputs.recv_timeout(self.deadline.saturating_duration_since(clock::now())) {
                Ok(input) => self.handle_input(input)?,
                Err(RecvTimeoutError::Timeout) if self.pending == 0 => self.restart_timeout(),
                Err(RecvTimeoutError::Timeout) => {
                    print_error(&Catalog::ENGLISH.kept_for_later(self.pending));
                    return Err(self.handle.unreachable(self.timeout()));
                }
                Err(RecvTimeoutError::Disconnected) => return Err(CliError::ConnectionEnded),
            }
        }
        match self.rejected {
            0 => Ok(()),
            count => Err(CliError::Failed(Catalog::ENGLISH.messages_not_sent(count))),
        }
    }

    fn handle_input(&mut self, input: Input) -> Result<(), CliError> {
        match input {
            Input::Line(line) => self.send(line),
            Input::End => {
                self.is_input_closed = true;
                Ok(())
            }
            Input::News(news) => self.handle_news(*news),
        }
    }

    fn handle_news(&mut self, news: News) -> Result<(), CliError> {
        match news {
            News::Sent { outcome, .. } => self.handle_outcome(outcome),
            News::OutboxLoaded(messages) => {
                print_error(&Catalog::ENGLISH.unsent_messages_of_command(messages.len()));
                self.pending += messages.len();
                self.restart_timeout();
                Ok(())
            }
            News::SessionEnded(error) => {
                if self.pending > 0 {
                    print_error(&Catalog::ENGLISH.kept_for_later(self.pending));
                }
                Err(error.into())
            }
            News::ConnectionLost => {
                print_error("the server does not answer; trying again");
                Ok(())
            }
            News::ConnectionRestored
            | News::RolledBack
            | News::Entry(_)
            | News::Opened { .. }
            | News::Delayed(_)
            | News::Named { .. }
            | News::Read(_)
            | News::Invited(_)
            | News::MembershipEnded(_)
            | News::Presence(_)
            | News::StatusSummary(_)
            | News::Typing(_) => Ok(()),
        }
    }

    fn send(&mut self, line: String) -> Result<(), CliError> {
        match Text::new(line) {
            Ok(text) => {
                if self.pending == 0 {
                    self.pending = 1;
                    self.restart_timeout();
                } else {
                    self.pending += 1;
                }
                self.handle.send(self.to.clone(), text, self.reply)
            }
            Err(error) => {
                self.reject(&error.to_string());
                Ok(())
            }
        }
    }

    fn handle_outcome(&mut self, outcome: Result<Entry, Error>) -> Result<(), CliError> {
        self.pending = self.pending.saturating_sub(1);
        self.outage_wait = OUTAGE_WAIT;
        self.restart_timeout();
        match outcome {
            Ok(entry) => {
                if let Some(output) = &mut self.output {
                    output.print_json(&entry.line)?;
                    output.flush()?;
                }
                let _full_or_input_closed = self.credits.try_send(());
            }
            Err(error) => self.reject(&error.message),
        }
        Ok(())
    }

    fn reject(&mut self, why: &str) {
        print_error(&format!("not sent: {why}"));
        self.rejected += 1;
        let _full_or_input_closed = self.credits.try_send(());
    }

    fn timeout(&self) -> Duration {
        self.handle.longer_timeout(self.outage_wait)
    }

    fn restart_timeout(&mut self) {
        self.deadline = self.handle.deadline(if self.pending == 0 { LINE_WAIT } else { self.outage_wait });
    }
}

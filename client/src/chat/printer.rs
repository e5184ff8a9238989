//! The printer: a thread that prints events, counts deliveries, and updates the cache.

use std::io;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::thread::JoinHandle;
use std::time::Duration;

use common::Target;
use rustyline::ExternalPrinter;

use super::delivery::DeliveryCounter;
use super::input_line::InputLine;
use super::ui_event::UiEvent;
use crate::cache::Cache;
use crate::cli_error::CliError;
use crate::local_error::LocalError;
use crate::render::{Output, Renderer, print_error, prompt_status, sanitise};
use session::News;

/// The time without an event after which the cache is written.
const QUIET: Duration = Duration::from_millis(500);

/// Moves the cursor up a row and down again. Printing this text above the input line makes rustyline draw the
/// line again.
const REPAINT: &str = "\x1b[A\n";

pub(super) struct Printer {
    renderer: Renderer,
    delivery: DeliveryCounter,
    cache: Cache,
    /// The input line below the output, if there is one.
    input_line: Option<InputLine>,
}

impl Printer {
    pub(super) fn new(renderer: Renderer, delivery: DeliveryCounter, cache: Cache) -> Self {
        Self { renderer, delivery, cache, input_line: None }
    }

    /// Prints to standard output until the connection ends.
    pub(super) fn start(self, events: Receiver<UiEvent>) -> io::Result<JoinHandle<Result<(), CliError>>> {
        self.spawn(events, |rendered| {
            let mut output = Output::new();
            output.print(rendered.trim_end_matches('\n'))?;
            Ok(output.flush()?)
        })
    }

    /// Prints above the input line.
    pub(super) fn start_above(
        mut self,
        mut above: impl ExternalPrinter + Send + 'static,
        input_line: InputLine,
        events: Receiver<UiEvent>,
    ) -> io::Result<JoinHandle<Result<(), CliError>>> {
        self.input_line = Some(input_line);
        self.spawn(events, move |rendered| {
            above.print(rendered).map_err(|error| LocalError::Terminal(error.to_string()).into())
        })
    }

    /// Starts the thread. It prints all queued events together, so the input line is drawn only once.
    fn spawn(
        self,
        events: Receiver<UiEvent>,
        mut print: impl FnMut(String) -> Result<(), CliError> + Send + 'static,
    ) -> io::Result<JoinHandle<Result<(), CliError>>> {
        let work = move || {
            while let Some(first) = self.next(&events) {
                let queued: Vec<_> = std::iter::once(first).chain(events.try_iter()).collect();
                let rendered: Vec<_> = queued.iter().filter_map(|event| self.render(event)).collect();
                let news = || queued.iter().filter_map(UiEvent::news);
                let alert = self.renderer.alert(news());
                let needs_repaint = self.update_input_line(&queued);
                let printed = match (rendered.is_empty(), needs_repaint) {
                    (true, false) => Ok(()),
                    (true, true) => print(REPAINT.to_owned()),
                    (false, _) => print(format!("{alert}{}\n", rendered.join("\n"))),
                };
                // Messages are counted after the print: the shell ends the program when the last message is
                // answered.
                for news in news() {
                    self.count(news);
                    self.cache.apply(news);
                }
                printed?;
            }
            Ok(())
        };
        std::thread::Builder::new().name("printer".to_owned()).spawn(work)
    }

    /// Errors are printed above the input line, or to standard error if there is none.
    fn render(&self, event: &UiEvent) -> Option<String> {
        match event {
            UiEvent::News(news) => self.renderer.news(news),
            UiEvent::Note(text) => Some(self.renderer.note(text)),
            UiEvent::Error(text) if self.input_line.is_some() => Some(format!("papo: {}", sanitise(text))),
            UiEvent::Error(text) => {
                print_error(text);
                None
            }
            UiEvent::Repaint => None,
        }
    }

    /// Waits for the next event. Writes the cache after a quiet time, and at the end.
    fn next(&self, events: &Receiver<UiEvent>) -> Option<UiEvent> {
        match events.recv_timeout(QUIET) {
            Ok(event) => return Some(event),
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => self.cache.flush(),
        }
        events.recv().ok()
    }

    /// Sets the typing users and the status of the prompt. True if the input line needs a repaint.
    fn update_input_line(&self, events: &[UiEvent]) -> bool {
        let Some(input_line) = &self.input_line else { return false };
        let (mut typing, mut status, mut is_name_new) = (None, None, false);
        for news in events.iter().filter_map(UiEvent::news) {
            if let News::Typing(users) = news {
                typing = Some(users);
            } else if let News::StatusSummary(summary) = news {
                status = Some(*summary);
            } else if let News::Named { channel, .. } = news {
                let first = Target::Channel(channel.clone());
                is_name_new |= input_line.rename(&first, &self.renderer.shown(&first));
            }
        }
        let catalog = self.renderer.catalog();
        let is_typing_new = typing.is_some_and(|users| input_line.set_typing(catalog.typing(users)));
        let is_status_new =
            status.is_some_and(|summary| input_line.set_status(prompt_status(catalog, summary, true)));
        is_typing_new
            || is_status_new
            || is_name_new
            || events.iter().any(|event| matches!(event, UiEvent::Repaint))
    }

    fn count(&self, news: &News) {
        if let News::Sent { outcome, .. } = news {
            self.delivery.message_answered(outcome.is_ok());
        }
        if let News::OutboxLoaded(messages) = news {
            messages.iter().for_each(|_| self.delivery.message_sent());
        }
    }
}

//! The thread that prints what happens, and counts what became of the messages sent.

use std::io;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use rustyline::ExternalPrinter;

use super::input_line::InputLine;
use crate::cache::Cache;
use crate::cli_error::CliError;
use crate::render::{Output, Renderer, beside_prompt, complain, sanitise};
use session::News;

/// What there is to print.
#[expect(clippy::large_enum_variant, reason = "nearly all of it are news")]
pub(super) enum UiEvent {
    /// Something has happened.
    News(News),
    /// What papo says by itself, beside the line being typed.
    Note(String),
    /// What went wrong there.
    Complaint(String),
    /// What stands beside the line being typed has changed.
    Repaint,
}

impl From<News> for UiEvent {
    fn from(news: News) -> Self {
        Self::News(news)
    }
}

/// What became of the messages sent, for whoever has to wait for them.
#[derive(Clone, Default)]
pub(super) struct DeliveryCounter {
    shared: Arc<(Mutex<Counts>, Condvar)>,
}

#[derive(Default)]
struct Counts {
    underway: usize,
    acknowledged: usize,
    refused: usize,
}

impl DeliveryCounter {
    pub(super) fn sending(&self) {
        self.counts().underway += 1;
    }

    pub(super) fn settled(&self, is_acknowledged: bool) {
        let mut counts = self.counts();
        counts.underway = counts.underway.saturating_sub(1);
        if is_acknowledged {
            counts.acknowledged += 1;
        } else {
            counts.refused += 1;
        }
        self.shared.1.notify_all();
    }

    pub(super) fn underway(&self) -> usize {
        self.counts().underway
    }

    pub(super) fn refused(&self) -> usize {
        self.counts().refused
    }

    pub(super) fn has_any_answer(&self) -> bool {
        self.counts().acknowledged > 0
    }

    /// Waits until no more than so many are on their way. False when `patience` passes without any news of them.
    pub(super) fn wait_for(&self, underway_max: usize, patience: Duration) -> bool {
        let mut counts = self.counts();
        while counts.underway > underway_max {
            let before = counts.underway;
            let waited = self.shared.1.wait_timeout(counts, patience);
            let (after, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
            if timeout.timed_out() && after.underway == before {
                return false;
            }
            counts = after;
        }
        true
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.shared.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A moment without news.
const QUIET: Duration = Duration::from_millis(500);

/// Prints nothing above the line being typed, which is painted anew below it: up a row, and down again.
const REPAINT: &str = "\x1b[A\n";

/// Rings the terminal's bell.
const BELL: &str = "\x07";

/// Prints the news.
pub(super) struct Printer {
    renderer: Renderer,
    delivery: DeliveryCounter,
    cache: Cache,
    /// Where the line being typed is, if there is one.
    input_line: Option<InputLine>,
}

impl Printer {
    pub(super) fn new(renderer: Renderer, delivery: DeliveryCounter, cache: Cache) -> Self {
        Self { renderer, delivery, cache, input_line: None }
    }

    /// Prints to standard output, until the connection ends.
    pub(super) fn start(self, news: Receiver<UiEvent>) -> io::Result<JoinHandle<Result<(), CliError>>> {
        self.spawn(news, |rendered| {
            let mut output = Output::new();
            output.print(rendered.trim_end_matches('\n'))?;
            Ok(output.flush()?)
        })
    }

    /// Prints above the line being typed.
    pub(super) fn start_above(
        mut self,
        mut above: impl ExternalPrinter + Send + 'static,
        input_line: InputLine,
        news: Receiver<UiEvent>,
    ) -> io::Result<JoinHandle<Result<(), CliError>>> {
        self.input_line = Some(input_line);
        self.spawn(news, move |rendered| {
            above.print(rendered).map_err(|error| CliError::Machine(error.to_string()))
        })
    }

    /// What waits is printed at once, so that a busy moment redraws the line being typed but once.
    fn spawn(
        self,
        told: Receiver<UiEvent>,
        mut print: impl FnMut(String) -> Result<(), CliError> + Send + 'static,
    ) -> io::Result<JoinHandle<Result<(), CliError>>> {
        let work = move || {
            while let Some(first) = self.next(&told) {
                let waiting: Vec<_> = std::iter::once(first).chain(told.try_iter()).collect();
                let rendered: Vec<_> = waiting.iter().filter_map(|told| self.rendered(told)).collect();
                let is_called = waiting.iter().filter_map(news).any(|news| self.renderer.rings_for(news));
                let bell = if is_called { BELL } else { "" };
                let printed = match (rendered.is_empty(), self.is_to_be_painted(&waiting)) {
                    (true, false) => Ok(()),
                    (true, true) => print(REPAINT.to_owned()),
                    (false, _) => print(format!("{bell}{}\n", rendered.join("\n"))),
                };
                // Counted when it is shown: whoever waits for the last one may end the program.
                waiting.iter().filter_map(news).for_each(|news| {
                    self.count(news);
                    self.cache.note(news);
                });
                printed?;
            }
            Ok(())
        };
        std::thread::Builder::new().name("printer".to_owned()).spawn(work)
    }

    /// Above a line being typed stands what went wrong, too: elsewhere that is told beside the output.
    fn rendered(&self, told: &UiEvent) -> Option<String> {
        match told {
            UiEvent::News(news) => self.renderer.news(news),
            UiEvent::Note(words) => Some(self.renderer.note(words)),
            UiEvent::Complaint(words) if self.input_line.is_some() => {
                Some(format!("papo: {}", sanitise(words)))
            }
            UiEvent::Complaint(words) => {
                complain(words);
                None
            }
            UiEvent::Repaint => None,
        }
    }

    /// What is known of the conversations is written in a quiet moment, and at the end.
    fn next(&self, told: &Receiver<UiEvent>) -> Option<UiEvent> {
        match told.recv_timeout(QUIET) {
            Ok(told) => return Some(told),
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => self.cache.flush(),
        }
        told.recv().ok()
    }

    /// Has it stand beside the line being typed who writes, and how the session stands; true when anything there has
    /// changed.
    fn is_to_be_painted(&self, told: &[UiEvent]) -> bool {
        let Some(input_line) = &self.input_line else { return false };
        let writers = |news: &News| {
            if let News::Typing(users) = news { Some(self.renderer.words().writers(users)) } else { None }
        };
        let standing = |news: &News| {
            if let News::Standing(standing) = news { Some(*standing) } else { None }
        };
        let newest = told.iter().filter_map(news).filter_map(writers).next_back();
        let has_other_writers = newest.is_some_and(|words| input_line.show_writers(words));
        let newest = told.iter().filter_map(news).filter_map(standing).next_back();
        let in_words = |standing| beside_prompt(self.renderer.words(), standing, true);
        let stands_otherwise = newest.map(in_words).is_some_and(|words| input_line.show_beside(words));
        has_other_writers || stands_otherwise || told.iter().any(|told| matches!(told, UiEvent::Repaint))
    }

    fn count(&self, news: &News) {
        if let News::Sent { outcome, .. } = news {
            self.delivery.settled(outcome.is_ok());
        }
        if let News::Recalled(messages) = news {
            messages.iter().for_each(|_| self.delivery.sending());
        }
    }
}

fn news(told: &UiEvent) -> Option<&News> {
    if let UiEvent::News(news) = told { Some(news) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tally_waits_for_all_and_gives_up_without_progress() {
        let delivery = DeliveryCounter::default();
        delivery.sending();
        assert!(delivery.wait_for(1, Duration::ZERO));
        assert!(!delivery.wait_for(0, Duration::from_millis(1)), "nothing happens");
        let other = delivery.clone();
        let thread = std::thread::spawn(move || other.settled(false));
        assert!(delivery.wait_for(0, Duration::from_mins(1)));
        assert_eq!(delivery.refused(), 1);
        thread.join().expect("the thread ends");
    }
}

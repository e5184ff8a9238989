//! The thread that prints what happens, and counts what became of the messages sent.

use std::io;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use rustyline::ExternalPrinter;

use super::keyboard::Keyboard;
use crate::cache::Cache;
use crate::failure::Failure;
use crate::render::{Output, Renderer};
use crate::session::News;

/// What became of the messages sent, for whoever has to wait for them.
#[derive(Clone, Default)]
pub(super) struct Tally {
    shared: Arc<(Mutex<Counts>, Condvar)>,
}

#[derive(Default)]
struct Counts {
    underway: usize,
    acknowledged: usize,
    refused: usize,
}

impl Tally {
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

/// Prints the news.
pub(super) struct Printer {
    renderer: Renderer,
    tally: Tally,
    cache: Cache,
    /// Where the line being typed is, if there is one.
    keyboard: Option<Keyboard>,
}

impl Printer {
    pub(super) fn new(renderer: Renderer, tally: Tally, cache: Cache) -> Self {
        Self { renderer, tally, cache, keyboard: None }
    }

    /// Prints to standard output, until the connection ends.
    pub(super) fn start(self, news: Receiver<News>) -> io::Result<JoinHandle<Result<(), Failure>>> {
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
        keyboard: Keyboard,
        news: Receiver<News>,
    ) -> io::Result<JoinHandle<Result<(), Failure>>> {
        self.keyboard = Some(keyboard);
        self.spawn(news, move |rendered| {
            above.print(rendered).map_err(|error| Failure::Machine(error.to_string()))
        })
    }

    /// What waits is printed at once, so that a busy moment redraws the line being typed but once.
    fn spawn(
        self,
        news: Receiver<News>,
        mut print: impl FnMut(String) -> Result<(), Failure> + Send + 'static,
    ) -> io::Result<JoinHandle<Result<(), Failure>>> {
        let work = move || {
            while let Some(first) = self.next(&news) {
                let waiting: Vec<_> = std::iter::once(first).chain(news.try_iter()).collect();
                let rendered: Vec<_> = waiting.iter().filter_map(|news| self.renderer.news(news)).collect();
                let printed = match (rendered.is_empty(), self.show_writers(&waiting)) {
                    (true, false) => Ok(()),
                    (true, true) => print(REPAINT.to_owned()),
                    (false, _) => print(rendered.join("\n") + "\n"),
                };
                // Counted when it is shown: whoever waits for the last one may end the program.
                waiting.iter().for_each(|news| self.count(news));
                waiting.iter().for_each(|news| self.cache.note(news));
                printed?;
            }
            Ok(())
        };
        std::thread::Builder::new().name("printer".to_owned()).spawn(work)
    }

    /// What is known of the conversations is written in a quiet moment, and at the end.
    fn next(&self, news: &Receiver<News>) -> Option<News> {
        match news.recv_timeout(QUIET) {
            Ok(news) => return Some(news),
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => self.cache.flush(),
        }
        news.recv().ok()
    }

    /// Has it stand behind the line being typed who writes; true when that has changed.
    fn show_writers(&self, news: &[News]) -> bool {
        let Some(keyboard) = &self.keyboard else { return false };
        let writers = |news: &News| {
            if let News::Typing(users) = news { Some(self.renderer.words().writers(users)) } else { None }
        };
        news.iter().rev().find_map(writers).is_some_and(|words| keyboard.show_writers(words))
    }

    fn count(&self, news: &News) {
        if let News::Sent { outcome, .. } = news {
            self.tally.settled(outcome.is_ok());
        }
        if let News::Recalled(messages) = news {
            messages.iter().for_each(|_| self.tally.sending());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tally_waits_for_all_and_gives_up_without_progress() {
        let tally = Tally::default();
        tally.sending();
        assert!(tally.wait_for(1, Duration::ZERO));
        assert!(!tally.wait_for(0, Duration::from_millis(1)), "nothing happens");
        let other = tally.clone();
        let thread = std::thread::spawn(move || other.settled(false));
        assert!(tally.wait_for(0, Duration::from_mins(1)));
        assert_eq!(tally.refused(), 1);
        thread.join().expect("the thread ends");
    }
}

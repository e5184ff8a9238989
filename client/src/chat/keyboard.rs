//! The keyboard: the session is told that keys are typed, and behind the line stands who else writes.
//!
//! rustyline asks for a hint with every key, and paints it anew whenever something is printed above the line. The
//! hint it gets is blank and always as wide, so that the line stays where it is; the words go into it when it is
//! painted, and out again.

use std::borrow::Cow;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use common::Target;
use rustyline::hint::Hint;
use transport::clock;
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use crate::desk::Keys;

/// How wide the words behind the line may be.
const HINT_WIDTH: usize = 24;

/// Lines that are wider have nothing behind them: it would wrap.
const LINE_WIDTH_MAX: usize = 24;

/// How often the session is told of keys, when they are like the last one.
const TELL_EVERY: Duration = Duration::from_secs(1);

/// What keys are typed on, and what is seen beside them.
#[derive(Clone)]
pub(super) struct Keyboard {
    keys: Keys,
    shared: Arc<Mutex<Shared>>,
}

#[derive(Default)]
struct Shared {
    /// Where text goes.
    open: Option<Target>,
    /// When the session was told of a key, and where that text was to go.
    told: Option<(Instant, Option<Target>)>,
    /// Who writes, in words.
    writers: String,
}

/// A hint of blanks, which cannot be taken over into the line.
#[derive(Debug)]
pub(super) struct Blank(&'static str);

impl Hint for Blank {
    fn display(&self) -> &str {
        self.0
    }

    fn completion(&self) -> Option<&str> {
        None
    }
}

impl Keyboard {
    pub(super) fn new(keys: Keys) -> Self {
        Self { keys, shared: Arc::default() }
    }

    /// Text goes there from now on.
    pub(super) fn open(&self, conversation: Option<&Target>) {
        self.shared().open = conversation.cloned();
    }

    /// A key was typed, and the line is this one now.
    pub(super) fn typed(&self, line: &str) {
        let mut shared = self.shared();
        let is_text = !line.trim().is_empty() && !line.starts_with('/');
        let to = shared.open.clone().filter(|_| is_text);
        let now = clock::now();
        let is_new = shared.told.as_ref().is_none_or(|(at, before)| *before != to || now - *at >= TELL_EVERY);
        if is_new {
            self.keys.typed(to.clone());
            shared.told = Some((now, to));
        }
    }

    /// The blank behind a line.
    pub(super) fn blank(line: &str) -> Option<Blank> {
        (line.width() <= LINE_WIDTH_MAX).then_some(Blank("                        "))
    }

    /// Says who writes; the empty text when nobody does. True when that is another than before.
    pub(super) fn show_writers(&self, words: String) -> bool {
        let mut shared = self.shared();
        let is_new = shared.writers != words;
        shared.writers = words;
        is_new
    }

    /// What the blank is painted with: as wide, dimmed.
    pub(super) fn painted<'a>(&self, blank: &'a str) -> Cow<'a, str> {
        let shared = self.shared();
        if shared.writers.is_empty() {
            return Cow::Borrowed(blank);
        }
        let words = fitting(&shared.writers, HINT_WIDTH - 1);
        let rest = " ".repeat((HINT_WIDTH - 1).saturating_sub(words.width()));
        Cow::Owned(format!(" \x1b[2m{words}\x1b[0m{rest}"))
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// As much of the words as fits.
fn fitting(words: &str, width: usize) -> &str {
    let mut left = width;
    let fits = |c: char| {
        let needed = c.width().unwrap_or(0);
        let fits = needed <= left;
        left = left.saturating_sub(needed);
        !fits
    };
    words.find(fits).and_then(|end| words.get(..end)).unwrap_or(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_blank_is_as_wide_as_it_says() {
        assert_eq!(Keyboard::blank("").expect("a blank").display().len(), HINT_WIDTH);
        assert!(Keyboard::blank(&"x".repeat(LINE_WIDTH_MAX)).is_some());
        assert!(Keyboard::blank(&"日".repeat(LINE_WIDTH_MAX / 2 + 1)).is_none());
        assert_eq!(Keyboard::blank("").expect("a blank").completion(), None, "nothing to take over");
    }

    #[test]
    fn words_are_cut_to_their_width() {
        assert_eq!(fitting("bob writes", 40), "bob writes");
        assert_eq!(fitting("bob writes", 3), "bob");
        assert_eq!(fitting("日本語", 5), "日本");
    }
}

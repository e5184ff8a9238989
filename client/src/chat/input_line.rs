//! The line being typed: each key is reported to the session, before the line stands the prompt, behind it who else writes,
//! and beneath it how far the files have come that are on their way.
//!
//! rustyline asks for a hint with every key, and paints it anew whenever something is printed above the line. The
//! hint it gets is blank and keeps its size until the next key, so that the line stays where it is; the words go into it
//! when it is painted, and out again.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use common::Target;
use rustyline::hint::Hint;
use transport::clock;
use unicode_width::UnicodeWidthStr as _;

use super::prompt::Prompt;
use super::transfers::Direction;
use crate::client_handle::Keys;
use crate::render::{columns_for_bars, fitting};

/// How wide the words behind the line may be: room for a few names, or for how the link is.
const HINT_WIDTH: usize = 34;

/// How often the session is told of keys, when they are like the last one.
const TELL_EVERY: Duration = Duration::from_secs(1);

/// What keys are typed on, and what is seen beside them.
#[derive(Clone)]
pub(super) struct InputLine {
    keys: Keys,
    shared: Arc<Mutex<Shared>>,
}

#[derive(Default)]
struct Shared {
    /// Where text goes.
    open: Option<Target>,
    /// When the session was told of a key, and where that text was to go.
    told: Option<(Instant, Option<Target>)>,
    /// What stands before the line.
    prompt: Prompt,
    /// How often it was told what stands beside the prompt, and what it was last.
    told_beside: (u64, String),
    /// Who writes, in words.
    writers: String,
    /// How far files have come, by the way they go. There is one as long as there is anything to do.
    bars: [Option<String>; Direction::ALL.len()],
    /// Whether a line is being typed now.
    is_open: bool,
    has_colours: bool,
}

/// A hint of blanks, which cannot be taken over into the line.
#[derive(Debug)]
pub(super) struct Blank(String);

impl Hint for Blank {
    fn display(&self) -> &str {
        &self.0
    }

    fn completion(&self) -> Option<&str> {
        None
    }
}

impl InputLine {
    pub(super) fn new(keys: Keys, has_colours: bool) -> Self {
        let shared = Shared { has_colours, ..Shared::default() };
        Self { keys, shared: Arc::new(Mutex::new(shared)) }
    }

    /// A line is going to be typed behind this prompt; text goes there.
    pub(super) fn open(&self, conversation: Option<&Target>, prompt: Prompt) -> String {
        let mut shared = self.shared();
        shared.open = conversation.cloned();
        shared.is_open = true;
        let (told, beside) = &shared.told_beside;
        shared.prompt = prompt.brought_up_to_date(*told, beside);
        shared.prompt.text()
    }

    /// How often it was told what stands beside the prompt: whoever looks it up may find it told anew meanwhile.
    pub(super) fn standings_told(&self) -> u64 {
        self.shared().told_beside.0
    }

    /// Says what stands beside the prompt. True when that is another than before.
    pub(super) fn show_beside(&self, words: String) -> bool {
        let mut shared = self.shared();
        let is_new = shared.prompt.put_beside(&words);
        shared.told_beside = (shared.told_beside.0 + 1, words);
        is_new
    }

    /// The prompt as it is now.
    pub(super) fn painted_prompt<'a>(&self) -> Cow<'a, str> {
        Cow::Owned(self.shared().prompt.painted())
    }

    /// The line was typed: what is painted from now on is nobody's.
    pub(super) fn close(&self) {
        self.shared().is_open = false;
    }

    /// Says how far a file has come; nothing when there is none any more. True when that is to be painted now.
    pub(super) fn show_bar(&self, direction: Direction, bar: Option<String>) -> bool {
        let mut shared = self.shared();
        let [up, down] = &mut shared.bars;
        *match direction {
            Direction::Up => up,
            Direction::Down => down,
        } = bar;
        shared.is_open
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

    /// The blank behind a line, and a row beneath it for each bar.
    pub(super) fn blank(&self, line: &str) -> Option<Blank> {
        let shared = self.shared();
        let (columns, mut blank) = (columns_for_bars(), String::new());
        // Not where it would wrap.
        if (shared.prompt.width() + line.width()) % (columns + 1) + HINT_WIDTH <= columns {
            blank += &" ".repeat(HINT_WIDTH);
        }
        for _bar in shared.bars.iter().flatten() {
            blank.push('\n');
            blank += &" ".repeat(columns);
        }
        Some(Blank(blank)).filter(|Blank(blank)| !blank.is_empty())
    }

    /// Says who writes; the empty text when nobody does. True when that is another than before.
    pub(super) fn show_writers(&self, words: String) -> bool {
        let mut shared = self.shared();
        let is_new = shared.writers != words;
        shared.writers = words;
        is_new
    }

    /// What the blank is painted with: as wide and as high, dimmed where there are colours.
    pub(super) fn painted<'a>(&self, blank: &'a str) -> Cow<'a, str> {
        let shared = self.shared();
        let mut bars = shared.bars.iter().flatten();
        let mut rows = blank.split('\n');
        let mut painted = String::new();
        if let Some(behind) = rows.next().filter(|behind| !behind.is_empty()) {
            painted.push(' ');
            let words = [shared.prompt.rest(), &shared.writers].join(" ");
            painted += &shared.filled(words.trim(), behind.len() - 1);
        }
        for row in rows {
            painted.push('\n');
            painted += &shared.filled(bars.next().map_or("", String::as_str), row.len());
        }
        Cow::Owned(painted)
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shared {
    /// Words, and blanks up to a width.
    fn filled(&self, words: &str, width: usize) -> String {
        let words = fitting(words, width);
        let rest = " ".repeat(width.saturating_sub(words.width()));
        let mut filled = String::new();
        let _never_fails = match (words.is_empty(), self.has_colours) {
            (false, true) => write!(filled, "\x1b[2m{words}\x1b[0m{rest}"),
            (false, false) | (true, _) => write!(filled, "{words}{rest}"),
        };
        filled
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn input_line(has_colours: bool) -> InputLine {
        InputLine::new(Keys::unheard(), has_colours)
    }

    #[test]
    fn the_blank_is_as_wide_as_it_says() {
        let blank = |line: &str| input_line(true).blank(line);
        assert_eq!(blank("").expect("a blank").display().len(), HINT_WIDTH);
        let widest = columns_for_bars() - HINT_WIDTH;
        assert!(blank(&"x".repeat(widest)).is_some());
        assert!(blank(&"日".repeat(widest / 2 + 1)).is_none());
        assert!(blank(&"日".repeat(columns_for_bars() / 2 + 1)).is_some(), "there is room in the second row");
        assert_eq!(blank("").expect("a blank").completion(), None, "nothing to take over");
    }

    #[test]
    fn bars_have_rows_beneath_the_line_which_keep_their_size_until_the_next_key() {
        let input_line = input_line(false);
        assert!(
            !input_line.show_bar(Direction::Up, Some("plan.pdf 10 %".to_owned())),
            "no line is being typed"
        );
        input_line.open(None, Prompt::fixed("menu"));
        assert!(input_line.show_bar(Direction::Down, Some("a.png 50 %".to_owned())));
        input_line.show_writers("bob writing…".to_owned());
        let long = "x".repeat(columns_for_bars() - HINT_WIDTH);
        let [blank, behind_long] = ["", &long].map(|line| input_line.blank(line).expect("a blank").0);
        let painted = |blank: &str| {
            let painted = input_line.painted(blank).into_owned();
            let widths = |text: &str| text.split('\n').map(|row| row.width()).collect::<Vec<_>>();
            assert_eq!(widths(&painted), widths(blank), "as wide and as high");
            painted.lines().map(str::trim_end).collect::<Vec<_>>().join("|")
        };
        assert_eq!(painted(&blank), " bob writing…|plan.pdf 10 %|a.png 50 %");
        assert_eq!(painted(&behind_long), "|plan.pdf 10 %|a.png 50 %");
        input_line.show_bar(Direction::Up, None);
        assert_eq!(painted(&blank), " bob writing…|a.png 50 %|", "the other one moves up, and the rows stay");
        input_line.close();
        assert!(!input_line.show_bar(Direction::Down, None));
    }

    #[test]
    fn what_has_no_room_in_the_prompt_stands_behind_the_line() {
        let input_line = input_line(false);
        let told_before = input_line.standings_told();
        let text = input_line.open(None, Prompt::new("#ops".to_owned(), String::new(), told_before));
        let blank = input_line.blank("").expect("a blank").0;
        input_line.show_writers("bob writing…".to_owned());
        assert!(input_line.show_beside(" (4)".to_owned()));
        assert!(!input_line.show_beside(" (4)".to_owned()), "nothing has changed");
        assert_eq!((text.as_str(), &*input_line.painted_prompt()), ("#ops> ", "#ops> "));
        assert_eq!(input_line.painted(&blank).trim_end(), " (4) bob writing…");
        let stale = Prompt::new("#ops".to_owned(), String::new(), told_before);
        assert_eq!(input_line.open(None, stale), "#ops (4)> ");
        assert_eq!(input_line.painted(&blank).trim_end(), " bob writing…");
    }

    #[test]
    fn words_are_dimmed_where_there_are_colours() {
        let input_line = input_line(true);
        input_line.show_writers("bob".to_owned());
        assert_eq!(input_line.painted("     "), " \u{1b}[2mbob\u{1b}[0m ");
    }
}

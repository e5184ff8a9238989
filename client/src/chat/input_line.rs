//! The input line. It reports keystrokes to the session. It draws the prompt before the line, the typing
//! users after the line, and the progress bars of file transfers below the line.
//!
//! rustyline requests a hint after every key, and draws the same hint again when a message is printed above
//! the line. The hint consists of blanks and keeps its size until the next key, so the line does not move.
//! The highlighter replaces the blanks with the text when the hint is drawn.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use common::Target;
use rustyline::hint::Hint;
use transport::clock;
use unicode_width::UnicodeWidthStr as _;

use super::prompt::Prompt;
use super::resize::Drawn;
use crate::client_handle::Keystrokes;
use crate::render::{columns_for_bars, columns_or_default, fit_width};

/// The columns of the hint after the line, for the names of typing users or the state of the connection.
const HINT_WIDTH: usize = 34;

/// The minimum time between two reports of keystrokes for the same conversation.
const REPORT_EVERY: Duration = Duration::from_secs(1);

/// The direction of a file transfer. Each direction has one progress bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    Upload,
    Download,
}

/// The state of the input line. Clones share it.
#[derive(Clone)]
pub(super) struct InputLine {
    keystrokes: Keystrokes,
    shared: Arc<Mutex<InputLineState>>,
}

#[derive(Default)]
struct InputLineState {
    /// The conversation that receives the line.
    open: Option<Target>,
    /// The time and the conversation of the last reported keystroke.
    reported: Option<(Instant, Option<Target>)>,
    prompt: Prompt,
    /// The newest status for the prompt, and the number of status changes.
    status: String,
    status_version: u64,
    /// The text about typing users.
    typing: String,
    /// One bar for each [`Direction`] in which a file is transferred.
    bars: [Option<String>; 2],
    /// Whether rustyline is reading a line.
    is_reading: bool,
    /// The line, the bytes before the cursor, and the hint, as rustyline draws them at this width.
    line: String,
    cursor: usize,
    hint: String,
    columns: usize,
    has_colours: bool,
}

/// A hint of blanks. The Right key does not insert it into the line.
#[derive(Debug)]
pub(super) struct BlankHint(String);

impl Hint for BlankHint {
    fn display(&self) -> &str {
        &self.0
    }

    fn completion(&self) -> Option<&str> {
        None
    }
}

impl InputLine {
    pub(super) fn new(keystrokes: Keystrokes, has_colours: bool) -> Self {
        let shared = InputLineState { has_colours, ..InputLineState::default() };
        Self { keystrokes, shared: Arc::new(Mutex::new(shared)) }
    }

    /// Begins a line for a conversation. Returns the text of the prompt.
    pub(super) fn begin(&self, conversation: Option<&Target>, prompt: Prompt) -> String {
        let mut shared = self.shared();
        shared.open = conversation.cloned();
        shared.is_reading = true;
        (shared.line, shared.hint, shared.columns) = (String::new(), String::new(), columns_or_default());
        shared.prompt = prompt.updated(shared.status_version, &shared.status);
        shared.prompt.text()
    }

    /// Ends the line. Until the next line, changes of the progress bars need no repaint.
    pub(super) fn end(&self) {
        self.shared().is_reading = false;
    }

    /// The number of status changes. Call this before you look up a status for [`Prompt::new`]: the printer
    /// may set a newer status at the same time.
    pub(super) fn status_version(&self) -> u64 {
        self.shared().status_version
    }

    /// Sets the status of the prompt. True if the line needs a repaint.
    pub(super) fn set_status(&self, status: String) -> bool {
        let mut shared = self.shared();
        let is_new = shared.prompt.set_status(&status);
        shared.status = status;
        shared.status_version += 1;
        is_new
    }

    /// Shows the new name of the channel `first`, if it is open. True if the line needs a repaint.
    pub(super) fn rename(&self, first: &Target, name: &Target) -> bool {
        let mut shared = self.shared();
        shared.open.as_ref() == Some(first) && shared.prompt.set_name(&name.to_string())
    }

    /// Sets the text about typing users. True if the line needs a repaint.
    pub(super) fn set_typing(&self, sentence: String) -> bool {
        let mut shared = self.shared();
        let is_new = shared.typing != sentence;
        shared.typing = sentence;
        is_new
    }

    /// Sets or removes a progress bar. True if the line needs a repaint.
    pub(super) fn set_bar(&self, direction: Direction, bar: Option<String>) -> bool {
        let mut shared = self.shared();
        let [upload, download] = &mut shared.bars;
        *match direction {
            Direction::Upload => upload,
            Direction::Download => download,
        } = bar;
        shared.is_reading
    }

    /// Reports a keystroke to the session. `line` is the text after the keystroke.
    pub(super) fn key_typed(&self, line: &str) {
        let mut shared = self.shared();
        let is_text = !line.trim().is_empty() && !line.starts_with('/');
        let to = shared.open.clone().filter(|_| is_text);
        let now = clock::now();
        let is_new =
            shared.reported.as_ref().is_none_or(|(at, before)| *before != to || now - *at >= REPORT_EVERY);
        if is_new {
            self.keystrokes.report(to.clone());
            shared.reported = Some((now, to));
        }
    }

    /// Keeps the position of the cursor.
    pub(super) fn cursor_moved(&self, line: &str, cursor: usize) {
        let mut shared = self.shared();
        (shared.line, shared.cursor) = (line.to_owned(), cursor);
    }

    /// The line as it is drawn, the width at which rustyline drew it, and the new width. `None` if no line is
    /// being read.
    pub(super) fn resized(&self) -> Option<(Drawn, usize, usize)> {
        let mut shared = self.shared();
        let (before, after) = shared.line.split_at_checked(shared.cursor)?;
        let drawn = Drawn {
            prompt_width: shared.prompt.width(),
            before_cursor: before.to_owned(),
            after_cursor: format!("{after}{}", shared.hint),
        };
        let new = columns_or_default();
        let old = std::mem::replace(&mut shared.columns, new);
        shared.is_reading.then_some((drawn, old, new))
    }

    /// The blank hint for a line: blanks after the line, and a row below the line for each bar.
    pub(super) fn hint(&self, line: &str) -> Option<BlankHint> {
        let mut shared = self.shared();
        let (columns, mut blank) = (columns_for_bars(), String::new());
        // No hint if it would wrap.
        if (shared.prompt.width() + line.width()) % (columns + 1) + HINT_WIDTH <= columns {
            blank += &" ".repeat(HINT_WIDTH);
        }
        for _bar in shared.bars.iter().flatten() {
            blank.push('\n');
            blank += &" ".repeat(columns);
        }
        shared.hint.clone_from(&blank);
        Some(BlankHint(blank)).filter(|BlankHint(blank)| !blank.is_empty())
    }

    pub(super) fn highlighted_prompt<'a>(&self) -> Cow<'a, str> {
        Cow::Owned(self.shared().prompt.highlighted())
    }

    /// The text for a blank hint, of the same width and height. Dimmed if colours are on.
    pub(super) fn highlighted_hint<'a>(&self, blank: &'a str) -> Cow<'a, str> {
        let shared = self.shared();
        let mut bars = shared.bars.iter().flatten();
        let mut rows = blank.split('\n');
        let mut highlighted = String::new();
        if let Some(behind) = rows.next().filter(|behind| !behind.is_empty()) {
            highlighted.push(' ');
            let text = [shared.prompt.overflow(), &shared.typing].join(" ");
            highlighted += &shared.padded(text.trim(), behind.len() - 1);
        }
        for row in rows {
            highlighted.push('\n');
            highlighted += &shared.padded(bars.next().map_or("", String::as_str), row.len());
        }
        Cow::Owned(highlighted)
    }

    fn shared(&self) -> MutexGuard<'_, InputLineState> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl InputLineState {
    /// The text, cut or padded with blanks to a width.
    fn padded(&self, text: &str, width: usize) -> String {
        let text = fit_width(text, width);
        let rest = " ".repeat(width.saturating_sub(text.width()));
        let mut padded = String::new();
        let _never_fails = match (text.is_empty(), self.has_colours) {
            (false, true) => write!(padded, "\x1b[2m{text}\x1b[0m{rest}"),
            (false, false) | (true, _) => write!(padded, "{text}{rest}"),
        };
        padded
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn input_line(has_colours: bool) -> InputLine {
        InputLine::new(Keystrokes::ignored(), has_colours)
    }

    #[test]
    fn a_hint_is_blank_and_does_not_wrap() {
        let hint = |line: &str| input_line(true).hint(line);
        assert_eq!(hint("").expect("a hint").display().len(), HINT_WIDTH);
        let widest = columns_for_bars() - HINT_WIDTH;
        assert!(hint(&"x".repeat(widest)).is_some());
        assert!(hint(&"日".repeat(widest / 2 + 1)).is_none());
        assert!(hint(&"日".repeat(columns_for_bars() / 2 + 1)).is_some(), "fits into the second row");
        assert_eq!(hint("").expect("a hint").completion(), None, "the Right key inserts nothing");
    }

    #[test]
    fn bars_are_drawn_in_the_rows_of_the_blank_hint() {
        let input_line = input_line(false);
        let bar = |text: &str| Some(text.to_owned());
        assert!(!input_line.set_bar(Direction::Upload, bar("plan.pdf 10 %")), "no line is being read");
        input_line.begin(None, Prompt::fixed("menu"));
        assert!(input_line.set_bar(Direction::Download, bar("a.png 50 %")));
        input_line.set_typing("bob typing…".to_owned());
        let long = "x".repeat(columns_for_bars() - HINT_WIDTH);
        let [blank, behind_long] = ["", &long].map(|line| input_line.hint(line).expect("a hint").0);
        let highlighted = |blank: &str| {
            let highlighted = input_line.highlighted_hint(blank).into_owned();
            let widths = |text: &str| text.split('\n').map(|row| row.width()).collect::<Vec<_>>();
            assert_eq!(widths(&highlighted), widths(blank), "the same width and height");
            highlighted.lines().map(str::trim_end).collect::<Vec<_>>().join("|")
        };
        assert_eq!(highlighted(&blank), " bob typing…|plan.pdf 10 %|a.png 50 %");
        assert_eq!(highlighted(&behind_long), "|plan.pdf 10 %|a.png 50 %");
        input_line.set_bar(Direction::Upload, None);
        assert_eq!(
            highlighted(&blank),
            " bob typing…|a.png 50 %|",
            "the other bar moves up, and the rows stay"
        );
        input_line.end();
        assert!(!input_line.set_bar(Direction::Download, None));
    }

    #[test]
    fn a_status_that_does_not_fit_into_the_prompt_is_drawn_after_the_line() {
        let input_line = input_line(false);
        let version = input_line.status_version();
        let text = input_line.begin(None, Prompt::new("#ops".to_owned(), String::new(), version));
        let blank = input_line.hint("").expect("a hint").0;
        input_line.set_typing("bob typing…".to_owned());
        assert!(input_line.set_status(" (4)".to_owned()));
        assert!(!input_line.set_status(" (4)".to_owned()), "nothing has changed");
        assert_eq!((text.as_str(), &*input_line.highlighted_prompt()), ("#ops> ", "#ops> "));
        assert_eq!(input_line.highlighted_hint(&blank).trim_end(), " (4) bob typing…");
        let stale = Prompt::new("#ops".to_owned(), String::new(), version);
        assert_eq!(input_line.begin(None, stale), "#ops (4)> ");
        assert_eq!(input_line.highlighted_hint(&blank).trim_end(), " bob typing…");
    }

    #[test]
    fn a_hint_is_dimmed_if_colours_are_on() {
        let input_line = input_line(true);
        input_line.set_typing("bob".to_owned());
        assert_eq!(input_line.highlighted_hint("     "), " \u{1b}[2mbob\u{1b}[0m ");
    }
}

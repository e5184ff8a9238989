//! The progress of a file transfer: a bar on a terminal, a few lines elsewhere.

use std::cell::Cell;
use std::fmt;
use std::io;
use std::sync::{Mutex, PoisonError};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle, TermLike};

use super::sanitise::sanitise;
use super::wrap::{columns_of_screen, fit_width};

/// The maximum columns for the name of the file in a bar.
const NAME_WIDTH_MAX: usize = 24;

/// The number of updates of a bar per second in the chat. A remote terminal over a slow connection can draw
/// them.
const FRAMES_PER_SECOND: u8 = 5;

/// Without a bar, progress is reported after each quarter except the last.
const STEPS: u64 = 4;

/// The assumed columns of a screen of unknown width.
const COLUMNS_DEFAULT: usize = 80;

pub(crate) enum Progress {
    Bar(ProgressBar),
    Steps(Steps),
}

pub(crate) struct Steps {
    bytes: u64,
    reported: Cell<u64>,
    report: Box<dyn Fn(u64)>,
}

impl Progress {
    /// A bar on standard error. It is not drawn if standard error is not a terminal.
    pub(crate) fn bar(name: &str, bytes: u64) -> Self {
        Self::Bar(styled(ProgressBar::new(bytes), name))
    }

    /// A bar as text. `draw` receives the text after each change.
    pub(crate) fn drawn_by(name: &str, bytes: u64, draw: impl Fn(String) + Send + Sync + 'static) -> Self {
        let canvas = Canvas { drawn: Mutex::default(), draw: Box::new(draw) };
        let target = ProgressDrawTarget::term_like_with_hz(Box::new(canvas), FRAMES_PER_SECOND);
        Self::Bar(styled(ProgressBar::with_draw_target(Some(bytes), target), name))
    }

    /// Steps: `report` receives the percentage.
    pub(crate) fn in_steps(bytes: u64, report: impl Fn(u64) + 'static) -> Self {
        Self::Steps(Steps { bytes, reported: Cell::new(0), report: Box::new(report) })
    }

    /// Sets the number of transferred bytes.
    pub(crate) fn reached(&self, bytes: u64) {
        match self {
            Self::Bar(bar) => bar.set_position(bytes),
            Self::Steps(steps) => steps.reached(bytes),
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        match self {
            Self::Bar(bar) => bar.finish_and_clear(),
            Self::Steps(_) => {}
        }
    }
}

impl Steps {
    fn reached(&self, bytes: u64) {
        let step = bytes.saturating_mul(STEPS) / self.bytes.max(1);
        if step > self.reported.get() && step < STEPS {
            self.reported.set(step);
            (self.report)(step * 100 / STEPS);
        }
    }
}

fn styled(bar: ProgressBar, name: &str) -> ProgressBar {
    let template = "{msg} {wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {eta}";
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    bar.with_style(style).with_message(fit_width(&sanitise(name), NAME_WIDTH_MAX).to_owned())
}

/// The columns of a bar below the input line. One column less than the screen: the bar must not wrap.
pub(crate) fn columns_for_bars() -> usize {
    columns_or_default().saturating_sub(1)
}

/// The columns of the screen.
pub(crate) fn columns_or_default() -> usize {
    columns_of_screen().unwrap_or(COLUMNS_DEFAULT)
}

/// A screen of one line for indicatif. Each frame goes to `draw`.
struct Canvas {
    drawn: Mutex<String>,
    draw: Box<dyn Fn(String) + Send + Sync>,
}

impl TermLike for Canvas {
    fn width(&self) -> u16 {
        u16::try_from(columns_for_bars()).unwrap_or(u16::MAX)
    }

    fn move_cursor_up(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn move_cursor_down(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn move_cursor_right(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn move_cursor_left(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn write_line(&self, text: &str) -> io::Result<()> {
        self.write_str(text)
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        let visible = text.chars().filter(|c| !c.is_control());
        self.drawn.lock().unwrap_or_else(PoisonError::into_inner).extend(visible);
        Ok(())
    }

    fn clear_line(&self) -> io::Result<()> {
        self.drawn.lock().unwrap_or_else(PoisonError::into_inner).clear();
        Ok(())
    }

    fn flush(&self) -> io::Result<()> {
        let drawn = std::mem::take(&mut *self.drawn.lock().unwrap_or_else(PoisonError::into_inner));
        (self.draw)(drawn.trim_end().to_owned());
        Ok(())
    }
}

impl fmt::Debug for Canvas {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Canvas").field("drawn", &self.drawn).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn each_step_is_reported_once_except_the_last() {
        let reported = std::rc::Rc::new(std::cell::RefCell::new(Vec::new()));
        let steps = Progress::in_steps(1000, {
            let reported = std::rc::Rc::clone(&reported);
            move |percent| reported.borrow_mut().push(percent)
        });
        for bytes in [0, 100, 260, 300, 810, 820, 1000] {
            steps.reached(bytes);
        }
        assert_eq!(*reported.borrow(), [25, 75]);
    }

    #[test]
    fn a_bar_is_one_line_of_text_and_becomes_empty_at_the_end() {
        let drawn = Arc::new(Mutex::new(Vec::new()));
        let canvas = Arc::clone(&drawn);
        let bar = Progress::drawn_by("a\u{1b}[2Jplan.pdf", 2048, move |text| {
            canvas.lock().expect("the lines").push(text);
        });
        bar.reached(1024);
        drop(bar);
        let drawn = drawn.lock().expect("the lines");
        let [first, .., last] = drawn.as_slice() else { panic!("{drawn:?}") };
        assert!(first.starts_with("a␛[2Jplan.pdf ") && first.contains("1.00 KiB/2.00 KiB"), "{first}");
        assert!(first.chars().all(|c| !c.is_control()) && first.chars().count() <= columns_for_bars());
        assert_eq!(last, "");
    }
}

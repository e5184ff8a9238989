//! How far a file has come, as a bar, for whoever looks at a terminal.

use indicatif::{ProgressBar, ProgressStyle};

use super::sanitise;

/// A bar on standard error, or none.
pub(crate) struct Progress(ProgressBar);

impl Progress {
    /// A bar, which is drawn only when standard error is a terminal.
    pub(crate) fn bar(name: &str, bytes: u64) -> Self {
        let bar = ProgressBar::new(bytes).with_message(sanitise(name).into_owned());
        let template = "{msg} {wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {eta}";
        let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        bar.set_style(style);
        Self(bar)
    }

    /// None: somebody else has the screen.
    pub(crate) fn hidden() -> Self {
        Self(ProgressBar::hidden())
    }

    /// So many bytes are there.
    pub(crate) fn reached(&self, bytes: u64) {
        self.0.set_position(bytes);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

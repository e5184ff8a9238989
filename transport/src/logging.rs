//! Logging to standard error. A line that cannot be written, because its reader has ended or its disk is
//! full, is dropped and counted.

use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicU64, Ordering};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

/// The environment variable with the log filter, such as `debug` or `info,broker=trace`.
const FILTER_VARIABLE: &str = "PAPO_LOG";

/// Starts logging. Idempotent. Terminals get colours unless `NO_COLOR` is set (no-color.org).
pub fn start() {
    let filter = EnvFilter::builder()
        .with_default_directive(LevelFilter::INFO.into())
        .with_env_var(FILTER_VARIABLE)
        .from_env_lossy();
    let is_colour_unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let already_started = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(|| LogWriter)
        // Otherwise, tracing prints its own error to standard error, and panics if it cannot.
        .log_internal_errors(false)
        .with_ansi(std::io::stderr().is_terminal() && !is_colour_unwanted)
        .try_init();
    drop(already_started);
}

/// The number of log lines that could not be written.
static DROPPED_LINES: AtomicU64 = AtomicU64::new(0);

/// The number of log lines of this process that could not be written.
#[must_use]
pub fn dropped_lines() -> u64 {
    DROPPED_LINES.load(Ordering::Relaxed)
}

/// Writes whole lines to standard error. Never fails.
struct LogWriter;

impl Write for LogWriter {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if io::stderr().write_all(line).is_err() {
            DROPPED_LINES.fetch_add(1, Ordering::Relaxed);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

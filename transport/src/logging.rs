//! Logging to standard error.

use std::io::IsTerminal;

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
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal() && !is_colour_unwanted)
        .try_init();
    drop(already_started);
}

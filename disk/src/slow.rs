//! A fault for tests: a real disk on which each sync takes longer.
//!
//! `PAPO_SLOW_DISK` is the path of a file with milliseconds, which a test can change while the process runs.
//! Without the variable, a sync reads no file.

use std::path::PathBuf;
use std::sync::OnceLock;
use std::thread;
use std::time::Duration;

const VARIABLE: &str = "PAPO_SLOW_DISK";

/// The longest delay of one sync, in milliseconds.
const DELAY_MS_MAX: u64 = 60_000;

/// Delays a sync by the time in the file.
pub(crate) fn delay_sync() {
    static FILE: OnceLock<Option<PathBuf>> = OnceLock::new();
    let Some(file) = FILE.get_or_init(|| std::env::var_os(VARIABLE).map(PathBuf::from)) else { return };
    thread::sleep(delay(&std::fs::read_to_string(file).unwrap_or_default()));
}

/// A file that is missing or has no number delays nothing.
fn delay(text: &str) -> Duration {
    let delay_ms = text.trim().parse().unwrap_or(0);
    Duration::from_millis(DELAY_MS_MAX.min(delay_ms))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_a_number_delays_nothing() {
        let delays = ["300\n", "0", "", "many", "18446744073709551615"].map(|text| delay(text).as_millis());
        assert_eq!(delays, [300, 0, 0, 0, 60_000]);
    }
}

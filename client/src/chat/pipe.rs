//! The chat without a terminal: the lines of a pipe run one after the other, as a script.

use std::io::BufRead as _;

use super::Place;
use super::shell::{Shell, report_once};
use crate::cli_error::CliError;

/// Runs all lines, and waits until all messages are acknowledged or rejected. Returns the first error.
pub(super) fn run(shell: &mut Shell, place: Option<Place>) -> Result<(), CliError> {
    let catalog = shell.context.catalog;
    let started = shell.start(place);
    if matches!(started, Err(CliError::Unreachable { .. })) {
        return started;
    }
    let mut outcome = report_once(catalog, started);
    let mut input = std::io::stdin().lock();
    let mut bytes = Vec::new();
    while !shell.has_ended() && input.read_until(b'\n', &mut bytes)? > 0 {
        let line = String::from_utf8_lossy(&bytes);
        let ran = report_once(catalog, shell.run_in_order(line.trim_end_matches('\n')));
        bytes.clear();
        outcome = outcome.and(ran);
    }
    outcome.and(shell.finish_script())
}

//! The chat for screen readers and simple terminals. The terminal edits the line. papo prints no prompt, and
//! never draws a line again.

use std::io::BufRead as _;

use super::shell::Shell;
use crate::cli_error::CliError;

/// Runs lines until the user quits.
pub(super) fn run(shell: &mut Shell) -> Result<(), CliError> {
    let mut input = std::io::stdin().lock();
    let mut bytes = Vec::new();
    while !shell.has_ended() && input.read_until(b'\n', &mut bytes)? > 0 {
        let outcome = shell.run(String::from_utf8_lossy(&bytes).trim_end_matches('\n'));
        bytes.clear();
        shell.report(outcome)?;
    }
    shell.finish()
}

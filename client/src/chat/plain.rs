//! The chat on a terminal, in plain lines: for screen readers, and for terminals that can do no more. The terminal
//! itself lets the line be edited that is typed; nothing is drawn over, and no prompt stands in the way.

use std::io::BufRead as _;
use std::time::Duration;

use super::room::Room;
use crate::cli_error::CliError;

/// Reads lines and obeys them, until the person has had enough.
pub(super) fn run(room: &mut Room) -> Result<(), CliError> {
    let mut input = std::io::stdin().lock();
    let mut bytes = Vec::new();
    while !room.is_over() && input.read_until(b'\n', &mut bytes)? > 0 {
        let outcome = room.obey(String::from_utf8_lossy(&bytes).trim_end_matches('\n'));
        bytes.clear();
        room.report(outcome)?;
    }
    room.leave_transfers()?;
    // Whoever wants to leave waits no longer than for any other answer.
    room.wait_until_all_is_sent(Duration::ZERO)
}

//! Commands about the chat itself.

use unicode_width::UnicodeWidthStr as _;

use super::{Command, all};
use crate::chat::room::Room;
use crate::cli_error::CliError;
use crate::i18n::{Words, both, same};

/// How wide the commands are in `/help` before what they do; a longer one pushes its line to the right.
const USAGE_WIDTH: usize = 28;

/// What `/help` begins with.
pub(super) static BEFORE: &[Command] = &[
    Command::new("help", same(""), both("list the commands", "lista os comandos"), help),
    Command::new("menu", same(""), both("choose commands by number", "escolhe comandos por número"), menu),
];

/// What `/help` ends with.
pub(super) static AFTER: &[Command] =
    &[Command::new("quit", same(""), both("end; Ctrl-D does the same", "termina; Ctrl-D faz o mesmo"), quit)];

fn help(room: &mut Room, _: &str) -> Result<(), CliError> {
    room.say(&help_text(room.words))
}

pub(super) fn help_text(words: Words) -> String {
    let line = |command: &Command| {
        let usage = format!("/{} {}", command.name, words.of(command.arguments));
        let gap = " ".repeat(USAGE_WIDTH.saturating_sub(usage.width()));
        format!("{usage}{gap} {}\n", words.of(command.help))
    };
    let commands: String = all().map(line).collect();
    commands + &words.anything_else_is_said()
}

fn menu(room: &mut Room, _: &str) -> Result<(), CliError> {
    room.enter_menu()
}

fn quit(room: &mut Room, _: &str) -> Result<(), CliError> {
    room.leave_for_good();
    Ok(())
}

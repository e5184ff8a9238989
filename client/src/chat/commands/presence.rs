//! Commands about being there.

use super::Command;
use crate::chat::room::Room;
use crate::cli_error::CliError;
use crate::i18n::{both, same};
use session::{Appearance, Command as Ask};

pub(super) static COMMANDS: &[Command] = &[
    Command::new(
        "away",
        same(""),
        both("be shown as away until /back", "aparece como ausente até /back"),
        away,
    ),
    Command::new(
        "back",
        same(""),
        both(
            "be shown as online; away by itself after 10 minutes without a key",
            "aparece como presente; ausente após 10 minutos sem teclas",
        ),
        back,
    ),
];

fn away(room: &mut Room, _: &str) -> Result<(), CliError> {
    room.handle.ask(Ask::Appear(Appearance::Away))?;
    room.say(&room.words.you_are_away())
}

fn back(room: &mut Room, _: &str) -> Result<(), CliError> {
    room.handle.ask(Ask::Appear(Appearance::AtKeyboard))?;
    room.say(&room.words.you_are_back())
}

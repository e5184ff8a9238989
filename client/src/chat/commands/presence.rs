//! Commands about the presence of the user.

use super::command::{Command, Next};
use crate::chat::context::Context;
use crate::cli_error::CliError;
use crate::i18n::{both, same};
use session::{Command as SessionCommand, PresenceMode};

pub(super) static COMMANDS: &[Command] = &[
    Command::new(
        "away",
        same(""),
        both("appear as away until /back", "aparece como ausente até /back"),
        away,
    ),
    Command::new(
        "back",
        same(""),
        both(
            "appear as online, and as away after 10 minutes without a keystroke",
            "aparece como disponível, e como ausente após 10 minutos sem digitar",
        ),
        back,
    ),
];

fn away(context: &mut Context, _: &str) -> Result<Next, CliError> {
    context.handle.command(SessionCommand::SetPresence(PresenceMode::Away))?;
    context.say(&context.catalog.you_are_away())?;
    Ok(Next::Stay)
}

fn back(context: &mut Context, _: &str) -> Result<Next, CliError> {
    context.handle.command(SessionCommand::SetPresence(PresenceMode::AtKeyboard))?;
    context.say(&context.catalog.you_are_online())?;
    Ok(Next::Stay)
}

//! Commands about messages that were said: to answer, edit, delete them, and to react.

use common::amendments::Emoji;

use super::{Command, text};
use crate::chat::room::Room;
use crate::cli_error::CliError;
use crate::client_handle::unexpected;
use crate::i18n::{both, same};
use session::{Alteration, Answer, Command as Ask, Range};

pub(super) static COMMANDS: &[Command] = &[
    Command::new(
        "reply",
        both("N TEXT", "N TEXTO"),
        both("answer a message of the open conversation", "responde a uma mensagem da conversa aberta"),
        reply,
    ),
    Command::new(
        "edit",
        both("N TEXT", "N TEXTO"),
        both("make your message say something else", "faz sua mensagem dizer outra coisa"),
        edit,
    ),
    Command::new("delete", same("N"), both("take a message back", "apaga uma mensagem"), delete),
    Command::new("react", same("N EMOJI"), both("react to a message", "reage a uma mensagem"), react),
    Command::new("unreact", same("N EMOJI"), both("take a reaction back", "retira uma reação"), unreact),
    Command::new(
        "edits",
        same("N"),
        both("show what a message said before", "mostra o que uma mensagem dizia antes"),
        edits,
    ),
];

fn reply(room: &mut Room, arguments: &str) -> Result<(), CliError> {
    let usage = room.words.say_number_and_text("reply");
    let (n, words) = number(arguments, &usage)?;
    let conversation = room.open.clone().ok_or_else(|| room.nothing_open())?;
    room.send_reply(conversation, words, Some(n))
}

fn edit(room: &mut Room, arguments: &str) -> Result<(), CliError> {
    let usage = room.words.say_number_and_text("edit");
    let (n, words) = number(arguments, &usage)?;
    amend(room, n, Alteration::Edit(text(room.words, words)?))
}

fn delete(room: &mut Room, arguments: &str) -> Result<(), CliError> {
    let usage = room.words.say_number_of_message("delete");
    let (n, _) = number(arguments, &usage)?;
    amend(room, n, Alteration::Delete)
}

fn react(room: &mut Room, arguments: &str) -> Result<(), CliError> {
    reaction(room, arguments, "react", false)
}

fn unreact(room: &mut Room, arguments: &str) -> Result<(), CliError> {
    reaction(room, arguments, "unreact", true)
}

fn reaction(room: &mut Room, arguments: &str, command: &str, remove: bool) -> Result<(), CliError> {
    let usage = room.words.say_number_and_emoji(command);
    let (n, emoji) = number(arguments, &usage)?;
    let emoji = Emoji::new(emoji).map_err(|_| CliError::Usage(usage))?;
    amend(room, n, Alteration::React { emoji, remove })
}

fn edits(room: &mut Room, arguments: &str) -> Result<(), CliError> {
    let usage = room.words.say_number_of_message("edits");
    let (n, _) = number(arguments, &usage)?;
    let conversation = room.open.clone().ok_or_else(|| room.nothing_open())?;
    let range = Range { conversation, before: n.checked_add(1), after: None, limit: Some(1), edits: true };
    let Answer::History(entries) = room.handle.ask(Ask::History(range))? else { return Err(unexpected()) };
    crate::chat::say(&room.renderer.page(&entries))
}

fn amend(room: &mut Room, n: u64, change: Alteration) -> Result<(), CliError> {
    let conversation = room.open.clone().ok_or_else(|| room.nothing_open())?;
    room.handle.amend(conversation, n, change).map(drop)
}

/// A number, and what follows it.
fn number<'a>(arguments: &'a str, usage: &str) -> Result<(u64, &'a str), CliError> {
    let (number, rest) = arguments.split_once(char::is_whitespace).unwrap_or((arguments, ""));
    let number = number.parse().map_err(|_| CliError::Usage(usage.to_owned()))?;
    Ok((number, rest.trim_start()))
}

//! Commands about what is unread.

use super::{Command, target};
use crate::chat::room::Room;
use crate::cli_error::CliError;
use crate::client_handle::unexpected;
use crate::i18n::{both, same};
use crate::render;
use session::{Answer, Command as Ask};

pub(super) static COMMANDS: &[Command] = &[
    Command::new(
        "unread",
        same(""),
        both("list the conversations with something unread", "lista as conversas com algo por ler"),
        unread,
    ),
    Command::new(
        "mentions",
        same(""),
        both("list the newest messages that mention you", "lista as últimas mensagens que mencionam você"),
        mentions,
    ),
    Command::new(
        "next",
        same(""),
        both("go on where the open conversation was read to", "continua a leitura da conversa aberta"),
        next,
    ),
    Command::new(
        "read",
        both("[#CHANNEL|@USER]", "[#CANAL|@USUÁRIO]"),
        both("take all of a conversation as read", "dá a conversa inteira por lida"),
        mark,
    ),
];

fn unread(room: &mut Room, _: &str) -> Result<(), CliError> {
    let unread = room.unread()?;
    let words = room.words;
    room.say_list(unread.iter().map(|one| render::reading(words, one)), &words.nothing_unread())
}

fn next(room: &mut Room, _: &str) -> Result<(), CliError> {
    let conversation = room.open.clone().ok_or_else(|| room.nothing_open())?;
    room.handle.ask(Ask::ReadOn(conversation)).map(drop)
}

fn mark(room: &mut Room, arguments: &str) -> Result<(), CliError> {
    let open = room.open.clone();
    let conversation = match arguments {
        "" => open.clone().ok_or_else(|| room.nothing_open())?,
        name => target(room.words, name)?,
    };
    let answer = room.handle.ask(Ask::MarkRead(conversation.clone(), u64::MAX))?;
    let Answer::Unread(_) = answer else { return Err(unexpected()) };
    if open.as_ref() == Some(&conversation) {
        // What was left out is passed over: the newest events stand on the screen.
        return room.open(conversation);
    }
    room.say(&room.words.taken_as_read(&conversation))
}

fn mentions(room: &mut Room, _: &str) -> Result<(), CliError> {
    let Answer::History(mut entries) = room.handle.ask(Ask::Mentions)? else { return Err(unexpected()) };
    // The newest stands where one looks first: above the prompt.
    entries.reverse();
    if entries.is_empty() {
        return room.say(&room.words.no_mentions());
    }
    crate::chat::say(&room.renderer.with_dates_in_front().page(&entries))
}

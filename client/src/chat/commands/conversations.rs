//! Commands about what is said.

use super::{Command, target};
use crate::chat::room::Room;
use crate::cli_error::CliError;
use crate::client_handle::unexpected;
use crate::i18n::{both, same};
use crate::render;
use session::{Answer, Command as Ask, Range};

pub(super) static COMMANDS: &[Command] = &[
    Command::new(
        "open",
        both("#CHANNEL|@USER", "#CANAL|@USUÁRIO"),
        both(
            "write there from now on; the name alone does the same",
            "escreve lá daqui em diante; o nome sozinho faz o mesmo",
        ),
        open,
    ),
    Command::new(
        "msg",
        both("#CHANNEL|@USER TEXT", "#CANAL|@USUÁRIO TEXTO"),
        both("say something there without opening it", "diz algo lá sem abrir a conversa"),
        message,
    ),
    Command::new(
        "status",
        same(""),
        both(
            "show whether the server answers, what waits, and how far all has come",
            "mostra se o servidor responde, o que espera, e até onde tudo chegou",
        ),
        status,
    ),
    Command::new(
        "history",
        both("[BEFORE]", "[ANTES]"),
        both(
            "read more of the open conversation, before a number",
            "mostra mais da conversa aberta, antes de um número",
        ),
        history,
    ),
];

pub(super) fn open(room: &mut Room, arguments: &str) -> Result<(), CliError> {
    room.open(target(room.words, arguments)?)
}

pub(super) fn message(room: &mut Room, arguments: &str) -> Result<(), CliError> {
    let (to, text) = arguments.split_once(char::is_whitespace).unwrap_or((arguments, ""));
    room.send(target(room.words, to)?, text.trim_start())
}

fn status(room: &mut Room, _: &str) -> Result<(), CliError> {
    let status = room.handle.status()?;
    let lines = render::status(room.words, &status, &room.handle.address(&status));
    room.say(&lines.join("\n"))
}

pub(super) fn history(room: &mut Room, arguments: &str) -> Result<(), CliError> {
    let before = match arguments {
        "" => None,
        number => Some(number.parse().map_err(|_| CliError::Usage(room.words.say_a_number()))?),
    };
    let conversation = room.open.clone().ok_or_else(|| room.nothing_open())?;
    let range = Range { conversation, before, after: None, limit: None, edits: false };
    let Answer::History(entries) = room.handle.ask(Ask::History(range))? else { return Err(unexpected()) };
    crate::chat::say(&room.renderer.page(&entries))
}

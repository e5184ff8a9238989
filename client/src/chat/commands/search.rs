//! Commands that find what was said.

use super::Command;
use crate::chat::room::Room;
use crate::cli_error::CliError;
use crate::client_handle::unexpected;
use crate::i18n::both;
use session::{Answer, Command as Ask, Lookup};

pub(super) static COMMANDS: &[Command] = &[Command::new(
    "search",
    both("WORDS", "PALAVRAS"),
    both(
        "find messages; also \"a phrase\", from:NAME, in:#CHANNEL, before:DATE, after:DATE",
        "busca mensagens; também \"uma frase\", from:NOME, in:#CANAL, before:DATA, after:DATA",
    ),
    search,
)];

fn search(room: &mut Room, query: &str) -> Result<(), CliError> {
    let lookup = Lookup { query: query.to_owned(), before: None, limit: None };
    let Answer::Found(found) = room.handle.ask(Ask::Search(lookup))? else { return Err(unexpected()) };
    let mut lines = Vec::new();
    if found.before.is_some() {
        lines.push(room.words.only_the_newest(found.entries.len()));
    }
    lines.extend(room.renderer.with_dates_in_front().row(found.entries.iter()));
    if found.entries.is_empty() {
        lines.push(room.words.nothing_found());
    }
    if found.behind > 0 {
        lines.push(room.words.index_behind(found.behind));
    }
    crate::chat::say(&lines.join("\n"))
}

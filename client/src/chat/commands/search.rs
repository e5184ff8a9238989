//! The search command.

use super::command::{Command, Next};
use crate::chat::context::Context;
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

fn search(context: &mut Context, query: &str) -> Result<Next, CliError> {
    let lookup = Lookup { query: query.to_owned(), before: None, limit: None };
    let Answer::Found(found) = context.handle.ask(Ask::Search(lookup))? else { return Err(unexpected()) };
    let mut lines = Vec::new();
    if found.before.is_some() {
        lines.push(context.words.only_the_newest(found.entries.len()));
    }
    lines.extend(context.renderer.with_dates_in_front().events(found.entries.iter()));
    if found.entries.is_empty() {
        lines.push(context.words.nothing_found());
    }
    if found.behind > 0 {
        lines.push(context.words.index_behind(found.behind));
    }
    context.print(&lines.join("\n"))?;
    Ok(Next::Stay)
}

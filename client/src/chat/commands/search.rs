//! The search command.

use common::methods::MessageSearch;
use common::search::Search;

use super::command::{Command, Next};
use crate::chat::context::Context;
use crate::cli_error::CliError;
use crate::i18n::both;
use crate::render::with_instants;

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
    let query = with_instants(query).into();
    let found = context.handle.request::<MessageSearch>(|token| Search {
        token,
        query,
        conversation: None,
        before: None,
        limit: None,
    })?;
    let entries = context.handle.entries(&found.events)?;
    let mut lines = Vec::new();
    if found.before.is_some() {
        lines.push(context.catalog.only_the_newest(entries.len()));
    }
    lines.extend(context.renderer.with_dates_in_front().events(entries.iter().rev()));
    if entries.is_empty() {
        lines.push(context.catalog.nothing_found());
    }
    if found.behind > 0 {
        lines.push(context.catalog.index_behind(found.behind));
    }
    context.print(&lines.join("\n"))?;
    Ok(Next::Stay)
}

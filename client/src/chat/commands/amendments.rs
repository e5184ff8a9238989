//! Commands about existing messages: reply, edit, delete, react.

use common::amendments::{Delete, Edit, Emoji, React};
use common::history::History;
use common::methods::{MessageDelete, MessageEdit, MessageReact};
use uuid::Uuid;

use super::arguments::number;
use super::command::{Command, Next};
use crate::chat::context::Context;
use crate::cli_error::CliError;
use crate::i18n::{both, same};

pub(super) static COMMANDS: &[Command] = &[
    Command::new(
        "reply",
        both("N TEXT", "N TEXTO"),
        both("reply to a message in the open conversation", "responde a uma mensagem da conversa aberta"),
        reply,
    ),
    Command::new(
        "edit",
        both("N TEXT", "N TEXTO"),
        both("replace the text of your message", "altera o texto da sua mensagem"),
        edit,
    ),
    Command::new("delete", same("N"), both("delete a message", "apaga uma mensagem"), delete),
    Command::new("react", same("N EMOJI"), both("react to a message", "reage a uma mensagem"), react),
    Command::new("unreact", same("N EMOJI"), both("remove your reaction", "remove sua reação"), unreact),
    Command::new(
        "edits",
        same("N"),
        both("show the earlier texts of a message", "mostra os textos anteriores de uma mensagem"),
        edits,
    ),
];

fn reply(context: &mut Context, arguments: &str) -> Result<Next, CliError> {
    let usage = context.catalog.usage_number_and_text("reply");
    let (n, text) = number(arguments, &usage)?;
    let conversation = context.open_conversation()?;
    context.send(conversation, text, Some(n))?;
    Ok(Next::Stay)
}

fn edit(context: &mut Context, arguments: &str) -> Result<Next, CliError> {
    let usage = context.catalog.usage_number_and_text("edit");
    let (n, text) = number(arguments, &usage)?;
    let text = context.text(text)?;
    let (conversation, id) = (context.open_conversation()?, Uuid::now_v7());
    context.handle.request::<MessageEdit>(|token| Edit { token, conversation, n, id, text })?;
    Ok(Next::Stay)
}

fn delete(context: &mut Context, arguments: &str) -> Result<Next, CliError> {
    let usage = context.catalog.usage_number("delete");
    let (n, _) = number(arguments, &usage)?;
    let (conversation, id) = (context.open_conversation()?, Uuid::now_v7());
    context.handle.request::<MessageDelete>(|token| Delete { token, conversation, n, id })?;
    Ok(Next::Stay)
}

fn react(context: &mut Context, arguments: &str) -> Result<Next, CliError> {
    reaction(context, arguments, "react", false)
}

fn unreact(context: &mut Context, arguments: &str) -> Result<Next, CliError> {
    reaction(context, arguments, "unreact", true)
}

fn reaction(context: &mut Context, arguments: &str, command: &str, remove: bool) -> Result<Next, CliError> {
    let usage = context.catalog.usage_number_and_emoji(command);
    let (n, emoji) = number(arguments, &usage)?;
    let emoji = Emoji::new(emoji).map_err(|_| CliError::Usage(usage))?;
    let (conversation, id) = (context.open_conversation()?, Uuid::now_v7());
    context.handle.request::<MessageReact>(|token| React { token, conversation, n, id, emoji, remove })?;
    Ok(Next::Stay)
}

fn edits(context: &mut Context, arguments: &str) -> Result<Next, CliError> {
    let usage = context.catalog.usage_number("edits");
    let (n, _) = number(arguments, &usage)?;
    let conversation = context.open_conversation()?;
    let (around, limit) = (Some(n), Some(1));
    let page = |token| History { around, limit, edits: true, ..History::newest(token, conversation) };
    let entries = context.handle.history(page)?;
    context.print(&context.renderer.page(&entries))?;
    Ok(Next::Stay)
}

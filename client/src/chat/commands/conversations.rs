//! Commands about conversations.

use common::history::History;

use super::arguments::{first_word, number, target};
use super::command::{Command, Next};
use crate::chat::context::Context;
use crate::cli_error::CliError;
use crate::i18n::{both, same};
use crate::permalink::Permalink;
use crate::render;

pub(super) static COMMANDS: &[Command] = &[
    Command::new(
        "open",
        both("#CHANNEL|@USER", "#CANAL|@USUÁRIO"),
        both(
            "open a conversation; its name alone does the same",
            "abre uma conversa; o nome sozinho faz o mesmo",
        ),
        open,
    ),
    Command::new(
        "msg",
        both("#CHANNEL|@USER TEXT", "#CANAL|@USUÁRIO TEXTO"),
        both(
            "send a message to a conversation without opening it",
            "envia uma mensagem a uma conversa sem abri-la",
        ),
        message,
    ),
    Command::new(
        "link",
        same("N"),
        both(
            "print a link to event N of the open conversation; the link alone opens it",
            "mostra um link para o evento N da conversa aberta; o link sozinho o abre",
        ),
        link,
    ),
    Command::new(
        "status",
        same(""),
        both(
            "show the connection, unsent messages, and complete conversations",
            "mostra a conexão, mensagens não enviadas e conversas completas",
        ),
        status,
    ),
    Command::new(
        "history",
        same("[N]"),
        both(
            "show the newest messages of the open conversation, or those before N",
            "mostra as últimas mensagens da conversa aberta, ou as anteriores a N",
        ),
        history,
    ),
];

fn open(context: &mut Context, arguments: &str) -> Result<Next, CliError> {
    if let Ok(link) = arguments.parse() {
        context.open_link(link)?;
        return Ok(Next::Stay);
    }
    context.open(target(context, arguments)?)?;
    Ok(Next::Stay)
}

fn message(context: &mut Context, arguments: &str) -> Result<Next, CliError> {
    let (to, text) = first_word(arguments);
    context.send(target(context, to)?, text, None)?;
    Ok(Next::Stay)
}

fn link(context: &mut Context, arguments: &str) -> Result<Next, CliError> {
    let (n, _) = number(arguments, &context.catalog.usage_link())?;
    let conversation = context.open_conversation_shown()?;
    let link = Permalink::new(&context.handle.address(), conversation, n);
    context.say(&link.to_string())?;
    Ok(Next::Stay)
}

fn status(context: &mut Context, _: &str) -> Result<Next, CliError> {
    let status = context.handle.status()?;
    let names = context.handle.names();
    let lines = render::status(context.catalog, &names, &status, &context.handle.address());
    context.say(&lines.join("\n"))?;
    Ok(Next::Stay)
}

fn history(context: &mut Context, arguments: &str) -> Result<Next, CliError> {
    let before = match arguments {
        "" => None,
        number => Some(number.parse().map_err(|_| CliError::Usage(context.catalog.usage_history()))?),
    };
    let conversation = context.open_conversation()?;
    let page = |token| History { before, ..History::newest(token, conversation) };
    let entries = context.handle.history(page)?;
    context.print(&context.renderer.page(&entries))?;
    Ok(Next::Stay)
}

//! Commands about unread messages.

use common::mentions::ListMentions;
use common::methods::MentionList;

use super::arguments::target;
use super::command::{Command, Next};
use crate::chat::context::Context;
use crate::cli_error::CliError;
use crate::i18n::{both, same};
use crate::render;
use session::{Answer, Command as SessionCommand};

pub(super) static COMMANDS: &[Command] = &[
    Command::new(
        "unread",
        same(""),
        both("list the conversations with unread messages", "lista as conversas com mensagens não lidas"),
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
        both(
            "show the next unread messages of the open conversation",
            "mostra as próximas mensagens não lidas da conversa aberta",
        ),
        next,
    ),
    Command::new(
        "read",
        both("[#CHANNEL|@USER]", "[#CANAL|@USUÁRIO]"),
        both(
            "mark all messages of a conversation as read",
            "marca todas as mensagens de uma conversa como lidas",
        ),
        mark,
    ),
];

fn unread(context: &mut Context, _: &str) -> Result<Next, CliError> {
    let unread = context.unread()?;
    let (catalog, names) = (context.catalog, context.handle.names());
    let lines = unread.iter().map(|reading| render::reading(catalog, &names, reading));
    context.say_list(lines, &catalog.nothing_unread())?;
    Ok(Next::Stay)
}

fn next(context: &mut Context, _: &str) -> Result<Next, CliError> {
    let conversation = context.open_conversation()?;
    context.handle.command(SessionCommand::NextPage(conversation))?;
    Ok(Next::Stay)
}

fn mark(context: &mut Context, arguments: &str) -> Result<Next, CliError> {
    let conversation = match arguments {
        "" => context.open_conversation()?,
        name => target(context, name)?,
    };
    let answer = context.handle.command(SessionCommand::MarkRead(conversation.clone(), u64::MAX))?;
    let Answer::Unread(_) = answer else { return Err(CliError::UnexpectedAnswer) };
    if context.open.as_ref() == Some(&conversation) {
        // Opens the conversation again: this shows its newest events and skips the unread ones before them.
        context.open(conversation)?;
    } else {
        context.say(&context.catalog.marked_as_read(&context.renderer.shown(&conversation)))?;
    }
    Ok(Next::Stay)
}

fn mentions(context: &mut Context, _: &str) -> Result<Next, CliError> {
    let page = context.handle.request::<MentionList>(|token| ListMentions { token, before: None })?;
    let mut entries = context.handle.entries(&page.events)?;
    // The newest mention is the last line.
    entries.reverse();
    if entries.is_empty() {
        context.say(&context.catalog.no_mentions())?;
    } else {
        context.print(&context.renderer.with_dates_in_front().page(&entries))?;
    }
    Ok(Next::Stay)
}

//! Commands about notification levels.

use common::Target;
use common::accounts::SessionOnly;
use common::methods::{NotifyList, NotifySet};
use common::notify::{Level, SetLevel};

use super::arguments::{first_word, target};
use super::command::{Command, Next};
use crate::chat::context::Context;
use crate::cli_error::CliError;
use crate::i18n::{both, same};

pub(super) static COMMANDS: &[Command] = &[
    Command::new(
        "notify",
        both("[LEVEL] [#CHANNEL|@USER]", "[NÍVEL] [#CANAL|@USUÁRIO]"),
        both(
            "set the notification level of a conversation, or of the open one: all, mentions or none; without arguments, \
             list the levels",
            "define o nível de notificação de uma conversa, ou da aberta: all, mentions ou none; sem argumentos, lista os \
             níveis",
        ),
        notify,
    ),
    Command::new(
        "mute",
        both("[#CHANNEL|@USER]", "[#CANAL|@USUÁRIO]"),
        both(
            "stop the notifications of a conversation, or of the open one; /notify all undoes it",
            "silencia uma conversa, ou a aberta; /notify all desfaz",
        ),
        mute,
    ),
    Command::new(
        "dnd",
        same("on|off"),
        both(
            "do not disturb: stop all notifications until /dnd off",
            "não perturbe: silencia tudo até /dnd off",
        ),
        do_not_disturb,
    ),
];

fn notify(context: &mut Context, arguments: &str) -> Result<Next, CliError> {
    let catalog = context.catalog;
    let (word, name) = first_word(arguments);
    if word.is_empty() {
        let levels = context.handle.request::<NotifyList>(|token| SessionOnly { token })?;
        let mut lines = vec![catalog.level_of_all(crate::level_in_words(levels.level))];
        lines.extend(levels.conversations.iter().map(|of| {
            catalog.level_of(&context.renderer.shown(&of.conversation), crate::level_in_words(of.level))
        }));
        context.say(&lines.join("\n"))?;
        return Ok(Next::Stay);
    }
    let level = serde_json::from_value(word.into()).map_err(|_| CliError::Usage(catalog.usage_notify()))?;
    set(context, name, level)
}

fn mute(context: &mut Context, arguments: &str) -> Result<Next, CliError> {
    set(context, arguments, Level::None)
}

fn do_not_disturb(context: &mut Context, arguments: &str) -> Result<Next, CliError> {
    let level = match arguments {
        "on" => Level::None,
        "off" => Level::All,
        _ => return Err(CliError::Usage(context.catalog.usage_dnd())),
    };
    request(context, None, level)?;
    context.say(&context.catalog.level_of_all(crate::level_in_words(level)))?;
    Ok(Next::Stay)
}

/// Sets the level of the conversation `name`; an empty name means the open conversation.
fn set(context: &mut Context, name: &str, level: Level) -> Result<Next, CliError> {
    let conversation = match name {
        "" => context.open_conversation()?,
        name => target(context, name)?,
    };
    request(context, Some(conversation.clone()), level)?;
    context.say(
        &context.catalog.level_of(&context.renderer.shown(&conversation), crate::level_in_words(level)),
    )?;
    Ok(Next::Stay)
}

fn request(context: &mut Context, conversation: Option<Target>, level: Level) -> Result<(), CliError> {
    context.handle.request::<NotifySet>(|token| SetLevel { token, conversation, level }).map(drop)
}

//! Commands about files.

use std::sync::Arc;

use common::files::MakeLink;
use common::methods::FileLink;

use super::arguments::number;
use super::command::{Command, Next};
use crate::chat::context::Context;
use crate::chat::transfers::Transfer;
use crate::cli_error::CliError;
use crate::files::{Download, FileToSend, typed_path};
use crate::i18n::{both, same};
use crate::render::date_and_time;

pub(super) static COMMANDS: &[Command] = &[
    Command::new(
        "send",
        both("PATH", "CAMINHO"),
        both("send a file to the open conversation", "envia um arquivo à conversa aberta"),
        send,
    ),
    Command::new(
        "get",
        same("[N]"),
        both(
            "download the file of event N, or the newest one",
            "baixa o arquivo do evento N, ou o mais recente",
        ),
        get,
    ),
    Command::new(
        "share",
        same("N"),
        both(
            "print a web link to the file of event N, which works without an account for a week",
            "mostra um link da web para o arquivo do evento N, que funciona sem conta por uma semana",
        ),
        share,
    ),
];

fn send(context: &mut Context, arguments: &str) -> Result<Next, CliError> {
    let to = context.open_conversation_shown()?;
    let file = FileToSend::open(context.catalog, &typed_path(arguments))?;
    context.transfer(Transfer::Upload(Arc::new(file), to))?;
    Ok(Next::Stay)
}

fn get(context: &mut Context, arguments: &str) -> Result<Next, CliError> {
    let conversation = context.open_conversation_shown()?;
    let n = match arguments {
        "" => None,
        number => Some(number.parse().map_err(|_| CliError::Usage(context.catalog.usage_get()))?),
    };
    let download = Download::find(context.catalog, &mut context.handle, &conversation, n)?;
    context.transfer(Transfer::Download(Arc::new(download), context.downloads.clone()))?;
    Ok(Next::Stay)
}

fn share(context: &mut Context, arguments: &str) -> Result<Next, CliError> {
    let (n, _) = number(arguments, &context.catalog.usage_share())?;
    let conversation = context.open_conversation()?;
    let link =
        context.handle.request::<FileLink>(|token| MakeLink { token, conversation, n, hours: None })?;
    let until = date_and_time(link.expires);
    let sentence = match link.url {
        Some(url) => context.catalog.file_link(&url, &until),
        None => context.catalog.file_link_path(&link.path, &until),
    };
    context.say(&sentence)?;
    Ok(Next::Stay)
}

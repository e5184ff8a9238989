//! Commands about files.

use std::sync::Arc;

use super::command::{Command, Next};
use crate::chat::context::Context;
use crate::chat::transfers::Transfer;
use crate::cli_error::CliError;
use crate::files::{Download, FileToSend, typed_path};
use crate::i18n::{both, same};

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

//! Commands about files.

use std::sync::Arc;

use super::Command;
use crate::chat::room::Room;
use crate::chat::transfers::Transfer;
use crate::cli_error::CliError;
use crate::files::{Chosen, Download, typed};
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
            "fetch the file with this number, or the newest one",
            "baixa o arquivo com esse número, ou o mais novo",
        ),
        get,
    ),
];

fn send(room: &mut Room, arguments: &str) -> Result<(), CliError> {
    let to = room.open.clone().ok_or_else(|| room.nothing_open())?;
    let chosen = Chosen::open(room.words, &typed(arguments))?;
    room.transfer(Transfer::Send(Arc::new(chosen), to))
}

fn get(room: &mut Room, arguments: &str) -> Result<(), CliError> {
    let conversation = room.open.clone().ok_or_else(|| room.nothing_open())?;
    let n = match arguments {
        "" => None,
        number => Some(number.parse().map_err(|_| CliError::Usage(room.words.say_a_file_number()))?),
    };
    let download = Download::find(room.words, &mut room.handle, &conversation, n)?;
    room.transfer(Transfer::Get(Arc::new(download), room.downloads.clone()))
}

//! Commands about files.

use std::path::Path;

use super::Command;
use crate::chat::room::Room;
use crate::failure::Failure;
use crate::files::{self, Download, Source};
use crate::render::Progress;
use crate::words::{both, same};

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

/// The event that it becomes is shown like any other.
fn send(room: &mut Room, arguments: &str) -> Result<(), Failure> {
    let to = room.open.clone().ok_or_else(|| room.nothing_open())?;
    if arguments.is_empty() {
        return Err(Failure::Usage(room.words.say_a_path()));
    }
    let source = Source::open(Path::new(arguments))?;
    room.say(&room.words.sending_file(source.info.name.as_str(), &to))?;
    files::send(&mut room.desk, &to, &source, &Progress::hidden()).map(drop)
}

fn get(room: &mut Room, arguments: &str) -> Result<(), Failure> {
    let conversation = room.open.clone().ok_or_else(|| room.nothing_open())?;
    let n = match arguments {
        "" => None,
        number => Some(number.parse().map_err(|_| Failure::Usage(room.words.say_a_file_number()))?),
    };
    let download = Download::find(&mut room.desk, &conversation, n)?;
    let fetched = files::fetch(&mut room.desk, &download, &room.downloads, &Progress::hidden())?;
    room.say(&room.words.fetched_file(&fetched.path.display().to_string()))
}

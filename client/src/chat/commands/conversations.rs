//! Commands about what is said.

use super::{nothing_open, target, usage};
use crate::chat::room::Room;
use crate::desk::unexpected;
use crate::failure::Failure;
use crate::session::{Answer, Command as Ask, Range};

pub(super) fn open(room: &mut Room, arguments: &str) -> Result<(), Failure> {
    room.open(target(arguments)?)
}

pub(super) fn message(room: &mut Room, arguments: &str) -> Result<(), Failure> {
    let (to, text) = arguments.split_once(char::is_whitespace).unwrap_or((arguments, ""));
    room.send(target(to)?, text.trim_start())
}

pub(super) fn history(room: &mut Room, arguments: &str) -> Result<(), Failure> {
    let before = match arguments {
        "" => None,
        number => {
            Some(number.parse().map_err(|_| usage("say a number: /history 120 shows what came before it"))?)
        }
    };
    let conversation = room.open.clone().ok_or_else(nothing_open)?;
    let range = Range { conversation, before, after: None, limit: None };
    let Answer::History(entries) = room.desk.ask(Ask::History(range))? else { return Err(unexpected()) };
    let lines: Vec<_> = entries.iter().filter_map(|entry| room.renderer.entry(entry)).collect();
    crate::chat::say(&lines.join("\n"))
}

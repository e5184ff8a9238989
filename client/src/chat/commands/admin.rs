//! `/admin`: what administrators may do.

use common::{ChannelName, Target};

use super::{Command, first_word, user};
use crate::chat::room::Room;
use crate::cli_error::CliError;
use crate::client_handle::unexpected;
use crate::i18n::both;
use crate::render;
use session::{Administration, Answer, Command as Ask};

pub(super) static COMMANDS: &[Command] = &[
    Command::new(
        "admin",
        both("WHAT [USER]", "O_QUÊ [USUÁRIO]"),
        both(
            "see to the node: users, channels, sessions, stats, disable, enable, promote, demote",
            "cuida do nó: users, channels, sessions, stats, disable, enable, promote, demote",
        ),
        admin,
    ),
    Command::new(
        "broadcast",
        both("TEXT", "TEXTO"),
        both(
            "say something to all users of the node; /msg * TEXT does the same",
            "diz algo a todas as contas do nó; /msg * TEXTO faz o mesmo",
        ),
        broadcast,
    ),
];

fn admin(room: &mut Room, arguments: &str) -> Result<(), CliError> {
    let (what, name) = first_word(arguments);
    match what {
        "users" => show(room, Administration::Users),
        "channels" => show(room, Administration::Channels),
        "sessions" if name.is_empty() => show(room, Administration::Sessions(None)),
        "sessions" => show(room, Administration::Sessions(Some(user(room.words, name)?))),
        "stats" => show(room, Administration::Stats),
        "disable" => disable(room, name, true),
        "enable" => disable(room, name, false),
        "promote" => promote(room, name, true),
        "demote" => promote(room, name, false),
        _ => Err(CliError::Usage(room.words.say_admin())),
    }
}

/// The server decides who may.
fn broadcast(room: &mut Room, text: &str) -> Result<(), CliError> {
    room.send(Target::Channel(ChannelName::everybody()), text)
}

fn show(room: &mut Room, what: Administration) -> Result<(), CliError> {
    let Answer::Overview(overview) = room.handle.ask(Ask::Administrate(what))? else {
        return Err(unexpected());
    };
    room.say_list(render::overview(room.words, &overview).into_iter(), &room.words.nothing_there_yet())
}

fn disable(room: &mut Room, name: &str, disabled: bool) -> Result<(), CliError> {
    let user = user(room.words, name)?;
    let ask = Administration::Disable { user: user.clone(), disabled };
    let ended = room.handle.end_sessions(Ask::Administrate(ask))?;
    room.say(&render::disabled(room.words, &user, disabled, ended))
}

fn promote(room: &mut Room, name: &str, administrator: bool) -> Result<(), CliError> {
    let user = user(room.words, name)?;
    room.handle.ask(Ask::Administrate(Administration::Promote { user: user.clone(), administrator }))?;
    room.say(&render::promoted(room.words, &user, administrator))
}

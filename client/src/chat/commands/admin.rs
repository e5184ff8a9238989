//! `/admin`: what administrators may do.

use super::{first_word, usage, user};
use crate::chat::room::Room;
use crate::desk::unexpected;
use crate::failure::Failure;
use crate::render;
use crate::session::{Administration, Answer, Command as Ask};

pub(super) fn admin(room: &mut Room, arguments: &str) -> Result<(), Failure> {
    let (what, name) = first_word(arguments);
    match what {
        "users" => show(room, Administration::Users),
        "channels" => show(room, Administration::Channels),
        "sessions" if name.is_empty() => show(room, Administration::Sessions(None)),
        "sessions" => show(room, Administration::Sessions(Some(user(name)?))),
        "stats" => show(room, Administration::Stats),
        "disable" => disable(room, name, true),
        "enable" => disable(room, name, false),
        "promote" => promote(room, name, true),
        "demote" => promote(room, name, false),
        _ => Err(usage(
            "say /admin users, channels, sessions or stats; /admin disable, enable, promote or demote NAME",
        )),
    }
}

fn show(room: &mut Room, what: Administration) -> Result<(), Failure> {
    let Answer::Overview(overview) = room.desk.ask(Ask::Administrate(what))? else {
        return Err(unexpected());
    };
    room.say_list(render::overview(&overview).into_iter(), "there is nothing yet")
}

fn disable(room: &mut Room, name: &str, disabled: bool) -> Result<(), Failure> {
    let user = user(name)?;
    let ask = Administration::Disable { user: user.clone(), disabled };
    let ended = room.desk.end_sessions(Ask::Administrate(ask))?;
    room.say(&render::disabled(&user, disabled, ended))
}

fn promote(room: &mut Room, name: &str, administrator: bool) -> Result<(), Failure> {
    let user = user(name)?;
    room.desk.ask(Ask::Administrate(Administration::Promote { user: user.clone(), administrator }))?;
    room.say(&render::promoted(&user, administrator))
}

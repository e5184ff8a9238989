//! Commands about accounts and sessions.

use super::{usage, user};
use crate::chat::room::Room;
use crate::desk::unexpected;
use crate::failure::Failure;
use crate::password::NewPasswordSource;
use crate::render;
use crate::session::{Answer, Command as Ask};

pub(super) fn register(room: &mut Room, arguments: &str) -> Result<(), Failure> {
    let user = user(arguments)?;
    let password = room.password.read_new()?;
    let registered = room.desk.register(user.clone(), password.clone())?;
    if registered.administrator {
        room.say("you are the first here, and so the administrator of this node: /admin")?;
    }
    room.login(user, password.into_password())
}

pub(super) fn login(room: &mut Room, arguments: &str) -> Result<(), Failure> {
    let user = user(arguments)?;
    let password = room.password.read()?;
    room.login(user, password)
}

pub(super) fn logout(room: &mut Room, _: &str) -> Result<(), Failure> {
    room.desk.logout()?;
    room.open = None;
    room.say("you are logged out")
}

pub(super) fn change_password(room: &mut Room, _: &str) -> Result<(), Failure> {
    let (password, new_password) = (room.password.read()?, NewPasswordSource::default().read()?);
    let ended = room.desk.end_sessions(Ask::ChangePassword { password, new_password })?;
    room.say(&format!("the password is changed; other sessions that were ended: {ended}"))
}

pub(super) fn sessions(room: &mut Room, _: &str) -> Result<(), Failure> {
    let Answer::Sessions(sessions) = room.desk.ask(Ask::Sessions)? else { return Err(unexpected()) };
    room.say_list(sessions.iter().map(render::session), "")
}

pub(super) fn revoke(room: &mut Room, arguments: &str) -> Result<(), Failure> {
    let session = match arguments {
        "others" => None,
        id => Some(
            id.parse().map_err(|_| usage("which session? /revoke others, or an id that /sessions lists"))?,
        ),
    };
    let ended = room.desk.end_sessions(Ask::Revoke(session))?;
    room.say(&format!("sessions that were ended: {ended}"))
}

pub(super) fn users(room: &mut Room, _: &str) -> Result<(), Failure> {
    let users = room.users()?;
    room.say_list(users.iter().map(|user| format!("@{}", user.user)), "")
}

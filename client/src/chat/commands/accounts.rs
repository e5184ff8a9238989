//! Commands about accounts and sessions.

use super::{Command, user};
use crate::chat::room::Room;
use crate::cli_error::CliError;
use crate::client_handle::unexpected;
use crate::i18n::{both, same};
use crate::password::NewPasswordSource;
use crate::render;
use session::{Answer, Command as Ask};

pub(super) static COMMANDS: &[Command] = &[
    Command::new(
        "register",
        both("NAME", "NOME"),
        both(
            "make an account and log in; the password is asked for",
            "cria uma conta e entra nela; a senha é perguntada",
        ),
        register,
    )
    .private(),
    Command::new(
        "login",
        both("NAME", "NOME"),
        both("log in; the password is asked for", "entra na conta; a senha é perguntada"),
        login,
    )
    .private(),
    Command::new("logout", same(""), both("end the session", "encerra a sessão"), logout),
    Command::new(
        "password",
        same(""),
        both("change the password; both are asked for", "troca a senha; as duas são perguntadas"),
        change_password,
    )
    .private(),
    Command::new(
        "sessions",
        same(""),
        both("list your open sessions; * marks this one", "lista suas sessões abertas; * marca esta"),
        sessions,
    ),
    Command::new(
        "revoke",
        same("ID|others"),
        both("end one of your sessions, or all others", "encerra uma de suas sessões, ou todas as outras"),
        revoke,
    ),
    Command::new("users", same(""), both("list the users", "lista os usuários"), users),
];

pub(super) fn register(room: &mut Room, arguments: &str) -> Result<(), CliError> {
    let user = user(room.words, arguments)?;
    let password = room.password.read_new(room.words)?;
    let registered = room.handle.register(user.clone(), password.clone())?;
    if registered.administrator {
        room.say(&room.words.you_administrate())?;
    }
    room.login(user, password.into_password())
}

pub(super) fn login(room: &mut Room, arguments: &str) -> Result<(), CliError> {
    let user = user(room.words, arguments)?;
    let password = room.password.read(room.words)?;
    room.login(user, password)
}

pub(super) fn logout(room: &mut Room, _: &str) -> Result<(), CliError> {
    room.handle.logout()?;
    room.open = None;
    room.cache.forget_all();
    room.say(&room.words.logged_out())
}

pub(super) fn change_password(room: &mut Room, _: &str) -> Result<(), CliError> {
    let (password, new_password) =
        (room.password.read(room.words)?, NewPasswordSource::default().read(room.words)?);
    let ended = room.handle.end_sessions(Ask::ChangePassword { password, new_password })?;
    room.say(&room.words.password_changed(ended))
}

pub(super) fn sessions(room: &mut Room, _: &str) -> Result<(), CliError> {
    let Answer::Sessions(sessions) = room.handle.ask(Ask::Sessions)? else { return Err(unexpected()) };
    room.say_list(sessions.iter().map(|session| render::session(room.words, session)), "")
}

pub(super) fn revoke(room: &mut Room, arguments: &str) -> Result<(), CliError> {
    let session = match arguments {
        "others" => None,
        id => Some(id.parse().map_err(|_| CliError::Usage(room.words.which_session()))?),
    };
    let ended = room.handle.end_sessions(Ask::Revoke(session))?;
    room.say(&room.words.sessions_ended(ended))
}

pub(super) fn users(room: &mut Room, _: &str) -> Result<(), CliError> {
    let users = room.users()?;
    room.say_list(users.iter().map(|user| render::user(room.words, user)), "")
}

//! `papo password`, `papo sessions`, `papo revoke`.

use common::accounts::SessionOnly;
use common::methods::SessionList;
use serde_json::json;
use uuid::Uuid;

use super::accounts::{print, print_list};
use super::{Common, open_session};
use crate::cli_error::CliError;
use crate::i18n::Words;
use crate::password::{NewPasswordSource, PasswordSource};
use crate::render;
use session::Command;

/// Arguments of `papo password`. The passwords are asked for, or taken from PAPO_PASSWORD and PAPO_NEW_PASSWORD.
#[derive(Debug, clap::Args)]
pub struct Password {
    #[command(flatten)]
    password: PasswordSource,
    #[command(flatten)]
    new_password: NewPasswordSource,
    #[command(flatten)]
    common: Common,
}

/// Arguments of `papo sessions`.
#[derive(Debug, clap::Args)]
pub struct Sessions {
    #[command(flatten)]
    common: Common,
}

/// Arguments of `papo revoke`.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false, args = ["session", "others"])]
pub struct Revoke {
    /// Which session, as `papo sessions` names it.
    session: Option<Uuid>,
    /// All but the one that asks.
    #[arg(long)]
    others: bool,
    #[command(flatten)]
    common: Common,
}

pub(super) fn change_password(arguments: &Password) -> Result<(), CliError> {
    let (mut handle, _news) = open_session(&arguments.common.connection)?;
    let (password, new_password) =
        (arguments.password.read(Words::ENGLISH)?, arguments.new_password.read(Words::ENGLISH)?);
    let ended = handle.end_sessions(Command::ChangePassword { password, new_password })?;
    let words = format!("the password is changed; other sessions that were ended: {ended}");
    print(&arguments.common, &json!({ "ended": ended }), &words)
}

pub(super) fn revoke(arguments: &Revoke) -> Result<(), CliError> {
    let (mut handle, _news) = open_session(&arguments.common.connection)?;
    // Without a session all others are meant: the arguments are one of the two.
    let ended = handle.end_sessions(Command::Revoke(arguments.session))?;
    print(&arguments.common, &json!({ "ended": ended }), &format!("sessions that were ended: {ended}"))
}

pub(super) fn list(arguments: &Sessions) -> Result<(), CliError> {
    let (mut handle, _news) = open_session(&arguments.common.connection)?;
    let sessions = handle.ask::<SessionList>(|token| SessionOnly { token })?.sessions;
    print_list(&arguments.common, &sessions, |session| render::session(Words::ENGLISH, session))
}

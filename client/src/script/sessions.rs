//! `papo password`, `papo sessions`, `papo revoke`.

use common::accounts::SessionOnly;
use common::methods::SessionList;
use serde_json::json;
use uuid::Uuid;

use super::accounts::{print, print_list};
use super::{Common, open_session};
use crate::cli_error::CliError;
use crate::i18n::Catalog;
use crate::password::{NewPasswordSource, PasswordSource};
use crate::render;
use session::Command;

#[derive(Debug, clap::Args)]
pub struct Password {
    #[command(flatten)]
    password: PasswordSource,
    #[command(flatten)]
    new_password: NewPasswordSource,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, clap::Args)]
pub struct Sessions {
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false, args = ["session", "others"])]
pub struct Revoke {
    /// The id of the session, as `papo sessions` shows it.
    session: Option<Uuid>,
    /// End all sessions except this one.
    #[arg(long)]
    others: bool,
    #[command(flatten)]
    common: Common,
}

pub(super) fn change_password(arguments: &Password) -> Result<(), CliError> {
    let (mut handle, _news) = open_session(&arguments.common.connection)?;
    let (password, new_password) =
        (arguments.password.read(Catalog::ENGLISH)?, arguments.new_password.read(Catalog::ENGLISH)?);
    let ended = handle.end_sessions(Command::ChangePassword { password, new_password })?;
    let message = Catalog::ENGLISH.password_changed(ended);
    print(&arguments.common, &json!({ "ended": ended }), &message)
}

pub(super) fn revoke(arguments: &Revoke) -> Result<(), CliError> {
    let (mut handle, _news) = open_session(&arguments.common.connection)?;
    // The argument group requires either a session or `--others`.
    let ended = handle.end_sessions(Command::Revoke(arguments.session))?;
    print(&arguments.common, &json!({ "ended": ended }), &Catalog::ENGLISH.sessions_ended(ended))
}

pub(super) fn list(arguments: &Sessions) -> Result<(), CliError> {
    let (mut handle, _news) = open_session(&arguments.common.connection)?;
    let sessions = handle.request::<SessionList>(|token| SessionOnly { token })?.sessions;
    print_list(&arguments.common, &sessions, |session| render::session(Catalog::ENGLISH, session))
}

//! `papo admin`.

use common::UserName;
use common::accounts::{ListNames, SessionOnly};
use common::admin::{self, ListSessions};
use common::join_codes;
use common::methods::{
    AdminChannels, AdminDisable, AdminPromote, AdminResetPassword, AdminSessions, AdminStats, AdminUsers,
    JoinCodeCreate, JoinCodeList, JoinCodeRevoke,
};
use serde_json::json;
use uuid::Uuid;

use super::accounts::{print, print_list};
use super::{Common, open_session, user};
use crate::cli_error::CliError;
use crate::connection::Connection;
use crate::i18n::Words;
use crate::render;

#[derive(Debug, clap::Subcommand)]
pub enum Admin {
    /// List the accounts, with administrators, disabled accounts and open sessions.
    Users(NoArguments),
    /// List all channels, also private ones.
    Channels(NoArguments),
    /// List the open sessions of all users, or of one user.
    Sessions(Sessions),
    /// Disable an account: end its sessions, and refuse logins.
    Disable(Disable),
    /// Make a user an administrator.
    Promote(Promote),
    /// Create a code with which a user who has forgotten the password sets a new one.
    ResetPassword(ResetPassword),
    /// Manage the join codes, with which new users register.
    #[command(subcommand)]
    JoinCode(JoinCode),
    /// Count users, sessions, channels and records of the node.
    Stats(NoArguments),
}

/// The arguments of subcommands that have only common ones.
#[derive(Debug, clap::Args)]
pub struct NoArguments {
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, clap::Args)]
pub struct Sessions {
    /// List only the sessions of this user.
    #[arg(value_parser = user)]
    user: Option<UserName>,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, clap::Args)]
pub struct Disable {
    /// The name of the account.
    #[arg(value_parser = user)]
    user: UserName,
    /// Enable a disabled account.
    #[arg(long)]
    enable: bool,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, clap::Args)]
pub struct Promote {
    /// The name of the user.
    #[arg(value_parser = user)]
    user: UserName,
    /// Remove the right of an administrator instead.
    #[arg(long)]
    demote: bool,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, clap::Args)]
pub struct ResetPassword {
    /// The name of the user.
    #[arg(value_parser = user)]
    user: UserName,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, clap::Subcommand)]
pub enum JoinCode {
    /// Create a join code, and print the invite with it.
    Create(CreateJoinCode),
    /// List the join codes that can be used. The server does not know their texts.
    List(NoArguments),
    /// Revoke a join code.
    Revoke(RevokeJoinCode),
}

#[derive(Debug, clap::Args)]
pub struct CreateJoinCode {
    /// Let this many users register with the code.
    #[arg(long, default_value_t = 1)]
    uses: u32,
    /// Let the code expire after this many days.
    #[arg(long, default_value_t = 7)]
    days: u32,
    /// Add a note for administrators.
    #[arg(long, default_value = "")]
    note: String,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, clap::Args)]
pub struct RevokeJoinCode {
    /// The id of the code, from `papo admin join-code list`.
    id: Uuid,
    #[command(flatten)]
    common: Common,
}

pub(super) fn run(admin: Admin) -> Result<(), CliError> {
    match admin {
        Admin::Users(NoArguments { common }) => {
            let (mut handle, _news) = open_session(&common.connection)?;
            let users = handle.list::<AdminUsers>(|token| ListNames { token, after: None })?;
            print_list(&common, &users, |user| render::account(Words::ENGLISH, user))
        }
        Admin::Channels(NoArguments { common }) => {
            let (mut handle, _news) = open_session(&common.connection)?;
            let channels = handle.list::<AdminChannels>(|token| ListNames { token, after: None })?;
            print_list(&common, &channels, |channel| render::admin_channel(Words::ENGLISH, channel))
        }
        Admin::Sessions(Sessions { user, common }) => {
            let (mut handle, _news) = open_session(&common.connection)?;
            let sessions = handle.list::<AdminSessions>(|token| ListSessions { token, user, after: None })?;
            print_list(&common, &sessions, |session| render::admin_session(Words::ENGLISH, session))
        }
        Admin::Stats(NoArguments { common }) => {
            let (mut handle, _news) = open_session(&common.connection)?;
            let stats = handle.ask::<AdminStats>(|token| SessionOnly { token })?;
            print_list(&common, &[stats], |stats| render::stats(Words::ENGLISH, stats).join("\n"))
        }
        Admin::ResetPassword(ResetPassword { user, common }) => reset_password(&common, user),
        Admin::JoinCode(join_code) => manage_join_codes(join_code),
        Admin::Disable(Disable { user, enable, common }) => disable(&common, user, !enable),
        Admin::Promote(Promote { user, demote, common }) => promote(&common, user, !demote),
    }
}

fn reset_password(common: &Common, user: UserName) -> Result<(), CliError> {
    let (mut handle, _news) = open_session(&common.connection)?;
    let of = user.clone();
    let done = handle.ask::<AdminResetPassword>(|token| admin::ResetPassword { token, user: of })?;
    let words = render::reset_code(Words::ENGLISH, &user, &done);
    print(common, &json!({ "user": user, "code": done.code, "expires": done.expires }), &words)
}

fn manage_join_codes(join_code: JoinCode) -> Result<(), CliError> {
    match join_code {
        JoinCode::Create(CreateJoinCode { uses, days, note, common }) => {
            let (mut handle, _news) = open_session(&common.connection)?;
            let params = |token| join_codes::CreateJoinCode { token, uses, days, note: note.into() };
            let done = handle.ask::<JoinCodeCreate>(params)?;
            let invite = handle.address_with(&done.code);
            let result =
                json!({ "id": done.id, "code": done.code, "expires": done.expires, "invite": invite });
            print(&common, &result, &invite)
        }
        JoinCode::List(NoArguments { common }) => {
            let (mut handle, _news) = open_session(&common.connection)?;
            let codes = handle.ask::<JoinCodeList>(|token| SessionOnly { token })?.codes;
            print_list(&common, &codes, |code| render::join_code(Words::ENGLISH, code))
        }
        JoinCode::Revoke(RevokeJoinCode { id, common }) => {
            let (mut handle, _news) = open_session(&common.connection)?;
            handle.ask::<JoinCodeRevoke>(|token| join_codes::RevokeJoinCode { token, id })?;
            print(&common, &json!({ "id": id }), &Words::ENGLISH.join_code_revoked())
        }
    }
}

/// Creates a join code, for `papo invite`.
pub(crate) fn create_join_code(
    connection: &Connection,
    uses: u32,
    days: u32,
    note: String,
) -> Result<String, CliError> {
    let (mut handle, _news) = open_session(connection)?;
    let params = |token| join_codes::CreateJoinCode { token, uses, days, note: note.into() };
    Ok(handle.ask::<JoinCodeCreate>(params)?.code)
}

fn disable(common: &Common, user: UserName, disabled: bool) -> Result<(), CliError> {
    let (mut handle, _news) = open_session(&common.connection)?;
    let of = user.clone();
    let done = handle.ask::<AdminDisable>(|token| admin::Disable { token, user: of, disabled })?;
    let words = render::disabled(Words::ENGLISH, &user, disabled, done.ended);
    print(common, &json!({ "user": user, "ended": done.ended }), &words)
}

fn promote(common: &Common, user: UserName, administrator: bool) -> Result<(), CliError> {
    let (mut handle, _news) = open_session(&common.connection)?;
    let of = user.clone();
    handle.ask::<AdminPromote>(|token| admin::Promote { token, user: of, administrator })?;
    print(common, &json!({ "user": user }), &render::promoted(Words::ENGLISH, &user, administrator))
}

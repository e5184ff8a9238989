//! `papo admin`.

use common::UserName;
use common::accounts::{DeleteAccount, ListNames, Revoke, SessionOnly};
use common::admin::{self, ListSessions, ListUsers};
use common::methods::{
    AccountDelete, AdminBackup, AdminBackups, AdminChannels, AdminDisable, AdminPromote, AdminResetPassword,
    AdminSessions, AdminStats, AdminUsers, SessionRevoke,
};
use serde_json::json;
use uuid::Uuid;

use super::accounts::{print, print_list};
use super::join_codes::{self, JoinCode};
use super::{Common, open_session, user};
use crate::cli_error::CliError;
use crate::i18n::Catalog;
use crate::render::{self, sanitise};

#[derive(Debug, clap::Subcommand)]
pub enum Admin {
    /// List all accounts: which are administrators, which are disabled, and how many sessions each has.
    Users(NoArguments),
    /// List all channels, including private channels.
    Channels(NoArguments),
    /// List the open sessions of all users, or of one user.
    Sessions(Sessions),
    /// End a session of a user, or all of them.
    EndSession(EndSession),
    /// Disable an account: end its sessions, and refuse logins.
    Disable(Disable),
    /// Make a user an administrator.
    Promote(Promote),
    /// Delete an account. Nobody can register its name again.
    Delete(Delete),
    /// Create a code with which a user who has forgotten the password sets a new one.
    ResetPassword(ResetPassword),
    /// Manage the join codes, with which new users register.
    #[command(subcommand)]
    JoinCode(JoinCode),
    /// Start a backup of the node, into its folder of backups.
    Backup(NoArguments),
    /// List the backups that the node made while it ran, the one in progress, and the last failure.
    Backups(NoArguments),
    /// Count users, sessions, channels and records of the node.
    Stats(NoArguments),
}

/// The arguments of subcommands that have only the common arguments.
#[derive(Debug, clap::Args)]
pub struct NoArguments {
    #[command(flatten)]
    pub(super) common: Common,
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
pub struct EndSession {
    /// The name of the user.
    #[arg(value_parser = user)]
    user: UserName,
    /// The id of the session, from `papo admin sessions`. Without an id, all sessions of the user end.
    session: Option<Uuid>,
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
pub struct Delete {
    /// The name of the account.
    #[arg(value_parser = user)]
    user: UserName,
    /// Also delete the user's messages and files.
    #[arg(long)]
    erase: bool,
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

pub(super) fn run(admin: Admin) -> Result<(), CliError> {
    match admin {
        Admin::Users(NoArguments { common }) => {
            let (mut handle, _news) = open_session(&common.connection)?;
            let users = handle.list::<AdminUsers>(|token| ListUsers { token, after: None, files: false })?;
            print_list(&common, &users, |user| render::account(Catalog::ENGLISH, user))
        }
        Admin::Channels(NoArguments { common }) => {
            let (mut handle, _news) = open_session(&common.connection)?;
            let channels = handle.list::<AdminChannels>(|token| ListNames { token, after: None })?;
            print_list(&common, &channels, |channel| render::admin_channel(Catalog::ENGLISH, channel))
        }
        Admin::Sessions(Sessions { user, common }) => {
            let (mut handle, _news) = open_session(&common.connection)?;
            let sessions = handle.list::<AdminSessions>(|token| ListSessions { token, user, after: None })?;
            print_list(&common, &sessions, |session| render::admin_session(Catalog::ENGLISH, session))
        }
        Admin::Stats(NoArguments { common }) => {
            let (mut handle, _news) = open_session(&common.connection)?;
            let stats = handle.request::<AdminStats>(|token| SessionOnly { token })?;
            print_list(&common, &[stats], |stats| render::stats(Catalog::ENGLISH, stats).join("\n"))
        }
        Admin::Backup(NoArguments { common }) => {
            let (mut handle, _news) = open_session(&common.connection)?;
            let name = handle.request::<AdminBackup>(|token| SessionOnly { token })?.name;
            print(&common, &json!({ "name": name }), &sanitise(&Catalog::ENGLISH.backup_started(&name)))
        }
        Admin::Backups(NoArguments { common }) => {
            let (mut handle, _news) = open_session(&common.connection)?;
            let list = handle.request::<AdminBackups>(|token| SessionOnly { token })?;
            let mut lines = render::backups(Catalog::ENGLISH, &list);
            if lines.is_empty() {
                lines.push(Catalog::ENGLISH.empty_list());
            }
            let lines: Vec<_> = lines.iter().map(|line| sanitise(line)).collect();
            print(&common, &json!(list), &lines.join("\n"))
        }
        Admin::EndSession(EndSession { user, session, common }) => end_session(&common, user, session),
        Admin::ResetPassword(ResetPassword { user, common }) => reset_password(&common, user),
        Admin::JoinCode(join_code) => join_codes::run(join_code),
        Admin::Delete(Delete { user, erase, common }) => delete(&common, user, erase),
        Admin::Disable(Disable { user, enable, common }) => disable(&common, user, !enable),
        Admin::Promote(Promote { user, demote, common }) => promote(&common, user, !demote),
    }
}

fn end_session(common: &Common, user: UserName, session: Option<Uuid>) -> Result<(), CliError> {
    let (mut handle, _news) = open_session(&common.connection)?;
    let of = Some(user.clone());
    let done = handle.request::<SessionRevoke>(|token| Revoke { token, session, user: of })?;
    let message = Catalog::ENGLISH.sessions_ended(done.ended);
    print(common, &json!({ "user": user, "ended": done.ended }), &message)
}

fn delete(common: &Common, user: UserName, erase: bool) -> Result<(), CliError> {
    let (mut handle, _news) = open_session(&common.connection)?;
    let of = Some(user.clone());
    handle.request::<AccountDelete>(|token| DeleteAccount { token, user: of, password: None, erase })?;
    print(common, &json!({ "user": user }), &Catalog::ENGLISH.account_of_user_deleted(&user))
}

fn reset_password(common: &Common, user: UserName) -> Result<(), CliError> {
    let (mut handle, _news) = open_session(&common.connection)?;
    let of = user.clone();
    let done = handle.request::<AdminResetPassword>(|token| admin::ResetPassword { token, user: of })?;
    let message = render::reset_code(Catalog::ENGLISH, &user, &done);
    print(common, &json!({ "user": user, "code": done.code, "expires": done.expires }), &message)
}

fn disable(common: &Common, user: UserName, disabled: bool) -> Result<(), CliError> {
    let (mut handle, _news) = open_session(&common.connection)?;
    let of = user.clone();
    let done = handle.request::<AdminDisable>(|token| admin::Disable { token, user: of, disabled })?;
    let message = render::disabled(Catalog::ENGLISH, &user, disabled, done.ended);
    print(common, &json!({ "user": user, "ended": done.ended }), &message)
}

fn promote(common: &Common, user: UserName, administrator: bool) -> Result<(), CliError> {
    let (mut handle, _news) = open_session(&common.connection)?;
    let of = user.clone();
    handle.request::<AdminPromote>(|token| admin::Promote { token, user: of, administrator })?;
    print(common, &json!({ "user": user }), &render::promoted(Catalog::ENGLISH, &user, administrator))
}

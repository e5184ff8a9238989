//! `papo admin`: for administrators.

use common::UserName;
use common::accounts::{ListNames, SessionOnly};
use common::admin::{self, ListSessions};
use common::methods::{AdminChannels, AdminDisable, AdminPromote, AdminSessions, AdminStats, AdminUsers};
use serde_json::json;

use super::accounts::{print, print_list};
use super::{Common, open_session, user};
use crate::cli_error::CliError;
use crate::i18n::Words;
use crate::render;

/// The subcommands of `papo admin`.
#[derive(Debug, clap::Subcommand)]
pub enum Admin {
    /// List the accounts: who is an administrator, who is disabled, how many sessions are open.
    Users(Everything),
    /// List all channels, the private ones too.
    Channels(Everything),
    /// List everybody's open sessions, or those of one user.
    Sessions(Sessions),
    /// Shut a user out: their sessions end, and they cannot log in.
    Disable(Disable),
    /// Make a user an administrator.
    Promote(Promote),
    /// Count what the node holds.
    Stats(Everything),
}

/// Arguments of subcommands that need none.
#[derive(Debug, clap::Args)]
pub struct Everything {
    #[command(flatten)]
    common: Common,
}

/// Arguments of `papo admin sessions`.
#[derive(Debug, clap::Args)]
pub struct Sessions {
    /// Only those of this user.
    #[arg(value_parser = user)]
    user: Option<UserName>,
    #[command(flatten)]
    common: Common,
}

/// Arguments of `papo admin disable`.
#[derive(Debug, clap::Args)]
pub struct Disable {
    /// Whom.
    #[arg(value_parser = user)]
    user: UserName,
    /// Let them in again.
    #[arg(long)]
    enable: bool,
    #[command(flatten)]
    common: Common,
}

/// Arguments of `papo admin promote`.
#[derive(Debug, clap::Args)]
pub struct Promote {
    /// Whom.
    #[arg(value_parser = user)]
    user: UserName,
    /// Make them an administrator no more.
    #[arg(long)]
    demote: bool,
    #[command(flatten)]
    common: Common,
}

pub(super) fn run(admin: Admin) -> Result<(), CliError> {
    match admin {
        Admin::Users(Everything { common }) => {
            let (mut handle, _news) = open_session(&common.connection)?;
            let users = handle.list::<AdminUsers>(|token| ListNames { token, after: None })?;
            print_list(&common, &users, |user| render::account(Words::ENGLISH, user))
        }
        Admin::Channels(Everything { common }) => {
            let (mut handle, _news) = open_session(&common.connection)?;
            let channels = handle.list::<AdminChannels>(|token| ListNames { token, after: None })?;
            print_list(&common, &channels, |channel| render::any_channel(Words::ENGLISH, channel))
        }
        Admin::Sessions(Sessions { user, common }) => {
            let (mut handle, _news) = open_session(&common.connection)?;
            let sessions = handle.list::<AdminSessions>(|token| ListSessions { token, user, after: None })?;
            print_list(&common, &sessions, |session| render::any_session(Words::ENGLISH, session))
        }
        Admin::Stats(Everything { common }) => {
            let (mut handle, _news) = open_session(&common.connection)?;
            let stats = handle.ask::<AdminStats>(|token| SessionOnly { token })?;
            print_list(&common, &[stats], |stats| render::stats(Words::ENGLISH, stats).join("\n"))
        }
        Admin::Disable(Disable { user, enable, common }) => disable(&common, user, !enable),
        Admin::Promote(Promote { user, demote, common }) => promote(&common, user, !demote),
    }
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

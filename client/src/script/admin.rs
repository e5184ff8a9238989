//! `papo admin`: for administrators.

use common::UserName;
use serde::Serialize;
use serde_json::json;

use super::accounts::print;
use super::{Common, open_session, user};
use crate::cli_error::CliError;
use crate::client_handle::unexpected;
use crate::i18n::Words;
use crate::render::{self, Output, sanitise};
use session::{Administration, Answer, Command, Overview};

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
        Admin::Users(Everything { common }) => show(&common, Administration::Users),
        Admin::Channels(Everything { common }) => show(&common, Administration::Channels),
        Admin::Sessions(Sessions { user, common }) => show(&common, Administration::Sessions(user)),
        Admin::Stats(Everything { common }) => show(&common, Administration::Stats),
        Admin::Disable(Disable { user, enable, common }) => disable(&common, user, !enable),
        Admin::Promote(Promote { user, demote, common }) => promote(&common, user, !demote),
    }
}

fn disable(common: &Common, user: UserName, disabled: bool) -> Result<(), CliError> {
    let (mut handle, _news) = open_session(&common.connection)?;
    let ask = Administration::Disable { user: user.clone(), disabled };
    let ended = handle.end_sessions(Command::Administrate(ask))?;
    print(
        common,
        &json!({ "user": user, "ended": ended }),
        &render::disabled(Words::ENGLISH, &user, disabled, ended),
    )
}

fn promote(common: &Common, user: UserName, administrator: bool) -> Result<(), CliError> {
    let (mut handle, _news) = open_session(&common.connection)?;
    handle.ask(Command::Administrate(Administration::Promote { user: user.clone(), administrator }))?;
    print(common, &json!({ "user": user }), &render::promoted(Words::ENGLISH, &user, administrator))
}

fn show(common: &Common, what: Administration) -> Result<(), CliError> {
    let (mut handle, _news) = open_session(&common.connection)?;
    let Answer::Overview(overview) = handle.ask(Command::Administrate(what))? else {
        return Err(unexpected());
    };
    let lines =
        if common.json { json_lines(&overview)? } else { render::overview(Words::ENGLISH, &overview) };
    let mut output = Output::new();
    for line in lines {
        if common.json {
            output.print_json(&line)?;
        } else {
            output.print(&sanitise(&line))?;
        }
    }
    Ok(output.flush()?)
}

fn json_lines(overview: &Overview) -> Result<Vec<String>, CliError> {
    fn each<T: Serialize>(items: &[T]) -> serde_json::Result<Vec<String>> {
        items.iter().map(serde_json::to_string).collect()
    }
    let lines = match overview {
        Overview::Users(users) => each(users),
        Overview::Channels(channels) => each(channels),
        Overview::Sessions(sessions) => each(sessions),
        Overview::Stats(stats) => each(std::slice::from_ref(stats)),
    };
    Ok(lines.map_err(std::io::Error::from)?)
}

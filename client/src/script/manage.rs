//! `papo channel`: looking after a channel.

use common::channels::Role;
use common::{ChannelName, Subject, UserName};
use serde_json::json;

use super::accounts::print;
use super::{Common, channel, open_session, role, user};
use crate::cli_error::CliError;
use crate::client_handle::unexpected;
use crate::i18n::Words;
use crate::render::{self, Output};
use session::{Answer, Command, Deed};

/// The subcommands of `papo channel`.
#[derive(Debug, clap::Subcommand)]
pub enum Manage {
    /// List the members and their roles.
    Members(OneChannel),
    /// Allow somebody to join.
    Invite(OneMember),
    /// Remove somebody.
    Kick(OneMember),
    /// Remove somebody, or keep them out, for good.
    Ban(OneMember),
    /// Take a ban back.
    Unban(OneMember),
    /// Turn an invitation down.
    Decline(OneChannel),
    /// Give a member a role.
    Role(GiveRole),
    /// Change the subject, or who may join.
    Set(Set),
}

/// Which channel.
#[derive(Debug, clap::Args)]
pub struct OneChannel {
    /// The channel, in quotes: '#general'.
    #[arg(value_parser = channel)]
    channel: ChannelName,
    #[command(flatten)]
    common: Common,
}

/// Which channel, and whom it is done to.
#[derive(Debug, clap::Args)]
pub struct OneMember {
    #[command(flatten)]
    of: OneChannel,
    /// Who.
    #[arg(value_parser = user)]
    user: UserName,
}

/// Arguments of `papo channel role`.
#[derive(Debug, clap::Args)]
pub struct GiveRole {
    #[command(flatten)]
    one: OneMember,
    /// owner, moderator or member.
    #[arg(value_parser = role)]
    role: Role,
}

/// Arguments of `papo channel set`.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = true, args = ["subject", "private", "public"])]
pub struct Set {
    #[command(flatten)]
    of: OneChannel,
    /// What it is about; an empty one takes it away.
    #[arg(long, value_parser = subject)]
    subject: Option<Subject<'static>>,
    /// Only the invited may join, and nobody else is told that it exists.
    #[arg(long, conflicts_with = "public")]
    private: bool,
    /// Anybody may join.
    #[arg(long)]
    public: bool,
}

/// Reads a subject.
fn subject(text: &str) -> Result<Subject<'static>, String> {
    Subject::new(text).map(Subject::into_owned).map_err(|error| error.to_string())
}

pub(super) fn run(manage: Manage) -> Result<(), CliError> {
    match manage {
        Manage::Members(of) => members(of),
        Manage::Decline(of) => decline(of),
        Manage::Invite(OneMember { of, user }) => perform(of, Deed::Invite(user)),
        Manage::Kick(OneMember { of, user }) => perform(of, Deed::Kick(user)),
        Manage::Ban(OneMember { of, user }) => perform(of, Deed::Ban(user)),
        Manage::Unban(OneMember { of, user }) => perform(of, Deed::Unban(user)),
        Manage::Role(GiveRole { one: OneMember { of, user }, role }) => perform(of, Deed::Role(user, role)),
        Manage::Set(Set { of, subject, private, public }) => {
            let private = (private || public).then_some(private);
            perform(of, Deed::Set { subject, private })
        }
    }
}

fn perform(of: OneChannel, deed: Deed) -> Result<(), CliError> {
    let (mut handle, _news) = open_session(&of.common.connection)?;
    handle.ask(Command::Manage(of.channel, deed))?;
    print(&of.common, &json!({}), "done")
}

fn decline(of: OneChannel) -> Result<(), CliError> {
    let (mut handle, _news) = open_session(&of.common.connection)?;
    handle.ask(Command::Decline(of.channel))?;
    print(&of.common, &json!({}), "done")
}

fn members(of: OneChannel) -> Result<(), CliError> {
    let (mut handle, _news) = open_session(&of.common.connection)?;
    let Answer::Members(members) = handle.ask(Command::Members(of.channel))? else {
        return Err(unexpected());
    };
    let mut output = Output::new();
    for member in members {
        if of.common.json {
            output.print_json(&serde_json::to_string(&member).map_err(std::io::Error::from)?)?;
        } else {
            output.print(&render::member(Words::ENGLISH, &member))?;
        }
    }
    Ok(output.flush()?)
}

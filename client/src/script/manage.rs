//! `papo channel`: looking after a channel.

use common::accounts::Token;
use common::channels::{self, ListInChannel, Role, SetChannel};
use common::methods::{
    ChannelBan, ChannelBans, ChannelDecline, ChannelInvite, ChannelKick, ChannelMembers, ChannelRole,
    ChannelSet, ChannelUnban, Request,
};
use common::{ChannelName, Paged, Subject, UserName};
use serde::Serialize;
use serde_json::json;

use super::accounts::{print, print_list};
use super::{Common, channel, open_session, role, user};
use crate::cli_error::CliError;
use crate::i18n::Words;
use crate::render;

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
    /// Lift a ban.
    Unban(OneMember),
    /// List the banned users, with the author and the time of each ban.
    Bans(OneChannel),
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
        Manage::Members(of) => list::<ChannelMembers>(of, |member| render::member(Words::ENGLISH, member)),
        Manage::Bans(of) => list::<ChannelBans>(of, |ban| render::ban(Words::ENGLISH, ban)),
        Manage::Decline(OneChannel { channel, common }) => {
            perform::<ChannelDecline>(&common, |token| channels::OneChannel { token, channel })
        }
        Manage::Invite(member) => perform_on::<ChannelInvite>(member),
        Manage::Kick(member) => perform_on::<ChannelKick>(member),
        Manage::Ban(member) => perform_on::<ChannelBan>(member),
        Manage::Unban(member) => perform_on::<ChannelUnban>(member),
        Manage::Role(GiveRole { one: OneMember { of: OneChannel { channel, common }, user }, role }) => {
            perform::<ChannelRole>(&common, |token| channels::GiveRole { token, channel, user, role })
        }
        Manage::Set(Set { of: OneChannel { channel, common }, subject, private, public }) => {
            let private = (private || public).then_some(private);
            perform::<ChannelSet>(&common, |token| SetChannel { token, channel, subject, private })
        }
    }
}

/// Sends a request about one member.
fn perform_on<R>(member: OneMember) -> Result<(), CliError>
where
    R: for<'a> Request<Params<'a> = channels::OneMember<'a>>,
{
    let OneMember { of: OneChannel { channel, common }, user } = member;
    perform::<R>(&common, |token| channels::OneMember { token, channel, user })
}

/// Sends a request that has no result.
fn perform<R: Request>(
    common: &Common,
    params: impl FnOnce(Token<'static>) -> R::Params<'static>,
) -> Result<(), CliError> {
    let (mut handle, _news) = open_session(&common.connection)?;
    handle.ask::<R>(params)?;
    print(common, &json!({}), "done")
}

/// Prints a list of users of a channel.
fn list<R>(of: OneChannel, line: impl Fn(&R::Item) -> String) -> Result<(), CliError>
where
    R: for<'a> Paged<Params<'a> = ListInChannel<'a>, Item: Serialize>,
{
    let (mut handle, _news) = open_session(&of.common.connection)?;
    let channel = of.channel;
    let items = handle.list::<R>(|token| ListInChannel { token, channel, after: None })?;
    print_list(&of.common, &items, line)
}

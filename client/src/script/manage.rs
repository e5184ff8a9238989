//! `papo channel`.

use common::accounts::Token;
use common::channels::{self, ArchiveChannel, ListInChannel, RenameChannel, Role, SetChannel};
use common::methods::{
    ChannelArchive, ChannelBan, ChannelBans, ChannelDecline, ChannelDelete, ChannelInvite, ChannelKick,
    ChannelMembers, ChannelRename, ChannelRole, ChannelSet, ChannelUnban, Request,
};
use common::{ChannelName, Paged, Subject, UserName};
use serde::Serialize;
use serde_json::json;

use super::accounts::{print, print_list};
use super::{Common, channel, open_session, role, user};
use crate::cli_error::CliError;
use crate::i18n::Catalog;
use crate::render;

#[derive(Debug, clap::Subcommand)]
pub enum ChannelCommand {
    /// List the members and their roles.
    Members(OneChannel),
    /// Invite a user.
    Invite(OneMember),
    /// Remove a member.
    Kick(OneMember),
    /// Ban a user: remove them, and forbid them to join.
    Ban(OneMember),
    /// Lift a ban.
    Unban(OneMember),
    /// List the banned users, with the author and the time of each ban.
    Bans(OneChannel),
    /// Decline an invitation.
    Decline(OneChannel),
    /// Give a member a role.
    Role(GiveRole),
    /// Rename the channel. All its former names still lead to it.
    Rename(Rename),
    /// Archive the channel, which makes it read-only, or restore it.
    Archive(Archive),
    /// Delete the channel with all its messages and files.
    Delete(OneChannel),
    /// Change the subject, or make the channel private or public.
    Set(Set),
}

/// Arguments that name a channel.
#[derive(Debug, clap::Args)]
pub struct OneChannel {
    /// The channel, in quotes: '#general'.
    #[arg(value_parser = channel)]
    pub(super) channel: ChannelName,
    #[command(flatten)]
    pub(super) common: Common,
}

/// Arguments that name a channel and a user.
#[derive(Debug, clap::Args)]
pub struct OneMember {
    #[command(flatten)]
    of: OneChannel,
    /// The name of the user.
    #[arg(value_parser = user)]
    user: UserName,
}

#[derive(Debug, clap::Args)]
pub struct GiveRole {
    #[command(flatten)]
    one: OneMember,
    /// The role: owner, moderator or member.
    #[arg(value_parser = role)]
    role: Role,
}

#[derive(Debug, clap::Args)]
#[group(required = true, multiple = true, args = ["subject", "private", "public"])]
pub struct Set {
    #[command(flatten)]
    of: OneChannel,
    /// Set the subject. An empty one removes it.
    #[arg(long, value_parser = subject, allow_hyphen_values = true)]
    subject: Option<Subject<'static>>,
    /// Make the channel private: only invited users can see and join it.
    #[arg(long, conflicts_with = "public")]
    private: bool,
    /// Make the channel public: every user can join.
    #[arg(long)]
    public: bool,
}

#[derive(Debug, clap::Args)]
pub struct Rename {
    #[command(flatten)]
    of: OneChannel,
    /// The new name, in quotes: '#support'.
    #[arg(value_parser = channel)]
    new_name: ChannelName,
}

#[derive(Debug, clap::Args)]
pub struct Archive {
    #[command(flatten)]
    of: OneChannel,
    /// Restore an archived channel.
    #[arg(long)]
    restore: bool,
}

fn subject(text: &str) -> Result<Subject<'static>, String> {
    Subject::new(text).map(Subject::into_owned).map_err(|error| error.to_string())
}

pub(super) fn run(command: ChannelCommand) -> Result<(), CliError> {
    match command {
        ChannelCommand::Members(of) => {
            list::<ChannelMembers>(of, |member| render::member(Catalog::ENGLISH, member))
        }
        ChannelCommand::Bans(of) => list::<ChannelBans>(of, |ban| render::ban(Catalog::ENGLISH, ban)),
        ChannelCommand::Decline(OneChannel { channel, common }) => {
            request::<ChannelDecline>(&common, |token| channels::OneChannel { token, channel })
        }
        ChannelCommand::Rename(Rename { of: OneChannel { channel, common }, new_name }) => {
            request::<ChannelRename>(&common, |token| RenameChannel { token, channel, new_name })
        }
        ChannelCommand::Archive(Archive { of: OneChannel { channel, common }, restore }) => {
            let archived = !restore;
            request::<ChannelArchive>(&common, |token| ArchiveChannel { token, channel, archived })
        }
        ChannelCommand::Delete(OneChannel { channel, common }) => {
            request::<ChannelDelete>(&common, |token| channels::OneChannel { token, channel })
        }
        ChannelCommand::Invite(member) => request_about_member::<ChannelInvite>(member),
        ChannelCommand::Kick(member) => request_about_member::<ChannelKick>(member),
        ChannelCommand::Ban(member) => request_about_member::<ChannelBan>(member),
        ChannelCommand::Unban(member) => request_about_member::<ChannelUnban>(member),
        ChannelCommand::Role(GiveRole {
            one: OneMember { of: OneChannel { channel, common }, user },
            role,
        }) => request::<ChannelRole>(&common, |token| channels::GiveRole { token, channel, user, role }),
        ChannelCommand::Set(Set { of: OneChannel { channel, common }, subject, private, public }) => {
            let private = (private || public).then_some(private);
            request::<ChannelSet>(&common, |token| SetChannel { token, channel, subject, private })
        }
    }
}

/// Sends a request about one member.
fn request_about_member<R>(member: OneMember) -> Result<(), CliError>
where
    R: for<'a> Request<Params<'a> = channels::OneMember<'a>>,
{
    let OneMember { of: OneChannel { channel, common }, user } = member;
    request::<R>(&common, |token| channels::OneMember { token, channel, user })
}

/// Sends a request that has no result.
fn request<R: Request>(
    common: &Common,
    params: impl FnOnce(Token<'static>) -> R::Params<'static>,
) -> Result<(), CliError> {
    let (mut handle, _news) = open_session(&common.connection)?;
    handle.request::<R>(params)?;
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

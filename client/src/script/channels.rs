//! `papo channels`, `papo create`, `papo join`, `papo leave`.

use common::ChannelName;
use common::accounts::ListNames;
use common::methods::{ChannelInvitations, ChannelList};
use serde_json::json;

use super::accounts::{print, print_list};
use super::{Common, channel, open_session};
use crate::cli_error::CliError;
use crate::client_handle::unexpected;
use crate::i18n::Words;
use crate::render;
use session::{Answer, Command};

/// Arguments of `papo channels` and `papo invitations`.
#[derive(Debug, clap::Args)]
pub struct Channels {
    #[command(flatten)]
    common: Common,
}

/// Arguments of `papo create`.
#[derive(Debug, clap::Args)]
pub struct Create {
    #[command(flatten)]
    one: OneChannel,
    /// Only the invited may join, and nobody else is told that it exists.
    #[arg(long)]
    private: bool,
}

/// Arguments of `papo join` and `papo leave`.
#[derive(Debug, clap::Args)]
pub struct OneChannel {
    /// The channel, in quotes: '#general'.
    #[arg(value_parser = channel)]
    channel: ChannelName,
    #[command(flatten)]
    common: Common,
}

/// Arguments of `papo join`.
pub(super) type Join = OneChannel;
/// Arguments of `papo leave`.
pub(super) type Leave = OneChannel;

pub(super) fn list(arguments: &Channels) -> Result<(), CliError> {
    let (mut handle, _news) = open_session(&arguments.common.connection)?;
    let channels = handle.list::<ChannelList>(|token| ListNames { token, after: None })?;
    print_list(&arguments.common, &channels, |channel| render::channel(Words::ENGLISH, channel))
}

pub(super) fn list_invitations(arguments: &Channels) -> Result<(), CliError> {
    let (mut handle, _news) = open_session(&arguments.common.connection)?;
    let invitations = handle.list::<ChannelInvitations>(|token| ListNames { token, after: None })?;
    print_list(&arguments.common, &invitations, |invitation| {
        let by = invitation.invited.by.as_ref().map_or_else(String::new, |by| format!(", invited by {by}"));
        format!("{}{by}", invitation.channel)
    })
}

pub(super) fn create(arguments: Create) -> Result<(), CliError> {
    let Create { one, private } = arguments;
    become_member(one, |channel| Command::Create { channel, private })
}

pub(super) fn join(arguments: Join) -> Result<(), CliError> {
    become_member(arguments, Command::Join)
}

fn become_member(
    arguments: OneChannel,
    command: impl FnOnce(ChannelName) -> Command,
) -> Result<(), CliError> {
    let (mut handle, _news) = open_session(&arguments.common.connection)?;
    let Answer::Joined(joined) = handle.command(command(arguments.channel))? else {
        return Err(unexpected());
    };
    // The topic is a secret of the members, so it is not printed.
    let result = json!({ "channel": joined.channel, "n": joined.n });
    print(&arguments.common, &result, &format!("you are a member of {}", joined.channel))
}

pub(super) fn leave(arguments: Leave) -> Result<(), CliError> {
    let (mut handle, _news) = open_session(&arguments.common.connection)?;
    let channel = arguments.channel;
    handle.command(Command::Leave(channel.clone()))?;
    let words = format!("you are no member of {channel} any more");
    print(&arguments.common, &json!({ "channel": channel }), &words)
}

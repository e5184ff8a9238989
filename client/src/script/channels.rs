//! `papo channels`, `papo create`, `papo join`, `papo leave`.

use common::ChannelName;
use common::accounts::ListNames;
use common::methods::{ChannelInvitations, ChannelList};
use serde_json::json;

use super::accounts::{print, print_list};
use super::{Common, channel, open_session};
use crate::cli_error::CliError;
use crate::i18n::Catalog;
use crate::render;
use session::{Answer, Command};

#[derive(Debug, clap::Args)]
pub struct Channels {
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, clap::Args)]
pub struct Create {
    #[command(flatten)]
    one: OneChannel,
    /// Only invited users can see and join the channel.
    #[arg(long)]
    private: bool,
}

#[derive(Debug, clap::Args)]
pub struct OneChannel {
    /// The channel, in quotes: '#general'.
    #[arg(value_parser = channel)]
    channel: ChannelName,
    #[command(flatten)]
    common: Common,
}

pub(super) fn list(arguments: &Channels) -> Result<(), CliError> {
    let (mut handle, _news) = open_session(&arguments.common.connection)?;
    let channels = handle.list::<ChannelList>(|token| ListNames { token, after: None })?;
    print_list(&arguments.common, &channels, |channel| render::channel(Catalog::ENGLISH, channel))
}

pub(super) fn list_invitations(arguments: &Channels) -> Result<(), CliError> {
    let (mut handle, _news) = open_session(&arguments.common.connection)?;
    let invitations = handle.list::<ChannelInvitations>(|token| ListNames { token, after: None })?;
    print_list(&arguments.common, &invitations, |invitation| {
        let by = invitation.invited.by.as_ref().map_or_else(String::new, |by| format!(", invited by {by}"));
        format!("{}{by}", invitation.names.current(&invitation.channel))
    })
}

pub(super) fn create(arguments: Create) -> Result<(), CliError> {
    let Create { one, private } = arguments;
    join_channel(one, |channel| Command::Create { channel, private })
}

pub(super) fn join(arguments: OneChannel) -> Result<(), CliError> {
    join_channel(arguments, Command::Join)
}

fn join_channel(arguments: OneChannel, command: impl FnOnce(ChannelName) -> Command) -> Result<(), CliError> {
    let (mut handle, _news) = open_session(&arguments.common.connection)?;
    let Answer::Joined(joined) = handle.command(command(arguments.channel))? else {
        return Err(CliError::UnexpectedAnswer);
    };
    // The topic is a secret of the members, so it is not printed.
    let result = json!({ "channel": joined.channel, "n": joined.n });
    print(
        &arguments.common,
        &result,
        &format!("you are a member of {}", joined.names.current(&joined.channel)),
    )
}

pub(super) fn leave(arguments: OneChannel) -> Result<(), CliError> {
    let (mut handle, _news) = open_session(&arguments.common.connection)?;
    let channel = arguments.channel;
    handle.command(Command::Leave(channel.clone()))?;
    let message = Catalog::ENGLISH.you_left(&channel);
    print(&arguments.common, &json!({ "channel": channel }), &message)
}

//! `papo channels`, `papo create`, `papo join`, `papo leave`.

use common::ChannelName;
use serde_json::json;

use super::accounts::print;
use super::{Common, channel, open_session};
use crate::cli_error::CliError;
use crate::client_handle::unexpected;
use crate::i18n::Words;
use crate::render::{self, Output, sanitise};
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
    let Answer::Channels(channels) = handle.ask(Command::Channels)? else { return Err(unexpected()) };
    let mut output = Output::new();
    for channel in channels {
        if arguments.common.json {
            output.print_json(&serde_json::to_string(&channel).map_err(std::io::Error::from)?)?;
        } else {
            output.print(&sanitise(&render::channel(Words::ENGLISH, &channel)))?;
        }
    }
    Ok(output.flush()?)
}

pub(super) fn list_invitations(arguments: &Channels) -> Result<(), CliError> {
    let (mut handle, _news) = open_session(&arguments.common.connection)?;
    let Answer::Invitations(invitations) = handle.ask(Command::Invitations)? else {
        return Err(unexpected());
    };
    let mut output = Output::new();
    for invitation in invitations {
        if arguments.common.json {
            output.print_json(&serde_json::to_string(&invitation).map_err(std::io::Error::from)?)?;
        } else {
            let by = invitation.invited.by.map_or_else(String::new, |by| format!(", invited by {by}"));
            output.print(&format!("{}{by}", invitation.channel))?;
        }
    }
    Ok(output.flush()?)
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
    let Answer::Joined(joined) = handle.ask(command(arguments.channel))? else { return Err(unexpected()) };
    // The topic is a secret of the members, so it is not printed.
    let result = json!({ "channel": joined.channel, "n": joined.n });
    print(&arguments.common, &result, &format!("you are a member of {}", joined.channel))
}

pub(super) fn leave(arguments: Leave) -> Result<(), CliError> {
    let (mut handle, _news) = open_session(&arguments.common.connection)?;
    let channel = arguments.channel;
    handle.ask(Command::Leave(channel.clone()))?;
    let words = format!("you are no member of {channel} any more");
    print(&arguments.common, &json!({ "channel": channel }), &words)
}

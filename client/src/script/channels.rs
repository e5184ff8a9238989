//! `papo channels`, `papo create`, `papo join`, `papo leave`.

use common::ChannelName;
use serde_json::json;

use super::accounts::print;
use super::{Common, channel, open_session};
use crate::desk::unexpected;
use crate::failure::Failure;
use crate::render::Output;
use crate::session::{Answer, Command};

/// Arguments of `papo channels`.
#[derive(Debug, clap::Args)]
pub struct Channels {
    #[command(flatten)]
    common: Common,
}

/// Arguments of `papo create`, `papo join` and `papo leave`.
#[derive(Debug, clap::Args)]
pub struct OneChannel {
    /// The channel, in quotes: '#general'.
    #[arg(value_parser = channel)]
    channel: ChannelName,
    #[command(flatten)]
    common: Common,
}

/// Arguments of `papo create`.
pub(super) type Create = OneChannel;
/// Arguments of `papo join`.
pub(super) type Join = OneChannel;
/// Arguments of `papo leave`.
pub(super) type Leave = OneChannel;

pub(super) fn list(arguments: &Channels) -> Result<(), Failure> {
    let (mut desk, _news) = open_session(&arguments.common.connection)?;
    let Answer::Channels(channels) = desk.ask(Command::Channels)? else { return Err(unexpected()) };
    let mut output = Output::new();
    for channel in channels {
        if arguments.common.json {
            output.print_json(&serde_json::to_string(&channel).map_err(std::io::Error::from)?)?;
        } else {
            let mark = if channel.member { '*' } else { ' ' };
            output.print(&format!("{mark} {} ({} members)", channel.channel, channel.members))?;
        }
    }
    Ok(output.flush()?)
}

pub(super) fn create(arguments: Create) -> Result<(), Failure> {
    become_member(arguments, Command::Create)
}

pub(super) fn join(arguments: Join) -> Result<(), Failure> {
    become_member(arguments, Command::Join)
}

fn become_member(arguments: OneChannel, command: fn(ChannelName) -> Command) -> Result<(), Failure> {
    let (mut desk, _news) = open_session(&arguments.common.connection)?;
    let Answer::Joined(joined) = desk.ask(command(arguments.channel))? else { return Err(unexpected()) };
    // The topic is a secret of the members, so it is not printed.
    let result = json!({ "channel": joined.channel, "n": joined.n });
    print(&arguments.common, &result, &format!("you are a member of {}", joined.channel))
}

pub(super) fn leave(arguments: Leave) -> Result<(), Failure> {
    let (mut desk, _news) = open_session(&arguments.common.connection)?;
    let channel = arguments.channel;
    desk.ask(Command::Leave(channel.clone()))?;
    let words = format!("you are no member of {channel} any more");
    print(&arguments.common, &json!({ "channel": channel }), &words)
}

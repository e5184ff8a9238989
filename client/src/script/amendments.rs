//! `papo edit`, `papo delete`, `papo react`.

use common::amendments::Emoji;
use common::messages::Sent;
use common::{Target, Text};

use super::accounts::print;
use super::{Common, open_session, target};
use crate::cli_error::CliError;
use crate::client_handle::unexpected;
use session::{Alteration, Answer};

/// Which message.
#[derive(Debug, clap::Args)]
pub struct OneMessage {
    /// The channel or user, in quotes: '#general', '@bob'.
    #[arg(value_parser = target)]
    conversation: Target,
    /// The number of the message.
    n: u64,
    #[command(flatten)]
    common: Common,
}

/// Arguments of `papo edit`.
#[derive(Debug, clap::Args)]
pub struct Edit {
    #[command(flatten)]
    of: OneMessage,
    /// What it says from now on.
    #[arg(value_parser = text)]
    text: Text<'static>,
}

/// Arguments of `papo react`.
#[derive(Debug, clap::Args)]
pub struct React {
    #[command(flatten)]
    of: OneMessage,
    /// An emoji, or a short word such as +1.
    #[arg(value_parser = emoji)]
    emoji: Emoji,
    /// Take it back.
    #[arg(long)]
    remove: bool,
}

fn text(text: &str) -> Result<Text<'static>, String> {
    Text::new(text.to_owned()).map_err(|error| error.to_string())
}

fn emoji(text: &str) -> Result<Emoji, String> {
    Emoji::new(text).map_err(|error| error.to_string())
}

pub(super) fn edit(arguments: Edit) -> Result<(), CliError> {
    amend(arguments.of, Alteration::Edit(arguments.text))
}

pub(super) fn delete(of: OneMessage) -> Result<(), CliError> {
    amend(of, Alteration::Delete)
}

pub(super) fn react(arguments: React) -> Result<(), CliError> {
    let React { of, emoji, remove } = arguments;
    amend(of, Alteration::React { emoji, remove })
}

fn amend(of: OneMessage, change: Alteration) -> Result<(), CliError> {
    let (mut handle, _news) = open_session(&of.common.connection)?;
    let Answer::Amended(sent) = handle.amend(of.conversation, of.n, change)? else {
        return Err(unexpected());
    };
    let Sent { n, at } = sent;
    print(&of.common, &serde_json::json!({ "n": n, "at": at }), "done")
}

//! `papo edit`, `papo delete`, `papo react`.

use common::accounts::Token;
use common::amendments::{self, Emoji};
use common::messages::Sent;
use common::methods::{MessageDelete, MessageEdit, MessageReact, Request};
use common::{Target, Text};
use uuid::Uuid;

use super::accounts::print;
use super::{Common, open_session, target};
use crate::cli_error::CliError;

/// Arguments that name a message.
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

#[derive(Debug, clap::Args)]
pub struct Edit {
    #[command(flatten)]
    of: OneMessage,
    /// The new text.
    #[arg(value_parser = text, allow_hyphen_values = true)]
    text: Text<'static>,
}

#[derive(Debug, clap::Args)]
pub struct React {
    #[command(flatten)]
    of: OneMessage,
    /// An emoji, or a short word such as +1.
    #[arg(value_parser = emoji, allow_hyphen_values = true)]
    emoji: Emoji,
    /// Remove your reaction.
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
    let Edit { of: OneMessage { conversation, n, common }, text } = arguments;
    let id = Uuid::now_v7();
    send_amendment::<MessageEdit>(&common, |token| amendments::Edit { token, conversation, n, id, text })
}

pub(super) fn delete(of: OneMessage) -> Result<(), CliError> {
    let OneMessage { conversation, n, common } = of;
    let id = Uuid::now_v7();
    send_amendment::<MessageDelete>(&common, |token| amendments::Delete { token, conversation, n, id })
}

pub(super) fn react(arguments: React) -> Result<(), CliError> {
    let React { of: OneMessage { conversation, n, common }, emoji, remove } = arguments;
    let id = Uuid::now_v7();
    send_amendment::<MessageReact>(&common, |token| amendments::React {
        token,
        conversation,
        n,
        id,
        emoji,
        remove,
    })
}

fn send_amendment<R: Request<Result = Sent>>(
    common: &Common,
    params: impl FnOnce(Token<'static>) -> R::Params<'static>,
) -> Result<(), CliError> {
    let (mut handle, _news) = open_session(&common.connection)?;
    let Sent { n, at, .. } = handle.request::<R>(params)?;
    print(common, &serde_json::json!({ "n": n, "at": at }), "done")
}

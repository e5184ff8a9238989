//! `papo unread`, `papo read`: how far one has read.

use common::Target;
use common::mentions::ListMentions;
use common::methods::MentionList;
use serde_json::json;

use super::accounts::{print, print_list};
use super::history::print_page;
use super::{Common, open_session, target};
use crate::cli_error::CliError;
use crate::client_handle::unexpected;
use crate::i18n::Words;
use crate::render;
use session::{Answer, Command};

/// Arguments of `papo unread`.
#[derive(Debug, clap::Args)]
pub struct Unread {
    /// Also those that were read to their end.
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    common: Common,
}

/// Arguments of `papo mentions`.
#[derive(Debug, clap::Args)]
pub struct Mentions {
    #[command(flatten)]
    common: Common,
}

/// Arguments of `papo read`.
#[derive(Debug, clap::Args)]
pub struct Mark {
    /// The channel or user, in quotes: '#general', '@bob'.
    #[arg(value_parser = target)]
    conversation: Target,
    /// The last event that was read; without it, the newest.
    #[arg(long, value_name = "N")]
    until: Option<u64>,
    #[command(flatten)]
    common: Common,
}

pub(super) fn unread(arguments: &Unread) -> Result<(), CliError> {
    let (mut handle, _news) = open_session(&arguments.common.connection)?;
    let Answer::Reads(mut reads) = handle.command(Command::ListReads)? else { return Err(unexpected()) };
    reads.retain(|reading| arguments.all || reading.unread > 0);
    print_list(&arguments.common, &reads, |reading| render::reading(Words::ENGLISH, reading))
}

pub(super) fn mentions(arguments: &Mentions) -> Result<(), CliError> {
    let (mut handle, _news) = open_session(&arguments.common.connection)?;
    let page = handle.ask::<MentionList>(|token| ListMentions { token, before: None })?;
    print_page(&handle.entries(&page.events), arguments.common.json)
}

pub(super) fn mark(arguments: Mark) -> Result<(), CliError> {
    let (mut handle, _news) = open_session(&arguments.common.connection)?;
    let Mark { conversation, until, common } = arguments;
    let answer = handle.command(Command::MarkRead(conversation, until.unwrap_or(u64::MAX)))?;
    let Answer::Unread(unread) = answer else { return Err(unexpected()) };
    print(&common, &json!({ "unread": unread }), &format!("{unread} unread"))
}

//! `papo unread`, `papo mentions`, `papo read`.

use common::Target;
use common::mentions::ListMentions;
use common::methods::MentionList;
use serde_json::json;

use super::accounts::{print, print_list};
use super::history::print_page;
use super::{Common, open_session, target};
use crate::cli_error::CliError;
use crate::i18n::Catalog;
use crate::render;
use session::{Answer, Command};

#[derive(Debug, clap::Args)]
pub struct Unread {
    /// Include conversations without unread messages.
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, clap::Args)]
pub struct Mentions {
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, clap::Args)]
pub struct Mark {
    /// The channel or user, in quotes: '#general', '@bob'.
    #[arg(value_parser = target)]
    conversation: Target,
    /// Mark messages up to this number, instead of all.
    #[arg(long, value_name = "N")]
    until: Option<u64>,
    #[command(flatten)]
    common: Common,
}

pub(super) fn unread(arguments: &Unread) -> Result<(), CliError> {
    let (mut handle, _news) = open_session(&arguments.common.connection)?;
    let Answer::Reads(mut reads) = handle.command(Command::ListReads)? else {
        return Err(CliError::UnexpectedAnswer);
    };
    reads.retain(|reading| arguments.all || reading.unread > 0);
    let names = handle.load_names()?;
    print_list(&arguments.common, &reads, |reading| render::reading(Catalog::ENGLISH, &names, reading))
}

pub(super) fn mentions(arguments: &Mentions) -> Result<(), CliError> {
    let (mut handle, _news) = open_session(&arguments.common.connection)?;
    let page = handle.request::<MentionList>(|token| ListMentions { token, before: None })?;
    let entries = handle.entries(&page.events)?;
    print_page(&mut handle, &entries, arguments.common.json)
}

pub(super) fn mark(arguments: Mark) -> Result<(), CliError> {
    let (mut handle, _news) = open_session(&arguments.common.connection)?;
    let Mark { conversation, until, common } = arguments;
    let answer = handle.command(Command::MarkRead(conversation, until.unwrap_or(u64::MAX)))?;
    let Answer::Unread(unread) = answer else { return Err(CliError::UnexpectedAnswer) };
    print(&common, &json!({ "unread": unread }), &format!("{unread} unread"))
}

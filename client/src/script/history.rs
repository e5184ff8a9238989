//! `papo history`: a page of a conversation.

use common::Target;

use super::{Common, open_session, target};
use crate::cli_error::CliError;
use crate::render::{Output, Renderer};
use crate::requests::Page;
use session::Entry;

/// Arguments of `papo history`.
#[derive(Debug, clap::Args)]
pub struct History {
    /// The channel or user, in quotes: '#general', '@bob'.
    #[arg(value_parser = target)]
    conversation: Target,
    /// Only events with a smaller number.
    #[arg(long, value_name = "N")]
    before: Option<u64>,
    /// Only events with a greater number.
    #[arg(long, value_name = "N")]
    after: Option<u64>,
    /// How many at most.
    #[arg(long, value_name = "EVENTS", value_parser = clap::value_parser!(u64).range(1..=common::limits::HISTORY_EVENTS_MAX))]
    limit: Option<u64>,
    /// Show what edited messages said before.
    #[arg(long)]
    edits: bool,
    #[command(flatten)]
    common: Common,
}

pub(super) fn run(arguments: History) -> Result<(), CliError> {
    let (mut handle, _news) = open_session(&arguments.common.connection)?;
    let History { conversation, before, after, limit, edits, common } = arguments;
    let entries = handle.history(Page { conversation, before, after, limit, edits })?;
    print_page(&entries, common.json)
}

/// Prints events: their lines, or as a person reads them.
pub(super) fn print_page(entries: &[Entry], is_json: bool) -> Result<(), CliError> {
    let (mut output, renderer) = (Output::new(), Renderer::for_scripts());
    if is_json {
        for entry in entries {
            output.print_json(&entry.line)?;
        }
    } else if !entries.is_empty() {
        output.print(&renderer.page(entries))?;
    }
    Ok(output.flush()?)
}

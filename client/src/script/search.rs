//! `papo search`: finds what was said.

use common::methods::MessageSearch;
use common::search;

use super::{Common, open_session};
use crate::cli_error::CliError;
use crate::i18n::Words;
use crate::render::{Output, Renderer, complain};

/// Arguments of `papo search`.
#[derive(Debug, clap::Args)]
pub struct Search {
    /// Words, "phrases", from:alice, in:#general, before:2026-01-31, after:2026-01-31; all of it must hold.
    #[arg(required = true)]
    query: Vec<String>,
    /// Go on behind an earlier page: the number that it ended with.
    #[arg(long = "page", value_name = "NUMBER")]
    before: Option<u64>,
    /// How many at most, the newest.
    #[arg(long, value_name = "EVENTS", value_parser = clap::value_parser!(u64).range(1..=common::limits::SEARCH_EVENTS_MAX))]
    limit: Option<u64>,
    #[command(flatten)]
    common: Common,
}

pub(super) fn run(arguments: Search) -> Result<(), CliError> {
    let (mut handle, _news) = open_session(&arguments.common.connection)?;
    let Search { query, before, limit, common } = arguments;
    let query = query.join(" ").into();
    let params = |token| search::Search { token, query, conversation: None, before, limit };
    let found = handle.ask::<MessageSearch>(params)?;
    let (mut output, renderer) = (Output::new(), Renderer::for_scripts());
    for entry in handle.entries(&found.events).iter().rev() {
        if common.json {
            output.print_json(&entry.line)?;
        } else if let Some(shown) = renderer.entry(entry) {
            output.print(&shown)?;
        }
    }
    output.flush()?;
    // Beside the output, so that a script reads nothing but events.
    if found.behind > 0 {
        complain(&Words::ENGLISH.index_behind(found.behind));
    }
    if let Some(before) = found.before {
        complain(&format!("there is more: --page {before}"));
    }
    Ok(())
}

//! `papo search`.

use common::methods::MessageSearch;
use common::search;

use super::{Common, open_session};
use crate::cli_error::CliError;
use crate::i18n::Catalog;
use crate::render::{Output, Renderer, print_error, with_instants};

#[derive(Debug, clap::Args)]
pub struct Search {
    /// Words, "phrases", from:alice, in:#general, before:2026-01-31, after:2026-01-31. A message must match
    /// all. Days are days of your time zone.
    #[arg(required = true, allow_hyphen_values = true)]
    query: Vec<String>,
    /// Show the next page: the number that the previous page ended with.
    #[arg(long = "page", value_name = "NUMBER")]
    before: Option<u64>,
    /// Show at most this number of the newest events.
    #[arg(long, value_name = "EVENTS", value_parser = clap::value_parser!(u64).range(1..=common::limits::SEARCH_EVENTS_MAX))]
    limit: Option<u64>,
    #[command(flatten)]
    common: Common,
}

pub(super) fn run(arguments: Search) -> Result<(), CliError> {
    let (mut handle, _news) = open_session(&arguments.common.connection)?;
    let Search { query, before, limit, common } = arguments;
    let query = with_instants(&query.join(" ")).into();
    let params = |token| search::Search { token, query, conversation: None, before, limit };
    let found = handle.request::<MessageSearch>(params)?;
    let entries = handle.entries(&found.events)?;
    let names = if common.json { handle.names() } else { handle.load_names()? };
    let (mut output, renderer) = (Output::new(), Renderer::for_scripts().with_names(names));
    for entry in entries.iter().rev() {
        if common.json {
            output.print_json(&entry.line)?;
        } else if let Some(shown) = renderer.entry(entry) {
            output.print(&shown)?;
        }
    }
    output.flush()?;
    // To standard error: standard output has only events.
    if found.behind > 0 {
        print_error(&Catalog::ENGLISH.index_behind(found.behind));
    }
    if let Some(before) = found.before {
        print_error(&format!("there are more results: --page {before}"));
    }
    Ok(())
}

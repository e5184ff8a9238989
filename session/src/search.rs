//! Searches messages.

use common::search::{Found, Search};
use common::{Error, Method};

use super::api::{Answer, Findings, Lookup};
use super::context::Context;
use super::requests::{Pending, read};

pub(crate) fn search(cx: &mut Context, ticket: u64, lookup: Lookup) {
    let Lookup { query, before, limit } = lookup;
    let params = |token| Search { token, query: query.into(), conversation: None, before, limit };
    cx.ask_for(ticket, Pending::Search, Method::MessageSearch, params);
}

/// The messages that match, oldest first.
pub(crate) fn found(cx: &Context, result: &str) -> Result<Answer, Error> {
    let page: Found = read(result)?;
    let entries = page.events.iter().rev().filter_map(|line| cx.entry(line.get()));
    Ok(Answer::Found(Findings { entries: entries.collect(), before: page.before, behind: page.behind }))
}

//! Searching what was said.

use common::search::{Found, Search};
use common::{Error, Method};

use super::Session;
use super::exchange::{Answer, Findings, Lookup};
use super::requests::{Question, read};

impl Session {
    pub(super) fn search(&mut self, now_ms: u64, ticket: u64, lookup: Lookup) {
        let Lookup { query, before, limit } = lookup;
        let params = |token| Search { token, query: query.into(), conversation: None, before, limit };
        self.ask_question(now_ms, ticket, Question::Search, Method::MessageSearch, params);
    }

    /// What was found, oldest first, as it is read on a screen.
    pub(super) fn found(&self, result: &str) -> Result<Answer, Error> {
        let page: Found = read(result)?;
        let entries = page.events.iter().rev().filter_map(|line| self.entry(line.get()));
        Ok(Answer::Found(Findings { entries: entries.collect(), before: page.before, behind: page.behind }))
    }
}

//! The messages that mention the person.

use common::mentions::{ListMentions, Mentions};
use common::{Error, Method};

use super::Session;
use super::exchange::{Answer, Entry};
use super::requests::{Question, read};

impl Session {
    pub(super) fn list_mentions(&mut self, now_ms: u64, ticket: u64) {
        let params = |token| ListMentions { token, before: None };
        self.ask_question(now_ms, ticket, Question::Mentions, Method::MentionList, params);
    }

    pub(super) fn mentions_listed(&self, result: &str) -> Result<Answer, Error> {
        let page: Mentions = read(result)?;
        let me = self.account.as_ref().map(|account| &account.user);
        let entries = page.events.iter().filter_map(|line| Entry::read_present(me?, line.get()));
        Ok(Answer::History(entries.collect()))
    }
}

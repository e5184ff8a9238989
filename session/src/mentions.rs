//! Lists the messages that mention the user.

use common::mentions::{ListMentions, Mentions};
use common::{Error, Method};

use super::api::Answer;
use super::context::Context;
use super::requests::{Pending, read};

pub(crate) fn list(cx: &mut Context, ticket: u64) {
    let params = |token| ListMentions { token, before: None };
    cx.ask_for(ticket, Pending::Mentions, Method::MentionList, params);
}

pub(crate) fn listed(cx: &Context, result: &str) -> Result<Answer, Error> {
    let page: Mentions = read(result)?;
    let entries = page.events.iter().filter_map(|line| cx.entry(line.get()));
    Ok(Answer::History(entries.collect()))
}

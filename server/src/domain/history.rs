//! Who may read what, which events a page of history holds, and how far conversations have come.

use std::ops::RangeInclusive;

use common::history::Head;
use common::limits::{HISTORY_EVENTS_DEFAULT, HISTORY_EVENTS_MAX};
use common::{Conversation, Detail, Target, UserName};

use super::State;

/// A page that the asker may read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageRange {
    /// Which conversation.
    pub conversation: Conversation,
    /// The number of its newest event.
    pub head: u64,
    /// The numbers of the events; empty when there are none.
    pub numbers: RangeInclusive<u64>,
    /// From which end the page is filled when it would get too large.
    pub fill: Fill,
}

/// Which events a page that would get too large keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fill {
    /// The oldest: the page begins where it was asked to.
    Forward,
    /// The newest: the page ends where it was asked to.
    Backward,
}

/// Decides whether `user` may read the conversation, and which events the page is to hold.
pub fn page(
    state: &State,
    user: &UserName,
    target: &Target,
    before: Option<u64>,
    after: Option<u64>,
    limit: Option<u64>,
) -> Result<PageRange, Detail> {
    let conversation = readable(state, user, target)?;
    let head = state.head(&conversation);
    let limit = limit.unwrap_or(HISTORY_EVENTS_DEFAULT).min(HISTORY_EVENTS_MAX);
    let last = before.map_or(head, |before| before.saturating_sub(1).min(head));
    let first = after.map_or(1, |after| after.saturating_add(1));
    let (numbers, fill) = match after {
        Some(_) => (first..=last.min(first.saturating_add(limit).saturating_sub(1)), Fill::Forward),
        None => (first.max((last + 1).saturating_sub(limit))..=last, Fill::Backward),
    };
    Ok(PageRange { conversation, head, numbers, fill })
}

/// The conversation that `user` means, if they may read it.
pub(crate) fn readable(state: &State, user: &UserName, target: &Target) -> Result<Conversation, Detail> {
    match target {
        Target::Channel(name) => {
            state.channels.membership(name, user)?;
        }
        Target::User(other) if !state.users.exists(other) => {
            return Err(Detail::NoSuchUser { user: other.clone() });
        }
        Target::User(_) => {}
    }
    Ok(Conversation::of(user, target))
}

/// How far the conversations of `user` have come that changed after the record `since`.
pub fn heads<'a>(state: &'a State, user: &'a UserName, since: u64) -> impl Iterator<Item = Head> + 'a {
    let channels = &state.channels;
    channels.conversations(user).filter_map(move |target| {
        let progress = channels.progress(&Conversation::of(user, target))?;
        let topic = match target {
            Target::Channel(name) => channels.channel(name).ok().map(|channel| channel.topic.to_string()),
            Target::User(_) => None,
        };
        let head = Head { conversation: target.clone(), n: progress.n, topic };
        // The topic of what everybody is told moves without an event, and nobody is told where to.
        let is_everybody = matches!(target, Target::Channel(name) if name.is_everybody());
        (progress.record > since || is_everybody).then_some(head)
    })
}

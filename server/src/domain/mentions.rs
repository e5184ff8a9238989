//! The mentions of each user in each conversation, as bounded lists of event numbers.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use common::limits::{MENTIONS_KEPT_MAX, MENTIONS_PAGE_MAX};
use common::mentions::{Mention, mentions};
use common::{Body, Conversation, Event, Target, UserName};
use serde::{Deserialize, Serialize};

use super::State;

/// The mentions in one conversation, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mentions {
    users: BTreeMap<UserName, Vec<Mentioned>>,
    /// The messages with `@here` and their senders. Each mentions all members, so it is stored once.
    here: Vec<(Mentioned, UserName)>,
}

/// A message that contains a mention.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mentioned {
    /// The number of the message in the conversation.
    pub n: u64,
    /// The number of the message's record. It orders mentions across conversations.
    pub record: u64,
}

impl Mentions {
    /// Stores the mentions of a message. A mention of a user who is not a member, or of the sender, has no
    /// effect.
    pub(super) fn apply(&mut self, record: u64, event: &Event<'_>, is_member: impl Fn(&UserName) -> bool) {
        let Body::Message { text, .. } = &event.body else { return };
        // Only a text with `@` is parsed.
        if !text.as_str().as_bytes().contains(&b'@') {
            return;
        }
        let mentioned = Mentioned { n: event.n, record };
        let is_recipient = |user: &UserName| match &event.to {
            Target::Channel(_) => is_member(user),
            Target::User(other) => user == other,
        };
        for mention in mentions(text.as_str()) {
            match mention {
                Mention::User(user) if user != event.from && is_recipient(&user) => {
                    let kept = self.users.entry(user).or_default();
                    if kept.last() != Some(&mentioned) {
                        push_bounded(kept, mentioned);
                    }
                }
                Mention::User(_) => {}
                Mention::Here if self.here.last().is_none_or(|(last, _)| *last != mentioned) => {
                    push_bounded(&mut self.here, (mentioned, event.from.clone()));
                }
                Mention::Here => {}
            }
        }
    }

    /// Removes the mentions of a deleted message.
    pub(super) fn remove(&mut self, n: u64) {
        self.users.values_mut().for_each(|kept| kept.retain(|mentioned| mentioned.n != n));
        self.users.retain(|_, kept| !kept.is_empty());
        self.here.retain(|(mentioned, _)| mentioned.n != n);
    }

    /// Removes the mentions of a user whose membership ended.
    pub(super) fn remove_user(&mut self, user: &UserName) {
        self.users.remove(user);
    }

    /// The users whom messages mention by name.
    pub(super) fn users(&self) -> impl Iterator<Item = &UserName> {
        self.users.keys()
    }

    pub(super) fn has_here(&self) -> bool {
        !self.here.is_empty()
    }

    /// The messages that mention `user` by name or with `@here`. Each message is listed once.
    pub(super) fn of(&self, user: &UserName) -> impl Iterator<Item = Mentioned> {
        let by_name = self.users.get(user).map_or(&[][..], Vec::as_slice);
        let is_named = move |n: u64| by_name.binary_search_by_key(&n, |mentioned| mentioned.n).is_ok();
        let here = self.here.iter().filter(move |(mentioned, from)| from != user && !is_named(mentioned.n));
        by_name.iter().copied().chain(here.map(|(mentioned, _)| *mentioned))
    }
}

/// Appends an item. At the limit, drops the oldest item.
fn push_bounded<T>(kept: &mut Vec<T>, item: T) {
    if kept.len() >= MENTIONS_KEPT_MAX {
        kept.remove(0);
    }
    kept.push(item);
}

/// One page of the mentions of `user` that are before the record `before`, newest first. Also returns the
/// value of `before` for the next page.
#[must_use]
pub fn page(
    state: &State,
    user: &UserName,
    before: Option<u64>,
) -> (Vec<(Conversation, Mentioned)>, Option<u64>) {
    let mut all = Vec::new();
    for target in state.channels.mentioning(user) {
        let conversation = Conversation::of(user, &target);
        let Some(reads) = state.channels.reads(&conversation) else { continue };
        let is_earlier = |mentioned: &Mentioned| before.is_none_or(|before| mentioned.record < before);
        let earlier = reads.mentions(user).filter(is_earlier);
        all.extend(earlier.map(|mentioned| (conversation.clone(), mentioned)));
    }
    all.sort_unstable_by_key(|(_, mentioned)| Reverse(mentioned.record));
    let more = all.len() > MENTIONS_PAGE_MAX;
    all.truncate(MENTIONS_PAGE_MAX);
    let next = all.last().filter(|_| more).map(|(_, last)| last.record);
    (all, next)
}

//! How far each member has read, and how many messages are unread.
//!
//! Only messages and files of other users count ([`Body::is_content`]). The numbers of all other events,
//! which are few, are kept in memory, so counting does not read the log and sending does no work per member.

use std::collections::BTreeMap;
use std::ops::Bound;

use common::reads::Reading;
use common::{Body, Conversation, Detail, Event, Target, UserName};
use serde::{Deserialize, Serialize};

use super::mentions::{Mentioned, Mentions};
use super::{State, history};
use crate::domain::records::{Record, ServerRecord};

/// The read state of one conversation.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadState {
    /// The numbers of the events that never count as unread, in order: 8 bytes each.
    others: Vec<u64>,
    marks: BTreeMap<UserName, Mark>,
    /// The messages that mention members.
    #[serde(default)]
    mentions: Mentions,
}

/// How many own messages are kept after a mark. Only a program that never reads sends more; its further messages
/// count as unread.
const OWN_MAX: usize = 10_000;

/// How far a user has read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Mark {
    /// The event that began the membership; 0 in a direct conversation.
    since: u64,
    /// The number of the last event that was read.
    n: u64,
    /// The user's own messages after `n`, in order. They are not unread.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    own: Vec<u64>,
}

impl Mark {
    /// Moves the mark to `n`, never backwards.
    fn move_to(&mut self, n: u64) {
        self.n = self.n.max(n);
        let read = self.own.partition_point(|own| *own <= self.n);
        self.own.drain(..read);
    }

    /// How many events up to `head` are unread. The events numbered `others` do not count.
    fn unread(&self, others: &[u64], head: u64) -> u64 {
        messages(others, self.n, head).saturating_sub(self.own.len() as u64)
    }
}

impl ReadState {
    /// Applies an event. A message also moves its sender's mark if the sender had nothing unread.
    pub(super) fn apply(&mut self, record: u64, event: &Event<'_>) {
        if !event.body.is_content() {
            self.others.push(event.n);
            if let Body::Deleted { of, .. } = event.body {
                self.take_back(of);
            }
            return;
        }
        self.mentions.apply(record, event, |user| self.marks.contains_key(user));
        let before = event.n.saturating_sub(1);
        // `entry` needs a clone of the name; most senders already have a mark.
        let mark = match self.marks.get_mut(&event.from) {
            Some(mark) => mark,
            None => self.marks.entry(event.from.clone()).or_default(),
        };
        if mark.n == before || mark.unread(&self.others, before) == 0 {
            mark.move_to(event.n);
        } else if mark.own.len() < OWN_MAX {
            mark.own.push(event.n);
        }
    }

    /// Removes a message that was deleted or redacted. It no longer counts as unread.
    pub(super) fn take_back(&mut self, n: u64) {
        if let Err(place) = self.others.binary_search(&n) {
            self.others.insert(place, n);
            self.mentions.remove(n);
            for mark in self.marks.values_mut().filter(|mark| !mark.own.is_empty()) {
                mark.own.retain(|own| *own != n);
            }
        }
    }

    /// Starts the mark of a user who joined with the event `n`. Earlier messages are not unread.
    pub(super) fn begin(&mut self, user: &UserName, n: u64) {
        self.marks.insert(user.clone(), Mark { since: n, n, own: Vec::new() });
    }

    /// Removes the mark and the mentions of a user whose membership ended.
    pub(super) fn forget(&mut self, user: &UserName) {
        self.marks.remove(user);
        self.mentions.forget(user);
    }

    /// Moves the mark of a user to `n`, never backwards.
    pub(super) fn mark(&mut self, user: &UserName, n: u64) {
        match self.marks.get_mut(user) {
            Some(mark) => mark.move_to(n),
            None => drop(self.marks.insert(user.clone(), Mark { n, ..Mark::default() })),
        }
    }

    /// The messages since the user joined that mention them, in order.
    pub(super) fn mentions(&self, user: &UserName) -> impl Iterator<Item = Mentioned> {
        let since = self.marks.get(user).map_or(0, |mark| mark.since);
        self.mentions.of(user).filter(move |mentioned| mentioned.n > since)
    }

    /// Whether the event `n` is a message or a file that was not deleted.
    pub(super) fn is_message(&self, n: u64) -> bool {
        self.others.binary_search(&n).is_err()
    }

    /// How many events up to `head` are unread for `user`.
    fn unread(&self, user: &UserName, head: u64) -> u64 {
        match self.marks.get(user) {
            Some(mark) => mark.unread(&self.others, head),
            None => messages(&self.others, 0, head),
        }
    }

    /// The number of the last event that `user` has read, 0 if there is none.
    fn marked(&self, user: &UserName) -> u64 {
        self.marks.get(user).map_or(0, |mark| mark.n)
    }
}

/// How many of the events after `mark` up to `head` are messages. The events numbered `others` are not.
fn messages(others: &[u64], mark: u64, head: u64) -> u64 {
    let others_up_to = |n: u64| others.partition_point(|other| *other <= n) as u64;
    let between = others_up_to(head) - others_up_to(mark.min(head));
    head.saturating_sub(mark).saturating_sub(between)
}

/// Decides the record that `user` has read the conversation up to `n`; `None` if the mark is already there.
pub(super) fn mark<'a>(
    state: &State,
    user: UserName,
    target: Target,
    n: u64,
    at: u64,
) -> Result<Option<Record<'a>>, Detail> {
    let conversation = history::readable(state, &user, &target)?;
    let n = n.min(state.head(&conversation));
    let before = state.channels.reads(&conversation).map_or(0, |reads| reads.marked(&user));
    let record = Record::Server(ServerRecord::Read { at, user, conversation: target, n });
    Ok((n > before).then_some(record))
}

/// How far `user` has read a conversation; `None` if it has no events.
#[must_use]
pub fn reading(state: &State, user: &UserName, target: &Target) -> Option<Reading> {
    let conversation = Conversation::of(user, target);
    let reads = state.channels.reads(&conversation)?;
    let (n, head) = (reads.marked(user), state.head(&conversation));
    // The channel `*` exists without events until the first announcement.
    if head == 0 {
        return None;
    }
    let unread = reads.unread(user, head);
    let mentions = reads.mentions(user).filter(|mentioned| mentioned.n > n).count() as u64;
    Some(Reading { conversation: target.clone(), n, head, unread, mentions })
}

/// How far `user` has read each of their conversations after `after`.
pub fn list<'a>(
    state: &'a State,
    user: &'a UserName,
    after: Option<&'a Target>,
) -> impl Iterator<Item = Reading> + 'a {
    let start = after.map_or(Bound::Unbounded, Bound::Excluded);
    state.channels.conversations_from(user, start).filter_map(move |target| reading(state, user, target))
}

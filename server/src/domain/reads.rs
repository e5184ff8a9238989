//! The read mark of each member, and the number of unread messages.
//!
//! Only messages and files of other users count as unread ([`Body::is_content`]). The state contains the
//! numbers of the few other events. So counting does not read the log, and sending does no work per member.

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
    /// The numbers of the events that never count as unread, in order. Each takes 8 bytes.
    others: Vec<u64>,
    marks: BTreeMap<UserName, Mark>,
    /// The messages that mention members.
    #[serde(default)]
    mentions: Mentions,
}

/// The maximum length of [`Mark::own`]. Messages beyond the limit count as unread. Only a program that sends
/// and never moves its read mark exceeds the limit.
const OWN_MESSAGES_MAX: usize = 10_000;

/// The number of events that [`ReadState::newest_unread`] considers.
const SCANNED_EVENTS_MAX: u64 = 256;

/// The read mark of a user.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Mark {
    /// The event that began the membership; 0 in a direct conversation.
    since: u64,
    /// The number of the last event that was read.
    n: u64,
    /// The user's own messages after `n`, in order. They do not count as unread.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    own: Vec<u64>,
}

impl Mark {
    /// Moves the mark forward to `n`. A smaller `n` changes nothing.
    fn move_to(&mut self, n: u64) {
        self.n = self.n.max(n);
        let read = self.own.partition_point(|own| *own <= self.n);
        self.own.drain(..read);
    }

    /// The number of unread events up to `head`. `others` are the numbers of the events that do not count.
    fn unread(&self, others: &[u64], head: u64) -> u64 {
        count_messages(others, self.n, head).saturating_sub(self.own.len() as u64)
    }
}

impl ReadState {
    /// Applies an event. A message also moves its sender's mark if the sender had nothing unread.
    pub(super) fn apply(&mut self, record: u64, event: &Event<'_>) {
        if !event.body.is_content() {
            self.others.push(event.n);
            if let Body::Deleted { of, .. } = event.body {
                self.remove_message(of);
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
        } else if mark.own.len() < OWN_MESSAGES_MAX {
            mark.own.push(event.n);
        }
    }

    /// Stops counting a deleted or redacted message as unread.
    pub(super) fn remove_message(&mut self, n: u64) {
        if let Err(position) = self.others.binary_search(&n) {
            self.others.insert(position, n);
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
    pub(super) fn remove_user(&mut self, user: &UserName) {
        self.marks.remove(user);
        self.mentions.remove_user(user);
    }

    /// Moves the mark of a user forward to `n`. A smaller `n` changes nothing.
    pub(super) fn mark(&mut self, user: &UserName, n: u64) {
        match self.marks.get_mut(user) {
            Some(mark) => mark.move_to(n),
            None => drop(self.marks.insert(user.clone(), Mark { n, ..Mark::default() })),
        }
    }

    /// The messages that mention the user and are newer than the membership, in order.
    pub(super) fn mentions(&self, user: &UserName) -> impl Iterator<Item = Mentioned> {
        let since = self.marks.get(user).map_or(0, |mark| mark.since);
        self.mentions.of(user).filter(move |mentioned| mentioned.n > since)
    }

    /// The users whom messages mention by name.
    pub(super) fn mentioned_users(&self) -> impl Iterator<Item = &UserName> {
        self.mentions.users()
    }

    /// Whether a message contains `@here`.
    pub(super) fn mentions_everybody(&self) -> bool {
        self.mentions.has_here()
    }

    /// Whether a message mentions a user or contains `@here`.
    pub(super) fn has_mentions(&self) -> bool {
        self.mentions.has_here() || self.mentions.users().next().is_some()
    }

    /// The newest of the messages of others up to `head` that `user` has not read, if it is one of the last
    /// [`SCANNED_EVENTS_MAX`] events.
    pub(super) fn newest_unread(&self, user: &UserName, head: u64) -> Option<u64> {
        let none = Mark::default();
        let mark = self.marks.get(user).unwrap_or(&none);
        let oldest = head.saturating_sub(SCANNED_EVENTS_MAX).max(mark.n) + 1;
        let is_unread = |n: &u64| self.is_message(*n) && mark.own.binary_search(n).is_err();
        (oldest..=head).rev().find(is_unread)
    }

    /// Whether the event `n` is a message or a file that was not deleted.
    pub(super) fn is_message(&self, n: u64) -> bool {
        self.others.binary_search(&n).is_err()
    }

    /// The number of events up to `head` that `user` has not read.
    fn unread(&self, user: &UserName, head: u64) -> u64 {
        match self.marks.get(user) {
            Some(mark) => mark.unread(&self.others, head),
            None => count_messages(&self.others, 0, head),
        }
    }

    /// The number of the last event that `user` has read; 0 if the user has read no event.
    pub(super) fn last_read(&self, user: &UserName) -> u64 {
        self.marks.get(user).map_or(0, |mark| mark.n)
    }
}

/// Counts the messages after `mark` up to `head`. `others` are the numbers of events that are not messages.
fn count_messages(others: &[u64], mark: u64, head: u64) -> u64 {
    let others_up_to = |n: u64| others.partition_point(|other| *other <= n) as u64;
    let between = others_up_to(head) - others_up_to(mark.min(head));
    head.saturating_sub(mark).saturating_sub(between)
}

/// Returns the record that moves the read mark of `user` to `n`; `None` if the read mark is already at `n` or
/// later.
pub(super) fn mark<'a>(
    state: &State,
    user: UserName,
    target: Target,
    n: u64,
    at: u64,
) -> Result<Option<Record<'a>>, Detail> {
    let conversation = history::readable(state, &user, &target)?;
    let n = n.min(state.head(&conversation));
    let before = state.channels.reads(&conversation).map_or(0, |reads| reads.last_read(&user));
    let record = Record::Server(ServerRecord::Read { at, user, conversation: target, n });
    Ok((n > before).then_some(record))
}

/// The read mark and the unread count of `user` in a conversation; `None` if the conversation has no events.
#[must_use]
pub fn reading(state: &State, user: &UserName, target: &Target) -> Option<Reading> {
    let conversation = Conversation::of(user, target);
    let reads = state.channels.reads(&conversation)?;
    let (n, head) = (reads.last_read(user), state.head(&conversation));
    // The channel `*` exists without events until the first announcement.
    if head == 0 {
        return None;
    }
    let unread = reads.unread(user, head);
    let mentions = reads.mentions(user).filter(|mentioned| mentioned.n > n).count() as u64;
    Some(Reading { conversation: target.clone(), n, head, unread, mentions })
}

/// The read marks of `user` in their conversations after `after`.
pub fn list<'a>(
    state: &'a State,
    user: &'a UserName,
    after: Option<&'a Target>,
) -> impl Iterator<Item = Reading> + 'a {
    let start = after.map_or(Bound::Unbounded, Bound::Excluded);
    state.channels.conversations_from(user, start).filter_map(move |target| reading(state, user, target))
}

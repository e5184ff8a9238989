//! Read marks and unread counts.
//!
//! The server counts the unread messages in the reply to `read.list`. After that the session counts new
//! events by the same rules (`docs/PROTOCOL.md`, "Read marks and mentions"). Events that the open
//! conversation shows count as read: the session sends a read mark for the last of these events, at most
//! every [`MARK_INTERVAL_MS`].

use std::collections::{BTreeMap, BTreeSet};

use common::methods::{ReadList, ReadMark};
use common::reads::{ListReads, MarkRead, Marked, Reading};
use common::{Body, Error, Target, UserName};

use super::api::{Answer, Entry, News};
use super::context::Context;
use super::levels::Levels;
use super::limits::{MARK_INTERVAL_MS, OWN_UNREAD_MAX};
use super::plain_request::Pager;
use super::requests::{Origin, Pending, read};

#[derive(Default)]
pub(crate) struct Reads {
    /// The readings of the list, updated with later events. Empty before the list arrives.
    readings: BTreeMap<Target, Reading>,
    /// The numbers of the user's own messages after the first unread event. They never counted as unread, so
    /// their deletion does not change the count.
    own_messages: BTreeMap<Target, Vec<u64>>,
    /// Whether the list has arrived. After that, a conversation without a reading is new.
    is_listed: bool,
    /// The open conversation, and the last event up to which it shows all events.
    open: Option<(Target, u64)>,
    /// Whether the open conversation needs a read mark.
    is_mark_due: bool,
    /// Closed conversations whose read mark is not sent yet, with the last event that was shown.
    closed: BTreeMap<Target, u64>,
    /// The earliest time of the next read mark.
    next_mark: u64,
}

impl Reads {
    /// The time at which [`tick`](Self::tick) must be called.
    pub(crate) fn deadline(&self) -> Option<u64> {
        (self.is_mark_due || !self.closed.is_empty()).then_some(self.next_mark)
    }

    pub(crate) fn is_listed(&self) -> bool {
        self.is_listed
    }

    /// The reading of a conversation, if it has unread messages.
    pub(crate) fn unread(&self, conversation: &Target) -> Option<&Reading> {
        self.readings.get(conversation).filter(|reading| reading.unread > 0)
    }

    /// The number of unread messages, by their notification levels, in all conversations except the open one.
    pub(crate) fn unread_elsewhere(&self, levels: &Levels) -> u64 {
        let elsewhere = self.readings.values().filter(|reading| !self.is_open(&reading.conversation));
        elsewhere.map(|reading| levels.unread(reading)).sum()
    }

    fn is_open(&self, conversation: &Target) -> bool {
        self.open.as_ref().is_some_and(|(open, _)| open == conversation)
    }

    /// The last event shown in a conversation, if it is the open one.
    pub(crate) fn shown(&self, conversation: &Target) -> Option<u64> {
        self.open.as_ref().filter(|(open, _)| open == conversation).map(|(_, shown)| *shown)
    }

    pub(crate) fn into_open(self) -> Option<Target> {
        self.open.map(|(conversation, _)| conversation)
    }

    /// Opens a conversation, which shows its events up to `shown`.
    pub(crate) fn open(&mut self, conversation: Target, shown: u64) {
        if let Some((closed, shown)) = self.open.take_if(|(open, _)| *open != conversation) {
            self.close(closed, shown);
        }
        // A conversation without unread messages needs no mark.
        let marked = self.readings.get(&conversation).map_or(0, |reading| reading.n);
        let is_unread = self.readings.is_empty() || self.unread(&conversation).is_some();
        self.is_mark_due = is_unread && shown > marked;
        self.open = Some((conversation, shown));
    }

    /// Closes a conversation. The events up to `shown` are read.
    fn close(&mut self, conversation: Target, shown: u64) {
        if let Some(reading) = self.readings.get_mut(&conversation).filter(|reading| reading.head <= shown) {
            *reading = Reading { n: shown, unread: 0, ..reading.clone() };
        }
        if self.is_mark_due {
            self.closed.insert(conversation, shown);
        }
    }

    /// Forgets a conversation that the user may no longer read.
    pub(crate) fn forget(&mut self, conversation: &Target) {
        self.readings.remove(conversation);
        self.own_messages.remove(conversation);
        self.closed.remove(conversation);
        if self.is_open(conversation) {
            self.is_mark_due = false;
        }
    }

    /// Forgets all channels except these.
    pub(crate) fn forget_other_channels(&mut self, channels: &BTreeSet<Target>) {
        let conversations = self.readings.keys().chain(self.own_messages.keys()).chain(self.closed.keys());
        let conversations = conversations.chain(self.open.iter().map(|(open, _)| open));
        let has_ended = |of: &&Target| matches!(of, Target::Channel(_)) && !channels.contains(*of);
        let ended: Vec<_> = conversations.filter(has_ended).cloned().collect();
        ended.iter().for_each(|conversation| self.forget(conversation));
    }

    /// Counts an event that is being emitted.
    pub(crate) fn count(&mut self, user: Option<&UserName>, entry: &Entry) {
        let is_own = entry.event.as_ref().is_some_and(|event| Some(&event.from) == user);
        if self.is_listed {
            let conversation = entry.conversation.clone();
            let new =
                || Reading { conversation, n: entry.n.saturating_sub(1), head: 0, unread: 0, mentions: 0 };
            let reading = self.readings.entry(entry.conversation.clone()).or_insert_with(new);
            // The server has counted the events up to the head.
            if entry.n > reading.head {
                reading.mentions += u64::from(!is_own && entry.mentions(user));
                let own = self.own_messages.entry(entry.conversation.clone()).or_default();
                count(reading, own, is_own, entry);
            }
        }
        let is_unread_content = !is_own && entry.event.as_ref().is_some_and(|event| event.body.is_content());
        if let Some((open, shown)) = &mut self.open
            && *open == entry.conversation
            && *shown + 1 == entry.n
        {
            *shown = entry.n;
            self.is_mark_due |= is_unread_content;
        }
    }

    /// Handles a page of the list. Returns `None` if the next page was requested.
    pub(crate) fn listed(
        &mut self,
        cx: &mut Context,
        ticket: u64,
        mut pager: Pager<ReadList>,
        result: &str,
    ) -> Result<Option<Answer>, Error> {
        if pager.take(read(result)?) {
            request_page(cx, ticket, pager);
            return Ok(None);
        }
        let readings = pager.into_items();
        self.readings =
            readings.iter().map(|reading| (reading.conversation.clone(), reading.clone())).collect();
        self.is_listed = true;
        Ok(Some(Answer::Reads(readings)))
    }

    /// Handles the reply to the command `MarkRead`, without waiting for the server's notice.
    pub(crate) fn marked(&mut self, conversation: &Target, result: &str) -> Result<Answer, Error> {
        let Marked { unread } = read(result)?;
        if let Some(reading) = self.readings.get_mut(conversation).filter(|_| unread == 0) {
            *reading = Reading { n: reading.head, unread, mentions: 0, ..reading.clone() };
        }
        Ok(Answer::Unread(unread))
    }

    /// Sends the marks that are due.
    pub(crate) fn tick(&mut self, cx: &mut Context) {
        if self.deadline().is_none_or(|due| due > cx.now_ms()) {
            return;
        }
        let open = self.open.clone().filter(|_| self.is_mark_due);
        self.is_mark_due = false;
        self.next_mark = cx.now_ms() + MARK_INTERVAL_MS;
        cx.requests_mut().forget(|origin| matches!(origin, Origin::Mark));
        for (conversation, n) in std::mem::take(&mut self.closed).into_iter().chain(open) {
            cx.request::<ReadMark>(Origin::Mark, |token| MarkRead { token, conversation, n });
        }
    }

    /// Handles a notice that the user has read events. `is_readable` is false if the user is no longer a
    /// member.
    pub(crate) fn notice(&mut self, cx: &mut Context, mut reading: Reading, is_readable: bool) {
        let head = self.readings.get(&reading.conversation).map_or(0, |reading| reading.head);
        reading.head = reading.n.max(head);
        if self.is_listed && is_readable {
            self.readings.insert(reading.conversation.clone(), reading.clone());
        }
        cx.emit_news(News::Read(reading));
    }
}

/// Requests the read marks and unread counts of all conversations.
pub(crate) fn list(cx: &mut Context, ticket: u64) {
    request_page(cx, ticket, Pager::new(|token| ListReads { token, after: None }));
}

fn request_page(cx: &mut Context, ticket: u64, pager: Pager<ReadList>) {
    let request = pager.request();
    cx.transmit(ticket, Pending::Reads(pager), request);
}

pub(crate) fn mark(cx: &mut Context, ticket: u64, conversation: Target, n: u64) {
    let pending = Pending::Mark(conversation.clone());
    cx.request_for::<ReadMark>(ticket, pending, |token| MarkRead { token, conversation, n });
}

/// Counts an event by the rules of the server. Mentions are counted before; only the server knows whether a
/// deleted message mentioned the user.
fn count(reading: &mut Reading, own: &mut Vec<u64>, is_own: bool, entry: &Entry) {
    reading.head = entry.n;
    let Some(body) = entry.event.as_ref().map(|event| &event.body) else { return };
    if is_own && *body == Body::Joined {
        // A new member has no unread messages.
        (reading.n, reading.unread) = (entry.n, 0);
    } else if let Body::Deleted { of, .. } = body {
        // Neither the user's own messages nor messages that the user has read count as unread.
        let was_unread = *of > reading.n && !is_own && !own.contains(of);
        reading.unread = reading.unread.saturating_sub(u64::from(was_unread));
    } else if body.is_content() && is_own && reading.unread == 0 {
        // The user's own message is read if no unread message precedes it.
        reading.n = entry.n;
        own.clear();
    } else if body.is_content() && is_own {
        if own.len() < OWN_UNREAD_MAX {
            own.push(entry.n);
        }
    } else if body.is_content() {
        reading.unread += 1;
    }
}

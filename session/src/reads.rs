//! How far the user has read: what the server knows of it, and what the session reports to it.
//!
//! Between two answers of the server's, events are counted by its rules (`docs/PROTOCOL.md`, "What was
//! read"). What was shown in the open conversation counts as read. A mark reports it to the server: only the
//! newest one, and not more often than every [`MARK_INTERVAL_MS`].

use std::collections::{BTreeMap, BTreeSet};

use common::methods::{ReadList, ReadMark};
use common::reads::{ListReads, MarkRead, Marked, Reading};
use common::{Body, Error, Target, UserName};

use super::api::{Answer, Entry, News};
use super::ask::Pager;
use super::context::Context;
use super::limits::{MARK_INTERVAL_MS, OWN_UNREAD_MAX};
use super::requests::{Origin, Pending, read};

/// How far the user has read each conversation.
#[derive(Default)]
pub(crate) struct Reads {
    /// As the server said when it was asked, with what was counted since then. Empty before.
    known: BTreeMap<Target, Reading>,
    /// The user's own messages since something else is unread: they do not count as unread, also when they
    /// are deleted.
    own: BTreeMap<Target, Vec<u64>>,
    /// Whether the server was asked. If so, a conversation that it did not name is new, and counts from
    /// nothing.
    is_listed: bool,
    /// The conversation on the screen, and the last event shown there without a gap before it.
    open: Option<(Target, u64)>,
    /// Whether the server does not know of that yet.
    is_mark_due: bool,
    /// Conversations that were closed before the server knew how far they were shown.
    left: BTreeMap<Target, u64>,
    /// When the next mark may be sent.
    next_mark: u64,
}

impl Reads {
    /// When [`tick`](Self::tick) has something to do.
    pub(crate) fn deadline(&self) -> Option<u64> {
        (self.is_mark_due || !self.left.is_empty()).then_some(self.next_mark)
    }

    pub(crate) fn is_listed(&self) -> bool {
        self.is_listed
    }

    /// How far a conversation is read, if something in it is unread.
    pub(crate) fn unread(&self, conversation: &Target) -> Option<&Reading> {
        self.known.get(conversation).filter(|reading| reading.unread > 0)
    }

    /// Unread messages in all conversations except the open one, as far as they are known.
    pub(crate) fn unread_elsewhere(&self) -> u64 {
        let elsewhere = self.known.values().filter(|reading| !self.is_open(&reading.conversation));
        elsewhere.map(|reading| reading.unread).sum()
    }

    fn is_open(&self, conversation: &Target) -> bool {
        self.open.as_ref().is_some_and(|(open, _)| open == conversation)
    }

    /// The last event shown in a conversation, if it is the open one.
    pub(crate) fn shown(&self, conversation: &Target) -> Option<u64> {
        self.open.as_ref().filter(|(open, _)| open == conversation).map(|(_, shown)| *shown)
    }

    /// The conversation on the screen.
    pub(crate) fn into_open(self) -> Option<Target> {
        self.open.map(|(conversation, _)| conversation)
    }

    /// Notes that a conversation is on the screen, shown up to an event.
    pub(crate) fn open(&mut self, conversation: Target, shown: u64) {
        if let Some((left, shown)) = self.open.take_if(|(open, _)| *open != conversation) {
            self.leave(left, shown);
        }
        // A conversation that is read already needs no mark.
        let marked = self.known.get(&conversation).map_or(0, |reading| reading.n);
        let is_unread = self.known.is_empty() || self.unread(&conversation).is_some();
        self.is_mark_due = is_unread && shown > marked;
        self.open = Some((conversation, shown));
    }

    /// What was shown of a conversation is read, also when another one is on the screen.
    fn leave(&mut self, conversation: Target, shown: u64) {
        if let Some(reading) = self.known.get_mut(&conversation).filter(|reading| reading.head <= shown) {
            *reading = Reading { n: shown, unread: 0, ..reading.clone() };
        }
        if self.is_mark_due {
            self.left.insert(conversation, shown);
        }
    }

    /// Forgets a conversation that the user may no longer read: nothing is unread there, and no mark is sent.
    pub(crate) fn forget(&mut self, conversation: &Target) {
        self.known.remove(conversation);
        self.own.remove(conversation);
        self.left.remove(conversation);
        if self.is_open(conversation) {
            self.is_mark_due = false;
        }
    }

    /// Forgets all channels except these.
    pub(crate) fn forget_other_channels(&mut self, channels: &BTreeSet<Target>) {
        let known = self.known.keys().chain(self.own.keys()).chain(self.left.keys());
        let known = known.chain(self.open.iter().map(|(open, _)| open));
        let is_gone = |of: &&Target| matches!(of, Target::Channel(_)) && !channels.contains(*of);
        let gone: Vec<_> = known.filter(is_gone).cloned().collect();
        gone.iter().for_each(|conversation| self.forget(conversation));
    }

    /// Counts the next event of a conversation, which is being emitted.
    pub(crate) fn count(&mut self, user: Option<&UserName>, entry: &Entry) {
        let is_own = entry.event.as_ref().is_some_and(|event| Some(&event.from) == user);
        if self.is_listed {
            let conversation = entry.conversation.clone();
            let new =
                || Reading { conversation, n: entry.n.saturating_sub(1), head: 0, unread: 0, mentions: 0 };
            let reading = self.known.entry(entry.conversation.clone()).or_insert_with(new);
            // The server has counted the events up to the head.
            if entry.n > reading.head {
                count(reading, self.own.entry(entry.conversation.clone()).or_default(), is_own, entry);
            }
        }
        let is_others = !is_own && entry.event.as_ref().is_some_and(|event| event.body.is_content());
        if let Some((open, shown)) = &mut self.open
            && *open == entry.conversation
            && *shown + 1 == entry.n
        {
            *shown = entry.n;
            self.is_mark_due |= is_others;
        }
    }

    /// Takes a page of what was read: the whole list, or `None` while the next page is pending.
    pub(crate) fn listed(
        &mut self,
        cx: &mut Context,
        ticket: u64,
        mut pager: Pager<ReadList>,
        result: &str,
    ) -> Result<Option<Answer>, Error> {
        if pager.take(read(result)?) {
            ask_page(cx, ticket, pager);
            return Ok(None);
        }
        let readings = pager.into_items();
        let known = readings.iter().map(|reading| (reading.conversation.clone(), reading.clone()));
        self.known = known.collect();
        self.is_listed = true;
        Ok(Some(Answer::Reads(readings)))
    }

    /// Takes the answer to a mark of the user's. The server publishes it too, but the user continues at once.
    pub(crate) fn marked(&mut self, conversation: &Target, result: &str) -> Result<Answer, Error> {
        let Marked { unread } = read(result)?;
        if let Some(reading) = self.known.get_mut(conversation).filter(|_| unread == 0) {
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
        for (conversation, n) in std::mem::take(&mut self.left).into_iter().chain(open) {
            cx.ask::<ReadMark>(Origin::Mark, |token| MarkRead { token, conversation, n });
        }
    }

    /// Takes a notice that the user has read something, in this session or another one. `is_own` is false
    /// when it arrives after the end of a membership.
    pub(crate) fn noted(&mut self, cx: &mut Context, mut reading: Reading, is_own: bool) {
        let head = self.known.get(&reading.conversation).map_or(0, |known| known.head);
        reading.head = reading.n.max(head);
        if self.is_listed && is_own {
            self.known.insert(reading.conversation.clone(), reading.clone());
        }
        cx.emit_news(News::Read(reading));
    }
}

/// Requests how far every conversation is read.
pub(crate) fn list(cx: &mut Context, ticket: u64) {
    ask_page(cx, ticket, Pager::new(|token| ListReads { token, after: None }));
}

fn ask_page(cx: &mut Context, ticket: u64, pager: Pager<ReadList>) {
    let ask = pager.ask();
    cx.transmit(ticket, Pending::Reads(pager), ask);
}

/// Sends a mark of the user's.
pub(crate) fn mark(cx: &mut Context, ticket: u64, conversation: Target, n: u64) {
    let pending = Pending::Mark(conversation.clone());
    cx.ask_for::<ReadMark>(ticket, pending, |token| MarkRead { token, conversation, n });
}

/// Counts an event as the server does. Only the server counts mentions.
fn count(reading: &mut Reading, own: &mut Vec<u64>, is_own: bool, entry: &Entry) {
    reading.head = entry.n;
    let Some(body) = entry.event.as_ref().map(|event| &event.body) else { return };
    if is_own && *body == Body::Joined {
        // A membership begins with nothing unread.
        (reading.n, reading.unread) = (entry.n, 0);
    } else if let Body::Deleted { of, .. } = body {
        // A deleted message is no longer unread, unless it did not count. A user deletes only messages that
        // they wrote or have read, so that their own deletion changes no count.
        let was_unread = *of > reading.n && !is_own && !own.contains(of);
        reading.unread = reading.unread.saturating_sub(u64::from(was_unread));
    } else if body.is_content() && is_own && reading.unread == 0 {
        // With nothing unread before it, the user's own message is read too.
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

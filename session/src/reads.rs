//! How far the person has read: what the server knows of it, and what it is told.
//!
//! Between two answers of the server's, what comes is counted by its rules (`docs/PROTOCOL.md`, "What was read").
//! What was shown in the open conversation counts as read. A mark tells the server so, the newest one only, and not
//! more often than [`MARK_EVERY_MS`].

use std::collections::BTreeMap;

use common::reads::{ListReads, MarkRead, Marked, Reading, Reads as Page};
use common::{Body, Error, Method, Target, UserName};

use super::Session;
use super::channels::is_last;
use super::exchange::{Answer, Effect, Entry, News};
use super::limits::{MARK_EVERY_MS, OWN_UNREAD_MAX};
use super::requests::{Purpose, Question, read};

/// How far the person has read their conversations.
#[derive(Default)]
pub(super) struct Reads {
    /// As the server told when it was asked, and as it went on since then. Empty before.
    known: BTreeMap<Target, Reading>,
    /// One's own messages that came since something else was unread: they do not count, and so do not when deleted.
    own: BTreeMap<Target, Vec<u64>>,
    /// Whether the server was asked: who has just come has no conversation, and counts from nothing.
    pub(super) is_listed: bool,
    /// The conversation on the screen, and the last event shown there without a hole before it.
    pub(super) open: Option<(Target, u64)>,
    /// Whether the server is still to be told of that.
    is_mark_due: bool,
    /// Conversations that were left before it was told how far they were shown: one each at most.
    left: BTreeMap<Target, u64>,
    /// When it may be.
    next_mark: u64,
}

impl Reads {
    /// When [`Session::mark_due`] has something to do.
    pub(super) fn deadline(&self) -> Option<u64> {
        (self.is_mark_due || !self.left.is_empty()).then_some(self.next_mark)
    }

    /// What is known of a conversation with something unread.
    pub(super) fn unread(&self, conversation: &Target) -> Option<&Reading> {
        self.known.get(conversation).filter(|reading| reading.unread > 0)
    }

    /// Unread messages in all conversations but the open one, as far as they are known.
    pub(super) fn unread_elsewhere(&self) -> u64 {
        let is_open = |conversation| self.open.as_ref().is_some_and(|(open, _)| open == conversation);
        self.known
            .values()
            .filter(|reading| !is_open(&reading.conversation))
            .map(|reading| reading.unread)
            .sum()
    }

    /// Where reading goes on in the open conversation.
    pub(super) fn shown(&self, conversation: &Target) -> Option<u64> {
        self.open.as_ref().filter(|(open, _)| open == conversation).map(|(_, shown)| *shown)
    }

    /// A conversation is on the screen now, shown up to an event.
    pub(super) fn open(&mut self, conversation: Target, shown: u64) {
        if let Some((left, shown)) = self.open.take_if(|(open, _)| *open != conversation) {
            self.leave(left, shown);
        }
        // Where nothing is known to be read already, there is nothing to tell.
        let marked = self.known.get(&conversation).map_or(0, |reading| reading.n);
        let is_unread = self.known.is_empty() || self.unread(&conversation).is_some();
        self.is_mark_due = is_unread && shown > marked;
        self.open = Some((conversation, shown));
    }

    /// What was shown of a conversation is read, though another is on the screen now.
    fn leave(&mut self, conversation: Target, shown: u64) {
        if let Some(reading) = self.known.get_mut(&conversation).filter(|reading| reading.head <= shown) {
            *reading = Reading { n: shown, unread: 0, ..reading.clone() };
        }
        if self.is_mark_due {
            self.left.insert(conversation, shown);
        }
    }

    /// A conversation is not the person's any more: nothing is unread there, and there is nobody to tell what was read.
    pub(super) fn forget(&mut self, conversation: &Target) {
        self.known.remove(conversation);
        self.own.remove(conversation);
        self.left.remove(conversation);
        if self.open.as_ref().is_some_and(|(open, _)| open == conversation) {
            self.is_mark_due = false;
        }
    }

    /// The conversations of which it is known how far they were read.
    pub(super) fn conversations(&self) -> impl Iterator<Item = &Target> {
        self.known.keys()
    }

    /// The next event of a conversation was shown.
    pub(super) fn told(&mut self, me: Option<&UserName>, entry: &Entry) {
        let is_own = entry.event.as_ref().is_some_and(|event| Some(&event.from) == me);
        if self.is_listed {
            let conversation = entry.conversation.clone();
            let new =
                || Reading { conversation, n: entry.n.saturating_sub(1), head: 0, unread: 0, mentions: 0 };
            let reading = self.known.entry(entry.conversation.clone()).or_insert_with(new);
            // What the server has told of is counted.
            if entry.n > reading.head {
                count(reading, self.own.entry(entry.conversation.clone()).or_default(), is_own, entry);
            }
        }
        let is_others = !is_own && entry.event.as_ref().is_some_and(|event| event.body.is_to_be_read());
        if let Some((open, shown)) = &mut self.open
            && *open == entry.conversation
            && *shown + 1 == entry.n
        {
            *shown = entry.n;
            self.is_mark_due |= is_others;
        }
    }
}

/// Counts an event as the server does. Mentions are the server's alone: it is asked when somebody wants to see them.
fn count(reading: &mut Reading, own: &mut Vec<u64>, is_own: bool, entry: &Entry) {
    reading.head = entry.n;
    let Some(body) = entry.event.as_ref().map(|event| &event.body) else { return };
    if is_own && *body == Body::Joined {
        // A membership begins with nothing unread.
        (reading.n, reading.unread) = (entry.n, 0);
    } else if let Body::Deleted { of, .. } = body {
        // What was taken back need not be read any more, if it had to: one's own did not. Nobody but its author takes back
        // what they have not read, so that all one takes back oneself was one's own or read.
        let was_unread = *of > reading.n && !is_own && !own.contains(of);
        reading.unread = reading.unread.saturating_sub(u64::from(was_unread));
    } else if body.is_to_be_read() && is_own && reading.unread == 0 {
        // Who has nothing unread has read their own message too.
        reading.n = entry.n;
        own.clear();
    } else if body.is_to_be_read() && is_own {
        if own.len() < OWN_UNREAD_MAX {
            own.push(entry.n);
        }
    } else if body.is_to_be_read() {
        reading.unread += 1;
    }
}

impl Session {
    pub(super) fn list_reads(&mut self, now_ms: u64, ticket: u64, so_far: Vec<Reading>) {
        let after = so_far.last().map(|last| last.conversation.to_string().into());
        let question = Question::Reads { so_far };
        self.ask_question(now_ms, ticket, question, Method::ReadList, |token| ListReads { token, after });
    }

    /// A page of what was read: the whole list, or nothing while the next page is asked for.
    pub(super) fn reads_listed(
        &mut self,
        now_ms: u64,
        ticket: u64,
        mut so_far: Vec<Reading>,
        result: &str,
    ) -> Result<Option<Answer>, Error> {
        let page: Page = read(result)?;
        let is_last = is_last(page.more, page.conversations.len(), so_far.len());
        so_far.extend(page.conversations);
        if !is_last {
            self.list_reads(now_ms, ticket, so_far);
            return Ok(None);
        }
        let known = so_far.iter().map(|reading| (reading.conversation.clone(), reading.clone()));
        self.reads.known = known.collect();
        self.reads.is_listed = true;
        Ok(Some(Answer::Reads(so_far)))
    }

    /// Marks for the person, who says so.
    pub(super) fn mark_read(&mut self, now_ms: u64, ticket: u64, conversation: Target, n: u64) {
        let question = Question::Mark(conversation.clone());
        self.ask_question(now_ms, ticket, question, Method::ReadMark, |token| MarkRead {
            token,
            conversation,
            n,
        });
    }

    /// The server has noted what was read. It tells all sessions so, but the person goes on at once.
    pub(super) fn marked(&mut self, conversation: &Target, result: &str) -> Result<Answer, Error> {
        let Marked { unread } = read(result)?;
        if let Some(reading) = self.reads.known.get_mut(conversation).filter(|_| unread == 0) {
            *reading = Reading { n: reading.head, unread, mentions: 0, ..reading.clone() };
        }
        Ok(Answer::Unread(unread))
    }

    /// Tells the server what was shown, when it is time.
    pub(super) fn mark_due(&mut self, now_ms: u64) {
        if self.reads.deadline().is_none_or(|due| due > now_ms) {
            return;
        }
        let open = self.reads.open.clone().filter(|_| self.reads.is_mark_due);
        self.reads.is_mark_due = false;
        self.reads.next_mark = now_ms + MARK_EVERY_MS;
        self.requests.forget_marks();
        for (conversation, n) in std::mem::take(&mut self.reads.left).into_iter().chain(open) {
            let params = |token| MarkRead { token, conversation, n };
            self.ask(now_ms, Purpose::Mark, Method::ReadMark, params);
        }
    }

    /// The person has read something, here or in another session.
    pub(super) fn read_elsewhere(&mut self, conversation: Target, n: u64, unread: u64, mentions: u64) {
        let head = self.reads.known.get(&conversation).map_or(n, |reading| reading.head.max(n));
        let reading = Reading { conversation: conversation.clone(), n, head, unread, mentions };
        // The notice may come behind the end of a membership.
        let is_own =
            matches!(conversation, Target::User(_)) || self.conversations.contains_key(&conversation);
        if self.reads.is_listed && is_own {
            self.reads.known.insert(conversation, reading.clone());
        }
        self.effects.push(Effect::News(News::Read(reading)));
    }
}

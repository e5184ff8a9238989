//! History: pages that the person asks for, and pages that fill gaps.

use std::collections::{BTreeMap, BTreeSet};

use common::history::{History, Page};
use common::limits::HISTORY_EVENTS_MAX;
use common::{Error, Method, Reason, Target, UserName};

use super::Session;
use super::exchange::{Answer, Effect, Entry, News, Range};
use super::limits::{HEADS_EVERY_MS, OPENING_EVENTS, REPAIRS_MAX, UNREAD_EVENTS};
use super::requests::{Purpose, Question, read};
use super::timeline::Timeline;

/// The gaps that are known, and those being filled. Each conversation is in at most one request.
#[derive(Default)]
pub(super) struct Repairs {
    /// When to ask.
    due: BTreeMap<Target, u64>,
    running: BTreeSet<Target>,
}

impl Repairs {
    /// When [`Session::repair_gaps`] has something to do.
    pub(super) fn deadline(&self) -> Option<u64> {
        if self.running.len() >= REPAIRS_MAX { None } else { self.due.values().min().copied() }
    }

    /// How many pages are asked for.
    pub(super) fn running(&self) -> usize {
        self.running.len()
    }

    /// Fills the gaps of a conversation no more.
    pub(super) fn forget(&mut self, conversation: &Target) {
        self.due.remove(conversation);
        self.running.remove(conversation);
    }

    fn take_due(&mut self, now_ms: u64) -> Option<Target> {
        if self.running.len() >= REPAIRS_MAX {
            return None;
        }
        let conversation = self.due.iter().find(|(_, due)| **due <= now_ms)?.0.clone();
        self.due.remove(&conversation);
        Some(conversation)
    }
}

impl Session {
    /// Reads a page for the person.
    pub(super) fn read_history(&mut self, now_ms: u64, ticket: u64, range: Range) {
        self.ask_history(now_ms, Purpose::Question { ticket, question: Question::History }, range);
    }

    /// Reads the newest page of a conversation, or from the first unread event on; what happens there meanwhile is
    /// told after it.
    pub(super) fn open(&mut self, now_ms: u64, ticket: u64, conversation: Target) {
        self.watch(&conversation);
        self.show_typing_in(&conversation);
        let (after, limit) = match self.reads.unread(&conversation) {
            Some(reading) => (Some(reading.n), UNREAD_EVENTS),
            None => (None, OPENING_EVENTS),
        };
        let question = Question::Open(conversation.clone());
        let range = Range { conversation, before: None, after, limit: Some(limit), edits: false };
        self.ask_history(now_ms, Purpose::Question { ticket, question }, range);
    }

    /// Reads the page after what was shown of the open conversation.
    pub(super) fn read_on(&mut self, now_ms: u64, ticket: u64, conversation: Target) {
        let question = Question::ReadOn(conversation.clone());
        let after = self.reads.shown(&conversation);
        let range = Range { conversation, before: None, after, limit: Some(UNREAD_EVENTS), edits: false };
        self.ask_history(now_ms, Purpose::Question { ticket, question }, range);
    }

    fn ask_history(&mut self, now_ms: u64, purpose: Purpose, range: Range) {
        let Range { conversation, before, after, limit, edits } = range;
        self.ask(now_ms, purpose, Method::MessageHistory, |token| History {
            token,
            conversation,
            before,
            after,
            limit,
            edits,
        });
    }

    /// A page has come that the person asked for.
    pub(super) fn history_read(&mut self, result: &str) -> Result<Answer, Error> {
        self.entries(result).map(|(_, entries)| Answer::History(entries))
    }

    /// The page has come that opens a conversation, or never will.
    pub(super) fn opened(
        &mut self,
        now_ms: u64,
        conversation: Target,
        outcome: Result<&str, Error>,
    ) -> Result<Answer, Error> {
        let page = outcome.and_then(|result| self.entries(result));
        let outcome = page.map(|(head, entries)| self.begin_after(&conversation, head, entries));
        // What came meanwhile waited for the page, also for one that is refused.
        self.tell(&conversation);
        self.look_for_gap(&conversation, now_ms);
        outcome.map(|()| Answer::Done)
    }

    /// Shows a page, and goes on after it.
    fn begin_after(&mut self, conversation: &Target, head: u64, entries: Vec<Entry>) {
        // What is left out between the page and the newest event is told when the person reads on.
        let told = entries.last().map_or(head, |last| last.n.max(head));
        if self.following.wants(conversation) {
            // Perhaps one has become a member elsewhere, and no heads have told us yet: from here on all is told.
            let new = || Timeline::starting_at(told.saturating_add(1));
            self.conversations.entry(conversation.clone()).or_insert_with(new).open(told);
        }
        self.show(conversation.clone(), head, entries);
    }

    /// The page has come that follows what was shown.
    pub(super) fn read_on_to(&mut self, conversation: Target, result: &str) -> Result<Answer, Error> {
        let (head, entries) = self.entries(result)?;
        if let Some(last) = entries.last().filter(|last| last.n >= head)
            && let Some(timeline) = self.conversations.get_mut(&conversation)
        {
            timeline.open(last.n);
        }
        self.show(conversation.clone(), head, entries);
        self.tell(&conversation);
        Ok(Answer::Done)
    }

    fn show(&mut self, conversation: Target, head: u64, entries: Vec<Entry>) {
        let shown = entries.last().map_or(head, |last| last.n);
        let unread = self.reads.unread(&conversation).map_or(0, |reading| reading.unread);
        self.reads.open(conversation.clone(), shown);
        let more = head.saturating_sub(shown);
        self.effects.push(Effect::News(News::Opened { conversation, entries, unread, more }));
    }

    /// Has history asked at `due` for what is missing, if it still is then.
    pub(super) fn look_for_gap(&mut self, conversation: &Target, due: u64) {
        let has_gap = self.conversations.get(conversation).is_some_and(|timeline| timeline.gap().is_some());
        if has_gap && !self.repairs.running.contains(conversation) {
            let earliest = self.repairs.due.entry(conversation.clone()).or_insert(due);
            *earliest = due.min(*earliest);
        }
    }

    /// Asks history for the gaps whose time has come.
    pub(super) fn repair_gaps(&mut self, now_ms: u64) {
        while let Some(conversation) = self.repairs.take_due(now_ms) {
            let gap = self.conversations.get(&conversation).and_then(super::timeline::Timeline::gap);
            if let Some((after, missing)) = gap {
                self.repairs.running.insert(conversation.clone());
                let limit = Some(missing.min(HISTORY_EVENTS_MAX));
                let range = Range {
                    conversation: conversation.clone(),
                    before: None,
                    after: Some(after),
                    limit,
                    edits: false,
                };
                self.ask_history(now_ms, Purpose::Repair(conversation), range);
            }
        }
    }

    /// A page has come that fills a gap, or a part of it.
    pub(super) fn repaired(&mut self, now_ms: u64, conversation: &Target, outcome: Result<&str, Error>) {
        self.repairs.running.remove(conversation);
        let before = self.conversations.get(conversation).and_then(super::timeline::Timeline::gap);
        match outcome.and_then(|result| self.entries(result)) {
            Ok((_, entries)) => {
                let Some(timeline) = self.conversations.get_mut(conversation) else { return };
                entries.into_iter().for_each(|entry| timeline.arrive(entry));
                self.tell(conversation);
                let after = self.conversations.get(conversation).and_then(super::timeline::Timeline::gap);
                // A page that brought nothing new is not asked for again at once: it would not bring more.
                let due = if after == before { now_ms + HEADS_EVERY_MS } else { now_ms };
                self.look_for_gap(conversation, due);
            }
            Err(error) if matches!(error.reason(), Some(Reason::NotMember | Reason::NoSuchChannel)) => {
                self.forget_conversation(conversation);
            }
            Err(_) => self.look_for_gap(conversation, now_ms + HEADS_EVERY_MS),
        }
    }

    /// The head of the conversation, and the events of a page.
    fn entries(&self, result: &str) -> Result<(u64, Vec<Entry>), Error> {
        let page: Page = read(result)?;
        Ok((page.head, page.events.iter().filter_map(|line| self.entry(line.get())).collect()))
    }

    /// An event, as the person sees it.
    pub(super) fn entry(&self, line: &str) -> Option<Entry> {
        let me: &UserName = &self.account.as_ref()?.user;
        Entry::read_present(me, line)
    }
}

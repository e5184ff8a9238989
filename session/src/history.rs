//! Requests pages of history: pages that open a conversation, and pages that fill gaps.

use std::collections::{BTreeMap, BTreeSet};

use common::Target;
use common::history::History;
use common::limits::HISTORY_EVENTS_MAX;
use common::methods::MessageHistory;

use super::context::Context;
use super::limits::{OPENING_EVENTS, REPAIRS_MAX, UNREAD_EVENTS};
use super::reads::Reads;
use super::requests::{Origin, Pending};

/// The schedule of the pages that fill gaps. Each conversation has at most one pending page.
#[derive(Default)]
pub(crate) struct Repairs {
    /// The conversations with gaps, each with the time at which to request a page.
    due: BTreeMap<Target, u64>,
    running: BTreeSet<Target>,
}

impl Repairs {
    /// The time at which [`take_due`](Self::take_due) must be called.
    pub(crate) fn deadline(&self) -> Option<u64> {
        if self.running.len() >= REPAIRS_MAX { None } else { self.due.values().min().copied() }
    }

    pub(crate) fn running(&self) -> usize {
        self.running.len()
    }

    /// Schedules a page of this conversation for the time `due`, or earlier, unless a page is pending.
    pub(crate) fn plan(&mut self, conversation: &Target, due: u64) {
        if !self.running.contains(conversation) {
            let earliest = self.due.entry(conversation.clone()).or_insert(due);
            *earliest = due.min(*earliest);
        }
    }

    /// Takes a conversation whose page is due, if fewer than [`REPAIRS_MAX`] pages are pending.
    pub(crate) fn take_due(&mut self, now_ms: u64) -> Option<Target> {
        if self.running.len() >= REPAIRS_MAX {
            return None;
        }
        let conversation = self.due.iter().find(|(_, due)| **due <= now_ms)?.0.clone();
        self.due.remove(&conversation);
        Some(conversation)
    }

    /// Requests a page of up to `missing` events after the event `after`.
    pub(crate) fn begin(&mut self, cx: &mut Context, conversation: Target, after: u64, missing: u64) {
        self.running.insert(conversation.clone());
        let origin = Origin::Repair(conversation.clone());
        request_page(cx, origin, conversation, Some(after), missing.min(HISTORY_EVENTS_MAX));
    }

    /// Notes that the page of a conversation is no longer pending.
    pub(crate) fn end(&mut self, conversation: &Target) {
        self.running.remove(conversation);
    }

    pub(crate) fn forget(&mut self, conversation: &Target) {
        self.due.remove(conversation);
        self.running.remove(conversation);
    }
}

/// Requests the newest page of a conversation, or the page from its first unread event on.
pub(crate) fn open(cx: &mut Context, ticket: u64, conversation: Target, reads: &Reads) {
    let (after, limit) = match reads.unread(&conversation) {
        Some(reading) => (Some(reading.n), UNREAD_EVENTS),
        None => (None, OPENING_EVENTS),
    };
    let pending = Pending::Open(conversation.clone());
    request_page(cx, Origin::Command { ticket, pending }, conversation, after, limit);
}

/// Requests the page after the events that the open conversation shows.
pub(crate) fn request_next_page(cx: &mut Context, ticket: u64, conversation: Target, reads: &Reads) {
    let pending = Pending::NextPage(conversation.clone());
    let after = reads.shown(&conversation);
    request_page(cx, Origin::Command { ticket, pending }, conversation, after, UNREAD_EVENTS);
}

fn request_page(cx: &mut Context, origin: Origin, conversation: Target, after: Option<u64>, limit: u64) {
    cx.request::<MessageHistory>(origin, |token| History {
        after,
        limit: Some(limit),
        ..History::newest(token, conversation)
    });
}

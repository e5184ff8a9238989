//! Events on their way to the user: each is emitted once, in the order of its conversation.

use common::channels::Joined;
use common::{Error, Reason, Target};

use super::{Sync, Timeline};
use crate::api::{Entry, Follow};
use crate::context::Context;
use crate::limits::GAP_GRACE_MS;

impl Sync {
    /// Takes an event of the fan-out. Returns the events whose turn it is. The fan-out keeps the order of a
    /// conversation, so that a gap is a loss, and is repaired at once.
    pub(crate) fn published(&mut self, cx: &Context, entry: Entry) -> Vec<Entry> {
        let conversation = entry.conversation.clone();
        let Some(timeline) = self.timeline(&conversation) else { return Vec::new() };
        timeline.note_published(entry.n);
        timeline.arrive(entry);
        self.take_ready(cx, &conversation, cx.now_ms())
    }

    /// Takes the user's own message, which the server has acknowledged; events before it may still be on
    /// their way. Returns the events whose turn it is. `None` if the message is not emitted as an event.
    pub(crate) fn acknowledged(&mut self, cx: &Context, entry: Entry) -> Option<Vec<Entry>> {
        let conversation = entry.conversation.clone();
        self.timeline(&conversation)?.arrive(entry);
        Some(self.take_ready(cx, &conversation, cx.now_ms() + GAP_GRACE_MS))
    }

    /// The events whose turn it is; what is missing before the next one is requested at `repair_at`.
    fn take_ready(&mut self, cx: &Context, conversation: &Target, repair_at: u64) -> Vec<Entry> {
        let ready = self.timelines.take_ready(cx, conversation);
        self.timelines.look_for_gap(conversation, repair_at);
        ready
    }

    /// The timeline of a conversation that is followed. A direct conversation that all heads did not name is
    /// new, and starts with its first event.
    fn timeline(&mut self, conversation: &Target) -> Option<&mut Timeline> {
        if matches!(conversation, Target::User(_)) && self.has_begun() && self.wants(conversation) {
            self.timelines.get_or_start(conversation, 1);
        }
        self.timelines.get_mut(conversation)
    }

    /// Everything up to the event `shown` was shown by a page that opens the conversation: its events
    /// continue after it.
    pub(crate) fn begin_after(&mut self, conversation: &Target, shown: u64) {
        if self.wants(conversation) {
            // A membership may have begun in another session, before heads name it.
            self.timelines.get_or_start(conversation, shown.saturating_add(1)).open(shown);
        }
    }

    /// The page that opens a conversation has arrived, or was refused: the events that waited for it are
    /// ready.
    pub(crate) fn opened(&mut self, cx: &Context, conversation: &Target) -> Vec<Entry> {
        self.take_ready(cx, conversation, cx.now_ms())
    }

    /// A further page showed everything up to its last event, if nothing between it and the newest event is
    /// left out.
    pub(crate) fn read_on(&mut self, cx: &Context, conversation: &Target, shown: Option<u64>) -> Vec<Entry> {
        if let (Some(shown), Some(timeline)) = (shown, self.timelines.get_mut(conversation)) {
            timeline.open(shown);
        }
        self.timelines.take_ready(cx, conversation)
    }

    /// Requests the pages that fill gaps and are due.
    pub(crate) fn repair_gaps(&mut self, cx: &mut Context) {
        self.timelines.repair_gaps(cx);
    }

    /// Takes a page that fills a gap, or its refusal. Returns the events whose turn it is. `None` if the user
    /// may not read the conversation any longer.
    pub(crate) fn repaired(
        &mut self,
        cx: &mut Context,
        conversation: &Target,
        outcome: Result<&str, Error>,
    ) -> Option<Vec<Entry>> {
        let page = outcome.and_then(|result| cx.entries(result)).map(|(_, entries)| entries);
        let reason = page.as_ref().err().and_then(Error::reason);
        if matches!(reason, Some(Reason::NotMember | Reason::NoSuchChannel)) {
            self.forget(cx, conversation);
            return None;
        }
        Some(self.timelines.repaired(cx, conversation, page))
    }

    /// Follows a channel that the user has joined, from the event after the `joined` one on.
    pub(crate) fn joined(&mut self, cx: &mut Context, joined: &Joined) {
        let conversation = Target::Channel(joined.channel.clone());
        if !self.wants(&conversation) {
            return;
        }
        let timeline = self.timelines.get_or_start(&conversation, joined.n.saturating_add(1));
        timeline.note_published(joined.n);
        self.joined_since.insert(conversation.clone());
        if self.topics.subscribe_channel(cx, &conversation, joined.topic.clone()) {
            self.topics.raise_barrier(cx);
        }
    }

    /// Stops following one conversation.
    pub(crate) fn forget(&mut self, cx: &mut Context, conversation: &Target) {
        self.timelines.forget(cx, conversation);
        self.topics.unsubscribe_channel(cx, conversation);
    }
}

impl Follow {
    /// Whether this conversation is followed.
    pub(crate) fn includes(&self, conversation: &Target) -> bool {
        match self {
            Self::Everything => true,
            Self::One { conversation: one, .. } => one == conversation,
        }
    }
}

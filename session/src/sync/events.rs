//! Inserts events into the timelines: events from the proxy, from acknowledgements and from pages. Each event
//! is emitted once, in order.

use common::channels::Joined;
use common::{Error, Reason, Target};

use super::{Sync, Timeline};
use crate::api::{Entry, Follow};
use crate::context::Context;
use crate::limits::GAP_GRACE_MS;

impl Sync {
    /// Handles an event that the proxy published. Returns the events to emit. The proxy keeps the order of
    /// the events of a conversation, so a gap means that events were lost: the repair is due at once.
    pub(crate) fn published(&mut self, cx: &Context, entry: Entry) -> Vec<Entry> {
        let conversation = entry.conversation.clone();
        let Some(timeline) = self.timeline(&conversation) else { return Vec::new() };
        timeline.note_published(entry.n);
        timeline.insert(entry);
        self.take_ready(cx, &conversation, cx.now_ms())
    }

    /// Handles an acknowledgement of the user's own message. Returns the events to emit, or `None` if the
    /// session does not follow the conversation and has not emitted the message before. A gap before the
    /// message is repaired after a delay, because the missing events may still arrive.
    pub(crate) fn acknowledged(&mut self, cx: &Context, entry: Entry) -> Option<Vec<Entry>> {
        let conversation = entry.conversation.clone();
        let Some(timeline) = self.timeline(&conversation) else {
            let was_emitted = self.ended.get(&conversation).is_some_and(|ended| entry.n <= ended.shown);
            return was_emitted.then(Vec::new);
        };
        timeline.insert(entry);
        Some(self.take_ready(cx, &conversation, cx.now_ms() + GAP_GRACE_MS))
    }

    /// Takes the events to emit. A gap before the next event is repaired at the time `repair_at`.
    fn take_ready(&mut self, cx: &Context, conversation: &Target, repair_at: u64) -> Vec<Entry> {
        let ready = self.timelines.take_ready(cx, conversation);
        self.timelines.look_for_gap(conversation, repair_at);
        ready
    }

    /// The timeline of a followed conversation. A new direct conversation starts with its first event.
    fn timeline(&mut self, conversation: &Target) -> Option<&mut Timeline> {
        if matches!(conversation, Target::User(_)) && self.has_heads() && self.follows(conversation) {
            self.timelines.get_or_start(conversation, 1);
        }
        self.timelines.get_mut(conversation)
    }

    /// Continues after the event `shown`, the last event of the page that opened the conversation.
    pub(crate) fn continue_after(&mut self, conversation: &Target, shown: u64) {
        if self.follows(conversation) {
            // The user may have joined the channel in another session, and no heads have contained it yet.
            self.timelines.get_or_start(conversation, shown.saturating_add(1)).continue_after(shown);
        }
    }

    /// Returns the events that waited for the page that opens the conversation.
    pub(crate) fn opened(&mut self, cx: &Context, conversation: &Target) -> Vec<Entry> {
        self.take_ready(cx, conversation, cx.now_ms())
    }

    /// Continues after the event `shown`, the last event of the last page. `None` means that later pages
    /// follow. Returns the events to emit.
    pub(crate) fn next_page(
        &mut self,
        cx: &Context,
        conversation: &Target,
        shown: Option<u64>,
    ) -> Vec<Entry> {
        if let (Some(shown), Some(timeline)) = (shown, self.timelines.get_mut(conversation)) {
            timeline.continue_after(shown);
        }
        self.timelines.take_ready(cx, conversation)
    }

    pub(crate) fn repair_gaps(&mut self, cx: &mut Context) {
        self.timelines.repair_gaps(cx);
    }

    /// Handles a page that fills a gap. Returns the events to emit, or `None` if the user may no longer read
    /// the channel.
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

    /// Follows a channel that the user has joined, from the event after the join on.
    pub(crate) fn joined(&mut self, cx: &mut Context, joined: &Joined) {
        let conversation = Target::Channel(joined.channel.clone());
        if !self.follows(&conversation) {
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
    pub(crate) fn includes(&self, conversation: &Target) -> bool {
        match self {
            Self::Everything => true,
            Self::One { conversation: one, .. } => one == conversation,
        }
    }
}

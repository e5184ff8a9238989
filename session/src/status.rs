//! The status of a session: the link, the outbox, and the progress of each conversation.

use common::Target;

use super::api::News;
use super::context::Context;
use super::conversations::Conversations;
use super::link::Link;
use super::outbox::Outbox;

/// The status of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// The index of the current endpoint.
    pub endpoint: usize,
    /// The part that a front end always shows.
    pub summary: StatusSummary,
    /// The progress of the conversations that are followed, ordered by name.
    pub conversations: Vec<Progress>,
}

/// The part of a [`Status`] that a front end always shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatusSummary {
    /// Whether the server replies.
    pub connectivity: Connectivity,
    /// How many messages are not acknowledged.
    pub waiting: usize,
    /// How many of these messages were emitted as [`News::Delayed`].
    pub delayed: usize,
    /// How many messages are unread in all conversations except the open one.
    pub unread: u64,
}

/// Whether the server replies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Connectivity {
    /// No request was sent yet, or its reply is pending.
    Connecting,
    /// No reply is missing.
    Connected,
    /// A reply has been missing for a short time.
    Reconnecting,
    /// A reply has been missing for a long time, or the server never replied.
    Offline,
}

/// The progress of a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// The conversation.
    pub conversation: Target,
    /// The last event that was emitted.
    pub shown: u64,
    /// The newest event that the session knows of.
    pub head: u64,
}

impl Status {
    pub(crate) fn of(link: &Link, outbox: &Outbox, conversations: &Conversations, now_ms: u64) -> Self {
        Self {
            endpoint: link.endpoint(),
            summary: StatusSummary::of(link, outbox, conversations, now_ms),
            conversations: conversations.timelines().progress(),
        }
    }
}

impl StatusSummary {
    fn of(link: &Link, outbox: &Outbox, conversations: &Conversations, now_ms: u64) -> Self {
        Self {
            connectivity: link.connectivity(now_ms),
            waiting: outbox.len(),
            delayed: outbox.shown(),
            unread: conversations.unread_elsewhere(),
        }
    }
}

/// The summary that was emitted last.
#[derive(Default)]
pub(crate) struct StatusSummaryNews(Option<StatusSummary>);

impl StatusSummaryNews {
    /// Emits the summary if it has changed, and the session follows everything.
    pub(crate) fn tick(
        &mut self,
        cx: &mut Context,
        link: &Link,
        outbox: &Outbox,
        conversations: &Conversations,
    ) {
        let is_wanted = conversations.follows_everything();
        if is_wanted || self.0.is_some() {
            let summary = StatusSummary::of(link, outbox, conversations, cx.now_ms());
            if self.0 != Some(summary) {
                cx.emit_news(News::StatusSummary(summary));
            }
            self.0 = Some(summary).filter(|_| is_wanted);
        }
    }
}

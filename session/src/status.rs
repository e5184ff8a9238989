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
    /// The part of the status that a front end always shows.
    pub summary: StatusSummary,
    /// The progress of the conversations that the session follows, ordered by name.
    pub conversations: Vec<Progress>,
}

/// The part of a [`Status`] that a front end always shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatusSummary {
    /// Whether the server replies.
    pub connectivity: Connectivity,
    /// The number of messages in the outbox: they are not acknowledged.
    pub waiting: usize,
    /// The number of messages in the outbox that the session has reported as [`News::Delayed`] or
    /// [`News::OutboxLoaded`].
    pub delayed: usize,
    /// The number of unread messages in all conversations except the open conversation.
    pub unread: u64,
}

/// Whether the server replies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Connectivity {
    /// The server has not replied yet, and no reply is overdue.
    Connecting,
    /// The server has replied, and no reply is overdue.
    Connected,
    /// A reply has been overdue for less than [`OFFLINE_AFTER_MS`](crate::limits::OFFLINE_AFTER_MS).
    Reconnecting,
    /// A reply has been overdue for longer, or the server never replied.
    Offline,
}

/// The progress of a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// The conversation.
    pub conversation: Target,
    /// The number of the last event that the session has reported.
    pub shown: u64,
    /// The number of the newest event that the session knows of.
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
            delayed: outbox.reported(),
            unread: conversations.unread_elsewhere(),
        }
    }
}

/// The summary that the session reported last.
#[derive(Default)]
pub(crate) struct StatusSummaryNews(Option<StatusSummary>);

impl StatusSummaryNews {
    /// Reports the summary if it has changed and the session follows all conversations of its user.
    pub(crate) fn tick(
        &mut self,
        cx: &mut Context,
        link: &Link,
        outbox: &Outbox,
        conversations: &Conversations,
    ) {
        let is_wanted = conversations.follows_all_conversations();
        if is_wanted || self.0.is_some() {
            let summary = StatusSummary::of(link, outbox, conversations, cx.now_ms());
            if self.0 != Some(summary) {
                cx.emit_news(News::StatusSummary(summary));
            }
            self.0 = Some(summary).filter(|_| is_wanted);
        }
    }
}

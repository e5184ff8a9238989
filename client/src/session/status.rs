//! How a session stands, for the person who wants to know: the link, what waits, and how far everything has come.

use common::Target;

use super::Session;
use super::exchange::Answer;

/// How a session stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// Whether the server answers.
    pub connectivity: Connectivity,
    /// At which endpoint, by its place.
    pub endpoint: usize,
    /// Messages that are not acknowledged yet.
    pub waiting: usize,
    /// How many of them have waited for so long that the person was told.
    pub pending: usize,
    /// Unread messages in all conversations but the open one.
    pub unread: u64,
    /// The conversations that are followed, by name.
    pub conversations: Vec<Progress>,
}

/// Whether the server answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Connectivity {
    /// Nothing was asked yet, or the first answer is still awaited.
    Connecting,
    /// It answers.
    Connected,
    /// It did a moment ago.
    Reconnecting,
    /// It has not for longer, or it never did.
    Offline,
}

/// How far a conversation has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// Which.
    pub conversation: Target,
    /// Everything up to this event was shown, or came before the client was started.
    pub shown: u64,
    /// The newest event that anybody has told of.
    pub head: u64,
}

impl Session {
    /// How the session stands now.
    #[must_use]
    pub fn status(&self, now_ms: u64) -> Status {
        let progress = |(conversation, timeline): (&Target, &super::Timeline)| {
            let (shown, head) = timeline.progress();
            Progress { conversation: conversation.clone(), shown, head }
        };
        Status {
            connectivity: self.link.connectivity(now_ms),
            endpoint: self.link.endpoint(),
            waiting: self.outbox.len(),
            pending: self.outbox.shown,
            unread: self.reads.unread_elsewhere(),
            conversations: self.conversations.iter().map(progress).collect(),
        }
    }

    /// Tells how the session stands. Nobody else is asked.
    pub(super) fn tell_status(&mut self, now_ms: u64, ticket: u64) {
        let status = self.status(now_ms);
        self.answer(ticket, Ok(Answer::Status(status)));
    }
}

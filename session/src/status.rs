//! How a session stands, for the person who wants to know: the link, what waits, and how far everything has come.

use common::Target;

use super::Session;
use super::exchange::{Answer, Effect, News};

/// How a session stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// At which endpoint, by its place.
    pub endpoint: usize,
    /// What the person always has before their eyes.
    pub standing: Standing,
    /// The conversations that are followed, by name.
    pub conversations: Vec<Progress>,
}

/// The part of it that the person always has before their eyes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Whether the server answers.
    pub connectivity: Connectivity,
    /// Messages that are not acknowledged yet.
    pub waiting: usize,
    /// How many of them have waited for so long that the person was told.
    pub pending: usize,
    /// Unread messages in all conversations but the open one.
    pub unread: u64,
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
            endpoint: self.link.endpoint(),
            standing: self.standing(now_ms),
            conversations: self.conversations.iter().map(progress).collect(),
        }
    }

    fn standing(&self, now_ms: u64) -> Standing {
        Standing {
            connectivity: self.link.connectivity(now_ms),
            waiting: self.outbox.len(),
            pending: self.outbox.shown,
            unread: self.reads.unread_elsewhere(),
        }
    }

    /// Tells whoever follows everything how the session stands, when that is another than was told. Once a turn, however
    /// much has happened in it: all conversations are counted.
    pub(super) fn tell_standing(&mut self, now_ms: u64) {
        let is_wanted = self.following.wants_everything();
        if is_wanted || self.standing_told.is_some() {
            let standing = self.standing(now_ms);
            if self.standing_told != Some(standing) {
                self.effects.push(Effect::News(News::Standing(standing)));
            }
            self.standing_told = Some(standing).filter(|_| is_wanted);
        }
    }

    /// Tells how the session stands. Nobody else is asked.
    pub(super) fn tell_status(&mut self, now_ms: u64, ticket: u64) {
        let status = self.status(now_ms);
        self.answer(ticket, Ok(Answer::Status(status)));
    }
}

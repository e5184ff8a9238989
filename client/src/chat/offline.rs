//! The chat while the server does not answer: what was said before is shown, and what is typed is kept.

use std::time::Duration;

use common::Target;

use super::room::Room;
use crate::failure::Failure;
use crate::session::{Command, Connectivity, Follow};

/// How long a server may take until what is known from before is shown: one that answers in time shows it better.
const SHOW_AFTER: Duration = Duration::from_millis(300);

/// Events shown of a conversation from before: about a screen.
const SHOWN_MAX: usize = 20;

impl Room {
    /// Follows everything from now on. False when the server does not answer, but a conversation could be opened all
    /// the same: everything else happens when it does.
    pub(super) fn follow_everything(&mut self, conversation: Option<&Target>) -> Result<bool, Failure> {
        let ticket = self.desk.begin(Command::Follow(Follow::Everything))?;
        let answer = self.desk.await_answer(ticket, SHOW_AFTER);
        if !matches!(answer, Err(Failure::Unreachable { .. })) {
            return answer.map(|_following| true);
        }
        if let Some(conversation) = conversation {
            self.show_from_before(conversation)?;
        }
        match (self.desk.await_answer(ticket, self.desk.timeout()), conversation) {
            (Err(Failure::Unreachable { .. }), Some(conversation)) => {
                self.open_offline(conversation.clone())?;
                Ok(false)
            }
            (answer, _) => answer.map(|_following| true),
        }
    }

    /// Whether a server that should have answered has not.
    pub(super) fn is_offline(&mut self) -> bool {
        self.desk.status().is_ok_and(|status| match status.connectivity {
            Connectivity::Reconnecting | Connectivity::Offline => true,
            Connectivity::Connecting | Connectivity::Connected => false,
        })
    }

    /// Opens a conversation that the server will show as soon as it answers.
    pub(super) fn open_offline(&mut self, conversation: Target) -> Result<(), Failure> {
        self.desk.begin(Command::Open(conversation.clone()))?;
        self.opened(conversation);
        self.say(&self.words.offline_note())
    }

    /// Shows what is known of a conversation from before.
    pub(super) fn show_from_before(&self, conversation: &Target) -> Result<(), Failure> {
        let entries = self.cache.newest(conversation, SHOWN_MAX);
        let Some(last) = entries.last() else { return Ok(()) };
        let mut lines = vec![self.renderer.note(&self.words.as_it_was(conversation, last.n))];
        lines.extend(entries.iter().filter_map(|entry| self.renderer.entry(entry)));
        super::say(&lines.join("\n"))
    }
}

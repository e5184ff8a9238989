//! The steps that follow the deletion of an account: its user leaves all channels and, if requested, the
//! user's messages are deleted. Each turn of the event loop does a bounded part, so other requests do not
//! wait. After a restart or a failed write, the work starts again and skips the completed steps.

use std::collections::VecDeque;

use common::{Conversation, Error, Event, UserName};
use tracing::{info, warn};
use uuid::Uuid;

use super::Engine;
use crate::domain::Command;
use crate::domain::deletion::conversations_to_erase;
use crate::outbound::fan_out;
use crate::storage::ledger::internal;

/// The maximum number of channels that the user leaves in one turn, and of events that one turn reads. A turn
/// then takes a few milliseconds.
const STEPS_PER_TURN_MAX: u64 = 128;

/// The progress of the first unfinished deletion.
#[derive(Default)]
pub(super) struct Deletions {
    scan: Option<Scan>,
    /// Whether a step failed, such as reading the log. The server tries again at its next startup.
    has_failed: bool,
}

struct Scan {
    user: UserName,
    conversations: VecDeque<Conversation>,
    /// The number of the next event to read in the first conversation.
    next_n: u64,
}

impl Engine {
    /// Whether the deletion of an account is unfinished and its next step can run now.
    pub(super) fn can_continue_deletions(&self) -> bool {
        let is_possible = !self.deletions.has_failed && self.ledger.may_write().is_ok();
        is_possible
            && self.accepts_requests()
            && self.ledger.state().users.unfinished_deletions().next().is_some()
    }

    /// Runs the next steps of the first unfinished deletion.
    pub(super) fn continue_deletions(&mut self, now_ms: u64) {
        if !self.can_continue_deletions() {
            return;
        }
        let Some(user) = self.ledger.state().users.unfinished_deletions().next().cloned() else { return };
        if let Err(error) = self.continue_deletion(&user, now_ms)
            && self.ledger.failure().is_none()
        {
            warn!(%user, %error, "the messages of a deleted account cannot be erased: restart the server to try again");
            self.deletions.has_failed = true;
        }
    }

    fn continue_deletion(&mut self, user: &UserName, now_ms: u64) -> Result<(), Error> {
        for _ in 0..STEPS_PER_TURN_MAX {
            if self.record(Command::Depart { user: user.clone() }, now_ms)?.is_none() {
                return self.continue_erasure(user, now_ms);
            }
        }
        Ok(())
    }

    fn continue_erasure(&mut self, user: &UserName, now_ms: u64) -> Result<(), Error> {
        for event in self.next_events_to_erase(user)? {
            let content = self.ledger.state().files.content_of(&event.conversation(), event.n);
            let erased = self.record(Command::Erase { event, id: Uuid::now_v7() }, now_ms)?;
            if let (Some(_), Some(sha256)) = (erased, content) {
                self.files.release(sha256, self.ledger.position());
            }
        }
        if self.deletions.scan.as_ref().is_none_or(|scan| scan.conversations.is_empty()) {
            self.deletions.scan = None;
            self.record(Command::FinishDeletion { user: user.clone() }, now_ms)?;
            info!(%user, "the deletion of an account is finished");
        }
        Ok(())
    }

    /// Reads the next events, and returns the messages of `user`; none if the user's messages must be kept.
    fn next_events_to_erase(&mut self, user: &UserName) -> Result<Vec<Event<'static>>, Error> {
        let state = self.ledger.state();
        if !state.users.deletion(user).is_some_and(|deletion| deletion.erase) {
            self.deletions.scan = None;
            return Ok(Vec::new());
        }
        let scan = self.deletions.scan.take_if(|scan| scan.user == *user).unwrap_or_else(|| Scan {
            user: user.clone(),
            conversations: conversations_to_erase(state, user).collect(),
            next_n: 1,
        });
        let scan = self.deletions.scan.insert(scan);
        let Some(conversation) = scan.conversations.front() else { return Ok(Vec::new()) };
        let (first, head) = (scan.next_n, state.head(conversation));
        let last = head.min(first + STEPS_PER_TURN_MAX - 1);
        let mut lines = Vec::new();
        if first <= last {
            self.ledger.read(conversation, first, last, &mut lines)?;
        }
        scan.next_n = last + 1;
        if last >= head {
            scan.conversations.pop_front();
            scan.next_n = 1;
        }
        let mut events = Vec::new();
        for line in lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            let event: Event<'_> = serde_json::from_slice(line).map_err(internal)?;
            if event.from == *user && event.body.is_content() {
                events.push(event.into_owned());
            }
        }
        Ok(events)
    }

    /// Records one step. Returns its receipt, or `None` if the step was unnecessary.
    fn record(
        &mut self,
        command: Command<'_>,
        now_ms: u64,
    ) -> Result<Option<crate::storage::ledger::Receipt>, Error> {
        fan_out::record(&mut self.ledger, &mut self.outbound, command, now_ms)
    }
}

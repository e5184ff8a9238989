//! How much waits in a session, for whoever watches that nothing grows without end.

use super::Session;
use super::limits::{
    EARLY_EVENTS_MAX, FLIGHT_MESSAGES_MAX, OUTBOX_MESSAGES_MAX, QUESTIONS_WAITING_MAX, REPAIRS_MAX,
};

/// Requests about the fan-out that wait at once: where it is, and the heads at the beginning, after a barrier and
/// every now and then.
const FOLLOWING_REQUESTS_MAX: usize = 4;

/// Marks of what was read that wait at once: a newer one takes the place of the one before.
const MARKS_MAX: usize = 1;

/// Something that things wait in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Queue {
    /// What it is called.
    pub name: &'static str,
    /// How many wait.
    pub length: usize,
    /// How many may wait.
    pub length_max: usize,
}

impl Session {
    /// Every queue of the session. That of early events is the longest of all conversations.
    #[must_use]
    pub fn queues(&self) -> [Queue; 5] {
        let early = self.conversations.values().map(super::Timeline::early_events).max();
        let queue = |name, length, length_max| Queue { name, length, length_max };
        let requests_max = QUESTIONS_WAITING_MAX + REPAIRS_MAX + FOLLOWING_REQUESTS_MAX + MARKS_MAX;
        [
            queue("outbox", self.outbox.len(), OUTBOX_MESSAGES_MAX),
            queue("flight", self.outbox.flying(), FLIGHT_MESSAGES_MAX),
            queue("requests", self.requests.len(), requests_max),
            queue("repairs", self.repairs.running(), REPAIRS_MAX),
            queue("early events", early.unwrap_or(0), EARLY_EVENTS_MAX),
        ]
    }

    /// How many messages are not acknowledged yet.
    #[must_use]
    pub fn messages_waiting(&self) -> usize {
        self.outbox.len()
    }
}

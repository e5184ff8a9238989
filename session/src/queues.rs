//! The queues of a session, for tests that check their bounds.

use super::limits::{
    COMMANDS_PENDING_MAX, EARLY_EVENTS_MAX, FLIGHT_MESSAGES_MAX, OUTBOX_MESSAGES_MAX, REPAIRS_MAX,
};
use super::outbox::Outbox;
use super::requests::Requests;
use super::sync::Timelines;

/// The maximum number of pending requests of sync: `server.info`, and heads of each kind.
const SYNC_REQUESTS_MAX: usize = 4;

/// The maximum number of pending read marks.
const MARKS_MAX: usize = 1;

/// The length and the limit of a queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Queue {
    /// The name of the queue.
    pub name: &'static str,
    /// The number of items in the queue.
    pub length: usize,
    /// The maximum of `length`.
    pub length_max: usize,
}

/// All queues of a session. "early events" is the longest queue of early events of all conversations.
pub(crate) fn all(outbox: &Outbox, requests: &Requests, timelines: &Timelines) -> [Queue; 5] {
    let queue = |name, length, length_max| Queue { name, length, length_max };
    let requests_max = COMMANDS_PENDING_MAX + REPAIRS_MAX + SYNC_REQUESTS_MAX + MARKS_MAX;
    [
        queue("outbox", outbox.len(), OUTBOX_MESSAGES_MAX),
        queue("flight", outbox.in_flight(), FLIGHT_MESSAGES_MAX),
        queue("requests", requests.len(), requests_max),
        queue("repairs", timelines.repairs_running(), REPAIRS_MAX),
        queue("early events", timelines.early_events(), EARLY_EVENTS_MAX),
    ]
}

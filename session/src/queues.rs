//! The queues of a session, for tests that check that none grows without a bound.

use super::limits::{
    COMMANDS_PENDING_MAX, EARLY_EVENTS_MAX, FLIGHT_MESSAGES_MAX, OUTBOX_MESSAGES_MAX, REPAIRS_MAX,
};
use super::outbox::Outbox;
use super::requests::Requests;
use super::sync::Timelines;

/// Requests of sync that are pending at once: where the fan-out is, and the heads at the beginning, after a
/// barrier and every few seconds.
const SYNC_REQUESTS_MAX: usize = 4;

/// Marks of what was read that are pending at once: a newer one replaces an older one.
const MARKS_MAX: usize = 1;

/// A queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Queue {
    /// Its name.
    pub name: &'static str,
    /// How many items it holds.
    pub length: usize,
    /// How many items it may hold.
    pub length_max: usize,
}

/// Every queue of a session. That of early events is the longest of all conversations.
pub(crate) fn all(outbox: &Outbox, requests: &Requests, timelines: &Timelines) -> [Queue; 5] {
    let queue = |name, length, length_max| Queue { name, length, length_max };
    let requests_max = COMMANDS_PENDING_MAX + REPAIRS_MAX + SYNC_REQUESTS_MAX + MARKS_MAX;
    [
        queue("outbox", outbox.len(), OUTBOX_MESSAGES_MAX),
        queue("flight", outbox.flying(), FLIGHT_MESSAGES_MAX),
        queue("requests", requests.len(), requests_max),
        queue("repairs", timelines.repairs_running(), REPAIRS_MAX),
        queue("early events", timelines.early_events(), EARLY_EVENTS_MAX),
    ]
}

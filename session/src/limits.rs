//! Every maximum and every delay of the session core, with its unit and its reason. The maxima of the
//! protocol are in `common::limits`.

/// Milliseconds a reply may take before its request is sent again: above any healthy answer, a login's
/// password hash included, and short enough that a restart of the server is hardly felt.
pub const REPLY_WAIT_MS: u64 = 2_000;

/// Milliseconds that the doubling of [`REPLY_WAIT_MS`] ends at.
pub const REPLY_WAIT_MS_MAX: u64 = 10_000;

/// Milliseconds that an endpoint is given at least before the next one is tried: the shortest wait for a reply.
pub const MOVE_EVERY_MS_MIN: u64 = REPLY_WAIT_MS - REPLY_WAIT_MS / 4;

/// Milliseconds of silence after which a server counts as away, not as about to come back: above any restart.
pub const OFFLINE_AFTER_MS: u64 = 30_000;

/// Milliseconds without a key typed after which a person is away.
pub const AWAY_AFTER_MS: u64 = 10 * 60 * 1_000;

/// Milliseconds between two heartbeats at least, whatever a server says.
pub const HEARTBEAT_MS_MIN: u64 = 1_000;

/// The same at most.
pub const HEARTBEAT_MS_MAX: u64 = 60_000;

/// People who are shown as writing at once.
pub const WRITERS_SHOWN_MAX: usize = 3;

/// Milliseconds between two looks at the heads of all conversations, at the most, see DESIGN section 7.
pub const HEADS_EVERY_MS: u64 = 10_000;

/// Milliseconds that the fan-out is given to bring what a reply knew first, before history is asked for it.
pub const GAP_GRACE_MS: u64 = 300;

/// Milliseconds after which a fan-out that has not brought what the heads announced counts as dead.
pub const FANOUT_GRACE_MS: u64 = 2_000;

/// Messages that wait to be sent or acknowledged: days of what a person says without a server. More are refused to
/// the person.
pub const OUTBOX_MESSAGES_MAX: usize = 4096;

/// Bytes of text in them: as many of the longest as fit into 16 MiB, which any machine can spare.
pub const OUTBOX_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Milliseconds after which a message that is not acknowledged is shown as waiting: longer than a healthy server
/// ever takes, so that a message is shown but once then; short enough that nobody wonders where it is.
pub const PENDING_AFTER_MS: u64 = 500;

/// Milliseconds that the next flight waits at least after one of which messages were put off: a server that says
/// "1 ms" means the first of them, and the others would only be put off again.
pub const PUT_OFF_MS_MIN: u64 = 100;

/// Messages in one flight: half of a frame's lines, so that other requests fit beside them.
pub const FLIGHT_MESSAGES_MAX: usize = common::limits::FRAME_LINES_MAX / 2;

/// Bytes of request lines in one flight.
pub const FLIGHT_BYTES_MAX: usize = 1024 * 1024;

/// Events of one conversation that wait for an earlier one. Beyond, those furthest away are dropped: history
/// brings them again.
pub const EARLY_EVENTS_MAX: usize = 1024;

/// Topics that are still subscribed to although events are published elsewhere by now. Beyond, the oldest is let go
/// early: what was on its way there is brought by history.
pub const TOPICS_LEFT_MAX: usize = 64;

/// Requests of the person that wait for their replies. More are refused.
pub const QUESTIONS_WAITING_MAX: usize = 64;

/// Pages of history asked for at the same time to fill gaps: two of the largest fit one reply frame. The
/// other gaps wait their turn.
pub const REPAIRS_MAX: usize = 2;

/// Pages of a list of names (users, channels, members) that are put together; the list ends there.
pub const LIST_PAGES_MAX: usize = 100;

/// Events shown when a conversation is opened: about a screen.
pub const OPENING_EVENTS: u64 = 20;

/// Events shown when there is something unread in a conversation that is opened, and by each further step: what a
/// person takes in before they say that they want more.
pub const UNREAD_EVENTS: u64 = 50;

/// Milliseconds between two marks of what was read: other sessions follow soon enough, and a lively conversation
/// costs its readers a third of a record a second at most.
pub const MARK_EVERY_MS: u64 = 3_000;

/// Own messages remembered in a conversation where something else is unread: more than anybody writes who reads nothing.
pub const OWN_UNREAD_MAX: usize = 10_000;

// Bounds that must fit into one another.
const _: () = assert!(REPLY_WAIT_MS < REPLY_WAIT_MS_MAX, "the first delay is the shortest");
const _: () = assert!(
    FLIGHT_BYTES_MAX + 2 * common::limits::LINE_BYTES_MAX < common::limits::FRAME_BYTES_MAX,
    "a flight fits its frame"
);

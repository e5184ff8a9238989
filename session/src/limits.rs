//! Every limit and delay of the session core, with its unit and its reason.

/// Milliseconds without a reply after which the session repeats a request. A healthy server replies faster,
/// even to a login, which hashes a password.
pub const REPLY_WAIT_MS: u64 = 2_000;

/// The maximum of the wait for a reply, in milliseconds. The wait doubles with each attempt.
pub const REPLY_WAIT_MS_MAX: u64 = 10_000;

/// The minimum time between two switches to another endpoint, in milliseconds: the shortest wait for a reply.
pub const ENDPOINT_SWITCH_MS_MIN: u64 = REPLY_WAIT_MS - REPLY_WAIT_MS / 4;

/// Milliseconds without a reply after which a server counts as offline. A restart of the server is faster.
pub const OFFLINE_AFTER_MS: u64 = 30_000;

/// Milliseconds without a key after which a user is away.
pub const AWAY_AFTER_MS: u64 = 10 * 60 * 1_000;

/// The minimum of the server's heartbeat interval that a client accepts, in milliseconds.
pub const HEARTBEAT_MS_MIN: u64 = 1_000;

/// The maximum of the server's heartbeat interval that a client accepts, in milliseconds.
pub const HEARTBEAT_MS_MAX: u64 = 60_000;

/// The maximum number of users who are shown as typing.
pub const TYPING_USERS_SHOWN_MAX: usize = 3;

/// The longest time between two requests for heads, in milliseconds. The client detects a lost event within
/// this time.
pub const HEADS_INTERVAL_MS: u64 = 10_000;

/// Milliseconds that the session waits for the events before an acknowledged message, before it requests a
/// page.
pub const GAP_GRACE_MS: u64 = 300;

/// Milliseconds after which the session assumes that the fan-out lost an event. The heads name the event.
pub const FANOUT_GRACE_MS: u64 = 2_000;

/// The maximum number of messages in the outbox: more than a user writes in days without a server.
pub const OUTBOX_MESSAGES_MAX: usize = 4096;

/// The maximum bytes of text in the outbox.
pub const OUTBOX_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Milliseconds after which a message without an acknowledgement is emitted as delayed.
pub const DELAYED_AFTER_MS: u64 = 500;

/// The shortest delay after a flight with postponed messages, in milliseconds. The `wait_ms` of the server is
/// computed for one message; a shorter delay would postpone the other messages again.
pub const POSTPONED_MS_MIN: u64 = 100;

/// The maximum number of messages in one flight: half of a frame's lines. The other half is for other
/// requests.
pub const FLIGHT_MESSAGES_MAX: usize = common::limits::FRAME_LINES_MAX / 2;

/// The maximum bytes of request lines in one flight.
pub const FLIGHT_BYTES_MAX: usize = 1024 * 1024;

/// The maximum number of early events of one conversation. The newest early events above this limit are
/// dropped, and requested later.
pub const EARLY_EVENTS_MAX: usize = 1024;

/// The maximum number of old topics that stay subscribed until the next barrier. Above this limit the session
/// unsubscribes from the oldest topic.
pub const OLD_TOPICS_MAX: usize = 64;

/// The maximum number of commands without an answer. The session refuses further commands.
pub const COMMANDS_PENDING_MAX: usize = 64;

/// The maximum number of pending pages that fill gaps: two pages of the maximum size fit into one reply
/// frame.
pub const REPAIRS_MAX: usize = 2;

/// The maximum number of pages of a list, such as the list of users. The session requests no further pages.
pub const LIST_PAGES_MAX: usize = 100;

/// The number of events in the page that opens a conversation: about a screen.
pub const OPENING_EVENTS: u64 = 20;

/// The number of events in the page that opens a conversation with unread messages, and in each further page.
pub const UNREAD_EVENTS: u64 = 50;

/// The shortest time between two read marks, in milliseconds. The server records at most one read mark of
/// each reader in this time.
pub const MARK_INTERVAL_MS: u64 = 3_000;

/// The maximum number of the user's own messages after an unread message that the session remembers, in each
/// conversation.
pub const OWN_UNREAD_MAX: usize = 10_000;

// Relations between the limits.
const _: () = assert!(REPLY_WAIT_MS < REPLY_WAIT_MS_MAX, "the first delay is the shortest");
const _: () = assert!(
    FLIGHT_BYTES_MAX + 2 * common::limits::LINE_BYTES_MAX < common::limits::FRAME_BYTES_MAX,
    "a flight fits its frame"
);

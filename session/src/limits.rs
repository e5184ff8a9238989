//! Every limit and delay of the session core, with its unit and its reason. The limits of the protocol are in
//! `common::limits`.

/// Milliseconds that a reply may take before its request is sent again: more than any healthy reply takes,
/// including a login with its password hash, and short enough that a user hardly notices a restart of the
/// server.
pub const REPLY_WAIT_MS: u64 = 2_000;

/// The longest of these waits, which double from attempt to attempt, in milliseconds.
pub const REPLY_WAIT_MS_MAX: u64 = 10_000;

/// The shortest time before the next endpoint is tried, in milliseconds: the shortest wait for a reply.
pub const ENDPOINT_SWITCH_MS_MIN: u64 = REPLY_WAIT_MS - REPLY_WAIT_MS / 4;

/// Milliseconds without a reply after which a server counts as offline: more than any restart takes.
pub const OFFLINE_AFTER_MS: u64 = 30_000;

/// Milliseconds without a key after which a user is away.
pub const AWAY_AFTER_MS: u64 = 10 * 60 * 1_000;

/// The shortest time between two heartbeats, in milliseconds, whatever a server asks for.
pub const HEARTBEAT_MS_MIN: u64 = 1_000;

/// The longest time between two heartbeats, in milliseconds, whatever a server asks for.
pub const HEARTBEAT_MS_MAX: u64 = 60_000;

/// How many users are shown as writing at once.
pub const WRITERS_SHOWN_MAX: usize = 3;

/// The longest time between two requests for heads, in milliseconds: an event that the fan-out lost is
/// noticed so late at worst, and a client costs the server one cheap request in that time.
pub const HEADS_INTERVAL_MS: u64 = 10_000;

/// Milliseconds that the fan-out has to bring an event that a reply named, before it is requested from
/// history.
pub const GAP_GRACE_MS: u64 = 300;

/// Milliseconds that the fan-out has to bring an event that the heads named, before it counts as lost.
pub const FANOUT_GRACE_MS: u64 = 2_000;

/// Messages that wait to be sent or acknowledged: what a user writes in days without a server. More are
/// refused.
pub const OUTBOX_MESSAGES_MAX: usize = 4096;

/// Bytes of text in them: any machine can spare 16 MiB.
pub const OUTBOX_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Milliseconds after which a message that is not acknowledged is shown as waiting: longer than a healthy
/// server takes, so that a message is usually shown once; short enough that its user does not wonder where it
/// is.
pub const PENDING_AFTER_MS: u64 = 500;

/// The shortest wait after a flight of which messages were put off, in milliseconds: a server that asks for 1
/// ms means the first of them, and would put off the others again.
pub const POSTPONED_MS_MIN: u64 = 100;

/// Messages in one flight: half of a frame's lines, so that other requests fit into the same frame.
pub const FLIGHT_MESSAGES_MAX: usize = common::limits::FRAME_LINES_MAX / 2;

/// Bytes of request lines in one flight.
pub const FLIGHT_BYTES_MAX: usize = 1024 * 1024;

/// Events of one conversation that wait for an earlier one. Beyond, the newest are dropped: history brings
/// them again.
pub const EARLY_EVENTS_MAX: usize = 1024;

/// Topics that are subscribed to until the next barrier, after their events moved to another topic. Beyond,
/// the oldest is unsubscribed at once: history brings the events that were on their way.
pub const OLD_TOPICS_MAX: usize = 64;

/// Commands that wait for their answers. More are refused.
pub const COMMANDS_PENDING_MAX: usize = 64;

/// Pages of history that are requested at the same time to fill gaps: two of the largest fit into one reply
/// frame. The other gaps wait.
pub const REPAIRS_MAX: usize = 2;

/// Pages of a list (users, channels, members) that are put together; the list ends there.
pub const LIST_PAGES_MAX: usize = 100;

/// Events shown when a conversation is opened: about a screen.
pub const OPENING_EVENTS: u64 = 20;

/// Events shown when a conversation with unread messages is opened, and by each further page: what a user
/// reads before they ask for more.
pub const UNREAD_EVENTS: u64 = 50;

/// The shortest time between two marks of what was read, in milliseconds: other sessions of the user follow
/// soon enough, and a busy conversation costs the server at most a third of a record a second for each
/// reader.
pub const MARK_INTERVAL_MS: u64 = 3_000;

/// The user's own messages that are remembered in a conversation while something else is unread there: more
/// than a user writes without reading.
pub const OWN_UNREAD_MAX: usize = 10_000;

// Bounds that must fit into one another.
const _: () = assert!(REPLY_WAIT_MS < REPLY_WAIT_MS_MAX, "the first delay is the shortest");
const _: () = assert!(
    FLIGHT_BYTES_MAX + 2 * common::limits::LINE_BYTES_MAX < common::limits::FRAME_BYTES_MAX,
    "a flight fits its frame"
);

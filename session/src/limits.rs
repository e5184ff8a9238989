//! Every limit and delay of the session core, with its unit and its reason.

/// Milliseconds without a reply after which a request is repeated. A healthy server replies faster, even to a
/// login with its password hash; and a user hardly notices a restart of the server.
pub const REPLY_WAIT_MS: u64 = 2_000;

/// The maximum of this time, which doubles with each attempt, in milliseconds.
pub const REPLY_WAIT_MS_MAX: u64 = 10_000;

/// Milliseconds between two switches to another endpoint, at least: the shortest wait for a reply.
pub const ENDPOINT_SWITCH_MS_MIN: u64 = REPLY_WAIT_MS - REPLY_WAIT_MS / 4;

/// Milliseconds without a reply after which a server counts as offline. Restarts are faster.
pub const OFFLINE_AFTER_MS: u64 = 30_000;

/// Milliseconds without a key after which a user is away.
pub const AWAY_AFTER_MS: u64 = 10 * 60 * 1_000;

/// The minimum of the server's heartbeat interval that a client accepts, in milliseconds.
pub const HEARTBEAT_MS_MIN: u64 = 1_000;

/// The maximum of the server's heartbeat interval that a client accepts, in milliseconds.
pub const HEARTBEAT_MS_MAX: u64 = 60_000;

/// How many users are shown as typing at once.
pub const TYPING_USERS_SHOWN_MAX: usize = 3;

/// The longest time between two requests for heads, in milliseconds: the client notices a lost event within
/// this time, and the server handles one cheap request of each client.
pub const HEADS_INTERVAL_MS: u64 = 10_000;

/// Milliseconds that the session waits for the event of a reply, before it requests a page.
pub const GAP_GRACE_MS: u64 = 300;

/// Milliseconds after which an event that the heads name counts as lost by the fan-out.
pub const FANOUT_GRACE_MS: u64 = 2_000;

/// Messages that are not acknowledged: more than a user writes in days without a server.
pub const OUTBOX_MESSAGES_MAX: usize = 4096;

/// Bytes of text in the messages of the outbox: every machine has 16 MiB.
pub const OUTBOX_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Milliseconds after which a message without an acknowledgement is shown as pending.
pub const DELAYED_AFTER_MS: u64 = 500;

/// The shortest delay after a flight with postponed messages, in milliseconds. A server that asks for 1 ms
/// means only the first message, and would postpone the others again.
pub const POSTPONED_MS_MIN: u64 = 100;

/// Messages in one flight: half of a frame's lines, so that the frame has room for other requests.
pub const FLIGHT_MESSAGES_MAX: usize = common::limits::FRAME_LINES_MAX / 2;

/// Bytes of request lines in one flight.
pub const FLIGHT_BYTES_MAX: usize = 1024 * 1024;

/// Early events of one conversation. Newer ones are dropped, and requested from history later.
pub const EARLY_EVENTS_MAX: usize = 1024;

/// Old topics that stay subscribed until the next barrier. The session drops the oldest above this limit.
pub const OLD_TOPICS_MAX: usize = 64;

/// Commands without an answer. The session refuses further ones.
pub const COMMANDS_PENDING_MAX: usize = 64;

/// Pending pages of history that fill gaps: two of the largest fit into one reply frame.
pub const REPAIRS_MAX: usize = 2;

/// Pages of a list, such as the list of users. The session requests no further pages.
pub const LIST_PAGES_MAX: usize = 100;

/// Events of the page that opens a conversation: about a screen.
pub const OPENING_EVENTS: u64 = 20;

/// Events of the page that opens a conversation with unread messages, and of each further page.
pub const UNREAD_EVENTS: u64 = 50;

/// The shortest time between two read marks, in milliseconds. It delays the user's other sessions only a
/// little, and the server records at most one mark of a reader in this time.
pub const MARK_INTERVAL_MS: u64 = 3_000;

/// The user's own messages that the session remembers after an unread one, in each conversation.
pub const OWN_UNREAD_MAX: usize = 10_000;

// Relations between the limits.
const _: () = assert!(REPLY_WAIT_MS < REPLY_WAIT_MS_MAX, "the first delay is the shortest");
const _: () = assert!(
    FLIGHT_BYTES_MAX + 2 * common::limits::LINE_BYTES_MAX < common::limits::FRAME_BYTES_MAX,
    "a flight fits its frame"
);

//! All limits of sockets, with unit and reason. The limits of the protocol are in `common::limits`.

use std::time::Duration;

use common::limits::TOPIC_BYTES_MAX;

/// Bytes in one frame of requests, replies or events. By default libzmq has no limit.
pub const FRAME_BYTES_MAX: usize = common::limits::FRAME_BYTES_MAX;

/// Bytes in one frame from a subscriber to its publisher: a topic and the overhead of ZMTP. The frames of the
/// handshake must fit, too.
pub const SUBSCRIPTION_FRAME_BYTES_MAX: usize = 1024;

/// Bytes that CURVE adds to each frame (RFC 26, MESSAGE: name 8, nonce 8, authenticator 16, flags 1). The
/// limits above exclude them, so that encryption does not change which frames are accepted.
pub const CURVE_FRAME_BYTES_MORE: i64 = 33;

/// Frames in one message. The longest message of papo has five: two names, the empty frame, the lines and the
/// bytes.
pub const MESSAGE_FRAMES_MAX: usize = 16;

/// Replies waiting for one peer of a ROUTER, and for the receiving DEALER, in units of 512 bytes; each
/// message counts at least one. 16 MiB: five of the largest replies, or the replies to 32,000 small requests.
///
/// All clients of a node together have 64 MiB, beyond 64 KiB for each. Over this limit, the broker drops the
/// replies to a client with more than 64 KiB waiting, and a client that reads sends its requests again.
pub const REPLIES_WAITING_MAX: i32 = 32 * 1024;

/// Replies waiting for the broker, in units of 512 bytes: 64 MiB for all its clients.
pub const REPLIES_WAITING_INSIDE_MAX: i32 = 128 * 1024;

/// Requests waiting from one peer of a ROUTER, and for the peer of a DEALER, in units of 512 bytes: 2 MiB. At
/// the limit, the sender waits.
pub const REQUESTS_WAITING_MAX: i32 = 4 * 1024;

/// Events waiting for one subscriber, in units of 512 bytes: 4 MiB. A slow subscriber loses the events beyond
/// the limit, and loads them from the history. The limit of all clients together is the one of the replies.
pub const EVENTS_WAITING_MAX: i32 = 8 * 1024;

/// Events waiting between the server and its proxy, in units of 512 bytes: 32 MiB. A loss here would make
/// every subscriber load the history.
pub const EVENTS_WAITING_INSIDE_MAX: i32 = 64 * 1024;

/// Milliseconds after which the system closes the connection of a peer that reads nothing
/// (`TCP_USER_TIMEOUT`), so that its waiting replies and events are released.
pub const UNREAD_MS_MAX: i32 = 30_000;

/// Subscriptions waiting to be sent: no limit (zero), because libzmq silently drops a subscription over the
/// limit, also when it reconnects. The client itself bounds their number.
pub const SUBSCRIPTIONS_WAITING_MAX: i32 = 0;

/// Milliseconds that a closed ROUTER continues to send, so that the last replies leave when a role stops.
pub const LINGER_REPLIES_MS: i32 = 250;

/// Milliseconds that any other closed socket continues to send: none, because clients send requests again.
pub const LINGER_NONE_MS: i32 = 0;

/// Milliseconds before the first attempt to reconnect: so short that users hardly notice a restart.
pub const RECONNECT_MS: i32 = 50;

/// The largest number of milliseconds between two attempts to reconnect; until then the delay doubles.
pub const RECONNECT_MS_MAX: i32 = 2_000;

/// Milliseconds for the handshake, so that connections of silent peers do not accumulate.
pub const HANDSHAKE_MS_MAX: i32 = 10_000;

/// The shortest time between two log lines about refused peers, so that a peer that reconnects cannot fill
/// the disk.
pub const REFUSALS_LOGGED_EVERY: Duration = Duration::from_secs(10);

/// Connections waiting to be accepted. libzmq's default of 100 is too few when a team reconnects at the same
/// time.
pub const ACCEPT_WAITING_MAX: i32 = 1024;

/// Seconds without data after which TCP sends keep-alive probes. Network routers forget connections long
/// before the default of two hours. ZMTP heartbeats are not used, because they can abort the process (libzmq
/// issue 4767).
pub const KEEPALIVE_IDLE_S: i32 = 30;

/// Seconds between two keep-alive probes.
pub const KEEPALIVE_INTERVAL_S: i32 = 10;

/// Unanswered keep-alive probes after which the connection is closed: a minute after the last data.
pub const KEEPALIVE_PROBES_MAX: i32 = 3;

/// The wanted limit of open files: one for each connection and a few for the process. At the limit, a libzmq
/// socket spins or aborts, and one team can reach the usual soft limit of 1024.
pub const OPEN_FILES_WANTED: u64 = 64 * 1024;

/// Control requests that a role answers in one turn of its loop, so that they cannot delay its work.
pub const CONTROL_REQUESTS_PER_TURN_MAX: usize = 16;

const _: () = assert!(TOPIC_BYTES_MAX + 512 < SUBSCRIPTION_FRAME_BYTES_MAX, "a topic fits its frame");
const _: () = assert!(RECONNECT_MS < RECONNECT_MS_MAX, "the first delay is the shortest");

//! Every maximum of a socket, with its unit and its reason. The maxima of the protocol itself are in
//! `common::limits`.

use std::time::Duration;

use common::limits::TOPIC_BYTES_MAX;

/// Bytes in one frame of requests, replies or events; libzmq's own default is no limit at all.
pub const FRAME_BYTES_MAX: usize = common::limits::FRAME_BYTES_MAX;

/// Bytes in one frame that a subscriber or a proxy sends upstream: a topic and what ZMTP puts around it, with
/// room for the handshake, whose frames are measured too.
pub const SUBSCRIPTION_FRAME_BYTES_MAX: usize = 1024;

/// Bytes that CURVE puts around each frame (RFC 26, MESSAGE: name 8, nonce 8, authenticator 16, flags 1). The limits
/// above are meant without them, so that the same frames pass with encryption and without.
pub const CURVE_FRAME_BYTES_MORE: i64 = 33;

/// Frames in one message. The longest of ours has five: two envelopes, the empty frame, the lines and the bytes.
pub const MESSAGE_FRAMES_MAX: usize = 16;

/// Replies waiting for one peer of a ROUTER. A client may have a thousand requests in flight, which is where
/// libzmq's default of 1000 was seen to lose replies; a broker carries several such clients over one link.
pub const REPLIES_WAITING_MAX: i32 = 8 * 1024;

/// Requests waiting from one peer of a ROUTER, and for the peer of a DEALER: beyond it the sender waits.
pub const REQUESTS_WAITING_MAX: i32 = 1024;

/// Messages waiting for one reader of events. A slow subscriber loses what is beyond it and repairs from the
/// history, so this bounds memory: 8192 typical events of 300 bytes are 2.5 MB for each slow subscriber.
pub const EVENTS_WAITING_MAX: i32 = 8 * 1024;

/// Messages waiting between the server and its proxy, where a loss would cost every subscriber a repair.
pub const EVENTS_WAITING_INSIDE_MAX: i32 = 64 * 1024;

/// Subscriptions waiting to be sent: no limit (zero), because one over the mark is lost without a word, also
/// at a reconnect. Their number is bounded by what the client itself subscribes to.
pub const SUBSCRIPTIONS_WAITING_MAX: i32 = 0;

/// Milliseconds that a closed ROUTER may go on sending: the last replies are on their way when a role stops.
pub const LINGER_REPLIES_MS: i32 = 250;

/// Milliseconds that any other closed socket may go on sending: none, since clients resend and repair.
pub const LINGER_NONE_MS: i32 = 0;

/// Milliseconds before a lost connection is tried again: soon enough that a restart is hardly noticed.
pub const RECONNECT_MS: i32 = 50;

/// Milliseconds that the doubling of [`RECONNECT_MS`] ends at: two seconds cost a server that is down nothing.
pub const RECONNECT_MS_MAX: i32 = 2_000;

/// Milliseconds a peer may take for the handshake, so that mute connections do not pile up.
pub const HANDSHAKE_MS_MAX: i32 = 10_000;

/// Between two lines of the log about refused peers: one that comes again and again cannot fill the disk.
pub const REFUSALS_LOGGED_EVERY: Duration = Duration::from_secs(10);

/// Connections waiting to be accepted. libzmq's default of 100 is too few when a whole team reconnects at once.
pub const ACCEPT_WAITING_MAX: i32 = 1024;

/// Seconds of silence after which TCP asks whether the peer is there; the default of two hours outlives
/// every router's memory. ZMTP heartbeats would do it too, but can abort the process (libzmq issue 4767).
pub const KEEPALIVE_IDLE_S: i32 = 30;

/// Seconds between two such questions.
pub const KEEPALIVE_INTERVAL_S: i32 = 10;

/// Unanswered questions after which the connection is given up: a dead peer is gone after a minute.
pub const KEEPALIVE_PROBES_MAX: i32 = 3;

/// Open files to ask the system for: one for each connection and a few for the process. At its limit a libzmq
/// socket spins or aborts, and the usual soft limit of 1024 is within reach of one team.
pub const OPEN_FILES_WANTED: u64 = 64 * 1024;

/// Control requests answered in one turn of a role's loop, so that they cannot keep it from its work.
pub const CONTROL_REQUESTS_PER_TURN_MAX: usize = 16;

// Bounds that must fit into one another.
const _: () = assert!(TOPIC_BYTES_MAX + 512 < SUBSCRIPTION_FRAME_BYTES_MAX, "a topic fits its frame");
const _: () = assert!(RECONNECT_MS < RECONNECT_MS_MAX, "the first delay is the shortest");

//! The limits of sockets. The limits of the protocol are in `common::limits`.

use std::time::Duration;

use common::limits::TOPIC_BYTES_MAX;

/// The maximum number of bytes in one frame of requests, replies or events. By default, libzmq has no limit.
pub const FRAME_BYTES_MAX: usize = common::limits::FRAME_BYTES_MAX;

/// The maximum number of bytes in one frame from a subscriber: a topic and the overhead of ZMTP, or a frame
/// of the handshake.
pub const SUBSCRIPTION_FRAME_BYTES_MAX: usize = 1024;

/// Bytes that CURVE adds to each frame (RFC 26, MESSAGE: name 8, nonce 8, authenticator 16, flags 1). The
/// limits above exclude these bytes.
pub const CURVE_OVERHEAD_BYTES: i64 = 33;

/// The maximum number of frames in one message. The longest message of papo has six frames: the routing ids
/// of the client and of the broker, the tag of a gateway, the empty delimiter, the lines, and the bytes of a
/// file.
pub const MESSAGE_FRAMES_MAX: usize = 16;

/// The maximum size of the replies that a ROUTER queues for one peer, and that a DEALER queues, in units of
/// 512 bytes. Each message counts as at least one unit. The limit is 16 MiB: five of the largest replies, or
/// the replies to 32,000 small requests.
pub const REPLIES_WAITING_MAX: i32 = 32 * 1024;

/// The size of all queued replies and events at which the broker drops the replies to each client that has
/// more than 64 KiB of queued replies, in bytes. An event that waits for many subscribers counts once.
pub const REPLIES_WAITING_BYTES_MAX: i32 = 32 << 20;

/// The same size at which each subscriber with more than 64 KiB of queued events loses events. It is larger,
/// so clients that do not read their replies use at most two thirds of it.
pub const EVENTS_WAITING_BYTES_MAX: i32 = 48 << 20;

/// The maximum size of the replies that are queued between the server and the broker, in units of 512 bytes:
/// 16 MiB for all clients.
pub const REPLIES_WAITING_INSIDE_MAX: i32 = 32 * 1024;

/// The maximum size of the requests that one side of a connection queues, in units of 512 bytes: 2 MiB. At
/// the limit, the sender waits.
pub const REQUESTS_WAITING_MAX: i32 = 4 * 1024;

/// The maximum size of the events that are queued for one subscriber, in units of 512 bytes: 4 MiB. A slow
/// subscriber loses the events beyond the limit, and loads them from the history.
pub const EVENTS_WAITING_MAX: i32 = 8 * 1024;

/// The maximum size of the events that are queued between the server and the proxy, in units of 512 bytes:
/// 32 MiB. After a loss in this queue, every subscriber would load the history.
pub const EVENTS_WAITING_INSIDE_MAX: i32 = 64 * 1024;

/// Milliseconds after which the system closes the connection of a peer that reads nothing
/// (`TCP_USER_TIMEOUT`). This releases the peer's waiting replies and events.
pub const UNREAD_MS_MAX: i32 = 30_000;

/// The maximum number of subscriptions that are queued for sending. Zero means no limit, because libzmq
/// silently drops subscriptions beyond a limit. The client bounds the number of its subscriptions.
pub const SUBSCRIPTIONS_WAITING_MAX: i32 = 0;

/// Milliseconds that a closed ROUTER continues to send, so the last replies are sent when a role stops.
pub const LINGER_REPLIES_MS: i32 = 250;

/// Milliseconds that any other closed socket continues to send. Zero, because clients send requests again.
pub const LINGER_NONE_MS: i32 = 0;

/// Milliseconds before the first attempt to reconnect.
pub const RECONNECT_MS: i32 = 50;

/// The maximum number of milliseconds between two attempts to reconnect. The delay doubles up to this
/// maximum.
pub const RECONNECT_MS_MAX: i32 = 2_000;

/// The maximum number of milliseconds for the handshake. After this time, the connection of a silent peer is
/// closed.
pub const HANDSHAKE_MS_MAX: i32 = 10_000;

/// The shortest time between two log lines about refused peers. It prevents a peer from filling the disk with
/// log lines.
pub const REFUSALS_LOGGED_EVERY: Duration = Duration::from_secs(10);

/// The maximum number of connections that the system queues until libzmq accepts them. The default of libzmq,
/// 100, is too small when a whole team reconnects at the same time.
pub const ACCEPT_WAITING_MAX: i32 = 1024;

/// Seconds without data after which TCP sends keep-alive probes. The default is two hours, but network
/// routers forget idle connections earlier. ZMTP heartbeats are not used, because they can abort the process
/// (libzmq issue 4767).
pub const KEEPALIVE_IDLE_S: i32 = 30;

/// Seconds between two keep-alive probes.
pub const KEEPALIVE_INTERVAL_S: i32 = 10;

/// The number of unanswered keep-alive probes after which the connection is closed, one minute after the last
/// data.
pub const KEEPALIVE_PROBES_MAX: i32 = 3;

/// The limit of open files that papo requests. Each connection needs an open file, and one team can reach the
/// usual limit of 1024. At the limit, libzmq uses all CPU time or aborts.
pub const OPEN_FILES_WANTED: u64 = 64 * 1024;

/// The maximum number of control requests that a role answers in one round of its loop.
pub const CONTROL_REQUESTS_PER_ROUND_MAX: usize = 16;

const _: () = assert!(TOPIC_BYTES_MAX + 512 < SUBSCRIPTION_FRAME_BYTES_MAX, "a frame holds a whole topic");
const _: () = assert!(RECONNECT_MS < RECONNECT_MS_MAX, "the first delay is the shortest");

//! The limits of the gateway, with their units and reasons.

/// The number of connections to the broker. Each has its own queues, so the requests of one user wait for a
/// fraction of the other users.
pub(crate) const DEALERS: usize = 4;

/// The index of the connection to the broker that carries chunks of files. Chunks delay no other request.
pub(crate) const FILE_DEALER: usize = DEALERS;

/// The maximum bytes of one WebSocket frame from a client.
pub(crate) const FRAME_BYTES_MAX: usize = 1 << 20;

/// The maximum bytes of the post of a webhook.
pub(crate) const HOOK_BYTES_MAX: usize = 256 << 10;

/// The maximum number of frames of one connection that wait for their replies.
pub(crate) const IN_FLIGHT_MAX: usize = 64;

/// Milliseconds after which a frame without a reply no longer counts. The client sends it again.
pub(crate) const IN_FLIGHT_MS: u64 = 30_000;

/// The maximum bytes of the requests of one connection that are not sent yet. The gateway then reads no more
/// from the connection.
pub(crate) const WAITING_BYTES_MAX: usize = 1 << 20;

/// The maximum bytes, and the maximum number of lines, that wait for one connection. Further events are
/// dropped, and the client loads them from the history.
pub(crate) const QUEUE_BYTES_MAX: usize = 256 << 10;
pub(crate) const QUEUE_LINES_MAX: usize = 1024;

/// The maximum bytes of replies that wait for one connection. Replies are never dropped: a connection beyond
/// the limit is closed.
pub(crate) const QUEUE_REPLIES_BYTES_MAX: usize = 8 << 20;

/// The bytes of replies that may wait for one connection when all queues together are at their limit. A
/// connection with more is closed.
pub(crate) const QUEUE_OWN_REPLIES_BYTES: usize = 64 << 10;

/// The maximum bytes that wait for all connections together. Further events are dropped, and connections with
/// many waiting replies are closed.
pub(crate) const QUEUES_BYTES_MAX: usize = 128 << 20;

/// The maximum number of topics of one connection.
pub(crate) const TOPICS_MAX: usize = 1_000;

/// The maximum number of topics of all connections. libzmq accepts 16,384 topics of one subscriber.
pub(crate) const ALL_TOPICS_MAX: usize = 16_000;

/// Milliseconds for which the gateway collects subscriptions before it creates one barrier for all of them.
pub(crate) const BARRIER_DELAY_MS: u64 = 5;

/// Milliseconds after which a barrier is lost. The gateway then replaces its connection to the proxy.
pub(crate) const BARRIER_MS_MAX: u64 = 3_000;

/// Milliseconds between two barriers while there are topics. They show that the proxy sends events.
pub(crate) const PROBE_MS: u64 = 10_000;

/// Milliseconds for the reply to a check of a session.
pub(crate) const CHECK_MS_MAX: u64 = 5_000;

/// Milliseconds after the last tab of a session was closed, until its user is offline. A page that is loaded
/// again takes less.
pub(crate) const LAST_TAB_MS: u64 = 5_000;

/// Milliseconds in which a connection without a session must send a first line.
pub(crate) const FIRST_LINE_MS_MAX: u64 = 5_000;

/// The maximum number of HTTP requests that wait for a reply of the node. Further requests wait before.
pub(crate) const CALLS_MAX: usize = 1_024;

/// Milliseconds for the reply to an HTTP request.
pub(crate) const CALL_MS_MAX: u64 = 10_000;

/// Milliseconds between two pings, and of silence after which a connection is closed.
pub(crate) const PING_MS: u64 = 25_000;
pub(crate) const SILENT_MS_MAX: u64 = 90_000;

/// Milliseconds in which a client must read a frame.
pub(crate) const UNREAD_MS_MAX: u64 = 15_000;

/// The maximum number of connections of one user.
pub(crate) const USER_CONNECTIONS_MAX: usize = 20;

/// The maximum number of connections of one address: a few hundred users behind one router.
pub(crate) const ADDRESS_CONNECTIONS_MAX: usize = 2_000;

/// The maximum number of connections to the gateway.
pub(crate) const CONNECTIONS_MAX: usize = 20_000;

/// New WebSockets of one address per second, and its handshakes of TLS per second.
pub(crate) const HANDSHAKES_PER_SECOND: u32 = 50;

/// Logins and registrations of one address per minute, and of one address to one account per minute.
pub(crate) const LOGINS_PER_MINUTE: u32 = 20;
pub(crate) const USER_LOGINS_PER_MINUTE: u32 = 5;

/// The maximum number of remembered addresses. When it is reached, idle addresses are removed.
pub(crate) const ADDRESSES_MAX: usize = 64 << 10;

/// Milliseconds for the headers of an HTTP request.
pub(crate) const HEADERS_MS_MAX: u64 = 10_000;

/// Milliseconds for the body of an HTTP request without a file, and for its reply.
pub(crate) const REQUEST_MS_MAX: u64 = 30_000;

/// Milliseconds in which the next bytes of an uploaded file must arrive.
pub(crate) const BODY_PART_MS_MAX: u64 = 30_000;

/// The maximum bytes of all request bodies, file chunks, unfinished WebSocket messages and frames that wait
/// for the broker, and of those of one address. A request beyond a limit is refused, and a WebSocket is closed.
/// Their clients send again.
pub(crate) const BODIES_BYTES_MAX: usize = 128 << 20;
pub(crate) const ADDRESS_BODIES_BYTES_MAX: usize = 16 << 20;

/// The bytes of an unfinished WebSocket message, and of the waiting frames of a connection, that do not count
/// as a body, and the steps in which further bytes count. Almost all messages are shorter than the first number.
pub(crate) const UNCOUNTED_BYTES: usize = 4 << 10;
pub(crate) const COUNTED_STEP_BYTES: usize = 64 << 10;

/// The maximum bytes of a request body without a file.
pub(crate) const BODY_BYTES_MAX: usize = FRAME_BYTES_MAX;

/// Milliseconds for one request to an address that a user chose, with the resolution of its name.
pub(crate) const OUTBOUND_MS_MAX: u64 = 10_000;

/// The maximum bytes of the answer to such a request.
pub(crate) const OUTBOUND_ANSWER_BYTES_MAX: usize = 1 << 20;

/// The maximum number of such requests at a time. Further requests wait.
pub(crate) const OUTBOUND_REQUESTS_MAX: usize = 64;

const _: () = assert!(OUTBOUND_MS_MAX + 2_000 < common::limits::RUN_LEASE_MS, "a run ends before its lease");
const _: () = assert!(PING_MS * 3 < SILENT_MS_MAX, "two pings may be lost");
const _: () = assert!(QUEUE_REPLIES_BYTES_MAX > common::limits::FRAME_BYTES_MAX, "one reply fits the queue");

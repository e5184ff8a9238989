//! The limits of the gateway, with their units and reasons.

/// The number of connections to the broker. Each has its own queues, so the requests of one user delay only a
/// fraction of the other users.
pub(crate) const DEALERS: usize = 4;

/// The index of the connection to the broker that carries chunks of files. Chunks delay no other request.
pub(crate) const FILE_DEALER: usize = DEALERS;

/// The maximum bytes of one WebSocket frame from a client.
pub(crate) const FRAME_BYTES_MAX: usize = 1 << 20;

/// The maximum bytes of the post of a webhook.
pub(crate) const HOOK_BYTES_MAX: usize = 256 << 10;

/// The maximum number of frames of one connection without a reply.
pub(crate) const IN_FLIGHT_MAX: usize = 64;

/// Milliseconds after which a frame without a reply no longer counts. The client sends it again.
pub(crate) const IN_FLIGHT_MS: u64 = 30_000;

/// The maximum bytes of the requests of one connection that are not sent yet. At the limit, the gateway stops
/// reading from the connection.
pub(crate) const WAITING_BYTES_MAX: usize = 1 << 20;

/// The maximum bytes, and the maximum number of lines, in the queue of one connection. Further events are
/// dropped, and the client loads them from the history.
pub(crate) const QUEUE_BYTES_MAX: usize = 256 << 10;
pub(crate) const QUEUE_LINES_MAX: usize = 1024;

/// The maximum bytes of replies in the queue of one connection. The gateway never drops replies: it closes a
/// connection beyond the limit.
pub(crate) const QUEUE_REPLIES_BYTES_MAX: usize = 8 << 20;

/// The maximum bytes of replies in the queue of one connection while all queues together are at their limit.
/// A connection with more is closed.
pub(crate) const QUEUE_OWN_REPLIES_BYTES: usize = 64 << 10;

/// The maximum bytes in the queues of all connections together. Further events are dropped, and connections
/// with many queued replies are closed.
pub(crate) const QUEUES_BYTES_MAX: usize = 128 << 20;

/// The maximum number of topics of one connection.
pub(crate) const TOPICS_MAX: usize = 1_000;

/// The maximum number of topics of all connections. libzmq accepts 16,384 topics of one subscriber.
pub(crate) const ALL_TOPICS_MAX: usize = 16_000;

/// Milliseconds for which the gateway collects subscriptions before it creates one barrier for all of them.
pub(crate) const BARRIER_DELAY_MS: u64 = 5;

/// Milliseconds after which a barrier counts as lost. The gateway then replaces its connection to the proxy.
pub(crate) const BARRIER_MS_MAX: u64 = 3_000;

/// Milliseconds between two barriers while there are topics. They check that the proxy still publishes.
pub(crate) const PROBE_MS: u64 = 10_000;

/// The timeout of the check of a session, in milliseconds.
pub(crate) const CHECK_MS_MAX: u64 = 5_000;

/// Milliseconds after the last tab of a session was closed, until the gateway reports its user as offline.
/// Reloading a page takes less time.
pub(crate) const LAST_TAB_MS: u64 = 5_000;

/// Milliseconds in which a connection without a session must send a first line.
pub(crate) const FIRST_LINE_MS_MAX: u64 = 5_000;

/// The maximum number of HTTP requests that the gateway sends to the node at a time. Further requests wait
/// until one of them has a reply.
pub(crate) const CALLS_MAX: usize = 1_024;

/// The timeout of a request that the gateway sends to the node for HTTP, in milliseconds.
pub(crate) const CALL_MS_MAX: u64 = 10_000;

/// Milliseconds between two pings, and milliseconds without a frame of the client after which its connection
/// is closed.
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

/// New WebSockets and streams of events of one address per second, and its TLS handshakes per second.
pub(crate) const HANDSHAKES_PER_SECOND: u32 = 50;

/// Logins and registrations of one address per minute, and of one address to one account per minute.
pub(crate) const LOGINS_PER_MINUTE: u32 = 20;
pub(crate) const USER_LOGINS_PER_MINUTE: u32 = 5;

/// The maximum number of remembered addresses. When it is reached, idle addresses are removed.
pub(crate) const ADDRESSES_MAX: usize = 64 << 10;

/// Milliseconds in which the headers of an HTTP request, or a TLS handshake, must be complete.
pub(crate) const HEADERS_MS_MAX: u64 = 10_000;

/// The timeout of an HTTP request without a file, with its body and its reply, in milliseconds.
pub(crate) const REQUEST_MS_MAX: u64 = 30_000;

/// Milliseconds in which the next bytes of an uploaded file must arrive.
pub(crate) const BODY_PART_MS_MAX: u64 = 30_000;

/// The maximum bytes of a file that is posted to the gateway, and of all such files of one user and of all
/// users at a time. They wait on the disk of the gateway until their hash is known.
pub(crate) const UPLOAD_BYTES_MAX: usize = 256 << 20;
pub(crate) const USER_UPLOADS_BYTES_MAX: usize = UPLOAD_BYTES_MAX;
pub(crate) const UPLOADS_BYTES_MAX: usize = 1 << 30;

/// A smaller posted file counts as this many bytes. So a user has 16 at a time, as many as the server accepts,
/// and all users have 64.
pub(crate) const UPLOAD_COUNTED_BYTES_MIN: usize = 16 << 20;

/// Milliseconds, and the bytes of each further second, that a posted file may take: a slow mobile network.
pub(crate) const UPLOAD_START_MS_MAX: u64 = 10_000;
pub(crate) const UPLOAD_BYTES_PER_SECOND_MIN: u64 = 32 << 10;

/// The maximum bytes of all request bodies, file chunks, unfinished WebSocket messages and frames that wait
/// for the broker, and of those of one address. A request beyond a limit is refused, and a WebSocket beyond a
/// limit is closed. The clients retry.
pub(crate) const BODIES_BYTES_MAX: usize = 128 << 20;
pub(crate) const ADDRESS_BODIES_BYTES_MAX: usize = 16 << 20;

/// The bytes of an unfinished WebSocket message, and of the waiting frames of a connection, that do not count
/// as a body, and the steps in which further bytes count. Almost all messages are shorter than
/// `UNCOUNTED_BYTES`.
pub(crate) const UNCOUNTED_BYTES: usize = 4 << 10;
pub(crate) const COUNTED_STEP_BYTES: usize = 64 << 10;

/// The maximum bytes of a request body without a file.
pub(crate) const BODY_BYTES_MAX: usize = FRAME_BYTES_MAX;

/// The timeout of one request to an address that a user chose, including the resolution of its name, in
/// milliseconds.
pub(crate) const OUTBOUND_MS_MAX: u64 = 10_000;

/// The maximum bytes of the answer to such a request.
pub(crate) const OUTBOUND_ANSWER_BYTES_MAX: usize = 1 << 20;

/// The maximum number of such requests at a time. Further requests wait.
pub(crate) const OUTBOUND_REQUESTS_MAX: usize = 64;

/// The maximum bytes of a WebSocket message of an IRC client: a line with its tags. The IRC front refuses a
/// line that is a little longer, and the gateway closes the connection of a client that sends more.
pub(crate) const IRC_MESSAGE_BYTES_MAX: usize = 16 << 10;

/// The bytes between the WebSocket and the IRC front, in each direction.
pub(crate) const IRC_PIPE_BYTES: usize = 4 << 10;

/// The timeout of one line to an IRC client, in milliseconds. The connection is then closed.
pub(crate) const IRC_SEND_MS_MAX: u64 = 60_000;

const _: () = assert!(OUTBOUND_MS_MAX + 2_000 < common::limits::RUN_LEASE_MS, "a run ends before its lease");
const _: () = assert!(PING_MS * 3 < SILENT_MS_MAX, "two pings may be lost");
const _: () = assert!(QUEUE_REPLIES_BYTES_MAX > common::limits::FRAME_BYTES_MAX, "one reply fits the queue");

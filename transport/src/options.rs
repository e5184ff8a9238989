//! The kinds of sockets and the options of each kind, in one table.

use std::ffi::c_int;

use crate::error::TransportError;
use crate::limits::{
    ACCEPT_WAITING_MAX, EVENTS_WAITING_BYTES_MAX, EVENTS_WAITING_INSIDE_MAX, EVENTS_WAITING_MAX,
    FRAME_BYTES_MAX, HANDSHAKE_MS_MAX, KEEPALIVE_IDLE_S, KEEPALIVE_INTERVAL_S, KEEPALIVE_PROBES_MAX,
    LINGER_NONE_MS, LINGER_REPLIES_MS, RECONNECT_MS, RECONNECT_MS_MAX, REPLIES_WAITING_BYTES_MAX,
    REPLIES_WAITING_INSIDE_MAX, REPLIES_WAITING_MAX, REQUESTS_WAITING_MAX, SUBSCRIPTION_FRAME_BYTES_MAX,
    SUBSCRIPTIONS_WAITING_MAX, UNREAD_MS_MAX,
};

/// An option of the patched libzmq: the limit for all peers together, in bytes. See
/// `transport/libzmq/src/patches/queues.rs`.
const SHARED_LIMIT: c_int = 9001;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Receives requests from many peers, and sends each reply to a peer by name.
    Router,
    /// The server's socket to a broker. Receives the requests of all clients, and sends the replies.
    Server,
    /// Sends requests, and receives the replies.
    Dealer,
    /// Sends requests and replies to another node of the cluster.
    Link,
    /// Publishes events to proxies.
    Publisher,
    /// Receives the events of its subscriptions.
    Subscriber,
    /// Publishes events to subscribers, and decides which subscriptions to accept.
    XPublisher,
    /// Receives all events for a proxy.
    XSubscriber,
}

struct Options {
    socket_type: zmq::SocketType,
    /// The limits of a peer's send queue and receive queue, in units of 512 bytes.
    waiting_max: (i32, i32),
    frame_bytes_max: usize,
    linger_ms: i32,
}

impl Kind {
    fn options(self) -> Options {
        let (socket_type, waiting_max, frame_bytes_max, linger_ms) = match self {
            Self::Router => {
                (zmq::ROUTER, (REPLIES_WAITING_MAX, REQUESTS_WAITING_MAX), FRAME_BYTES_MAX, LINGER_REPLIES_MS)
            }
            Self::Server => (
                zmq::ROUTER,
                (REPLIES_WAITING_INSIDE_MAX, REQUESTS_WAITING_MAX),
                FRAME_BYTES_MAX,
                LINGER_REPLIES_MS,
            ),
            Self::Dealer => {
                (zmq::DEALER, (REQUESTS_WAITING_MAX, REPLIES_WAITING_MAX), FRAME_BYTES_MAX, LINGER_NONE_MS)
            }
            Self::Link => (
                zmq::DEALER,
                (REPLIES_WAITING_INSIDE_MAX, REQUESTS_WAITING_MAX),
                FRAME_BYTES_MAX,
                LINGER_REPLIES_MS,
            ),
            // An XPUB, because a PUB does not report subscriptions.
            Self::Publisher => (
                zmq::XPUB,
                (EVENTS_WAITING_INSIDE_MAX, REQUESTS_WAITING_MAX),
                SUBSCRIPTION_FRAME_BYTES_MAX,
                LINGER_NONE_MS,
            ),
            Self::Subscriber => {
                (zmq::SUB, (SUBSCRIPTIONS_WAITING_MAX, EVENTS_WAITING_MAX), FRAME_BYTES_MAX, LINGER_NONE_MS)
            }
            Self::XPublisher => (
                zmq::XPUB,
                (EVENTS_WAITING_MAX, REQUESTS_WAITING_MAX),
                SUBSCRIPTION_FRAME_BYTES_MAX,
                LINGER_NONE_MS,
            ),
            Self::XSubscriber => (
                zmq::XSUB,
                (SUBSCRIPTIONS_WAITING_MAX, EVENTS_WAITING_INSIDE_MAX),
                FRAME_BYTES_MAX,
                LINGER_NONE_MS,
            ),
        };
        Options { socket_type, waiting_max, frame_bytes_max, linger_ms }
    }

    /// Creates a socket of this kind with all its options.
    pub(crate) fn create(self, context: &zmq::Context) -> Result<zmq::Socket, TransportError> {
        let options = self.options();
        #[expect(clippy::disallowed_methods, reason = "only this function creates sockets")]
        let mut socket = context.socket(options.socket_type).map_err(TransportError::creating)?;
        self.set(&mut socket, &options).map_err(TransportError::creating)?;
        Ok(socket)
    }

    fn set(self, socket: &mut zmq::Socket, options: &Options) -> Result<(), zmq::Error> {
        let (send_waiting_max, receive_waiting_max) = options.waiting_max;
        socket.set_sndhwm(send_waiting_max)?;
        socket.set_rcvhwm(receive_waiting_max)?;
        socket.set_maxmsgsize(i64::try_from(options.frame_bytes_max).unwrap_or(i64::MAX))?;
        socket.set_linger(options.linger_ms)?;
        set_connection(socket)?;
        match self {
            Self::Router => {
                set_bounds(socket, REPLIES_WAITING_BYTES_MAX)?;
                set_router(socket)
            }
            Self::Server => set_router(socket),
            Self::XPublisher => {
                set_bounds(socket, EVENTS_WAITING_BYTES_MAX)?;
                set_manual(socket)
            }
            Self::Dealer | Self::Link | Self::Publisher | Self::Subscriber | Self::XSubscriber => Ok(()),
        }
    }
}

/// Sets the options that all kinds have in common.
fn set_connection(socket: &zmq::Socket) -> Result<(), zmq::Error> {
    // With this option, libzmq would discard received replies when the connection is lost.
    socket.set_immediate(false)?;
    socket.set_backlog(ACCEPT_WAITING_MAX)?;
    socket.set_handshake_ivl(HANDSHAKE_MS_MAX)?;
    socket.set_reconnect_ivl(RECONNECT_MS)?;
    socket.set_reconnect_ivl_max(RECONNECT_MS_MAX)?;
    socket.set_tcp_keepalive(1)?;
    socket.set_tcp_keepalive_idle(KEEPALIVE_IDLE_S)?;
    socket.set_tcp_keepalive_intvl(KEEPALIVE_INTERVAL_S)?;
    socket.set_tcp_keepalive_cnt(KEEPALIVE_PROBES_MAX)
}

/// Makes a ROUTER report a reply that cannot be delivered. By default, it drops the reply silently.
fn set_router(socket: &zmq::Socket) -> Result<(), zmq::Error> {
    socket.set_router_mandatory(true)
}

/// Lets papo accept or refuse each subscription of an XPUB.
fn set_manual(socket: &mut zmq::Socket) -> Result<(), zmq::Error> {
    set_int(socket, zmq_sys::ZMQ_XPUB_MANUAL as c_int, 1)
}

/// Sets the limits for peers that do not read: the total size of their queues, and the time after which the
/// system closes a connection.
fn set_bounds(socket: &mut zmq::Socket, bytes_max: c_int) -> Result<(), zmq::Error> {
    set_int(socket, zmq_sys::ZMQ_TCP_MAXRT as c_int, UNREAD_MS_MAX)?;
    match set_int(socket, SHARED_LIMIT, bytes_max) {
        // This libzmq was built without papo's patches, to test the attacks that the patches prevent.
        Err(zmq::Error::EINVAL) => Ok(()),
        set => set,
    }
}

fn set_int(socket: &mut zmq::Socket, option: c_int, value: c_int) -> Result<(), zmq::Error> {
    #[expect(unsafe_code, reason = "the zmq crate has no setter for these options")]
    // SAFETY: the socket is alive, and libzmq reads one `c_int` from `value` during the call only.
    let code = unsafe {
        zmq_sys::zmq_setsockopt(socket.as_mut_ptr(), option, (&raw const value).cast(), size_of_val(&value))
    };
    if code == 0 { Ok(()) } else { Err(zmq::Error::EINVAL) }
}

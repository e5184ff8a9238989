//! The kinds of socket and the options of each: one table, every value chosen on purpose.

use crate::error::TransportError;
use crate::limits::{
    ACCEPT_WAITING_MAX, EVENTS_WAITING_INSIDE_MAX, EVENTS_WAITING_MAX, FRAME_BYTES_MAX, HANDSHAKE_MS_MAX,
    KEEPALIVE_IDLE_S, KEEPALIVE_INTERVAL_S, KEEPALIVE_PROBES_MAX, LINGER_NONE_MS, LINGER_REPLIES_MS,
    RECONNECT_MS, RECONNECT_MS_MAX, REPLIES_WAITING_MAX, REQUESTS_WAITING_MAX, SUBSCRIPTION_FRAME_BYTES_MAX,
    SUBSCRIPTIONS_WAITING_MAX,
};

/// What a socket is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Takes requests from many peers and answers each by its name.
    Router,
    /// Sends requests and takes the answers.
    Dealer,
    /// Publishes events, to proxies.
    Publisher,
    /// Takes the events it has subscribed to.
    Subscriber,
    /// Fans events out, and decides which subscriptions it honours.
    XPublisher,
    /// Takes every event, for a proxy to fan out.
    XSubscriber,
}

struct Options {
    socket_type: zmq::SocketType,
    /// Messages waiting to be sent and to be read, for each peer.
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
            Self::Dealer => {
                (zmq::DEALER, (REQUESTS_WAITING_MAX, REPLIES_WAITING_MAX), FRAME_BYTES_MAX, LINGER_NONE_MS)
            }
            Self::Publisher => (
                zmq::PUB,
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

    /// Makes a socket of this kind with all its options set.
    pub(crate) fn make(self, context: &zmq::Context) -> Result<zmq::Socket, TransportError> {
        let options = self.options();
        #[expect(clippy::disallowed_methods, reason = "this is the one place where sockets are made")]
        let mut socket = context.socket(options.socket_type).map_err(TransportError::making)?;
        self.set(&mut socket, &options).map_err(TransportError::making)?;
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
            Self::Router => set_router(socket),
            Self::XPublisher => set_manual(socket),
            Self::Dealer | Self::Publisher | Self::Subscriber | Self::XSubscriber => Ok(()),
        }
    }
}

/// What every connection has, whatever runs over it.
fn set_connection(socket: &zmq::Socket) -> Result<(), zmq::Error> {
    // On would tell a sender that it is not connected, but libzmq then throws away the replies that arrived and
    // were not read yet as soon as the connection is lost.
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

/// A reply that cannot be delivered is reported, not dropped in silence; and a peer that calls itself by the
/// name of another does not take over that one's replies.
fn set_router(socket: &zmq::Socket) -> Result<(), zmq::Error> {
    socket.set_router_mandatory(true)?;
    socket.set_router_handover(false)
}

/// Lets the owner of an XPUB decide about each subscription.
fn set_manual(socket: &mut zmq::Socket) -> Result<(), zmq::Error> {
    let on: std::ffi::c_int = 1;
    #[expect(unsafe_code, reason = "the zmq crate has no setter for ZMQ_XPUB_MANUAL")]
    // SAFETY: the socket is alive, and libzmq reads one `c_int` from `on` during the call only.
    let code = unsafe {
        zmq_sys::zmq_setsockopt(
            socket.as_mut_ptr(),
            zmq_sys::ZMQ_XPUB_MANUAL as std::ffi::c_int,
            (&raw const on).cast(),
            size_of_val(&on),
        )
    };
    if code == 0 { Ok(()) } else { Err(zmq::Error::EINVAL) }
}

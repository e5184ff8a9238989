//! Sockets, which send and receive whole messages and never block. One thread owns a socket.

use std::cell::Cell;
use std::sync::{Arc, Mutex, PoisonError};

use crate::endpoint::{Use, check};
use crate::error::TransportError;
use crate::limits::MESSAGE_FRAMES_MAX;
use crate::monitor::{self, Monitor};
use crate::options::Kind;
use crate::security::Security;
use crate::zap_handler::ZapHandler;

/// One frame of a message. libzmq holds its bytes, so forwarding a frame does not copy them.
pub use zmq::Message as Frame;

/// The outcome of sending a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Sent {
    /// libzmq accepted the message.
    Done,
    /// The message was not sent: no peer is connected, or the queue of the peer is full.
    Full,
    /// The message was not sent: the ROUTER has no connected peer with this name.
    Unreachable,
}

/// The version of the libzmq in this binary.
#[must_use]
pub fn libzmq_version() -> (i32, i32, i32) {
    zmq::version()
}

/// Creates sockets. Sockets that connect over `inproc://` must come from the same context.
#[derive(Clone, Default)]
pub struct Context {
    inner: zmq::Context,
    zap_handler: Arc<Mutex<Option<Arc<ZapHandler>>>>,
}

impl Context {
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Creates a socket with all the options of its kind, protected by `security`.
    pub fn socket(&self, kind: Kind, security: &Security) -> Result<Socket, TransportError> {
        let zap_handler = if security.needs_zap_handler() { Some(self.zap_handler()?) } else { None };
        let mut socket = Socket::without_zap_handler(&self.inner, kind, security.clone())?;
        socket.zap_handler = zap_handler;
        Ok(socket)
    }

    /// The ZAP handler of the context. The first socket that needs it starts it.
    fn zap_handler(&self) -> Result<Arc<ZapHandler>, TransportError> {
        let mut zap_handler = self.zap_handler.lock().unwrap_or_else(PoisonError::into_inner);
        let running = match zap_handler.take() {
            Some(running) => running,
            None => Arc::new(ZapHandler::start(&self.inner)?),
        };
        Ok(Arc::clone(zap_handler.insert(running)))
    }
}

pub struct Socket {
    kind: Kind,
    security: Security,
    inner: zmq::Socket,
    /// Whether the socket has a [`Monitor`].
    is_watched: Cell<bool>,
    /// Must be the last field, so it is dropped after the socket is closed. Without a ZAP handler, libzmq
    /// would admit all peers.
    zap_handler: Option<Arc<ZapHandler>>,
}

impl Socket {
    /// Creates a socket without a ZAP handler.
    pub(crate) fn without_zap_handler(
        context: &zmq::Context,
        kind: Kind,
        security: Security,
    ) -> Result<Self, TransportError> {
        let inner = kind.create(context)?;
        security.apply(&inner)?;
        Ok(Self { kind, security, inner, is_watched: Cell::new(false), zap_handler: None })
    }

    /// The number of peers that the ZAP handler refused, such as peers without the service key at an inner
    /// port.
    #[must_use]
    pub fn refused_peers(&self) -> u64 {
        self.zap_handler.as_ref().map_or(0, |zap_handler| zap_handler.refused())
    }

    /// The failure of the ZAP handler, as a sentence for the operator. Empty if it works.
    #[must_use]
    pub fn problems(&self) -> Vec<String> {
        self.zap_handler.as_ref().and_then(|zap_handler| zap_handler.problem()).into_iter().collect()
    }

    /// Listens at `endpoint`. Returns the actual endpoint, because the system chooses the port for port 0.
    pub fn bind(&self, endpoint: &str) -> Result<String, TransportError> {
        self.prepare(endpoint, Use::Listen)?;
        self.inner.bind(endpoint).map_err(|error| TransportError::for_endpoint(endpoint, error))?;
        match self.inner.get_last_endpoint() {
            Ok(Ok(actual)) => Ok(actual),
            Ok(Err(_)) | Err(_) => Ok(endpoint.to_owned()),
        }
    }

    /// Connects to `endpoint`. libzmq retries until a peer listens there, and reconnects when the connection
    /// is lost.
    pub fn connect(&self, endpoint: &str) -> Result<(), TransportError> {
        self.prepare(endpoint, Use::Connect)?;
        self.inner.connect(endpoint).map_err(|error| TransportError::for_endpoint(endpoint, error))
    }

    /// Watches the connections of this socket. `context` is the context of the socket. The monitor must be
    /// dropped after the socket.
    pub fn monitor(&self, context: &Context) -> Result<Monitor, TransportError> {
        self.is_watched.set(true);
        Monitor::start(&context.inner, &self.inner)
    }

    /// Replaces the content of `frames` with the next message. Returns false if no message is waiting.
    ///
    /// A message of more than [`MESSAGE_FRAMES_MAX`] frames is dropped: `frames` is empty. On a ROUTER,
    /// `frames` contains only the name of the sender, so the caller can answer.
    pub fn receive(&self, frames: &mut Vec<Frame>) -> Result<bool, TransportError> {
        frames.clear();
        let mut too_many = false;
        while let Some(frame) = self.receive_frame()? {
            let last = !frame.get_more();
            too_many |= frames.len() == MESSAGE_FRAMES_MAX;
            if !too_many {
                frames.push(frame);
            }
            if last {
                if too_many {
                    let is_router = matches!(self.kind, Kind::Router | Kind::Server);
                    frames.truncate(usize::from(is_router));
                }
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Sends all the frames as one message, or none of them.
    pub fn send(&self, frames: impl IntoIterator<Item = Frame>) -> Result<Sent, TransportError> {
        send_all(frames, |frame, flags| self.inner.send(frame, flags))
    }

    /// Sends one message, or leaves the message in `frames` if it cannot be sent now. Copies the first frame,
    /// which should be small.
    pub fn offer(&self, frames: &mut Vec<Frame>) -> Result<Sent, TransportError> {
        let Some(first) = frames.first() else { return Ok(Sent::Done) };
        let mut send = |frame, flags| self.inner.send(frame, flags);
        // The zmq crate does not return a frame that it could not send.
        let sent = match send_first(Frame::from(&**first), frames.len() > 1, &mut send)? {
            Sent::Done => send_rest(frames.drain(1..), send)?,
            Sent::Full => return Ok(Sent::Full),
            Sent::Unreachable => Sent::Unreachable,
        };
        frames.clear();
        Ok(sent)
    }

    /// Whether a message can be sent now. A ROUTER returns true if at least one peer can receive.
    pub fn can_send(&self) -> Result<bool, TransportError> {
        let events = uninterrupted(|| self.inner.get_events());
        let events = events
            .map_err(|source| TransportError::Socket { action: "read the state of a socket", source })?;
        Ok(events.contains(zmq::POLLOUT))
    }

    /// Accepts a subscription on an XPUB, for the peer whose frame was received last. Returns false if that
    /// peer has too many topics.
    pub fn accept_subscription(&self, topic: &[u8]) -> Result<bool, TransportError> {
        match self.inner.set_subscribe(topic) {
            Ok(()) => Ok(true),
            Err(zmq::Error::EMFILE) => Ok(false),
            Err(source) => Err(TransportError::Socket { action: "subscribe", source }),
        }
    }

    /// Subscribes to messages that begin with `topic`.
    pub fn subscribe(&self, topic: &[u8]) -> Result<(), TransportError> {
        if self.kind == Kind::XSubscriber {
            return self.send_upstream(1, topic);
        }
        let set = self.inner.set_subscribe(topic);
        set.map_err(|source| TransportError::Socket { action: "subscribe", source })
    }

    /// Cancels a subscription. An XPUB cancels the subscription of the peer whose frame was received last.
    pub fn unsubscribe(&self, topic: &[u8]) -> Result<(), TransportError> {
        if self.kind == Kind::XSubscriber {
            return self.send_upstream(0, topic);
        }
        let set = self.inner.set_unsubscribe(topic);
        set.map_err(|source| TransportError::Socket { action: "unsubscribe", source })
    }

    pub(crate) fn poll_item(&self, events: zmq::PollEvents) -> zmq::PollItem<'_> {
        self.inner.as_poll_item(events)
    }

    /// Refuses endpoints on which the zmq crate would panic, that `security` does not permit, or that CURVE
    /// does not protect (pgm). Enables IPv6 only for IPv6 addresses. Host names are resolved to IPv4, because
    /// `localhost` could otherwise become `::1`.
    fn prepare(&self, endpoint: &str, used: Use) -> Result<(), TransportError> {
        check(endpoint, used)?;
        self.security.check_endpoint(endpoint)?;
        self.inner.set_ipv6(endpoint.contains('[')).map_err(TransportError::creating)
    }

    fn receive_frame(&self) -> Result<Option<Frame>, TransportError> {
        match uninterrupted(|| self.inner.recv_msg(zmq::DONTWAIT)) {
            Ok(frame) => Ok(Some(frame)),
            Err(zmq::Error::EAGAIN) => Ok(None),
            Err(source) => Err(TransportError::Socket { action: "receive a message", source }),
        }
    }

    /// Subscribes (`first` is 1) or unsubscribes (`first` is 0) an XSUB, which sends subscriptions as
    /// messages.
    fn send_upstream(&self, first: u8, topic: &[u8]) -> Result<(), TransportError> {
        let frame = Frame::from([&[first], topic].concat());
        self.send([frame]).map(|_sent_or_queued| ())
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        if self.is_watched.get() {
            monitor::end(&self.inner);
        }
    }
}

/// Sends all the frames as one message, or none of them.
fn send_all(
    frames: impl IntoIterator<Item = Frame>,
    mut send: impl FnMut(Frame, i32) -> Result<(), zmq::Error>,
) -> Result<Sent, TransportError> {
    let mut frames = frames.into_iter().peekable();
    let Some(first) = frames.next() else { return Ok(Sent::Done) };
    match send_first(first, frames.peek().is_some(), &mut send)? {
        Sent::Done => send_rest(frames, send),
        not_sent @ (Sent::Full | Sent::Unreachable) => Ok(not_sent),
    }
}

/// Sends the first frame of a message. If libzmq refuses a message, it refuses the first frame.
fn send_first(
    frame: Frame,
    has_more: bool,
    send: &mut impl FnMut(Frame, i32) -> Result<(), zmq::Error>,
) -> Result<Sent, TransportError> {
    match send(frame, flags(has_more)) {
        Ok(()) => Ok(Sent::Done),
        // A signal interrupts libzmq before it reads the frame, so the message was not sent.
        Err(zmq::Error::EAGAIN | zmq::Error::EINTR) => Ok(Sent::Full),
        Err(zmq::Error::EHOSTUNREACH) => Ok(Sent::Unreachable),
        Err(source) => Err(TransportError::Socket { action: "send a message", source }),
    }
}

/// Sends the other frames of a message.
fn send_rest(
    frames: impl Iterator<Item = Frame>,
    mut send: impl FnMut(Frame, i32) -> Result<(), zmq::Error>,
) -> Result<Sent, TransportError> {
    let (mut frames, mut sent) = (frames.peekable(), Sent::Done);
    while let Some(frame) = frames.next() {
        match send(frame, flags(frames.peek().is_some())) {
            Ok(()) => {}
            // The peer disconnected in the middle of the message. libzmq drops all frames of the message, but
            // must receive the last frame before a new message can begin.
            Err(zmq::Error::EAGAIN) => sent = Sent::Full,
            Err(source) => return Err(TransportError::Socket { action: "send a message", source }),
        }
    }
    Ok(sent)
}

fn flags(has_more: bool) -> i32 {
    if has_more { zmq::DONTWAIT | zmq::SNDMORE } else { zmq::DONTWAIT }
}

/// Repeats a call that a signal interrupted.
fn uninterrupted<T>(call: impl Fn() -> Result<T, zmq::Error>) -> Result<T, zmq::Error> {
    loop {
        match call() {
            Err(zmq::Error::EINTR) => {}
            done => return done,
        }
    }
}

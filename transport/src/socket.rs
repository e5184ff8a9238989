//! Sockets: whole messages in and out, never blocking. One thread owns a socket.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use crate::backlog::{self, Backlog};
use crate::error::TransportError;
use crate::gatekeeper::Gatekeeper;
use crate::limits::MESSAGE_FRAMES_MAX;
use crate::options::Kind;
use crate::security::Security;

/// One frame of a message: bytes that libzmq holds, and that are moved on without being copied.
pub use zmq::Message as Frame;

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Sent {
    /// It is on its way.
    Done,
    /// Nothing was sent: there is no peer yet, or too much waits for it already.
    Full,
    /// Nothing was sent: the ROUTER has no such peer (any more).
    Unreachable,
}

/// The version of the libzmq in use, which is the system's.
#[must_use]
pub fn libzmq_version() -> (i32, i32, i32) {
    zmq::version()
}

/// What sockets are made from. Sockets that meet over `inproc://` must come from the same context.
#[derive(Clone, Default)]
pub struct Context {
    inner: zmq::Context,
    gatekeeper: Arc<Mutex<Option<Arc<Gatekeeper>>>>,
}

impl Context {
    /// A context of its own.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes a socket with all the options of its kind, protected by `security`.
    pub fn socket(&self, kind: Kind, security: &Security) -> Result<Socket, TransportError> {
        let gatekeeper = if security.needs_gatekeeper() { Some(self.gatekeeper()?) } else { None };
        let socket = Socket::unguarded(&self.inner, kind, security.clone())?;
        Ok(Socket { gatekeeper, ..socket })
    }

    /// The gatekeeper of the context's sockets, who starts when the first one needs it.
    fn gatekeeper(&self) -> Result<Arc<Gatekeeper>, TransportError> {
        let mut gatekeeper = self.gatekeeper.lock().unwrap_or_else(PoisonError::into_inner);
        let present = match gatekeeper.take() {
            Some(present) => present,
            None => Arc::new(Gatekeeper::start(&self.inner)?),
        };
        Ok(Arc::clone(gatekeeper.insert(present)))
    }
}

/// A socket of libzmq's.
pub struct Socket {
    kind: Kind,
    security: Security,
    inner: zmq::Socket,
    /// Dropped after the socket is closed, so that nobody comes in unasked.
    gatekeeper: Option<Arc<Gatekeeper>>,
}

impl Socket {
    /// Makes a socket without looking for a gatekeeper.
    pub(crate) fn unguarded(
        context: &zmq::Context,
        kind: Kind,
        security: Security,
    ) -> Result<Self, TransportError> {
        let inner = kind.make(context)?;
        security.apply(&inner)?;
        Ok(Self { kind, security, inner, gatekeeper: None })
    }

    /// How many peers were refused so far at the sockets of this one's context: strangers at an inner port.
    #[must_use]
    pub fn refused_peers(&self) -> u64 {
        self.gatekeeper.as_ref().map_or(0, |gatekeeper| gatekeeper.refused())
    }

    /// Listens at `endpoint` and returns where exactly: port 0 lets the system choose one.
    pub fn bind(&self, endpoint: &str) -> Result<String, TransportError> {
        self.prepare(endpoint)?;
        self.inner.bind(endpoint).map_err(|error| TransportError::attaching(endpoint, error))?;
        match self.inner.get_last_endpoint() {
            Ok(Ok(actual)) => Ok(actual),
            Ok(Err(_)) | Err(_) => Ok(endpoint.to_owned()),
        }
    }

    /// Connects to `endpoint`, now or as soon as somebody listens there, and again whenever the connection is lost.
    pub fn connect(&self, endpoint: &str) -> Result<(), TransportError> {
        self.prepare(endpoint)?;
        self.inner.connect(endpoint).map_err(|error| TransportError::attaching(endpoint, error))
    }

    /// Takes the next message into `frames`, which is cleared first; false when none waits.
    ///
    /// A message of more than [`MESSAGE_FRAMES_MAX`] frames is thrown away as a whole: `frames` stays empty.
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
                    frames.clear();
                }
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Sends one message of all the frames, or nothing of it.
    pub fn send(&self, frames: impl IntoIterator<Item = Frame>) -> Result<Sent, TransportError> {
        send_all(frames, |frame, flags| self.inner.send(frame, flags))
    }

    /// Sends one message, or leaves it in `frames` when it cannot be sent now: to ask first whether it can costs system
    /// calls. Its first frame should be small, for it is copied.
    pub fn offer(&self, frames: &mut Vec<Frame>) -> Result<Sent, TransportError> {
        let Some(first) = frames.first() else { return Ok(Sent::Done) };
        let mut send = |frame, flags| self.inner.send(frame, flags);
        // The crate gives no frame back, not even a refused one.
        let sent = match send_first(Frame::from(&**first), frames.len() > 1, &mut send)? {
            Sent::Done => send_rest(frames.drain(1..), send)?,
            Sent::Full => return Ok(Sent::Full),
            Sent::Unreachable => Sent::Unreachable,
        };
        frames.clear();
        Ok(sent)
    }

    /// The same, and counts the bytes in `backlogs` until libzmq has let go of them.
    pub fn send_counted(
        &mut self,
        frames: impl IntoIterator<Item = Frame>,
        backlogs: &[Backlog],
    ) -> Result<Sent, TransportError> {
        send_all(frames, |frame, flags| backlog::send(&mut self.inner, frame, backlogs, flags))
    }

    /// Whether a message could be sent now. A ROUTER can as soon as any of its peers can take one.
    pub fn can_send(&self) -> Result<bool, TransportError> {
        let events = uninterrupted(|| self.inner.get_events());
        let events = events.map_err(|source| TransportError::Socket { doing: "asking a socket", source })?;
        Ok(events.contains(zmq::POLLOUT))
    }

    /// Subscribes to what begins with `topic`. On an XPUB: honours the subscription of the peer whose frame was
    /// received last.
    pub fn subscribe(&self, topic: &[u8]) -> Result<(), TransportError> {
        if self.kind == Kind::XSubscriber {
            return self.send_upstream(1, topic);
        }
        let set = self.inner.set_subscribe(topic);
        set.map_err(|source| TransportError::Socket { doing: "subscribing", source })
    }

    /// Takes a subscription back; on an XPUB, that of the peer whose frame was received last.
    pub fn unsubscribe(&self, topic: &[u8]) -> Result<(), TransportError> {
        if self.kind == Kind::XSubscriber {
            return self.send_upstream(0, topic);
        }
        let set = self.inner.set_unsubscribe(topic);
        set.map_err(|source| TransportError::Socket { doing: "unsubscribing", source })
    }

    pub(crate) fn poll_item(&self, events: zmq::PollEvents) -> zmq::PollItem<'_> {
        self.inner.as_poll_item(events)
    }

    /// Refuses what the zmq crate would panic on, what `security` does not permit, and transports that CURVE does
    /// not protect (pgm); and speaks IPv6 where an endpoint is written that way: host
    /// names are looked up as IPv4, since `localhost` as `::1` would miss a server on 127.0.0.1.
    fn prepare(&self, endpoint: &str) -> Result<(), TransportError> {
        let folder = endpoint.strip_prefix("ipc://").and_then(|path| Path::new(path).parent());
        let is_folder_missing =
            folder.is_some_and(|folder| !folder.as_os_str().is_empty() && !disk::is_folder(folder));
        let is_known = ["tcp://", "ipc://", "inproc://"].iter().any(|known| endpoint.starts_with(known));
        if !is_known || endpoint.contains('\0') || is_folder_missing {
            return Err(TransportError::BadEndpoint { endpoint: endpoint.to_owned() });
        }
        self.security.permit(endpoint)?;
        self.inner.set_ipv6(endpoint.contains('[')).map_err(TransportError::making)
    }

    fn receive_frame(&self) -> Result<Option<Frame>, TransportError> {
        match uninterrupted(|| self.inner.recv_msg(zmq::DONTWAIT)) {
            Ok(frame) => Ok(Some(frame)),
            Err(zmq::Error::EAGAIN) => Ok(None),
            Err(source) => Err(TransportError::Socket { doing: "receiving", source }),
        }
    }

    /// A subscription as an XSUB writes it: an ordinary message with a first byte of 1 or 0.
    fn send_upstream(&self, first: u8, topic: &[u8]) -> Result<(), TransportError> {
        let frame = Frame::from([&[first], topic].concat());
        self.send([frame]).map(|_sent_or_kept_for_later| ())
    }
}

/// Sends one message of all the frames, or nothing of it.
fn send_all(
    frames: impl IntoIterator<Item = Frame>,
    mut send: impl FnMut(Frame, i32) -> Result<(), zmq::Error>,
) -> Result<Sent, TransportError> {
    let mut frames = frames.into_iter().peekable();
    let Some(first) = frames.next() else { return Ok(Sent::Done) };
    match send_first(first, frames.peek().is_some(), &mut send)? {
        Sent::Done => send_rest(frames, send),
        refused @ (Sent::Full | Sent::Unreachable) => Ok(refused),
    }
}

/// Begins a message: libzmq refuses it here or not at all.
fn send_first(
    frame: Frame,
    has_more: bool,
    send: &mut impl FnMut(Frame, i32) -> Result<(), zmq::Error>,
) -> Result<Sent, TransportError> {
    match send(frame, flags(has_more)) {
        Ok(()) => Ok(Sent::Done),
        // An interruption comes before libzmq looks at the frame, so it is no different from a full queue.
        Err(zmq::Error::EAGAIN | zmq::Error::EINTR) => Ok(Sent::Full),
        Err(zmq::Error::EHOSTUNREACH) => Ok(Sent::Unreachable),
        Err(source) => Err(TransportError::Socket { doing: "sending", source }),
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
            // The peer left in the middle of the message: libzmq has forgotten the frames it took, and
            // drops the others, but it must see the last one before a new message can begin.
            Err(zmq::Error::EAGAIN) => sent = Sent::Full,
            Err(source) => return Err(TransportError::Socket { doing: "sending", source }),
        }
    }
    Ok(sent)
}

fn flags(has_more: bool) -> i32 {
    if has_more { zmq::DONTWAIT | zmq::SNDMORE } else { zmq::DONTWAIT }
}

/// Repeats a call for as long as signals interrupt it.
fn uninterrupted<T>(call: impl Fn() -> Result<T, zmq::Error>) -> Result<T, zmq::Error> {
    loop {
        match call() {
            Err(zmq::Error::EINTR) => {}
            done => return done,
        }
    }
}

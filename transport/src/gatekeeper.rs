//! The gatekeeper: a thread that libzmq asks, by ZAP (RFC 27), about each peer that wants to come in.
//!
//! A socket's ZAP domain is its [`Door`], which says who is admitted there; so nothing is configured here. The name
//! of an admitted peer (ZAP's user id) is its public key, and comes with each of its messages.
//!
//! libzmq admits everybody where it finds no gatekeeper. Therefore each socket that needs one holds on to it, and
//! one that fails keeps its place without answering.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};

use crate::clock;
use crate::error::TransportError;
use crate::keys::PublicKey;
use crate::limits::REFUSALS_LOGGED_EVERY;
use crate::options::Kind;
use crate::poll::{Watch, wait};
use crate::security::Security;
use crate::socket::{Frame, Socket};
use crate::sparingly::Sparingly;
use crate::wake::{Wake, Waker};

/// Where libzmq looks for it (RFC 27).
const ENDPOINT: &str = "inproc://zeromq.zap.01";
const VERSION: &[u8] = b"1.0";
const INNER_PREFIX: &str = "inner:";

/// Who may come in at a socket; as text, its ZAP domain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Door {
    /// Anybody with a key of their own, which CURVE has verified.
    Outer,
    /// The holder of this key.
    Inner(PublicKey),
}

/// A gatekeeper at work, for all sockets of a context.
pub(crate) struct Gatekeeper {
    shared: Arc<Shared>,
    waker: Waker,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    is_over: AtomicBool,
    refused: AtomicU64,
}

impl Gatekeeper {
    /// Takes its place in `context`.
    pub(crate) fn start(context: &zmq::Context) -> Result<Self, TransportError> {
        let socket = Socket::unguarded(context, Kind::Router, Security::Plain)?;
        socket.bind(ENDPOINT)?;
        let (waker, wake) = Wake::new()?;
        let shared = Arc::<Shared>::default();
        let work = {
            let shared = Arc::clone(&shared);
            move || shared.keep(&socket, &wake)
        };
        let started = thread::Builder::new().name("gatekeeper".to_owned()).spawn(work);
        let thread = started.map_err(TransportError::system("starting the gatekeeper"))?;
        Ok(Self { shared, waker, thread: Some(thread) })
    }

    /// How many peers were refused so far.
    pub(crate) fn refused(&self) -> u64 {
        self.shared.refused.load(Ordering::Relaxed)
    }
}

impl Drop for Gatekeeper {
    fn drop(&mut self) {
        self.shared.is_over.store(true, Ordering::Release);
        self.waker.wake();
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            let _panicked = thread.join();
        }
    }
}

impl Shared {
    fn keep(&self, socket: &Socket, wake: &Wake) {
        if let Err(error) = self.answer_until_over(socket, wake) {
            tracing::error!(%error, "nobody is let in any more: restart papo");
        }
        // Were the socket closed now, libzmq would let everybody in.
        while !self.is_over() {
            thread::park();
        }
    }

    fn answer_until_over(&self, socket: &Socket, wake: &Wake) -> Result<(), TransportError> {
        let mut frames = Vec::new();
        let mut refusals = Sparingly::new(REFUSALS_LOGGED_EVERY);
        while !self.is_over() {
            wait(&[Watch::Readable(socket), Watch::Wake(wake)], None)?;
            while socket.receive(&mut frames)? {
                self.answer(socket, &mut frames, &mut refusals)?;
            }
        }
        Ok(())
    }

    fn answer(
        &self,
        socket: &Socket,
        frames: &mut Vec<Frame>,
        refusals: &mut Sparingly,
    ) -> Result<(), TransportError> {
        let parts: Vec<&[u8]> = frames.iter().map(|frame| &**frame).collect();
        // Anything else comes from nobody but libzmq, and so does not come.
        let [_peer, b"", VERSION, request, question @ ..] = parts.as_slice() else { return Ok(()) };
        let verdict = judge(question);
        if let Err(reason) = &verdict {
            self.refused.fetch_add(1, Ordering::Relaxed);
            if let Some(unsaid) = refusals.say(clock::now()) {
                let address = question.get(1).map(|address| String::from_utf8_lossy(address));
                tracing::warn!(address = address.as_deref(), unsaid, "a peer is refused: {reason}");
            }
        }
        let (status, reason, user) = match verdict {
            Ok(key) => ("200", "", key.to_string()),
            Err(reason) => ("400", reason, String::new()),
        };
        let answer = [VERSION, request, status.as_bytes(), reason.as_bytes(), user.as_bytes(), b""];
        let answer = answer.map(Frame::from);
        frames.truncate(2);
        frames.extend(answer);
        socket.send(frames.drain(..)).map(|_gone_if_not_sent| ())
    }

    fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Acquire)
    }
}

/// Who the peer is, or why it is refused. `question` is the part of a ZAP request behind its id: domain, address,
/// routing id, mechanism, credentials.
fn judge(question: &[&[u8]]) -> Result<PublicKey, &'static str> {
    let [domain, _address, _routing_id, b"CURVE", key] = question else {
        return Err("only CURVE is spoken here");
    };
    let key = <[u8; 32]>::try_from(*key).map_err(|_other_length| "a CURVE key has 32 bytes")?;
    let key = PublicKey::from_bytes(key);
    match Door::from_domain(domain).ok_or("no such domain")? {
        Door::Inner(service) if key != service => Err("not the service key of this node"),
        Door::Inner(_) | Door::Outer => Ok(key),
    }
}

impl Door {
    fn from_domain(domain: &[u8]) -> Option<Self> {
        let domain = std::str::from_utf8(domain).ok()?;
        match domain.strip_prefix(INNER_PREFIX) {
            Some(key) => key.parse().ok().map(Self::Inner),
            None => (domain == Self::Outer.to_string()).then_some(Self::Outer),
        }
    }
}

impl fmt::Display for Door {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Outer => f.write_str("outer"),
            Self::Inner(key) => write!(f, "{INNER_PREFIX}{key}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(door: &str, mechanism: &str, key: &[u8]) -> Result<PublicKey, &'static str> {
        judge(&[door.as_bytes(), b"192.0.2.1", b"", mechanism.as_bytes(), key])
    }

    #[test]
    fn the_outer_door_is_open_to_every_key_and_the_inner_to_one() {
        let [service, stranger] = [[7; 32], [8; 32]].map(PublicKey::from_bytes);
        let (outer, inner) = (Door::Outer.to_string(), Door::Inner(service).to_string());
        assert_eq!(ask(&outer, "CURVE", stranger.as_bytes()), Ok(stranger));
        assert_eq!(ask(&inner, "CURVE", service.as_bytes()), Ok(service));
        assert_eq!(ask(&inner, "CURVE", stranger.as_bytes()), Err("not the service key of this node"));
    }

    #[test]
    fn everything_else_is_refused() {
        let key = [7; 32];
        for door in ["", "inner", "inner:", "inner:short", "outer ", "OUTER"] {
            assert_eq!(ask(door, "CURVE", &key), Err("no such domain"), "{door:?}");
        }
        for mechanism in ["NULL", "PLAIN", ""] {
            assert_eq!(ask("outer", mechanism, &key), Err("only CURVE is spoken here"), "{mechanism:?}");
        }
        assert_eq!(ask("outer", "CURVE", &key[1..]), Err("a CURVE key has 32 bytes"));
        assert_eq!(judge(&[b"outer", b"192.0.2.1", b"", b"NULL"]), Err("only CURVE is spoken here"));
        assert_eq!(judge(&[]), Err("only CURVE is spoken here"));
    }
}

//! The ZAP handler: a thread that libzmq asks about each peer that connects (ZAP, RFC 27).
//!
//! The ZAP domain of a socket states which keys the socket admits, so the handler needs no configuration.
//! The ZAP user id of an admitted peer is its public key. libzmq attaches it to each message of the peer.
//!
//! Without a ZAP handler, libzmq admits all peers. Therefore each socket that needs the handler keeps it
//! running. If the handler fails, its socket stays bound without answering.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};

use crate::clock;
use crate::error::TransportError;
use crate::keys::PublicKey;
use crate::limits::REFUSALS_LOGGED_EVERY;
use crate::log_throttle::LogThrottle;
use crate::options::Kind;
use crate::panics::catch;
use crate::poll::{Watch, wait};
use crate::security::Security;
use crate::socket::{Frame, Socket};
use crate::wake::{Wake, Waker};

/// The endpoint to which libzmq sends its requests (RFC 27).
const ENDPOINT: &str = "inproc://zeromq.zap.01";
const VERSION: &[u8] = b"1.0";
const INNER_PREFIX: &str = "inner:";
const FAILED: &str = "the ZAP handler failed, so new connections are refused: restart papo";

/// The peers that a socket admits. Its text form is the ZAP domain of the socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ZapDomain {
    /// All peers. CURVE has verified that each peer owns its key.
    Outer,
    /// Only the owner of this key.
    Inner(PublicKey),
}

/// A running ZAP handler, for all sockets of a context. Dropping it stops its thread.
pub(crate) struct ZapHandler {
    shared: Arc<HandlerState>,
    waker: Waker,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct HandlerState {
    is_stopped: AtomicBool,
    has_failed: AtomicBool,
    refused: AtomicU64,
}

impl ZapHandler {
    pub(crate) fn start(context: &zmq::Context) -> Result<Self, TransportError> {
        let socket = Socket::without_zap_handler(context, Kind::Router, Security::Plain)?;
        socket.bind(ENDPOINT)?;
        let (waker, wake) = Wake::new()?;
        let shared = Arc::<HandlerState>::default();
        let work = {
            let shared = Arc::clone(&shared);
            move || shared.run(&socket, &wake)
        };
        let started = thread::Builder::new().name("zap-handler".to_owned()).spawn(work);
        let thread = started.map_err(TransportError::system("start the ZAP handler"))?;
        Ok(Self { shared, waker, thread: Some(thread) })
    }

    pub(crate) fn refused(&self) -> u64 {
        self.shared.refused.load(Ordering::Relaxed)
    }

    pub(crate) fn problem(&self) -> Option<String> {
        self.shared.has_failed.load(Ordering::Relaxed).then(|| FAILED.to_owned())
    }
}

impl Drop for ZapHandler {
    fn drop(&mut self) {
        self.shared.is_stopped.store(true, Ordering::Release);
        self.waker.wake();
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            let _panicked = thread.join();
        }
    }
}

impl HandlerState {
    fn run(&self, socket: &Socket, wake: &Wake) {
        let outcome = catch(|| self.answer_until_stopped(socket, wake));
        if !matches!(outcome, Ok(Ok(()))) {
            let error = outcome.ok().and_then(Result::err).map(|error| error.to_string());
            tracing::error!(error, "{FAILED}");
            self.has_failed.store(true, Ordering::Relaxed);
        }
        // The socket must stay bound, even after a panic: without it, libzmq would admit all peers.
        while !self.is_stopped() {
            thread::park();
        }
    }

    fn answer_until_stopped(&self, socket: &Socket, wake: &Wake) -> Result<(), TransportError> {
        let mut frames = Vec::new();
        let mut refusals = LogThrottle::new(REFUSALS_LOGGED_EVERY);
        while !self.is_stopped() {
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
        refusals: &mut LogThrottle,
    ) -> Result<(), TransportError> {
        let contents: Vec<&[u8]> = frames.iter().map(|frame| &**frame).collect();
        // Only libzmq sends requests to this socket, and always in this form.
        let [_peer, b"", VERSION, request, fields @ ..] = contents.as_slice() else { return Ok(()) };
        let verdict = decide(fields);
        if let Err(reason) = &verdict {
            self.refused.fetch_add(1, Ordering::Relaxed);
            if let Some(suppressed) = refusals.permit(clock::now()) {
                let address = fields.get(1).map(|address| String::from_utf8_lossy(address));
                tracing::warn!(address = address.as_deref(), suppressed, "refused a peer: {reason}");
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
        socket.send(frames.drain(..)).map(|_undelivered_if_closed| ())
    }

    fn is_stopped(&self) -> bool {
        self.is_stopped.load(Ordering::Acquire)
    }
}

/// Returns the key of an admitted peer, or the reason for a refusal. `fields` are the fields of a ZAP request
/// after its id: domain, address, routing id, mechanism, credentials.
fn decide(fields: &[&[u8]]) -> Result<PublicKey, &'static str> {
    let [domain, _address, _routing_id, b"CURVE", key] = fields else {
        return Err("this port accepts only CURVE");
    };
    let key = <[u8; 32]>::try_from(*key).map_err(|_other_length| "a CURVE key has 32 bytes")?;
    let key = PublicKey::from_bytes(key);
    match ZapDomain::from_domain(domain).ok_or("no such domain")? {
        ZapDomain::Inner(service) if key != service => Err("not the service key of this node"),
        ZapDomain::Inner(_) | ZapDomain::Outer => Ok(key),
    }
}

impl ZapDomain {
    fn from_domain(domain: &[u8]) -> Option<Self> {
        let domain = std::str::from_utf8(domain).ok()?;
        match domain.strip_prefix(INNER_PREFIX) {
            Some(key) => key.parse().ok().map(Self::Inner),
            None => (domain == Self::Outer.to_string()).then_some(Self::Outer),
        }
    }
}

impl fmt::Display for ZapDomain {
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

    fn decide_for(zap_domain: &str, mechanism: &str, key: &[u8]) -> Result<PublicKey, &'static str> {
        decide(&[zap_domain.as_bytes(), b"192.0.2.1", b"", mechanism.as_bytes(), key])
    }

    #[test]
    fn the_outer_domain_admits_every_key_and_the_inner_domain_one_key() {
        let [service, stranger] = [[7; 32], [8; 32]].map(PublicKey::from_bytes);
        let (outer, inner) = (ZapDomain::Outer.to_string(), ZapDomain::Inner(service).to_string());
        assert_eq!(decide_for(&outer, "CURVE", stranger.as_bytes()), Ok(stranger));
        assert_eq!(decide_for(&inner, "CURVE", service.as_bytes()), Ok(service));
        assert_eq!(decide_for(&inner, "CURVE", stranger.as_bytes()), Err("not the service key of this node"));
    }

    #[test]
    fn other_domains_mechanisms_and_keys_are_refused() {
        let key = [7; 32];
        for zap_domain in ["", "inner", "inner:", "inner:short", "outer ", "OUTER"] {
            assert_eq!(decide_for(zap_domain, "CURVE", &key), Err("no such domain"), "{zap_domain:?}");
        }
        for mechanism in ["NULL", "PLAIN", ""] {
            assert_eq!(
                decide_for("outer", mechanism, &key),
                Err("this port accepts only CURVE"),
                "{mechanism:?}"
            );
        }
        assert_eq!(decide_for("outer", "CURVE", &key[1..]), Err("a CURVE key has 32 bytes"));
        assert_eq!(decide(&[b"outer", b"192.0.2.1", b"", b"NULL"]), Err("this port accepts only CURVE"));
        assert_eq!(decide(&[]), Err("this port accepts only CURVE"));
    }
}

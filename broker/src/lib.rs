//! Forwards requests from clients (ROUTER) to the server (DEALER), and replies back. It never decodes a body.
//!
//! A request is `[client] [""] [body ..]`, or `[client] [tag] [""] [body ..]`. The broker forwards it
//! unchanged, except that it adds the client's key and a run tag to the client's name. The name routes the
//! reply back. The broker counts a message that it cannot deliver, and drops it, because clients send a
//! request again with the same id.
//!
//! The broker sends small requests that arrive in one turn as a [bundle], if the server reads bundles: a
//! server that sends bundles also reads them.

mod run_tag;
mod counters;
mod bundle_credit;

use std::time::Instant;

use transport::bundle::{self, Bundle, BundleReader};
use transport::client_name::{self, Client, TAG_BYTES_MAX};
use transport::control::{self, Control};
use transport::keys::PublicKey;
use transport::limits::MESSAGE_FRAMES_MAX;
use transport::poll::{Watch, wait_which};
use transport::security::NodeSecurity;
use transport::shutdown::Shutdown;
use transport::wake::Wake;
use transport::{Context, Frame, Kind, Sent, Socket, TransportError, clock};

use crate::bundle_credit::BundleCredit;
use crate::counters::Counters;
use crate::run_tag::RunTag;

/// The maximum number of messages that are forwarded in one direction before the other direction is served.
const BURST_MESSAGES_MAX: usize = 256;

/// The reply to a message without the empty frame. It has no id, because the broker does not decode the body.
const NO_DELIMITER: &[u8] = concat!(
    r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"#,
    r#""message":"send an empty frame before the request lines, as a REQ socket does by itself","#,
    r#""data":{"reason":"invalid_request","detail":"no_empty_frame"}}}"#,
    "\n"
)
.as_bytes();

/// The maximum number of frames that a client may send in one message. At the server, the names of the broker
/// and of the client precede these frames.
const CLIENT_FRAMES_MAX: usize = MESSAGE_FRAMES_MAX - 2;

const _: () = assert!(CLIENT_FRAMES_MAX == 14, "TOO_MANY_FRAMES contains this number");

/// The reply to a message of more frames than `CLIENT_FRAMES_MAX`.
const TOO_MANY_FRAMES: &[u8] = concat!(
    r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"#,
    r#""message":"a message may have at most 14 frames: send the empty frame, the request lines, and at most "#,
    r#"one frame of bytes","data":{"reason":"invalid_request","detail":"too_many_frames","args":{"max":14}}}}"#,
    "\n"
)
.as_bytes();

#[derive(Debug, thiserror::Error)]
pub enum BrokerError {
    #[error(transparent)]
    Transport(#[from] TransportError),
    #[error("the operating system returned no random bytes: {0}")]
    Random(#[from] getrandom::Error),
}

/// The endpoints at which the broker listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The endpoint for clients, which send requests.
    pub clients: String,
    /// The endpoint to which the server connects.
    pub servers: String,
    /// The endpoint for operators, who request the status.
    pub control: String,
}

pub struct Broker {
    clients: Socket,
    servers: Socket,
    control: Control,
    endpoints: Config,
    run_tag: RunTag,
    /// The key of the node's gateway; `None` without encryption.
    service: Option<PublicKey>,
    counters: Counters,
    started: Instant,
    /// The reply that is being forwarded. It is a field, so its memory is reused.
    frames: Vec<Frame>,
    /// The request that is being forwarded. It stays here while the server's queue is full.
    request: Vec<Frame>,
    /// The small requests of this turn. They arrived before `request`, and stay here while the server's queue
    /// is full.
    bundle: Bundle,
    credit: BundleCredit,
}

impl Broker {
    /// Listens at the endpoints of `config`.
    pub fn bind(context: &Context, config: &Config, security: &NodeSecurity) -> Result<Self, BrokerError> {
        let clients = context.socket(Kind::Router, &security.outer())?;
        let servers = context.socket(Kind::Dealer, &security.inner())?;
        let control = Control::bind(context, &config.control, &security.control())?;
        let endpoints = Config {
            clients: clients.bind(&config.clients)?,
            servers: servers.bind(&config.servers)?,
            control: control.endpoint().to_owned(),
        };
        let (run_tag, started) = (RunTag::random()?, clock::now());
        let (counters, frames, request, bundle, credit) = Default::default();
        let service = security.service_key();
        Ok(Self {
            clients,
            servers,
            control,
            endpoints,
            run_tag,
            service,
            counters,
            started,
            frames,
            request,
            bundle,
            credit,
        })
    }

    /// Listens for the gateway of the same process, too.
    pub fn bind_gateway(&self, endpoint: &str) -> Result<(), BrokerError> {
        self.clients.bind(endpoint)?;
        Ok(())
    }

    /// The actual endpoints, with the ports that the system chose.
    #[must_use]
    pub fn endpoints(&self) -> &Config {
        &self.endpoints
    }

    /// Forwards until `shutdown` is requested.
    pub fn run(mut self, shutdown: &Shutdown) -> Result<(), BrokerError> {
        let (waker, wake) = Wake::new()?;
        shutdown.watch(waker);
        tracing::info!(clients = self.endpoints.clients, servers = self.endpoints.servers, "broker started");
        while !shutdown.is_requested() {
            let [requests, replies, control, _shutdown] = self.wait(&wake)?;
            if requests {
                self.forward_requests()?;
            }
            if replies {
                self.forward_replies()?;
            }
            if control {
                let counters = || self.counters.list(self.servers.refused_peers());
                self.control.answer(|| {
                    control::status("broker", self.started, &counters(), &self.servers.problems())
                })?;
            }
        }
        // Forward the replies that have already arrived. Otherwise clients would send the requests again.
        self.forward_replies()?;
        tracing::info!("broker stopped");
        Ok(())
    }

    /// Waits for requests, replies, control requests or the shutdown, and returns which of these are ready.
    /// While the server's queue is full, the broker holds one bundle and one request, and other requests stay
    /// with their senders.
    fn wait(&self, wake: &Wake) -> Result<[bool; 4], TransportError> {
        let is_blocked = !self.bundle.is_empty() || !self.request.is_empty();
        let requests =
            if is_blocked { Watch::Writable(&self.servers) } else { Watch::Readable(&self.clients) };
        let (replies, control) = (Watch::Readable(&self.servers), Watch::Readable(self.control.socket()));
        wait_which([requests, replies, control, Watch::Wake(wake)], None)
    }

    fn forward_requests(&mut self) -> Result<(), TransportError> {
        if !self.send_held()? {
            return Ok(());
        }
        self.credit.check(clock::now());
        for _ in 0..BURST_MESSAGES_MAX {
            if !self.clients.receive(&mut self.request)? {
                break;
            }
            if let Some(error) = form_error(&self.request) {
                self.refuse(error)?;
                continue;
            }
            let key = self.request.last_mut().and_then(client_name::sender_key);
            let client = self.client(key);
            self.request.iter_mut().take(1).for_each(|name| self.run_tag.append_to(name, client));
            let must_send = !self.bundle_request() || self.bundle.is_full();
            if must_send && !self.send_held()? {
                return Ok(());
            }
        }
        self.send_held().map(|_otherwise_wait_for_the_server| ())
    }

    /// Moves the request into the bundle. Returns false if the request must be sent alone.
    fn bundle_request(&mut self) -> bool {
        let Some((body, envelope)) = self.request.split_last() else { return false };
        let is_bundled = self.credit.is_left() && self.bundle.push(envelope, body);
        if is_bundled {
            self.request.clear();
        }
        is_bundled
    }

    /// Sends the bundle, and then the request that was not moved into it. Returns false if the server's queue
    /// is full.
    fn send_held(&mut self) -> Result<bool, TransportError> {
        if !self.bundle.is_empty() {
            if self.servers.send([self.bundle.to_frame()])? != Sent::Done {
                return Ok(false);
            }
            self.counters.requests += self.bundle.len() as u64;
            self.counters.request_messages += 1;
            self.credit.spend();
            self.bundle.clear();
        }
        if self.request.is_empty() {
            return Ok(true);
        }
        match self.servers.offer(&mut self.request)? {
            Sent::Done => {
                self.counters.requests += 1;
                self.counters.request_messages += 1;
            }
            Sent::Full if !self.request.is_empty() => return Ok(false),
            Sent::Full | Sent::Unreachable => self.counters.dropped_full += 1,
        }
        Ok(true)
    }

    /// The client with this key. On an encrypted node, only a thread of this process has no key: the gateway.
    fn client(&self, key: Option<PublicKey>) -> Client {
        if self.service.is_some() && (key.is_none() || key == self.service) {
            Client::Gateway
        } else {
            Client::One(key)
        }
    }

    /// Receives replies even if a client cannot receive them. A client that does not read must not delay
    /// other clients, so its replies are dropped.
    fn forward_replies(&mut self) -> Result<(), TransportError> {
        let mut left = BURST_MESSAGES_MAX;
        while left > 0 && self.servers.receive(&mut self.frames)? {
            self.counters.reply_messages += 1;
            let replies = match self.frames.as_slice() {
                [only] if bundle::is_bundle(only) => self.forward_bundle()?,
                _ => self.forward_reply().map(|()| 1)?,
            };
            left = left.saturating_sub(replies);
        }
        Ok(())
    }

    /// Forwards the replies of the bundle in `frames`. Returns their number; a malformed bundle counts as one
    /// reply.
    fn forward_bundle(&mut self) -> Result<usize, TransportError> {
        let Some(Ok(mut bundle)) = self.frames.pop().map(BundleReader::new) else {
            self.counters.malformed += 1;
            return Ok(1);
        };
        self.credit.renew(clock::now());
        let mut replies = 0;
        while bundle.next(&mut self.frames) {
            self.forward_reply()?;
            self.frames.clear();
            replies += 1;
        }
        Ok(replies)
    }

    /// Sends the reply in `frames` to its client.
    fn forward_reply(&mut self) -> Result<(), TransportError> {
        if !has_envelope(&self.frames) {
            self.counters.malformed += 1;
            return Ok(());
        }
        if !self.frames.first_mut().is_some_and(|client| self.run_tag.remove_from(client)) {
            self.counters.strangers += 1;
            return Ok(());
        }
        match self.clients.send(self.frames.drain(..))? {
            Sent::Done => self.counters.replies += 1,
            Sent::Full => self.counters.dropped_full += 1,
            Sent::Unreachable => self.counters.unreachable += 1,
        }
        Ok(())
    }

    /// Answers an invalid request with an error, and drops it.
    fn refuse(&mut self, error: &'static [u8]) -> Result<(), TransportError> {
        self.counters.malformed += 1;
        self.request.truncate(1);
        self.request.extend([Frame::new(), Frame::from(error)]);
        self.clients.send(self.request.drain(..)).map(|_undelivered_if_client_left| ())
    }
}

/// The error for a request of the wrong form. Of a message with more than `MESSAGE_FRAMES_MAX` frames, the
/// socket keeps only the client's name.
fn form_error(frames: &[Frame]) -> Option<&'static [u8]> {
    match frames {
        [_client] => Some(TOO_MANY_FRAMES),
        [_client, sent @ ..] if sent.len() > CLIENT_FRAMES_MAX => Some(TOO_MANY_FRAMES),
        frames => (!has_envelope(frames)).then_some(NO_DELIMITER),
    }
}

/// Whether a message is `[client] [""] [body ..]`, or has a tag before the empty frame.
fn has_envelope(frames: &[Frame]) -> bool {
    match frames {
        [_client, delimiter, _body, ..] if delimiter.is_empty() => true,
        [_client, tag, delimiter, _body, ..] => delimiter.is_empty() && tag.len() <= TAG_BYTES_MAX,
        _ => false,
    }
}

//! ROUTER/DEALER forwarding between clients and the server; never decodes a body.
//!
//! Requests are `[client] [""] [body ..]` and go to the server as they are, but for a mark behind the client's name, so
//! its replies find their way back by their first frame. What cannot be delivered is counted, never queued here: clients resend by id.

mod marks;
mod backlogs;
mod counters;

use std::time::Instant;

use transport::control::{self, Control};
use transport::poll::{Watch, wait_which};
use transport::security::NodeSecurity;
use transport::stop::Stop;
use transport::wake::Wake;
use transport::{Context, Frame, Kind, Sent, Socket, TransportError, clock};

use crate::backlogs::{Backlogs, Verdict};
use crate::counters::Counters;
use crate::marks::Mark;

/// Messages moved in one direction before the other has its turn.
const BURST_MESSAGES_MAX: usize = 256;

/// The answer to a message without the empty first frame. It has no id, since nobody looks into a body here.
const NO_DELIMITER: &[u8] = concat!(
    r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"#,
    r#""message":"send an empty frame before the request lines, as a REQ socket does by itself","#,
    r#""data":{"reason":"invalid_request","detail":"no_empty_frame"}}}"#,
    "\n"
)
.as_bytes();

/// Why the broker could not start or go on.
#[derive(Debug, thiserror::Error)]
pub enum BrokerError {
    /// A socket failed.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// The system gives no random bytes.
    #[error("the system gives no random bytes: {0}")]
    Chance(#[from] getrandom::Error),
}

/// Where the broker listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// For clients: their requests arrive here.
    pub clients: String,
    /// For the server, which connects to it.
    pub servers: String,
    /// For operators.
    pub control: String,
}

/// The broker: two sockets and the counters.
pub struct Broker {
    clients: Socket,
    servers: Socket,
    control: Control,
    endpoints: Config,
    mark: Mark,
    backlogs: Backlogs,
    counters: Counters,
    started: Instant,
    /// The reply on its way; kept so that its room is used again.
    frames: Vec<Frame>,
    /// The request on its way. It stays here while the server cannot take it.
    request: Vec<Frame>,
}

impl Broker {
    /// Listens wherever `config` says.
    pub fn bind(context: &Context, config: &Config, security: &NodeSecurity) -> Result<Self, BrokerError> {
        let clients = context.socket(Kind::Router, &security.outer())?;
        let servers = context.socket(Kind::Dealer, &security.inner())?;
        let control = Control::bind(context, &config.control, &security.control())?;
        let endpoints = Config {
            clients: clients.bind(&config.clients)?,
            servers: servers.bind(&config.servers)?,
            control: control.endpoint().to_owned(),
        };
        let (mark, started) = (Mark::draw()?, clock::now());
        let (backlogs, counters, frames, request) = Default::default();
        Ok(Self { clients, servers, control, endpoints, mark, backlogs, counters, started, frames, request })
    }

    /// Where the broker listens, with the ports that the system chose.
    #[must_use]
    pub fn endpoints(&self) -> &Config {
        &self.endpoints
    }

    /// Forwards until `stop` is requested.
    pub fn run(mut self, stop: &Stop) -> Result<(), BrokerError> {
        let (waker, wake) = Wake::new()?;
        stop.watch(waker);
        tracing::info!(clients = self.endpoints.clients, servers = self.endpoints.servers, "broker forwards");
        while !stop.is_requested() {
            let [requests, replies, control, _stop] = self.wait(&wake)?;
            if requests {
                self.forward_requests()?;
            }
            if replies {
                self.forward_replies()?;
            }
            if control {
                let counters = || self.counters.list(self.servers.refused_peers());
                self.control.answer(|| control::status("broker", self.started, &counters(), &[]))?;
            }
        }
        // What the server has answered already, clients need not ask again.
        self.forward_replies()?;
        tracing::info!("broker stops");
        Ok(())
    }

    /// Requests are waited for only while the server can take them: until then all but one stay with their senders.
    /// Says whether there is something to do for requests, for replies, for operators; and whether to stop.
    fn wait(&self, wake: &Wake) -> Result<[bool; 4], TransportError> {
        let is_held_up = !self.request.is_empty();
        let requests =
            if is_held_up { Watch::Writable(&self.servers) } else { Watch::Readable(&self.clients) };
        let (replies, control) = (Watch::Readable(&self.servers), Watch::Readable(self.control.socket()));
        wait_which([requests, replies, control, Watch::Wake(wake)], None)
    }

    fn forward_requests(&mut self) -> Result<(), TransportError> {
        for _ in 0..BURST_MESSAGES_MAX {
            if self.request.is_empty() {
                if !self.clients.receive(&mut self.request)? {
                    break;
                }
                if !is_enveloped(&self.request) {
                    self.refuse()?;
                    continue;
                }
                self.request.iter_mut().take(1).for_each(|client| self.mark.add_to(client));
            }
            match self.servers.offer(&mut self.request)? {
                Sent::Done => self.counters.requests += 1,
                Sent::Full if !self.request.is_empty() => break,
                Sent::Full | Sent::Unreachable => self.counters.dropped_full += 1,
            }
        }
        Ok(())
    }

    /// Replies are always read. That a ROUTER is writable says nothing about the client a reply is for, and one
    /// client that does not read must not hold up the others.
    fn forward_replies(&mut self) -> Result<(), TransportError> {
        for _ in 0..BURST_MESSAGES_MAX {
            if !self.servers.receive(&mut self.frames)? {
                break;
            }
            if !is_enveloped(&self.frames) {
                self.counters.malformed += 1;
                continue;
            }
            if !self.frames.first_mut().is_some_and(|client| self.mark.take_from(client)) {
                self.counters.strangers += 1;
                continue;
            }
            match self.reply()? {
                Sent::Done => self.counters.replies += 1,
                Sent::Full => self.counters.dropped_full += 1,
                Sent::Unreachable => self.counters.unreachable += 1,
            }
        }
        Ok(())
    }

    /// Hands a reply to libzmq, unless too much waits for its client.
    fn reply(&mut self) -> Result<Sent, TransportError> {
        match self.backlogs.judge(&self.frames) {
            Verdict::Send => self.clients.send(self.frames.drain(..)),
            Verdict::Count(backlogs) => self.clients.send_counted(self.frames.drain(..), &backlogs),
            Verdict::Drop => Ok(Sent::Full),
        }
    }

    /// Answers what is no request, and forgets it.
    fn refuse(&mut self) -> Result<(), TransportError> {
        self.counters.malformed += 1;
        self.request.truncate(1);
        self.request.extend([Frame::new(), Frame::from(NO_DELIMITER)]);
        self.clients.send(self.request.drain(..)).map(|_gone_if_not_sent| ())
    }
}

/// Whether a message is `[client] [""] [body ..]`.
fn is_enveloped(frames: &[Frame]) -> bool {
    matches!(frames, [_client, delimiter, _body, ..] if delimiter.is_empty())
}

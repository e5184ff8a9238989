//! Carries out the effects of the session with sockets, the outbox, and the channels to the front end.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::SyncSender;
use std::time::Instant;

use common::methods::Method;
use common::node::{Info, NoParams};
use common::{Detail, Error, UserName, rpc};
use session::driver::Io;
use session::{Answer, Message, News};
use transport::monitor::Monitor;
use transport::{Context, Frame, Kind, Socket, TransportError, clock};
use uuid::Uuid;

use super::TicketedAnswer;
use super::liveness::Liveness;
use super::outgoing::Outgoing;
use crate::channel_names::SharedNames;
use crate::connection::{Endpoint, KnownServer};
use crate::i18n::Catalog;
use crate::outbox::Outbox;
use crate::render::print_error;

/// The id of a ping. The session uses other ids.
const PING_ID: &str = "ping";

/// The maximum size of the reply to a ping.
const PING_REPLY_BYTES_MAX: usize = 16 * 1024;

/// A reply, as the connection sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Noted {
    /// A reply for the session.
    Reply,
    /// The reply to a ping.
    Ping,
    /// The reply to the first ping after a move: the session must subscribe and send its requests again.
    Moved,
}

pub(super) struct NetworkIo<N> {
    server: KnownServer,
    /// The endpoint that receives the requests.
    endpoint: Endpoint,
    /// Its index. The front end shows the address.
    endpoint_index: Arc<AtomicUsize>,
    context: Context,
    pub(super) dealer: Socket,
    /// Watches the connection of `dealer`.
    pub(super) monitor: Monitor,
    pub(super) liveness: Liveness,
    /// The moves to the next endpoint since the start. The session counts its own moves only.
    moves: usize,
    /// Whether the subscriptions belong to the node before the last move.
    has_moved: bool,
    pub(super) subscriber: Option<Socket>,
    outgoing: Outgoing,
    /// `None` if the front end sends no messages. The outbox is dropped before `answers`: the front end waits
    /// until `answers` is closed, and the outbox must be closed by then.
    outbox: Option<Outbox>,
    started_at: Instant,
    answers: SyncSender<TicketedAnswer>,
    news: SyncSender<N>,
    is_news_read: bool,
    catalog: Catalog,
    names: SharedNames,
}

impl<N: From<News>> NetworkIo<N> {
    pub(super) fn new(
        endpoint: &Endpoint,
        server: KnownServer,
        outbox: Option<Outbox>,
        answers: SyncSender<TicketedAnswer>,
        news: SyncSender<N>,
        (catalog, names): (Catalog, SharedNames),
        endpoint_index: Arc<AtomicUsize>,
    ) -> Result<Self, TransportError> {
        let context = Context::new();
        let (dealer, monitor) = connected(&context, endpoint)?;
        let liveness = Liveness::new(server.endpoints.len());
        Ok(Self {
            server,
            endpoint: endpoint.clone(),
            endpoint_index,
            context,
            dealer,
            monitor,
            liveness,
            moves: 0,
            has_moved: false,
            subscriber: None,
            outgoing: Outgoing::default(),
            outbox,
            started_at: clock::now(),
            answers,
            news,
            is_news_read: true,
            catalog,
            names,
        })
    }

    /// Whether the front end still receives news.
    pub(super) fn is_news_read(&self) -> bool {
        self.is_news_read
    }

    pub(super) fn has_outgoing(&self) -> bool {
        !self.outgoing.is_empty()
    }

    /// Sends request lines while the socket accepts them. The session sends a lost line again.
    pub(super) fn flush(&mut self) -> Result<(), TransportError> {
        while !self.outgoing.is_empty() && self.dealer.can_send()? {
            let _sent_or_lost = self.dealer.send(self.outgoing.take_message())?;
            self.liveness.sent(self.now_ms());
        }
        Ok(())
    }

    /// Sends a ping: a request that every node answers at once.
    pub(super) fn ping(&self) -> Result<(), TransportError> {
        let mut line = Vec::new();
        rpc::encode_request(&mut line, PING_ID, Method::ServerInfo.description().name, &NoParams {});
        // If the ping is lost, the client moves.
        let _sent_or_lost = self.dealer.send([Frame::new(), Frame::from(line)])?;
        Ok(())
    }

    /// Moves to the next endpoint of the server, and sends a ping there.
    pub(super) fn move_on(&mut self) -> Result<(), TransportError> {
        self.moves += 1;
        self.has_moved = true;
        let next = (self.endpoint_index.load(Ordering::Relaxed) + 1) % self.server.endpoints.len().max(1);
        self.connect_to(next)?;
        self.ping()
    }

    fn connect_to(&mut self, index: usize) -> Result<(), TransportError> {
        if let Some(endpoint) = self.server.endpoints.get(index) {
            (self.dealer, self.monitor) = connected(&self.context, endpoint)?;
            self.endpoint = endpoint.clone();
            self.endpoint_index.store(index, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Notes a reply. After a move, the reply to the ping has the endpoint for the events of the new node.
    pub(super) fn note_reply(&mut self, lines: &[u8]) -> Noted {
        if self.server.endpoints.len() < 2 {
            return Noted::Reply;
        }
        let Some(reply) = first_short_reply(lines) else {
            self.liveness.received();
            return Noted::Reply;
        };
        if reply.error.as_ref().and_then(Error::detail) == Some(&Detail::CutOff) {
            self.liveness.broke();
            return Noted::Reply;
        }
        self.liveness.received();
        if reply.id.as_deref() != Some(PING_ID) {
            return Noted::Reply;
        }
        let info = reply.result.and_then(|result| serde_json::from_str::<Info>(result.get()).ok());
        let Some(info) = info.filter(|_| self.has_moved) else { return Noted::Ping };
        self.has_moved = false;
        if self.subscriber.is_some() {
            self.connect(&info.events);
        }
        Noted::Moved
    }

    /// Records that the server answers. This runs before the front end receives the reply, because the front
    /// end may then end the program.
    pub(super) fn record_answer(&mut self) {
        if let Err(error) = self.server.record_answer(self.endpoint_index.load(Ordering::Relaxed)) {
            print_error(&self.catalog.cli_error(&error));
        }
    }
}

/// The session's clock counts from the start of the thread, so changes of the system time have no effect.
impl<N: From<News>> Io for NetworkIo<N> {
    type Error = TransportError;

    fn now_ms(&self) -> u64 {
        u64::try_from(clock::now().duration_since(self.started_at).as_millis()).unwrap_or(u64::MAX)
    }

    fn load_outbox(&mut self, user: &UserName) -> Vec<Message> {
        let Some(outbox) = &mut self.outbox else { return Vec::new() };
        let loaded = outbox.load(user);
        loaded.problems.iter().for_each(|problem| print_error(problem));
        loaded.messages
    }

    fn persist(&mut self, messages: &[Message]) -> Option<Result<(), Error>> {
        let outcome = self.outbox.as_mut().map_or(Ok(()), |outbox| outbox.store(messages));
        Some(
            outcome.map_err(|error| Detail::NotStoredLocally { error: self.catalog.io_error(&error) }.into()),
        )
    }

    fn forget(&mut self, ids: &[Uuid]) {
        if let Some(outbox) = &mut self.outbox {
            outbox.remove(ids);
        }
    }

    fn send(&mut self, id: u64, line: Vec<u8>) {
        self.outgoing.put(id, line);
    }

    fn send_alone(&mut self, id: u64, line: Vec<u8>, bytes: Option<Arc<[u8]>>) {
        self.outgoing.put_alone(id, line, bytes);
    }

    fn use_endpoint(&mut self, index: usize) -> Result<(), TransportError> {
        self.has_moved = false;
        self.connect_to((index + self.moves) % self.server.endpoints.len().max(1))
    }

    fn connect(&mut self, address: &str) {
        let advertised = events_endpoint(&self.endpoint.address, address);
        let endpoint = self.endpoint.events_at.clone().unwrap_or(advertised);
        let socket = self.context.socket(Kind::Subscriber, &self.endpoint.security);
        let connected = socket.and_then(|socket| socket.connect(&endpoint).map(|()| socket));
        self.subscriber = connected.inspect_err(|error| tracing::warn!(%error, "cannot receive events")).ok();
    }

    fn subscribe(&mut self, topic: &str) -> Result<(), TransportError> {
        self.subscriber.iter().try_for_each(|socket| socket.subscribe(topic.as_bytes()))
    }

    fn unsubscribe(&mut self, topic: &str) -> Result<(), TransportError> {
        self.subscriber.iter().try_for_each(|socket| socket.unsubscribe(topic.as_bytes()))
    }

    fn answer(&mut self, ticket: u64, outcome: Result<Answer, Error>) {
        // The channel can be full if the front end no longer reads answers.
        let _received_or_not = self.answers.try_send((ticket, outcome));
    }

    fn news(&mut self, news: News) {
        if let News::Named { channel, names } = &news {
            self.names.set(channel, names);
        }
        self.is_news_read &= self.news.send(news.into()).is_ok();
    }
}

/// Creates a socket for requests to an endpoint. The server may start later.
fn connected(context: &Context, endpoint: &Endpoint) -> Result<(Socket, Monitor), TransportError> {
    let dealer = context.socket(Kind::Dealer, &endpoint.security)?;
    let monitor = dealer.monitor(context)?;
    dealer.connect(&endpoint.address)?;
    Ok((dealer, monitor))
}

/// The endpoint for subscriptions. The host `*` means the host of the server.
fn events_endpoint(server: &str, events: &str) -> String {
    let host = server.strip_prefix("tcp://").and_then(|rest| rest.rsplit_once(':')).map(|(host, _port)| host);
    events.replacen("tcp://*:", &format!("tcp://{}:", host.unwrap_or("127.0.0.1")), 1)
}

/// The first reply of a frame, if it is short: replies with an error of the node, and replies to pings, are
/// short. A node that is cut off answers all requests of a frame with the same error.
fn first_short_reply(lines: &[u8]) -> Option<rpc::Reply<'_>> {
    let line = lines.split(|byte| *byte == b'\n').next()?;
    let reply = (line.len() <= PING_REPLY_BYTES_MAX).then(|| rpc::decode_reply(line))?;
    reply.ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_of_a_node_that_is_cut_off_is_found_in_a_frame_of_many_replies() {
        let line = |id| {
            let error = Error::from(Detail::CutOff);
            let error = serde_json::to_string(&error).expect("JSON");
            format!("{{\"jsonrpc\":\"2.0\",\"id\":\"{id}\",\"error\":{error}}}\n")
        };
        let frame = [line(1), line(2)].concat();
        let reply = first_short_reply(frame.as_bytes()).expect("a reply");
        assert_eq!(reply.error.as_ref().and_then(Error::detail), Some(&Detail::CutOff));
    }

    #[test]
    fn the_host_of_the_events_is_that_of_the_server_for_a_wildcard() {
        insta::assert_snapshot!(events_endpoint("tcp://papo.example:5555", "tcp://*:5558"), @"tcp://papo.example:5558");
        insta::assert_snapshot!(events_endpoint("tcp://[::1]:5555", "tcp://*:5558"), @"tcp://[::1]:5558");
        insta::assert_snapshot!(events_endpoint("ipc:///run/papo", "tcp://*:5558"), @"tcp://127.0.0.1:5558");
        insta::assert_snapshot!(events_endpoint("tcp://a:5555", "tcp://b:5558"), @"tcp://b:5558");
    }
}

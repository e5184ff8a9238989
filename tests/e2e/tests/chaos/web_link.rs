//! The connection of a chaos client to the gateway: one WebSocket for requests and events.
//!
//! The gateway creates barriers itself, so the reply to `gateway.subscribe` is the barrier of the session
//! core. A new WebSocket has no topics: it subscribes to all of them again. With the gateways of several
//! nodes, the link moves to the next one when a gateway is silent, closes the connection, or its node is cut
//! off.

use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use common::{Detail, Error};
use serde_json::{Value, json};
use session::Session;
use testkit::Rng;
use tungstenite::client::IntoClientRequest as _;
use tungstenite::http::HeaderValue;
use tungstenite::{Message, WebSocket};

use super::moves::{Due, Moves};

/// The beginning of the topics by which the session core recognizes its barriers.
const BARRIER: &str = "sync.client.";

/// Milliseconds until a client connects again.
const RETRY_MS: std::ops::Range<u64> = 50..500;

/// Milliseconds until a client connects to the next of several gateways.
const MOVE_MS: std::ops::Range<u64> = 10..100;

/// Time for a connection and its handshake. Longer only if the gateway was killed in between.
const HANDSHAKE_MAX: Duration = Duration::from_secs(2);

/// Time for a connection to one of several gateways: a node that is cut off does not refuse connections.
const CONNECT_MAX: Duration = Duration::from_millis(500);

/// Milliseconds without a reply to a subscription, after which the client connects again.
const SUBSCRIBE_MS_MAX: u64 = 5_000;

pub(super) struct WebLink {
    /// The `host:port` of each gateway, or of the relay in front of it.
    addresses: Vec<String>,
    current: usize,
    moves: Moves,
    socket: Option<Box<WebSocket<TcpStream>>>,
    rng: Rng,
    retry_at_ms: u64,
    topics: BTreeSet<String>,
    /// The topics and the barriers that no request contains yet.
    new_topics: BTreeSet<String>,
    barriers: Vec<String>,
    /// The barriers of each subscription without a reply, with the time of the request.
    waiting: BTreeMap<String, (u64, Vec<String>)>,
    requests: u64,
    /// The number of lost connections.
    pub(super) lost: u64,
}

impl WebLink {
    pub(super) fn new(addresses: &[&str], rng: Rng) -> Self {
        Self {
            addresses: addresses.iter().map(|web| web.trim_start_matches("tcp://").to_owned()).collect(),
            current: 0,
            moves: Moves::new(),
            socket: None,
            rng,
            retry_at_ms: 0,
            topics: BTreeSet::new(),
            new_topics: BTreeSet::new(),
            barriers: Vec::new(),
            waiting: BTreeMap::new(),
            requests: 0,
            lost: 0,
        }
    }

    /// Ends all subscriptions.
    pub(super) fn unsubscribe_all(&mut self, now_ms: u64) {
        self.topics.clear();
        self.barriers.clear();
        self.waiting.clear();
        if !self.is_roaming() {
            self.reconnect(now_ms);
        }
    }

    fn is_roaming(&self) -> bool {
        self.addresses.len() > 1
    }

    /// Whether the link uses the first of its gateways.
    pub(super) fn is_home(&self) -> bool {
        self.current == 0
    }

    /// The state of the link, for the report of a violation.
    pub(super) fn describe(&self) -> String {
        format!("gateway {} after home, {:?}, open {}", self.current, self.moves, self.is_open())
    }

    /// Connects to the gateway with this index.
    pub(super) fn move_to(&mut self, index: usize, now_ms: u64) {
        self.reconnect(now_ms);
        self.current = index;
    }

    pub(super) fn subscribe(&mut self, topic: &str) {
        if topic.starts_with(BARRIER) {
            self.barriers.push(topic.to_owned());
        } else {
            self.topics.insert(topic.to_owned());
            self.new_topics.insert(topic.to_owned());
        }
    }

    pub(super) fn unsubscribe(&mut self, now_ms: u64, topic: &str) {
        if self.topics.remove(topic) {
            self.request(now_ms, "gateway.unsubscribe", &json!({ "topics": [topic] }));
        }
    }

    /// Whether a frame can be sent now.
    pub(super) fn is_open(&self) -> bool {
        self.socket.is_some()
    }

    /// Sends one frame of lines. A frame that is lost is sent again by the session core.
    pub(super) fn send(&mut self, now_ms: u64, lines: Vec<u8>) {
        let text = String::from_utf8(lines).expect("lines in UTF-8");
        let Some(socket) = &mut self.socket else { return };
        self.moves.sent(now_ms);
        match socket.send(Message::text(text)) {
            Ok(()) => {}
            // The frame waits in the socket's buffer.
            Err(tungstenite::Error::Io(error)) if error.kind() == ErrorKind::WouldBlock => {}
            Err(_) => self.reconnect(now_ms),
        }
    }

    fn request(&mut self, now_ms: u64, method: &str, params: &Value) -> String {
        self.requests += 1;
        let id = format!("web-{}", self.requests);
        let line = json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
        self.send(now_ms, line.to_string().into_bytes());
        id
    }

    /// Connects if it is time, and sends new subscriptions.
    pub(super) fn maintain(&mut self, now_ms: u64, session: &mut Session) {
        self.check_connection(now_ms);
        if self.waiting.values().any(|(sent_ms, _)| sent_ms + SUBSCRIBE_MS_MAX < now_ms) {
            self.reconnect(now_ms);
        }
        if self.socket.is_none() && self.retry_at_ms <= now_ms {
            let timeout = self.is_roaming().then_some(CONNECT_MAX);
            match connect(&self.addresses[self.current], timeout) {
                Some(socket) => {
                    self.socket = Some(Box::new(socket));
                    self.new_topics.clone_from(&self.topics);
                    if self.is_roaming() && self.lost > 0 {
                        session.link_up(now_ms);
                    }
                }
                None => {
                    self.retry_at_ms = now_ms + self.rng.within(RETRY_MS);
                    self.current = (self.current + 1) % self.addresses.len();
                }
            }
        }
        if let Some(socket) = &mut self.socket {
            // A frame that did not fit the socket's buffer.
            let _waits_or_lost = socket.flush();
        }
        if self.socket.is_some() && !(self.new_topics.is_empty() && self.barriers.is_empty()) {
            let topics = std::mem::take(&mut self.new_topics);
            let id = self.request(now_ms, "gateway.subscribe", &json!({ "topics": topics }));
            if self.socket.is_some() {
                let barriers = std::mem::take(&mut self.barriers);
                self.waiting.insert(id, (now_ms, barriers));
            }
        }
    }

    /// Sends a ping to a silent gateway, and leaves a gateway that does not answer.
    fn check_connection(&mut self, now_ms: u64) {
        if !self.is_roaming() || self.socket.is_none() {
            return;
        }
        match self.moves.due(now_ms) {
            None => {}
            Some(Due::Ping) => drop(self.request(now_ms, "gateway.ping", &json!({}))),
            Some(Due::Move) => self.reconnect(now_ms),
        }
    }

    fn reconnect(&mut self, now_ms: u64) {
        if self.socket.take().is_some() {
            self.lost += 1;
            self.current = (self.current + 1) % self.addresses.len();
            let delay_ms = if self.is_roaming() { MOVE_MS } else { RETRY_MS };
            self.retry_at_ms = now_ms + self.rng.within(delay_ms);
            self.moves = Moves::new();
        }
        let waiting = std::mem::take(&mut self.waiting);
        self.barriers.extend(waiting.into_values().flat_map(|(_, barriers)| barriers));
    }

    /// Passes all received lines to the session core.
    pub(super) fn receive(&mut self, now_ms: u64, session: &mut Session) {
        while let Some(socket) = &mut self.socket {
            match socket.read() {
                Ok(Message::Text(lines)) => {
                    lines.lines().for_each(|line| self.pass_on(now_ms, session, line))
                }
                Ok(Message::Ping(_) | Message::Pong(_)) => {}
                Err(tungstenite::Error::Io(error)) if error.kind() == ErrorKind::WouldBlock => return,
                Ok(Message::Close(_)) | Err(_) => self.reconnect(now_ms),
                Ok(other @ (Message::Binary(_) | Message::Frame(_))) => panic!("{other:?}"),
            }
        }
    }

    fn pass_on(&mut self, now_ms: u64, session: &mut Session, line: &str) {
        let value: Value = serde_json::from_str(line).expect("JSON");
        let error = value.get("error").and_then(|error| serde_json::from_value::<Error>(error.clone()).ok());
        if error.as_ref().and_then(Error::detail) == Some(&Detail::CutOff) {
            self.moves.broke();
        } else {
            self.moves.received();
        }
        if value.get("jsonrpc").is_none() {
            // The notices of the gateway itself are not for the session core, which repairs gaps by the
            // numbers.
            if !matches!(value["kind"].as_str(), Some("hello" | "lagged")) {
                session.events(now_ms, b"", format!("{line}\n").as_bytes());
            }
            return;
        }
        match value["id"].as_str().filter(|id| id.starts_with("web-")) {
            None => session.replies(now_ms, format!("{line}\n").as_bytes()),
            Some(id) => {
                let Some((_, barriers)) = self.waiting.remove(id) else { return };
                if value.get("error").is_some() {
                    self.waiting.insert(id.to_owned(), (now_ms, barriers));
                    self.reconnect(now_ms);
                    return;
                }
                barriers.iter().for_each(|barrier| session.events(now_ms, barrier.as_bytes(), b""));
            }
        }
    }
}

fn connect(address: &str, timeout: Option<Duration>) -> Option<WebSocket<TcpStream>> {
    let stream = match timeout {
        None => TcpStream::connect(address),
        Some(timeout) => {
            TcpStream::connect_timeout(&address.parse::<SocketAddr>().expect("an address"), timeout)
        }
    };
    let stream = stream.ok()?;
    stream.set_read_timeout(Some(timeout.unwrap_or(HANDSHAKE_MAX))).ok()?;
    let mut request = format!("ws://{address}/ws").into_client_request().expect("an address");
    request.headers_mut().insert("Sec-WebSocket-Protocol", HeaderValue::from_static("papo.v1"));
    let (socket, _response) = tungstenite::client::client(request, stream).ok()?;
    socket.get_ref().set_nonblocking(true).ok()?;
    Some(socket)
}

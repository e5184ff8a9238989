//! The connection of a chaos client to the gateway: one WebSocket for requests and events.
//!
//! The gateway creates barriers itself, so the reply to `gateway.subscribe` is the barrier of the session
//! core. A new WebSocket has no topics: it subscribes to all of them again.

use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;
use std::net::TcpStream;
use std::time::Duration;

use serde_json::{Value, json};
use session::Session;
use testkit::Rng;
use tungstenite::client::IntoClientRequest as _;
use tungstenite::http::HeaderValue;
use tungstenite::{Message, WebSocket};

/// The beginning of the topics by which the session core recognizes its barriers.
const BARRIER: &str = "sync.client.";

/// Milliseconds until a client connects again.
const RETRY_MS: std::ops::Range<u64> = 50..500;

/// Time for a connection and its handshake. Longer only if the gateway was killed in between.
const HANDSHAKE_MAX: Duration = Duration::from_secs(2);

/// Milliseconds without a reply to a subscription, after which the client connects again.
const SUBSCRIBE_MS_MAX: u64 = 5_000;

pub(super) struct WebLink {
    /// The `host:port` of the gateway, or of the relay in front of it.
    address: String,
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
    pub(super) fn new(address: &str, rng: Rng) -> Self {
        Self {
            address: address.to_owned(),
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
        self.reconnect(now_ms);
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
    pub(super) fn maintain(&mut self, now_ms: u64) {
        if self.waiting.values().any(|(sent_ms, _)| sent_ms + SUBSCRIBE_MS_MAX < now_ms) {
            self.reconnect(now_ms);
        }
        if self.socket.is_none() && self.retry_at_ms <= now_ms {
            match connect(&self.address) {
                Some(socket) => {
                    self.socket = Some(Box::new(socket));
                    self.new_topics.clone_from(&self.topics);
                }
                None => self.retry_at_ms = now_ms + self.rng.within(RETRY_MS),
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

    fn reconnect(&mut self, now_ms: u64) {
        if self.socket.take().is_some() {
            self.lost += 1;
            self.retry_at_ms = now_ms + self.rng.within(RETRY_MS);
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

fn connect(address: &str) -> Option<WebSocket<TcpStream>> {
    let stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(HANDSHAKE_MAX)).ok()?;
    let mut request = format!("ws://{address}/ws").into_client_request().expect("an address");
    request.headers_mut().insert("Sec-WebSocket-Protocol", HeaderValue::from_static("papo.v1"));
    let (socket, _response) = tungstenite::client::client(request, stream).ok()?;
    socket.get_ref().set_nonblocking(true).ok()?;
    Some(socket)
}

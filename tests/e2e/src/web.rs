//! A client of the gateway: HTTP requests as literal bytes, and WebSockets.
#![expect(clippy::indexing_slicing, reason = "test helpers may panic")]

use std::collections::VecDeque;
use std::io::{BufRead as _, BufReader, ErrorKind, Read, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use common::Error;
use serde_json::{Value, json};
use tungstenite::client::IntoClientRequest as _;
use tungstenite::handshake::client::Response;
use tungstenite::http::{HeaderName, HeaderValue};
use tungstenite::protocol::WebSocket;
use tungstenite::{HandshakeError, Message};

use transport::clock;

use crate::{DEADLINE, RESEND_DELAY};

/// The address of a gateway.
#[derive(Debug, Clone)]
pub struct Web {
    address: String,
}

/// The answer to an HTTP request.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    /// The value of a header, whose name is in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| &**value)
    }

    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("{self:?}"))
    }

    /// The word in `error.data.reason`.
    #[must_use]
    pub fn reason(&self) -> String {
        self.json()["error"]["data"]["reason"].as_str().unwrap_or_else(|| panic!("{self:?}")).to_owned()
    }
}

impl Web {
    #[must_use]
    pub fn new(address: &str) -> Self {
        Self { address: address.to_owned() }
    }

    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    #[must_use]
    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.address).expect("a connection");
        stream.set_read_timeout(Some(DEADLINE)).expect("a timeout");
        stream
    }

    /// Sends a request, and returns the open connection. `host` is added unless `headers` has one.
    #[must_use]
    pub fn begin(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> TcpStream {
        let mut stream = self.connect();
        let mut head = format!("{method} {path} HTTP/1.1\r\nConnection: close\r\n");
        if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
            head += &format!("Host: {}\r\n", self.address);
        }
        if !body.is_empty() && !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-length")) {
            head += &format!("Content-Length: {}\r\n", body.len());
        }
        for (name, value) in headers {
            head += &format!("{name}: {value}\r\n");
        }
        stream.write_all(format!("{head}\r\n").as_bytes()).expect("a head");
        // The gateway may answer before it has read the body.
        let _refused = stream.write_all(body);
        stream
    }

    #[must_use]
    pub fn request(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        read_answer(self.begin(method, path, headers, body))
    }

    #[must_use]
    pub fn get(&self, path: &str, token: &str) -> Answer {
        self.request("GET", path, &[("Authorization", &format!("Bearer {token}"))], b"")
    }

    #[must_use]
    pub fn post(&self, path: &str, token: &str, body: &Value) -> Answer {
        let headers = [("Authorization", &*format!("Bearer {token}")), ("Content-Type", "application/json")];
        self.request("POST", path, &headers, body.to_string().as_bytes())
    }

    /// Opens a WebSocket with additional headers, or returns the status of the refusal.
    pub fn socket(&self, path: &str, headers: &[(&str, &str)]) -> Result<ChatSocket, u16> {
        let mut request = format!("ws://{}{path}", self.address).into_client_request().expect("an address");
        for (name, value) in headers {
            let name = HeaderName::from_bytes(name.as_bytes()).expect("a name");
            request.headers_mut().insert(name, HeaderValue::from_str(value).expect("a value"));
        }
        match tungstenite::client::client(request, self.connect()) {
            Ok((socket, response)) => Ok(ChatSocket::new(socket, response)),
            Err(HandshakeError::Failure(tungstenite::Error::Http(refused))) => Err(refused.status().as_u16()),
            Err(error) => panic!("{error}"),
        }
    }

    /// Opens a WebSocket of the protocol with a token.
    #[must_use]
    pub fn chat(&self, token: &str) -> ChatSocket {
        let bearer = format!("Bearer {token}");
        let headers = [("Sec-WebSocket-Protocol", "papo.v1"), ("Authorization", &*bearer)];
        self.socket("/ws", &headers).expect("a WebSocket")
    }

    /// Opens a stream of server-sent events.
    #[must_use]
    pub fn events(&self, conversation: &str, token: &str, last: Option<&str>) -> EventStream {
        let (bearer, path) = (format!("Bearer {token}"), format!("/events?conversation={conversation}"));
        let mut headers = vec![("Authorization", &*bearer)];
        headers.extend(last.map(|last| ("Last-Event-ID", last)));
        EventStream(BufReader::new(self.begin("GET", &path, &headers, b"")))
    }
}

/// Reads the answer to a request until the connection ends.
#[must_use]
pub fn read_answer(mut stream: impl Read) -> Answer {
    let mut bytes = Vec::new();
    let _reset_after_the_answer = stream.read_to_end(&mut bytes);
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n");
    let end = end.unwrap_or_else(|| panic!("no head: {:?}", String::from_utf8_lossy(&bytes)));
    let head = String::from_utf8(bytes[..end].to_vec()).expect("a head in UTF-8");
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).expect("a status");
    let headers = lines.filter_map(|line| line.split_once(": "));
    let headers = headers.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).collect();
    Answer { status: status.parse().expect("a number"), headers, body: bytes[end + 4..].to_vec() }
}

/// An open stream of server-sent events.
pub struct EventStream(BufReader<TcpStream>);

impl EventStream {
    /// The id and the data of the next event.
    pub fn next_event(&mut self) -> (String, Value) {
        let mut id = String::new();
        loop {
            let mut line = String::new();
            assert_ne!(self.0.read_line(&mut line).expect("a line in time"), 0, "the stream ended");
            if let Some(text) = line.strip_prefix("id: ") {
                text.trim_end().clone_into(&mut id);
            } else if let Some(data) = line.strip_prefix("data: ") {
                return (id, serde_json::from_str(data).expect("JSON"));
            }
        }
    }
}

/// A WebSocket of the protocol `papo.v1`.
pub struct ChatSocket {
    pub socket: WebSocket<TcpStream>,
    pub response: Response,
    requests: u64,
    /// Lines that are not replies, and that the test has not read.
    others: VecDeque<Value>,
    replies: VecDeque<Value>,
}

impl ChatSocket {
    fn new(socket: WebSocket<TcpStream>, response: Response) -> Self {
        Self { socket, response, requests: 0, others: VecDeque::new(), replies: VecDeque::new() }
    }

    pub fn send(&mut self, text: &str) {
        self.socket.send(Message::text(text)).expect("sending succeeds");
    }

    /// Sends one request, and waits for its result.
    pub fn call(&mut self, method: &str, params: Value) -> Result<Value, Error> {
        self.call_every(DEADLINE, method, params)
    }

    /// Sends a request repeatedly until a reply arrives. For idempotent requests that may be lost.
    pub fn call_until_answered(&mut self, method: &str, params: Value) -> Result<Value, Error> {
        self.call_every(10 * RESEND_DELAY, method, params)
    }

    fn call_every(&mut self, delay: Duration, method: &str, params: Value) -> Result<Value, Error> {
        self.requests += 1;
        let (id, started) = (self.requests, clock::now());
        let line = json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }).to_string();
        self.send(&line);
        let mut sent = clock::now();
        loop {
            assert!(started.elapsed() < DEADLINE, "no reply to {method}");
            if sent.elapsed() >= delay {
                self.send(&line);
                sent = clock::now();
            }
            if let Some(mut reply) = self.replies.pop_front() {
                if reply["id"] != id {
                    continue;
                }
                return match reply.get("error") {
                    Some(_) => Err(serde_json::from_value(reply["error"].take()).expect("an error")),
                    None => Ok(reply["result"].take()),
                };
            }
            self.socket.get_ref().set_read_timeout(Some(delay)).expect("a timeout");
            match self.socket.read() {
                Ok(message) => self.sort(message).expect("a reply before the end"),
                Err(tungstenite::Error::Io(error)) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => panic!("{error}"),
            }
        }
    }

    /// The next line that is not a reply.
    pub fn next_line(&mut self) -> Value {
        loop {
            if let Some(line) = self.others.pop_front() {
                return line;
            }
            self.read().expect("a line in time");
        }
    }

    /// The next event.
    pub fn next_event(&mut self) -> Value {
        loop {
            let line = self.next_line();
            if line.get("n").is_some() {
                return line;
            }
        }
    }

    /// Waits until the gateway closes the connection. Returns the code.
    pub fn close_code(&mut self) -> u16 {
        let started = clock::now();
        // The pings of an open connection must not prolong the wait.
        while started.elapsed() < DEADLINE {
            if let Err(code) = self.read() {
                return code;
            }
        }
        panic!("the connection is still open");
    }

    /// Whether the gateway has closed the connection. Discards what it has sent.
    pub fn has_ended(&mut self) -> bool {
        let stream = self.socket.get_mut();
        stream.set_nonblocking(true).expect("a mode");
        let read = stream.read(&mut [0; 1024]);
        matches!(read, Ok(0)) || read.is_err_and(|error| error.kind() != ErrorKind::WouldBlock)
    }

    /// Reads one frame. Returns the code of a close frame as an error.
    fn read(&mut self) -> Result<(), u16> {
        self.socket.get_ref().set_read_timeout(Some(DEADLINE)).expect("a timeout");
        match self.socket.read() {
            Ok(message) => self.sort(message),
            // The code of a connection that ended without a close frame (RFC 6455, 7.4.1).
            Err(tungstenite::Error::Io(error)) if error.kind() == ErrorKind::ConnectionReset => Err(1006),
            Err(error) => panic!("a frame in time: {error:?}"),
        }
    }

    fn sort(&mut self, message: Message) -> Result<(), u16> {
        match message {
            Message::Text(text) => {
                for line in text.lines() {
                    let line: Value = serde_json::from_str(line).expect("JSON");
                    let kind =
                        if line.get("jsonrpc").is_some() { &mut self.replies } else { &mut self.others };
                    kind.push_back(line);
                }
                Ok(())
            }
            Message::Close(frame) => Err(frame.expect("a code").code.into()),
            Message::Ping(_) | Message::Pong(_) => Ok(()),
            other @ (Message::Binary(_) | Message::Frame(_)) => panic!("{other:?}"),
        }
    }
}

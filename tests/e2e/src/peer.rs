//! A peer: a DEALER socket that sends requests to a node and receives the replies.

use std::time::Duration;

use common::accounts::LoggedIn;
use common::channels::Joined;
use common::history::Heads;
use common::limits::HISTORY_EVENTS_MAX;
use common::messages::Sent;
use common::{Body, Error, Event, Request, methods, rpc};
use serde_json::{Value, json};
use transport::poll::{Watch, wait};
use transport::security::Security;
use transport::{Context, Frame, Kind, Socket, clock};
use uuid::Uuid;

use crate::node::Node;
use crate::{DEADLINE, RESEND_DELAY};

/// The password of all test users.
pub const PASSWORD: &str = "correct horse";

pub struct Peer {
    socket: Socket,
    requests: u64,
    session: Option<LoggedIn>,
}

#[must_use]
pub fn peers<const COUNT: usize>(node: &Node, names: [&str; COUNT]) -> [Peer; COUNT] {
    names.map(|name| {
        let mut peer = node.peer();
        peer.register(name).expect("a name that is free");
        peer.login(name).expect("a session");
        peer
    })
}

impl Peer {
    /// Connects to a broker, which may not be running yet.
    #[must_use]
    pub fn connect(endpoint: &str, security: &Security) -> Self {
        let socket = Context::new().socket(Kind::Dealer, security).expect("a socket");
        socket.connect(endpoint).expect("an endpoint");
        Self { socket, requests: 0, session: None }
    }

    /// Registers an account with [`PASSWORD`].
    pub fn register(&mut self, user: &str) -> Result<Value, Error> {
        self.call("auth.register", json!({ "user": user, "password": PASSWORD }))
    }

    /// Logs in. Later requests use the session.
    pub fn login(&mut self, user: &str) -> Result<LoggedIn, Error> {
        let session = self.ask::<methods::Login>(json!({ "user": user, "password": PASSWORD }))?;
        self.session = Some(session.clone());
        Ok(session)
    }

    pub fn resume(&mut self, session: &LoggedIn) {
        self.session = Some(session.clone());
    }

    #[must_use]
    pub fn session(&self) -> &LoggedIn {
        self.session.as_ref().expect("a session")
    }

    pub fn create(&mut self, channel: &str) -> Result<Joined, Error> {
        self.ask::<methods::ChannelCreate>(json!({ "channel": channel }))
    }

    pub fn create_private(&mut self, channel: &str) -> Result<Joined, Error> {
        self.ask::<methods::ChannelCreate>(json!({ "channel": channel, "private": true }))
    }

    pub fn join(&mut self, channel: &str) -> Result<Joined, Error> {
        self.ask::<methods::ChannelJoin>(json!({ "channel": channel }))
    }

    pub fn send(&mut self, to: &str, text: &str) -> Result<Sent, Error> {
        self.send_as(Uuid::now_v7(), to, text)
    }

    pub fn send_as(&mut self, id: Uuid, to: &str, text: &str) -> Result<Sent, Error> {
        self.ask::<methods::MessageSend>(json!({ "to": to, "id": id, "text": text }))
    }

    pub fn heads(&mut self) -> Heads {
        self.ask::<methods::SyncHeads>(json!({})).expect("the heads")
    }

    /// Reads all events of a conversation, page by page, and asserts that they are numbered 1, 2, 3 ...
    pub fn history(&mut self, conversation: &str) -> Vec<Event<'static>> {
        let mut events: Vec<Event<'static>> = Vec::new();
        loop {
            let asked =
                json!({ "conversation": conversation, "after": events.len(), "limit": HISTORY_EVENTS_MAX });
            let page = self.ask::<methods::MessageHistory>(asked).expect("a page");
            for line in page.events {
                let event: Event<'_> = serde_json::from_str(line.get()).expect("an event");
                assert_eq!(event.n, events.len() as u64 + 1, "{conversation} has a gap");
                events.push(event.into_owned());
            }
            if events.len() as u64 >= page.head {
                return events;
            }
        }
    }

    /// The texts of all messages of a conversation, in their order.
    pub fn texts(&mut self, conversation: &str) -> Vec<String> {
        let text = |event: Event<'_>| {
            let Body::Message { text, .. } = event.body else { return None };
            Some(text.as_str().to_owned())
        };
        self.history(conversation).into_iter().filter_map(text).collect()
    }

    /// Sends one request once, and waits for its result.
    pub fn call(&mut self, method: &str, params: Value) -> Result<Value, Error> {
        let line = self.line(method, params);
        self.post(&line);
        self.answer(DEADLINE).unwrap_or_else(|| panic!("no reply to {method}"))
    }

    /// Like `call`, with the result type of the method table.
    pub fn ask<R: Request>(&mut self, params: Value) -> Result<R::Result, Error> {
        let result = self.call(R::METHOD.description().name, params)?;
        Ok(serde_json::from_value(result).expect("the result of this method"))
    }

    /// Sends a request repeatedly until a reply arrives. For idempotent requests that may be lost.
    pub fn call_until_answered(&mut self, method: &str, params: Value) -> Result<Value, Error> {
        let (line, started) = (self.line(method, params), clock::now());
        while started.elapsed() < DEADLINE {
            self.post(&line);
            if let Some(answer) = self.answer(RESEND_DELAY) {
                return answer;
            }
        }
        panic!("no reply to {method}")
    }

    /// Sends one frame of request lines without waiting for replies.
    pub fn post(&self, lines: &[u8]) {
        self.post_frames(&[b"", lines]);
    }

    /// Sends a message of arbitrary frames.
    pub fn post_frames(&self, frames: &[&[u8]]) {
        let send = || self.socket.send(frames.iter().map(|frame| Frame::from(*frame)));
        let started = clock::now();
        while send().expect("sending succeeds") != transport::Sent::Done {
            assert!(started.elapsed() < DEADLINE, "the send queue is full");
            wait(&[Watch::Writable(&self.socket)], Some(RESEND_DELAY)).expect("waiting succeeds");
        }
    }

    /// The lines of the next reply; `None` if none arrives within `time`.
    pub fn reply_within(&self, time: Duration) -> Option<Vec<u8>> {
        let (mut frames, started) = (Vec::new(), clock::now());
        while !self.socket.receive(&mut frames).expect("receiving succeeds") {
            let left = time.checked_sub(started.elapsed())?;
            wait(&[Watch::Readable(&self.socket)], Some(left)).expect("waiting succeeds");
        }
        // A reply to a random frame may begin with the tag of this frame.
        let ([empty, lines] | [_, empty, lines]) = &*frames else { panic!("{} frames", frames.len()) };
        assert!(empty.is_empty(), "a reply is an empty frame and a frame of lines");
        Some(lines.to_vec())
    }

    #[must_use]
    pub fn reply(&self) -> Vec<u8> {
        self.reply_within(DEADLINE).expect("a reply in time")
    }

    /// A request line with a new id. Adds the token of the session, unless `params` has one.
    pub fn line(&mut self, method: &str, mut params: Value) -> Vec<u8> {
        self.requests += 1;
        if let (Some(session), Some(params)) = (&self.session, params.as_object_mut()) {
            params.entry("token").or_insert_with(|| json!(session.token));
        }
        let mut line = Vec::new();
        rpc::encode_request(&mut line, &self.requests.to_string(), method, &params);
        line
    }

    /// A `message.send` line whose request id is the message id, for [`receipt`].
    #[must_use]
    pub fn message_line(&self, id: Uuid, to: &str, text: &str) -> Vec<u8> {
        let params = json!({ "token": self.session().token, "to": to, "id": id, "text": text });
        let mut line = Vec::new();
        rpc::encode_request(&mut line, &id.to_string(), "message.send", &params);
        line
    }

    /// The reply to the last request. Skips late replies to earlier requests.
    fn answer(&self, time: Duration) -> Option<Result<Value, Error>> {
        let (wanted, started) = (json!(self.requests.to_string()), clock::now());
        loop {
            let lines = self.reply_within(time.saturating_sub(started.elapsed()))?;
            let replies = lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
            let mut replies = replies.map(|line| serde_json::from_slice::<Value>(line).expect("JSON"));
            let Some(mut reply) = replies.find(|reply| reply.get("id") == Some(&wanted)) else { continue };
            return Some(match reply.get_mut("error").map(Value::take) {
                Some(error) => Err(serde_json::from_value(error).expect("an error")),
                None => Ok(reply.get_mut("result").map(Value::take).expect("a result")),
            });
        }
    }
}

/// The message id and the receipt of a reply to a [`Peer::message_line`].
#[must_use]
pub fn receipt(reply: &[u8]) -> (Uuid, Sent) {
    let reply = rpc::decode_reply(reply).expect("one reply line");
    assert_eq!(reply.error, None);
    let id = reply.id.as_deref().map(Uuid::parse_str).expect("an id").expect("the id of a message");
    (id, serde_json::from_str(reply.result.expect("a result").get()).expect("a receipt"))
}

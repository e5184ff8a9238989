//! The requests of connections. The gateway sends them to the server in turns, and answers some of them
//! itself.

use std::hash::BuildHasher as _;

use bytes::Bytes;
use common::limits::{FRAME_BYTES_MAX, FRAME_LINES_MAX};
use common::topics::{Subscription, parse_subscription};
use common::{Detail, Error, rpc};
use foldhash::fast::FixedState;

use super::connection::Session;
use super::lines::{Line, Own, read};
use super::queue::LineKind;
use super::topics::Followed;
use super::{Effect, Hub, Request};
use crate::connection_id::{ConnectionId, Purpose, SenderId};
use crate::limits::TOPICS_MAX;

/// The longest reply in which the gateway looks for the code of an ended session.
const ERROR_BYTES_MAX: usize = 1024;

impl Hub {
    /// Accepts a frame of lines. Returns the bytes that no longer count towards the budget of the connection,
    /// because no line of the frame waits.
    pub(crate) fn lines(&mut self, id: ConnectionId, frame: &[u8], now_ms: u64) -> usize {
        let Some(connection) = self.connections.get_mut(&id) else { return 0 };
        if let Session::Anonymous { has_sent } = &mut connection.session {
            *has_sent = true;
        }
        let (sender, token) = (connection.sender, connection.token.clone());
        let token = token.as_ref().map(|token| token.as_str());
        let lines = match rpc::lines(frame) {
            Ok(lines) => lines,
            Err(error) => {
                self.refuse(id, "null", &error);
                return frame.len();
            }
        };
        let mut forwarded = Vec::new();
        for line in lines {
            self.counters.lines_up += 1;
            match read(line, token) {
                Line::Server(line) => push_line(&mut forwarded, &line),
                Line::Login { line, id: request, user } => match self.take_login(sender, &user, now_ms) {
                    Ok(()) => push_line(&mut forwarded, &line),
                    Err(error) => self.refuse(id, &request, &error),
                },
                Line::Presence { line, id: request, state } => {
                    push_line(
                        &mut forwarded,
                        &self.presence_line(id, &request, state, now_ms).unwrap_or(line),
                    );
                }
                Line::Own { id: request, request: own } => self.own(id, &request, own, now_ms),
                Line::Refused { id: request, error } => self.refuse(id, &request, &error),
            }
        }
        if forwarded.is_empty() {
            return frame.len();
        }
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.waiting.push_back((forwarded, frame.len()));
        }
        self.queue_turn(id);
        0
    }

    /// Takes one login of an address, or returns the error for the reply.
    pub(crate) fn take_login(&mut self, sender: SenderId, user: &str, now_ms: u64) -> Result<(), Error> {
        let account = FixedState::default().hash_one(user.to_lowercase());
        let taken = self.logins.take(sender, now_ms);
        let taken = taken.and_then(|()| self.user_logins.take((sender, account), now_ms));
        taken.map_err(|wait_ms| {
            let seconds = wait_ms.div_ceil(1_000);
            Error::from(Detail::TooManyGuesses { seconds }).with_wait_ms(wait_ms)
        })
    }

    /// The next request for a connection to the broker: the connections take turns. `can_read` returns
    /// whether a client has read enough to receive further replies.
    pub(crate) fn next_request(
        &mut self,
        dealer: usize,
        can_read: impl Fn(ConnectionId) -> bool,
        now_ms: u64,
    ) -> Option<Request> {
        let turns = self.turns.get(dealer)?.len();
        for _ in 0..turns {
            let id = self.turns.get_mut(dealer)?.pop_front()?;
            if let Some(pending) = self.calls.get_mut(&id) {
                let Some(call) = pending.call.take() else { continue };
                let tag = id.tag(Purpose::Relay, call.sender);
                return Some(Request { tag, lines: call.lines, bytes: call.bytes, released: 0 });
            }
            let Some(connection) = self.connections.get_mut(&id) else { continue };
            connection.has_turn = false;
            if let Some(lines) = connection.check.take() {
                let tag = id.tag(Purpose::Check, connection.sender);
                self.queue_turn(id);
                return Some(Request { tag, lines, bytes: None, released: 0 });
            }
            // A connection that cannot send now gets its next turn from a reply or from the tick.
            if !connection.can_send() || !can_read(id) {
                continue;
            }
            let Some((lines, released)) = connection.take_frame(now_ms) else { continue };
            let tag = id.tag(Purpose::Relay, connection.sender);
            self.queue_turn(id);
            return Some(Request { tag, lines, bytes: None, released });
        }
        None
    }

    /// Passes a reply on to its connection.
    pub(super) fn relay(&mut self, id: ConnectionId, lines: Bytes, now_ms: u64) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        connection.answered();
        self.queue_turn(id);
        let is_ended =
            lines.len() <= ERROR_BYTES_MAX && memchr::memmem::find(&lines, b"\"code\":4010,").is_some();
        self.effects.push(Effect::Deliver { to: id, kind: LineKind::Reply, lines });
        if is_ended {
            self.begin_check(id, now_ms);
        }
    }

    fn own(&mut self, id: ConnectionId, request: &str, own: Own, now_ms: u64) {
        match own {
            Own::Ping => self.answer_own(id, request, &format!("{{\"now\":{}}}", self.unix_ms)),
            Own::Unsubscribe(topics) => {
                for topic in topics {
                    let connection = self.connections.get_mut(&id);
                    if connection.is_some_and(|connection| connection.topics.remove(&*topic)) {
                        self.leave(&topic, id);
                    }
                }
                self.answer_own(id, request, "{}");
            }
            Own::Subscribe(topics) => match self.subscribe(id, &topics) {
                Ok(()) => self.barriers.wait((id, request.to_owned()), now_ms),
                Err(error) => self.refuse(id, request, &error),
            },
        }
    }

    /// Subscribes a connection to topics. After an error, it follows the topics before the refused one.
    fn subscribe(&mut self, id: ConnectionId, topics: &[String]) -> Result<(), Error> {
        let refused = |error: String| Detail::BadParams { method: "gateway.subscribe".to_owned(), error };
        for topic in topics {
            match parse_subscription(topic.as_bytes()) {
                Ok(Subscription::Events(_)) => {}
                Ok(Subscription::Sync(_)) => {
                    return Err(refused("the gateway makes the barriers itself".to_owned()).into());
                }
                Err(error) => return Err(refused(error.to_string()).into()),
            }
            let Some(connection) = self.connections.get_mut(&id) else { return Ok(()) };
            if connection.topics.contains(&**topic) {
                continue;
            }
            if connection.topics.len() >= TOPICS_MAX {
                return Err(refused(format!("a connection may have at most {TOPICS_MAX} topics")).into());
            }
            let known = match self.topics.follow(topic, id) {
                Followed::Known(known) => known,
                Followed::New(new) => {
                    self.effects.push(Effect::Subscribe(new.to_string()));
                    new
                }
                Followed::TooManyTopics => {
                    return Err(refused("the gateway has too many topics: try again later".to_owned()).into());
                }
            };
            connection.topics.insert(known);
        }
        Ok(())
    }

    pub(super) fn answer_own(&mut self, to: ConnectionId, request: &str, result: &str) {
        let mut lines = Vec::new();
        rpc::encode_result(&mut lines, request, |out| out.extend_from_slice(result.as_bytes()));
        self.effects.push(Effect::Deliver { to, kind: LineKind::Reply, lines: lines.into() });
    }

    pub(super) fn refuse(&mut self, to: ConnectionId, request: &str, error: &Error) {
        let mut lines = Vec::new();
        rpc::encode_error(&mut lines, request, error);
        self.effects.push(Effect::Deliver { to, kind: LineKind::Reply, lines: lines.into() });
    }
}

fn push_line(frame: &mut Vec<u8>, line: &[u8]) {
    frame.extend_from_slice(line);
    frame.push(b'\n');
}

// A token has at most 1 KiB, so a full frame with a token in each line stays below the frame of the broker.
const _: () = assert!(
    crate::limits::FRAME_BYTES_MAX + FRAME_LINES_MAX * (common::limits::TOKEN_BYTES_MAX + 64)
        < FRAME_BYTES_MAX
);

//! The pure core of the gateway: lines of clients, replies and events go in, effects come out.
//!
//! The hub has no sockets and reads no clock. The relay thread passes it every input with the time, and
//! carries out its effects.

pub(crate) mod attempts;
mod barriers;
mod connection;
pub(crate) mod lines;
mod presence;
pub(crate) mod queue;
mod requests;
mod sessions;
mod topics;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use bytes::Bytes;
use common::UserName;
use foldhash::fast::RandomState;

use self::attempts::Buckets;
use self::barriers::{Barriers, Step};
use self::connection::{Connection, Session};
use self::presence::Presences;
use self::queue::{LAGGED, LineKind};
use self::topics::Topics;
use crate::close::Close;
use crate::connection_id::{ConnectionId, Purpose, SenderId, Tag};
use crate::limits::{CALL_MS_MAX, DEALERS, FILE_DEALER, LOGINS_PER_MINUTE, USER_LOGINS_PER_MINUTE};
use crate::token::Token;

/// One frame of request lines for the broker.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) tag: Tag,
    pub(crate) lines: Vec<u8>,
    /// The bytes after the lines: a chunk of a file.
    pub(crate) bytes: Option<Bytes>,
    /// The bytes that no longer count towards the budget of the connection.
    pub(crate) released: usize,
}

/// The frames of a reply after the empty frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) lines: Bytes,
    pub(crate) bytes: Option<Bytes>,
}

/// An HTTP request that waits for its reply.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) sender: SenderId,
    pub(crate) lines: Vec<u8>,
    pub(crate) bytes: Option<Bytes>,
    pub(crate) is_file: bool,
}

struct PendingCall {
    /// `None` after the request was sent.
    call: Option<Call>,
    due_ms: u64,
}

/// An action for the relay thread.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    Subscribe(String),
    Unsubscribe(String),
    /// Replace the socket of the subscriptions, and subscribe to all topics.
    Reconnect(Vec<Arc<str>>),
    Deliver {
        to: ConnectionId,
        kind: LineKind,
        lines: Bytes,
    },
    Close {
        to: ConnectionId,
        close: Close,
    },
    /// The reply to an HTTP request; `None` if the node did not answer.
    Answer {
        to: ConnectionId,
        reply: Option<Reply>,
    },
}

/// Totals since the gateway started.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Counters {
    pub(crate) lines_up: u64,
    pub(crate) replies: u64,
    pub(crate) events: u64,
    pub(crate) deliveries: u64,
    pub(crate) unanswered: u64,
    pub(crate) reconnects: u64,
}

pub(crate) struct Hub {
    connections: HashMap<ConnectionId, Connection, RandomState>,
    calls: HashMap<ConnectionId, PendingCall, RandomState>,
    /// The connections and calls with waiting requests, for each connection to the broker.
    turns: [VecDeque<ConnectionId>; DEALERS + 1],
    topics: Topics,
    barriers: Barriers,
    presences: Presences,
    logins: Buckets<SenderId>,
    user_logins: Buckets<(SenderId, u64)>,
    effects: Vec<Effect>,
    /// The first line of a connection, without the user.
    hello: Hello,
    pub(crate) counters: Counters,
    /// The machine's clock, which clients receive. All other times are of the monotonic clock.
    pub(crate) unix_ms: u64,
    /// The number of open connections of each user whose session was checked.
    users: HashMap<UserName, usize, RandomState>,
}

/// The constant parts of the first line of each connection.
#[derive(Debug, Clone)]
pub(crate) struct Hello {
    pub(crate) version: String,
    /// The tag of the embedded page.
    pub(crate) page: &'static str,
}

impl Hub {
    /// `seed` must be random: the topics of barriers and the connection ids of presence are derived from it.
    pub(crate) fn new(hello: Hello, seed: u64, now_ms: u64) -> Self {
        Self {
            connections: HashMap::default(),
            calls: HashMap::default(),
            turns: Default::default(),
            topics: Topics::default(),
            barriers: Barriers::new(seed, now_ms),
            presences: Presences::new(seed),
            logins: Buckets::new(LOGINS_PER_MINUTE, 60_000),
            user_logins: Buckets::new(USER_LOGINS_PER_MINUTE, 60_000),
            effects: Vec::new(),
            hello,
            counters: Counters::default(),
            unix_ms: 0,
            users: HashMap::default(),
        }
    }

    pub(crate) fn take_effects(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }

    /// Whether requests are waiting for this connection to the broker.
    pub(crate) fn has_turns(&self, dealer: usize) -> bool {
        self.turns.get(dealer).is_some_and(|turns| !turns.is_empty())
    }

    pub(crate) fn topics(&self) -> usize {
        self.topics.len()
    }

    /// Opens a connection. With a token, its session is checked before its requests are sent.
    pub(crate) fn open(&mut self, id: ConnectionId, sender: SenderId, token: Option<Token>, now_ms: u64) {
        let connection = Connection::new(sender, token, now_ms);
        let is_anonymous = connection.token.is_none();
        self.connections.insert(id, connection);
        if is_anonymous {
            self.say_hello(id);
        } else {
            self.begin_check(id, now_ms);
        }
    }

    /// Handles that a client has read its lines, so it can receive further replies.
    pub(crate) fn drained(&mut self, id: ConnectionId) {
        self.queue_turn(id);
    }

    /// Removes a connection or a call.
    pub(crate) fn close(&mut self, id: ConnectionId) {
        self.calls.remove(&id);
        let Some(connection) = self.connections.remove(&id) else { return };
        if let Some(token) = &connection.token {
            self.presences.leave(token, id, matches!(connection.session, Session::Open));
        }
        if let Some(user) = connection.user
            && let Some(count) = self.users.get_mut(&user)
        {
            *count -= 1;
            if *count == 0 {
                self.users.remove(&user);
            }
        }
        for topic in connection.topics {
            self.leave(&topic, id);
        }
    }

    /// Passes published lines on to the followers of their topic.
    pub(crate) fn published(&mut self, topic: &[u8], lines: &[u8], now_ms: u64) {
        if let Some(waiting) = self.barriers.arrived(topic) {
            self.effects.push(Effect::Unsubscribe(String::from_utf8_lossy(topic).into_owned()));
            for (id, request) in waiting {
                self.answer_own(id, &request, "{}");
            }
            return;
        }
        let Ok(topic) = std::str::from_utf8(topic) else { return };
        let followers = self.topics.followers(topic);
        self.counters.events += 1;
        self.counters.deliveries += followers.len() as u64;
        let lines = with_newline(lines);
        let deliver =
            |to: &ConnectionId| Effect::Deliver { to: *to, kind: LineKind::Event, lines: lines.clone() };
        self.effects.extend(followers.iter().map(deliver));
        if topic.starts_with("user.") && memchr::memmem::find(&lines, b"\"sessions.ended\"").is_some() {
            for id in self.topics.followers(topic).to_vec() {
                self.begin_check(id, now_ms);
            }
        }
    }

    /// The time by which the relay must call [`tick`](Self::tick) or [`tick_barriers`](Self::tick_barriers).
    pub(crate) fn deadline(&self, now_ms: u64) -> Option<u64> {
        let has_work = !self.connections.is_empty() || !self.calls.is_empty() || !self.presences.is_empty();
        let second = has_work.then_some(now_ms + 1_000);
        [second, self.barriers.deadline(self.topics.len() > 0)].into_iter().flatten().min()
    }

    /// Sends due barriers. Cheap, so the relay calls it in every round.
    pub(crate) fn tick_barriers(&mut self, now_ms: u64) {
        while let Some(step) = self.barriers.tick(self.topics.len() > 0, now_ms) {
            match step {
                Step::Subscribe(topic) => self.effects.push(Effect::Subscribe(topic)),
                Step::Reconnect => {
                    self.counters.reconnects += 1;
                    self.effects.push(Effect::Reconnect(self.topics.all().cloned().collect()));
                    let lagged = |to: &ConnectionId| Effect::Deliver {
                        to: *to,
                        kind: LineKind::Event,
                        lines: Bytes::from_static(LAGGED),
                    };
                    self.effects.extend(self.connections.keys().map(lagged));
                }
            }
        }
    }

    /// Checks all timeouts. The relay calls it once a second.
    pub(crate) fn tick(&mut self, now_ms: u64) {
        let (mut closed, mut unchecked, mut ready) = (Vec::new(), Vec::new(), Vec::new());
        for (id, connection) in &mut self.connections {
            if connection.check_by_ms.is_some_and(|by| by <= now_ms) {
                closed.push((*id, Close::Unavailable));
            } else if connection.tick(now_ms) {
                closed.push((*id, Close::SessionEnded));
            } else if connection.must_check_again && connection.check_by_ms.is_none() {
                unchecked.push(*id);
            } else if connection.can_send() && !connection.has_turn {
                ready.push(*id);
            }
        }
        unchecked.into_iter().for_each(|id| self.begin_check(id, now_ms));
        ready.into_iter().for_each(|id| self.queue_turn(id));
        self.effects.extend(closed.into_iter().map(|(to, close)| Effect::Close { to, close }));
        let due = self.calls.extract_if(|_, call| call.due_ms <= now_ms).map(|(id, _)| id);
        let due: Vec<_> = due.collect();
        self.counters.unanswered += due.len() as u64;
        self.effects.extend(due.into_iter().map(|to| Effect::Answer { to, reply: None }));
        self.tick_presence(now_ms);
    }

    /// Adds an HTTP request.
    pub(crate) fn call(&mut self, id: ConnectionId, call: Call, now_ms: u64) {
        let dealer = if call.is_file { FILE_DEALER } else { dealer_of(id) };
        self.calls.insert(id, PendingCall { call: Some(call), due_ms: now_ms + CALL_MS_MAX });
        if let Some(turns) = self.turns.get_mut(dealer) {
            turns.push_back(id);
        }
    }

    /// Adds a connection to the queue of turns, if it can send and is not in the queue.
    fn queue_turn(&mut self, id: ConnectionId) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        if connection.wants_turn()
            && !std::mem::replace(&mut connection.has_turn, true)
            && let Some(turns) = self.turns.get_mut(dealer_of(id))
        {
            turns.push_back(id);
        }
    }

    /// Handles a reply from the broker: the reply to a client, or to the gateway's own check of a session.
    pub(crate) fn reply(&mut self, tag: &[u8], reply: Reply, now_ms: u64) {
        self.counters.replies += 1;
        match ConnectionId::of_tag(tag) {
            Some((id, Purpose::Check)) => self.checked(id, &reply.lines, now_ms),
            Some((id, Purpose::Relay)) if self.calls.remove(&id).is_some() => {
                self.effects.push(Effect::Answer { to: id, reply: Some(reply) });
            }
            Some((id, Purpose::Relay)) => self.relay(id, reply.lines, now_ms),
            None => {}
        }
    }

    fn leave(&mut self, topic: &str, id: ConnectionId) {
        if self.topics.leave(topic, id) {
            self.effects.push(Effect::Unsubscribe(topic.to_owned()));
        }
    }
}

/// The index of the connection to the broker that sends the requests of a client.
fn dealer_of(id: ConnectionId) -> usize {
    usize::try_from(id.0 % DEALERS as u64).unwrap_or_default()
}

/// Appends a newline if it is missing: published events can lack the last newline.
fn with_newline(lines: &[u8]) -> Bytes {
    if lines.ends_with(b"\n") { Bytes::copy_from_slice(lines) } else { [lines, b"\n"].concat().into() }
}

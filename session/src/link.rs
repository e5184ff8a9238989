//! The link to the server: whether it answers, and the move to another endpoint of the same node when it does
//! not.
//!
//! A move loses nothing: the token is valid at every endpoint of a node, and requests without a reply are
//! sent again under the same ids. The first round through all endpoints takes the time of one reply at each;
//! further rounds take longer, up to a limit, and differ from client to client.

use common::methods::ServerInfo;
use common::node::NoParams;

use super::api::{Effect, News};
use super::context::Context;
use super::limits::{ENDPOINT_SWITCH_MS_MIN, OFFLINE_AFTER_MS};
use super::requests::{Origin, Pending};
use super::status::Connectivity;

/// The state of the link.
pub(crate) struct Link {
    /// How many endpoints there are, at least one.
    endpoints: usize,
    /// The place of the endpoint that is used.
    endpoint: usize,
    /// How many endpoints were tried since the last reply.
    moves: usize,
    /// When the next endpoint may be tried.
    may_move: u64,
    has_ever_answered: bool,
    /// When a reply was first missing.
    silent_since: Option<u64>,
}

impl Link {
    pub(crate) fn new(endpoints: usize) -> Self {
        let endpoints = endpoints.max(1);
        Self { endpoints, endpoint: 0, moves: 0, may_move: 0, has_ever_answered: false, silent_since: None }
    }

    /// Whether no reply is missing.
    pub(crate) fn is_up(&self) -> bool {
        self.silent_since.is_none()
    }

    pub(crate) fn endpoint(&self) -> usize {
        self.endpoint
    }

    pub(crate) fn connectivity(&self, now_ms: u64) -> Connectivity {
        match self.silent_since {
            None if self.has_ever_answered => Connectivity::Connected,
            None => Connectivity::Connecting,
            Some(since) if self.has_ever_answered && now_ms < since + OFFLINE_AFTER_MS => {
                Connectivity::Reconnecting
            }
            Some(_) => Connectivity::Offline,
        }
    }

    /// The next endpoint, if it may be tried, and how many rounds there were.
    fn move_on(&mut self, now_ms: u64) -> Option<(usize, u32)> {
        if self.endpoints < 2 || now_ms < self.may_move {
            return None;
        }
        self.endpoint = (self.endpoint + 1) % self.endpoints;
        let rounds = self.moves / self.endpoints;
        self.moves += 1;
        Some((self.endpoint, u32::try_from(rounds).unwrap_or(u32::MAX)))
    }

    /// A reply is missing. It is news only once, until a reply arrives. Every request goes to the next
    /// endpoint, if it may be tried: then this returns how many rounds there were.
    pub(crate) fn lost(&mut self, cx: &mut Context) -> Option<u32> {
        if self.silent_since.is_none() {
            self.silent_since = Some(cx.now_ms());
            cx.emit_news(News::ConnectionLost);
        }
        let (endpoint, attempt) = self.move_on(cx.now_ms())?;
        cx.emit(Effect::UseEndpoint(endpoint));
        self.may_move = cx.now_ms() + ENDPOINT_SWITCH_MS_MIN;
        let due = cx.now_ms() + cx.rng().wait_ms(attempt);
        let again = cx.requests_mut().again(due, attempt);
        cx.emit_all(again);
        Some(attempt)
    }

    /// A reply has arrived; true if it ends a silence.
    pub(crate) fn heard(&mut self, cx: &mut Context) -> bool {
        self.has_ever_answered = true;
        self.moves = 0;
        let was_silent = self.silent_since.take().is_some();
        if was_silent {
            cx.emit_news(News::ConnectionRestored);
        }
        was_silent
    }
}

/// Asks whether the server is there, until it answers.
pub(crate) fn knock(cx: &mut Context, ticket: u64) {
    cx.ask_without_token::<ServerInfo>(Origin::Command { ticket, pending: Pending::Knock }, &NoParams {});
}

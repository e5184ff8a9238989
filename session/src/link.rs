//! The link to the server: it records whether the server replies, and switches to another endpoint of the
//! node if replies are missing.
//!
//! A switch loses nothing: the token is valid at every endpoint of a node, and requests without a reply are
//! repeated with the same ids. A round is one attempt at each endpoint. In later rounds the session waits
//! longer for a reply, up to a limit, with jitter.

use common::methods::ServerInfo;
use common::node::NoParams;

use super::api::{Effect, News};
use super::context::Context;
use super::limits::{ENDPOINT_SWITCH_MS_MIN, OFFLINE_AFTER_MS};
use super::requests::{Origin, Pending};
use super::status::Connectivity;

pub(crate) struct Link {
    /// The number of endpoints, at least one.
    endpoints: usize,
    /// The index of the current endpoint.
    endpoint: usize,
    /// The number of switches since the last reply.
    switches: usize,
    /// The earliest time of the next switch.
    next_switch_ms: u64,
    has_replied: bool,
    /// The time at which the first missing reply was overdue. `None` if no reply is overdue.
    silent_since: Option<u64>,
}

impl Link {
    pub(crate) fn new(endpoints: usize) -> Self {
        let endpoints = endpoints.max(1);
        Self {
            endpoints,
            endpoint: 0,
            switches: 0,
            next_switch_ms: 0,
            has_replied: false,
            silent_since: None,
        }
    }

    /// Whether the server replies: no reply is overdue.
    pub(crate) fn is_up(&self) -> bool {
        self.silent_since.is_none()
    }

    #[cfg(any(test, feature = "recorder"))]
    pub(crate) fn endpoints(&self) -> usize {
        self.endpoints
    }

    pub(crate) fn endpoint(&self) -> usize {
        self.endpoint
    }

    pub(crate) fn connectivity(&self, now_ms: u64) -> Connectivity {
        match self.silent_since {
            None if self.has_replied => Connectivity::Connected,
            None => Connectivity::Connecting,
            Some(since) if self.has_replied && now_ms < since + OFFLINE_AFTER_MS => {
                Connectivity::Reconnecting
            }
            Some(_) => Connectivity::Offline,
        }
    }

    /// Selects the next endpoint, if a switch is allowed. Returns the index of the endpoint, and the number
    /// of completed rounds.
    fn next_endpoint(&mut self, now_ms: u64) -> Option<(usize, u32)> {
        if self.endpoints < 2 || now_ms < self.next_switch_ms {
            return None;
        }
        self.endpoint = (self.endpoint + 1) % self.endpoints;
        let rounds = self.switches / self.endpoints;
        self.switches += 1;
        Some((self.endpoint, u32::try_from(rounds).unwrap_or(u32::MAX)))
    }

    /// Handles a missing reply: emits [`News::ConnectionLost`] once, and repeats all requests at the next
    /// endpoint, if a switch is allowed. Returns the number of completed rounds after a switch, else `None`.
    pub(crate) fn reply_missing(&mut self, cx: &mut Context) -> Option<u32> {
        self.lost(cx);
        let (endpoint, attempt) = self.next_endpoint(cx.now_ms())?;
        cx.emit(Effect::UseEndpoint(endpoint));
        self.next_switch_ms = cx.now_ms() + ENDPOINT_SWITCH_MS_MIN;
        let due = cx.now_ms() + cx.rng().wait_ms(attempt);
        let resent = cx.requests_mut().resend(due, attempt, |_| true);
        cx.emit_all(resent);
        Some(attempt)
    }

    /// Notes that the server does not reply.
    pub(crate) fn lost(&mut self, cx: &mut Context) {
        if self.silent_since.is_none() {
            self.silent_since = Some(cx.now_ms());
            cx.emit_news(News::ConnectionLost);
        }
    }

    /// Handles any reply. Returns whether replies were missing before this reply.
    pub(crate) fn reply_received(&mut self, cx: &mut Context) -> bool {
        self.has_replied = true;
        self.switches = 0;
        let was_silent = self.silent_since.take().is_some();
        if was_silent {
            cx.emit_news(News::ConnectionRestored);
        }
        was_silent
    }
}

pub(crate) fn ping(cx: &mut Context, ticket: u64) {
    cx.request_without_token::<ServerInfo>(Origin::Command { ticket, pending: Pending::Ping }, &NoParams {});
}

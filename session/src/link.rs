//! The link to the server: whether it answers, and going on at another endpoint of the same node when it does not.
//!
//! Going on costs nothing: the token holds at every endpoint of a node, and what was asked at the last one and not
//! answered is asked again, under the same ids. The first round through all endpoints takes as long as a reply may
//! take at each; further rounds take longer and longer, up to a cap, and differ from client to client.

use common::node::Nothing;
use common::{Error, Method};

use super::Session;
use super::exchange::{Answer, Effect, News};
use super::following::speakable;
use super::limits::{MOVE_EVERY_MS_MIN, OFFLINE_AFTER_MS};
use super::requests::{Question, read};
use super::status::Connectivity;

/// What is known of the link.
pub(super) struct Link {
    /// How many endpoints there are, at least one.
    endpoints: usize,
    /// At which one we are.
    endpoint: usize,
    /// How often we went on since the server last answered.
    moves: usize,
    /// When we may go on again.
    may_move: u64,
    has_ever_answered: bool,
    /// Since when no reply has come though one should have.
    silent_since: Option<u64>,
}

impl Link {
    pub(super) fn new(endpoints: usize) -> Self {
        let endpoints = endpoints.max(1);
        Self { endpoints, endpoint: 0, moves: 0, may_move: 0, has_ever_answered: false, silent_since: None }
    }

    /// Whether every reply has come so far that should have.
    pub(super) fn is_up(&self) -> bool {
        self.silent_since.is_none()
    }

    pub(super) fn endpoint(&self) -> usize {
        self.endpoint
    }

    pub(super) fn connectivity(&self, now_ms: u64) -> Connectivity {
        match self.silent_since {
            None if self.has_ever_answered => Connectivity::Connected,
            None => Connectivity::Connecting,
            Some(since) if self.has_ever_answered && now_ms < since + OFFLINE_AFTER_MS => {
                Connectivity::Reconnecting
            }
            Some(_) => Connectivity::Offline,
        }
    }

    /// The next endpoint, when there is another one and it is time; and how many rounds there were.
    fn move_on(&mut self, now_ms: u64) -> Option<(usize, u32)> {
        if self.endpoints < 2 || now_ms < self.may_move {
            return None;
        }
        self.endpoint = (self.endpoint + 1) % self.endpoints;
        let rounds = self.moves / self.endpoints;
        self.moves += 1;
        Some((self.endpoint, u32::try_from(rounds).unwrap_or(u32::MAX)))
    }
}

impl Session {
    /// Says that the node can be reached at so many endpoints; [`Effect::Endpoint`] names one by its place. The
    /// first is taken first.
    #[must_use]
    pub fn with_endpoints(mut self, count: usize) -> Self {
        self.link = Link::new(count);
        self
    }

    /// Asks whether the server is there. It is asked again until it answers, as everybody is.
    pub(super) fn knock(&mut self, now_ms: u64, ticket: u64) {
        self.ask_anyone(now_ms, ticket, Question::Knock, Method::ServerInfo, &Nothing {});
    }

    /// The server is there, and speaks as we do.
    pub(super) fn opened_to(result: &str) -> Result<Answer, Error> {
        speakable(read(result)?).map(|_info| Answer::Done)
    }

    /// A reply is missing: the person is told once, until one comes, and perhaps another endpoint answers.
    pub(super) fn lost(&mut self, now_ms: u64) {
        if self.link.silent_since.is_none() {
            self.link.silent_since = Some(now_ms);
            self.effects.push(Effect::News(News::ConnectionLost));
        }
        if let Some((endpoint, attempt)) = self.link.move_on(now_ms) {
            self.effects.push(Effect::Endpoint(endpoint));
            self.link.may_move = now_ms + MOVE_EVERY_MS_MIN;
            let due = now_ms + self.dice.wait_ms(attempt);
            self.effects.extend(self.requests.again(due, attempt));
            self.fly_again(now_ms, attempt);
        }
    }

    /// The server answers. After a silence the fan-out may have been away too.
    pub(super) fn heard(&mut self, now_ms: u64) {
        self.link.has_ever_answered = true;
        self.link.moves = 0;
        if self.link.silent_since.take().is_some() {
            self.effects.push(Effect::News(News::ConnectionRestored));
            self.find_fan_out(now_ms);
        }
    }
}

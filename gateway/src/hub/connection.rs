//! One connection of a client: its token, its topics, and its requests.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use common::UserName;

use crate::connection_id::SenderId;
use crate::limits::{CHECK_MS_MAX, FIRST_LINE_MS_MAX, IN_FLIGHT_MAX, IN_FLIGHT_MS};
use crate::token::Token;

/// The state of the session of a connection.
#[derive(Debug)]
pub(crate) enum Session {
    /// The connection has no token of its own. Its requests may carry tokens.
    Anonymous {
        has_sent: bool,
    },
    /// The token is not checked yet. Requests wait.
    Unchecked,
    Open,
}

pub(crate) struct Connection {
    pub(crate) sender: SenderId,
    pub(crate) token: Option<Token>,
    pub(crate) session: Session,
    /// The time by which the reply to a check of the session must arrive.
    pub(crate) check_by_ms: Option<u64>,
    /// The request that checks the session, until it is sent.
    pub(crate) check: Option<Vec<u8>>,
    /// Whether another check must follow, because a session may have ended since the last one began.
    pub(crate) must_check_again: bool,
    /// Whether the connection is in the queue of turns.
    pub(crate) has_turn: bool,
    /// The user, after the check of the session. The limit of this user counts the connection.
    pub(crate) user: Option<UserName>,
    pub(crate) topics: BTreeSet<Arc<str>>,
    /// Frames of request lines that are not sent yet, each with the bytes that it had when it arrived.
    pub(crate) waiting: VecDeque<(Vec<u8>, usize)>,
    /// The time of each frame whose reply has not arrived.
    in_flight_ms: VecDeque<u64>,
    opened_ms: u64,
}

impl Connection {
    pub(crate) fn new(sender: SenderId, token: Option<Token>, now_ms: u64) -> Self {
        let session =
            if token.is_some() { Session::Unchecked } else { Session::Anonymous { has_sent: false } };
        Self {
            sender,
            token,
            session,
            check_by_ms: None,
            check: None,
            must_check_again: false,
            has_turn: false,
            user: None,
            topics: BTreeSet::new(),
            waiting: VecDeque::new(),
            in_flight_ms: VecDeque::new(),
            opened_ms: now_ms,
        }
    }

    /// Whether a check or a frame can be sent now.
    pub(crate) fn wants_turn(&self) -> bool {
        self.check.is_some() || self.can_send()
    }

    /// Whether a frame waits that may be sent now.
    pub(crate) fn can_send(&self) -> bool {
        !self.waiting.is_empty()
            && self.in_flight_ms.len() < IN_FLIGHT_MAX
            && !matches!(self.session, Session::Unchecked)
    }

    pub(crate) fn take_frame(&mut self, now_ms: u64) -> Option<(Vec<u8>, usize)> {
        let frame = self.waiting.pop_front()?;
        self.in_flight_ms.push_back(now_ms);
        Some(frame)
    }

    /// Counts a reply, and removes the oldest time. The replies to a few methods arrive out of order, and the
    /// removed time then belongs to another frame. This changes only when that frame stops counting.
    pub(crate) fn answered(&mut self) {
        self.in_flight_ms.pop_front();
    }

    pub(crate) fn begin_check(&mut self, request: Vec<u8>, now_ms: u64) {
        (self.check, self.check_by_ms) = (Some(request), Some(now_ms + CHECK_MS_MAX));
        self.must_check_again = false;
    }

    /// Removes the times of frames without a reply. Returns whether the connection must be closed, because it
    /// sent nothing.
    pub(crate) fn tick(&mut self, now_ms: u64) -> bool {
        while self.in_flight_ms.front().is_some_and(|sent| sent + IN_FLIGHT_MS <= now_ms) {
            self.in_flight_ms.pop_front();
        }
        let has_sent_nothing = matches!(self.session, Session::Anonymous { has_sent: false });
        has_sent_nothing && self.opened_ms + FIRST_LINE_MS_MAX <= now_ms
    }
}

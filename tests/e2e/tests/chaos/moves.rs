//! Decides when a client of several nodes moves to the next node, as the clients of papo do: at once when its
//! connection breaks or its node is cut off, and otherwise after a ping without a reply.

/// The time without a reply after which the client sends a ping, and the time for the answer.
const SILENCE_MS: u64 = 500;

/// The minimum time between two moves. It doubles with each move without a reply.
const MOVE_DELAY_MS: u64 = 100;
const MOVE_DOUBLINGS_MAX: u32 = 4;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// No request is unanswered since the last reply.
    Quiet,
    Waiting {
        since_ms: u64,
    },
    Pinged {
        since_ms: u64,
    },
    Broken,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Due {
    Ping,
    Move,
}

#[derive(Debug)]
pub(super) struct Moves {
    state: State,
    /// The earliest time of the next move.
    next_move_ms: u64,
    /// The moves since the last reply.
    count: u32,
}

impl Moves {
    pub(super) fn new() -> Self {
        Self { state: State::Quiet, next_move_ms: 0, count: 0 }
    }

    /// A request was sent.
    pub(super) fn sent(&mut self, now_ms: u64) {
        if self.state == State::Quiet {
            self.state = State::Waiting { since_ms: now_ms };
        }
    }

    /// A reply arrived.
    pub(super) fn received(&mut self) {
        self.count = 0;
        if self.state != State::Broken {
            self.state = State::Quiet;
        }
    }

    /// The connection broke, or the node is cut off.
    pub(super) fn broke(&mut self) {
        self.state = State::Broken;
    }

    /// The time at which [`due`](Self::due) returns the next action.
    pub(super) fn deadline(&self) -> u64 {
        match self.state {
            State::Quiet => u64::MAX,
            State::Waiting { since_ms } => since_ms + SILENCE_MS,
            State::Pinged { since_ms } => self.next_move_ms.max(since_ms + SILENCE_MS),
            State::Broken => self.next_move_ms,
        }
    }

    /// The action that is due. After a move, the caller sends a ping to the new node.
    pub(super) fn due(&mut self, now_ms: u64) -> Option<Due> {
        if now_ms < self.deadline() {
            return None;
        }
        let is_ping = matches!(self.state, State::Waiting { .. });
        self.state = State::Pinged { since_ms: now_ms };
        if is_ping {
            return Some(Due::Ping);
        }
        self.next_move_ms = now_ms + (MOVE_DELAY_MS << self.count.min(MOVE_DOUBLINGS_MAX));
        self.count += 1;
        Some(Due::Move)
    }
}

//! Decides when the client moves to the next endpoint of its server: at once when the connection breaks, and
//! after a ping without a reply. Pure: times are arguments, in milliseconds.
//!
//! A move loses nothing, because the session sends all requests again with the same ids.

/// The time without a reply after which the client sends a ping, and the time for the answer.
const SILENCE_MS: u64 = 500;

/// The minimum time between two moves. It doubles with each move without a reply, up to 1.6 s, so that a
/// client does not flood the endpoints of a server that is down.
const MOVE_DELAY_MS: u64 = 100;
const MOVE_DOUBLINGS_MAX: u32 = 4;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// No request is unanswered since the last reply.
    Quiet,
    /// A request was sent at this time.
    Waiting { since_ms: u64 },
    /// A ping was sent at this time.
    Pinged { since_ms: u64 },
    /// The connection broke. The client moves at the earliest permitted time.
    Broken,
}

/// An action that is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Due {
    Ping,
    Move,
}

pub(super) struct Liveness {
    has_other_endpoints: bool,
    state: State,
    /// The earliest time of the next move.
    next_move_ms: u64,
    /// The moves since the last reply.
    moves: u32,
}

impl Liveness {
    pub(super) fn new(endpoints: usize) -> Self {
        Self { has_other_endpoints: endpoints > 1, state: State::Quiet, next_move_ms: 0, moves: 0 }
    }

    /// A request was sent.
    pub(super) fn sent(&mut self, now_ms: u64) {
        if self.state == State::Quiet {
            self.state = State::Waiting { since_ms: now_ms };
        }
    }

    /// A reply arrived.
    pub(super) fn received(&mut self) {
        self.moves = 0;
        if self.state != State::Broken {
            self.state = State::Quiet;
        }
    }

    /// The connection broke.
    pub(super) fn broke(&mut self) {
        self.state = State::Broken;
    }

    /// The time at which [`due`](Self::due) returns the next action.
    pub(super) fn deadline(&self) -> Option<u64> {
        if !self.has_other_endpoints {
            return None;
        }
        match self.state {
            State::Quiet => None,
            State::Waiting { since_ms } => Some(since_ms + SILENCE_MS),
            State::Pinged { since_ms } => Some(self.next_move_ms.max(since_ms + SILENCE_MS)),
            State::Broken => Some(self.next_move_ms),
        }
    }

    /// The action that is due. The caller carries it out.
    pub(super) fn due(&mut self, now_ms: u64) -> Option<Due> {
        if self.deadline().is_none_or(|deadline| now_ms < deadline) {
            return None;
        }
        let is_ping = matches!(self.state, State::Waiting { .. });
        // The client also sends a ping after a move.
        self.state = State::Pinged { since_ms: now_ms };
        if is_ping {
            return Some(Due::Ping);
        }
        self.next_move_ms = now_ms + (MOVE_DELAY_MS << self.moves.min(MOVE_DOUBLINGS_MAX));
        self.moves += 1;
        Some(Due::Move)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_with_one_endpoint_never_moves() {
        let mut liveness = Liveness::new(1);
        liveness.sent(0);
        liveness.broke();
        assert_eq!((liveness.deadline(), liveness.due(10_000)), (None, None));
    }

    #[test]
    fn a_ping_is_sent_after_silence_and_the_client_moves_after_a_ping_without_a_reply() {
        let mut liveness = Liveness::new(2);
        liveness.sent(1_000);
        liveness.sent(1_400);
        assert_eq!((liveness.deadline(), liveness.due(1_499)), (Some(1_500), None));
        assert_eq!(liveness.due(1_500), Some(Due::Ping));
        assert_eq!((liveness.due(1_999), liveness.due(2_000)), (None, Some(Due::Move)));
        liveness.received();
        assert_eq!(liveness.deadline(), None);
    }

    #[test]
    fn a_broken_connection_is_left_at_once_and_further_moves_wait_longer() {
        let mut liveness = Liveness::new(3);
        let mut now_ms = 5_000;
        let waits: Vec<u64> = (0..7)
            .map(|_| {
                liveness.broke();
                let began_ms = now_ms;
                while liveness.due(now_ms).is_none() {
                    now_ms += 10;
                }
                now_ms - began_ms
            })
            .collect();
        assert_eq!(waits, [0, 100, 200, 400, 800, 1_600, 1_600]);
        liveness.received();
        now_ms += 1_600;
        liveness.broke();
        assert_eq!(liveness.due(now_ms), Some(Due::Move));
    }
}

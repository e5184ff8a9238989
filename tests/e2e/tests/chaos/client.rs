//! One client of a run: a real session core over real sockets. It sends random messages.

use std::sync::Arc;

use common::accounts::LoggedIn;
use common::{Conversation, Target, Text};
use session::{Command, Follow, Message, Session, driver};
use sim::checks::bounds;
use testkit::Rng;
use transport::poll::Watch;
use transport::security::Security;
use transport::{Context, Frame, Socket};
use uuid::Uuid;

use super::client_io::{ClientIo, Link, Noted};
use super::results::RunResults;

/// Maximum messages received from one socket in one round, as in the client's network thread.
const MESSAGES_PER_ROUND_MAX: usize = 256;

/// A client with this number of pending messages sends no more messages.
const PENDING_MAX: usize = 64;

/// Milliseconds between two looks at a WebSocket.
const WEB_LOOK_MS: u64 = 10;

pub(super) const FOLLOW_TICKET: u64 = 1;

#[derive(Debug, Clone)]
pub(super) struct Endpoints {
    pub(super) requests: String,
    pub(super) events: String,
    /// The gateway's endpoint for clients with WebSockets.
    pub(super) web: Option<String>,
    pub(super) security: Security,
}

pub(super) struct ChaosClient {
    session: Session,
    pub(super) io: ClientIo,
    rng: Rng,
    targets: Vec<Target>,
    send_interval_ms_max: u64,
    sends_at_ms: u64,
    reads_at_ms: u64,
    /// The time at which the client was complete.
    pub(super) complete_at_ms: Option<u64>,
}

impl ChaosClient {
    /// Creates a client that resumes a session and follows all conversations. It begins at the first of the
    /// endpoints.
    pub(super) fn new(
        context: &Context,
        endpoints: Vec<Endpoints>,
        account: LoggedIn,
        mut rng: Rng,
        results: &Arc<RunResults>,
    ) -> Self {
        let is_web = endpoints[0].web.is_some();
        let mut session = Session::new(rng.within(0..u64::MAX));
        if !is_web {
            session = session.with_endpoints(endpoints.len());
        }
        session.command(results.now_ms(), 0, Command::Restore(account.clone()));
        session.command(results.now_ms(), FOLLOW_TICKET, Command::Follow(Follow::Everything));
        Self {
            session,
            io: ClientIo::new(context, endpoints, account, rng.split(), results),
            rng,
            targets: Vec::new(),
            send_interval_ms_max: u64::MAX,
            sends_at_ms: 0,
            reads_at_ms: 0,
            complete_at_ms: None,
        }
    }

    /// Makes the client send to these conversations, and expects all events after the given numbers.
    pub(super) fn sends_to(&mut self, targets: &[(Target, u64)], every_ms_max: u64) {
        for (target, head) in targets {
            self.io.shown.expect_after(target.clone(), *head);
            self.targets.push(target.clone());
        }
        self.send_interval_ms_max = every_ms_max;
    }

    /// Expects all events of a conversation after `after`. The client does not send to this conversation.
    pub(super) fn expects_from(&mut self, target: Target, after: u64) {
        self.io.shown.expect_after(target, after);
    }

    /// Stops reading events and replies for `for_ms`.
    pub(super) fn stop_reading(&mut self, for_ms: u64) {
        self.reads_at_ms = self.io.results.now_ms() + for_ms;
    }

    pub(super) fn unanswered(&self) -> usize {
        let queues = self.session.queues();
        let waiting = queues.iter().filter(|queue| matches!(queue.name, "requests" | "flight"));
        waiting.map(|queue| queue.length).sum()
    }

    /// The state of the client, for the report of a violation.
    pub(super) fn describe(&self) -> String {
        let queues = self.session.queues();
        let queues = queues.iter().filter(|queue| queue.length > 0);
        let queues: Vec<_> = queues.map(|queue| format!("{} {}", queue.name, queue.length)).collect();
        let wait_ms = self.session.deadline().map(|due| due.saturating_sub(self.io.results.now_ms()));
        let user = &self.io.account.user;
        format!("{user}: {}, next step in {wait_ms:?} ms, {}", self.io.describe(), queues.join(", "))
    }

    /// Moves back to the first endpoint.
    pub(super) fn go_home(&mut self) {
        if self.io.is_away() {
            self.session.link_down(self.io.results.now_ms());
            self.io.move_to(0);
        }
    }

    fn is_reading(&self, now_ms: u64) -> bool {
        self.reads_at_ms <= now_ms
    }

    pub(super) fn watches(&self, now_ms: u64) -> impl Iterator<Item = Watch<'_>> {
        let (dealer, subscriber) = self.io.sockets();
        let writable = dealer.filter(|_| !self.io.outgoing.is_empty()).map(Watch::Writable);
        [dealer, subscriber]
            .into_iter()
            .flatten()
            .map(Watch::Readable)
            .chain(writable)
            .filter(move |_| self.is_reading(now_ms))
    }

    /// The time of the next action without an incoming message.
    pub(super) fn deadline(&self, now_ms: u64) -> u64 {
        if !self.is_reading(now_ms) {
            return self.reads_at_ms;
        }
        // A WebSocket is not among the watches.
        let next_look_ms = if self.io.is_web() { now_ms + WEB_LOOK_MS } else { u64::MAX };
        let next_send_ms = if self.is_sending() { self.sends_at_ms } else { u64::MAX };
        self.session
            .deadline()
            .unwrap_or(u64::MAX)
            .min(next_send_ms)
            .min(next_look_ms)
            .min(self.io.next_move_ms())
    }

    fn is_sending(&self) -> bool {
        self.io.results.is_sending.load(std::sync::atomic::Ordering::Relaxed) && !self.targets.is_empty()
    }

    /// Runs one round: sends, receives, ticks the session, carries out the effects, and checks the queues.
    pub(super) fn run_once(&mut self) {
        let now_ms = self.io.results.now_ms();
        if !self.is_reading(now_ms) {
            return;
        }
        if self.is_sending() && self.sends_at_ms <= now_ms {
            self.sends_at_ms = now_ms + self.rng.within(1..self.send_interval_ms_max);
            self.send_messages(now_ms);
        }
        self.receive(now_ms);
        if self.io.must_move() {
            self.session.link_down(now_ms);
            self.io.move_on();
        }
        self.session.tick(now_ms);
        let Ok(()) = driver::step(&mut self.session, &mut self.io);
        self.io.flush();
        self.io.results.note(bounds::session_queues(&self.session.queues()));
    }

    fn send_messages(&mut self, now_ms: u64) {
        let to = self.targets[self.rng.within(0..self.targets.len() as u64) as usize].clone();
        // One of 20 sends is a burst of 10 messages. One of 50 messages is long.
        let count = if self.rng.within(0..20) == 0 { 10 } else { 1 };
        for _ in 0..count {
            if self.session.messages_waiting() >= PENDING_MAX {
                return;
            }
            let more =
                if self.rng.within(0..50) == 0 { "e assim por diante ".repeat(200) } else { String::new() };
            let id = Uuid::now_v7();
            let text = Text::new(format!("{} de {} {more}", self.io.sent.len(), self.io.account.user))
                .expect("a text");
            self.io.waits.sent(id, now_ms);
            self.io.sent.push((Conversation::of(&self.io.account.user, &to), id));
            self.session.command(now_ms, 0, Command::Send(Message { to: to.clone(), id, text, reply: None }));
            self.io.results.sent.add(1);
        }
    }

    fn receive(&mut self, now_ms: u64) {
        match &mut self.io.link {
            Link::Web(link) => {
                link.maintain(now_ms, &mut self.session);
                link.receive(now_ms, &mut self.session);
            }
            Link::Zmq { dealer, subscriber, .. } => {
                if let Some(subscriber) = subscriber {
                    receive_from(subscriber, |frames| {
                        if let [topic, lines] = frames {
                            self.session.events(now_ms, topic, lines);
                        }
                    });
                }
                let mut replies = Vec::new();
                receive_from(dealer, |frames| {
                    if let [_empty, lines] = frames {
                        replies.push(lines.to_vec());
                    }
                });
                for lines in replies {
                    match self.io.note_reply(&lines) {
                        Noted::Reply => self.session.replies(now_ms, &lines),
                        Noted::Moved => self.session.link_up(now_ms),
                        Noted::Ping => {}
                    }
                }
            }
        }
    }

    /// Records the time at which all messages are acknowledged and shown.
    pub(super) fn check_complete(&mut self) {
        let observed = self.io.results.observed();
        let user = &self.io.account.user;
        let is_shown = observed.conversations().all(|conversation| {
            let head = observed.of(conversation).last().map_or(0, |(n, _)| n);
            match conversation {
                Conversation::Direct(first, second) if first != user && second != user => true,
                Conversation::Direct(..) | Conversation::Channel(_) => {
                    self.io.shown.is_complete(&conversation.seen_by(user), head) == Some(true)
                }
            }
        });
        drop(observed);
        if !is_shown || self.session.messages_waiting() > 0 || !self.io.follows {
            self.complete_at_ms = None;
        } else if self.complete_at_ms.is_none() {
            self.complete_at_ms = Some(self.io.results.now_ms());
        }
    }
}

fn receive_from(socket: &Socket, mut handle: impl FnMut(&[Frame])) {
    let mut frames = Vec::new();
    for _ in 0..MESSAGES_PER_ROUND_MAX {
        if !socket.receive(&mut frames).expect("receiving succeeds") {
            break;
        }
        handle(&frames);
    }
}

//! One client of a run: the client's real session core over real sockets, and a person who talks and remembers.

use std::sync::Arc;

use common::accounts::LoggedIn;
use common::{Conversation, Target, Text};
use session::{Command, Follow, Message, Session, driver};
use sim::checks::bounds;
use testkit::Rng;
use transport::Context;
use transport::poll::Watch;
use transport::security::Security;
use uuid::Uuid;

use super::person_io::PersonIo;
use super::record::Record;

/// Messages taken from one socket in one turn, as the client's network thread does.
const MESSAGES_PER_TURN_MAX: usize = 256;

/// Messages that a person lets wait before saying the next one.
const WAITING_MAX: usize = 64;

/// The ticket of the command to follow everything.
pub(super) const FOLLOW: u64 = 1;

/// Where the node is, for one client.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) requests: String,
    pub(super) events: String,
    pub(super) security: Security,
}

/// A client and its person.
pub(super) struct Person {
    session: Session,
    pub(super) io: PersonIo,
    rng: Rng,
    /// Whom the person talks to.
    targets: Vec<Target>,
    /// Between two things that the person says, in milliseconds, at the most.
    says_every_ms_max: u64,
    says_at_ms: u64,
    reads_again_at_ms: u64,
    /// When all was shown that there is to show, in milliseconds.
    pub(super) complete_at_ms: Option<u64>,
}

impl Person {
    /// A client that goes on with a session, and follows everything.
    pub(super) fn new(
        context: &Context,
        place: Place,
        account: LoggedIn,
        mut rng: Rng,
        record: &Arc<Record>,
    ) -> Self {
        let mut session = Session::new(rng.within(0..u64::MAX));
        session.command(record.now_ms(), 0, Command::Restore(account.clone()));
        session.command(record.now_ms(), FOLLOW, Command::Follow(Follow::Everything));
        Self {
            session,
            io: PersonIo::new(context, place, account, record),
            rng,
            targets: Vec::new(),
            says_every_ms_max: u64::MAX,
            says_at_ms: 0,
            reads_again_at_ms: 0,
            complete_at_ms: None,
        }
    }

    /// Talks to these, and is owed everything that follows what there is in each.
    pub(super) fn talks_to(&mut self, targets: &[(Target, u64)], every_ms_max: u64) {
        for (target, head) in targets {
            self.io.shown.owe_after(target.clone(), *head);
            self.targets.push(target.clone());
        }
        self.says_every_ms_max = every_ms_max;
    }

    /// Is owed everything of a conversation that it takes no part in by itself.
    pub(super) fn is_owed(&mut self, target: Target, after: u64) {
        self.io.shown.owe_after(target, after);
    }

    /// Reads nothing for so many milliseconds: neither events nor replies.
    pub(super) fn stop_reading(&mut self, for_ms: u64) {
        self.reads_again_at_ms = self.io.record.now_ms() + for_ms;
    }

    /// Requests that wait for their replies.
    pub(super) fn unanswered(&self) -> usize {
        let queues = self.session.queues();
        let waiting = queues.iter().filter(|queue| matches!(queue.name, "requests" | "flight"));
        waiting.map(|queue| queue.length).sum()
    }

    fn reads(&self, now_ms: u64) -> bool {
        self.reads_again_at_ms <= now_ms
    }

    /// What is to be waited for.
    pub(super) fn watches(&self, now_ms: u64) -> impl Iterator<Item = Watch<'_>> {
        let sockets = [Some(&self.io.dealer), self.io.subscriber.as_ref()].into_iter().flatten();
        let writable = (!self.io.outgoing.is_empty()).then_some(Watch::Writable(&self.io.dealer));
        sockets.map(Watch::Readable).chain(writable).filter(move |_| self.reads(now_ms))
    }

    /// When there is something to do though nothing has come.
    pub(super) fn deadline(&self, now_ms: u64) -> u64 {
        if !self.reads(now_ms) {
            return self.reads_again_at_ms;
        }
        let says = if self.talks() { self.says_at_ms } else { u64::MAX };
        self.session.deadline().map_or(says, |deadline| deadline.min(says))
    }

    fn talks(&self) -> bool {
        self.io.record.is_talking.load(std::sync::atomic::Ordering::Relaxed) && !self.targets.is_empty()
    }

    /// Takes what has come, says what is to be said, and looks whether all is as it must be.
    pub(super) fn turn(&mut self) {
        let now_ms = self.io.record.now_ms();
        if !self.reads(now_ms) {
            return;
        }
        if self.talks() && self.says_at_ms <= now_ms {
            self.says_at_ms = now_ms + self.rng.within(1..self.says_every_ms_max);
            self.say(now_ms);
        }
        self.receive_events(now_ms);
        self.receive_replies(now_ms);
        self.session.tick(now_ms);
        let Ok(()) = driver::step(&mut self.session, &mut self.io);
        self.io.flush();
        self.io.record.note(bounds::session_queues(&self.session.queues()));
    }

    fn say(&mut self, now_ms: u64) {
        let to = self.targets[self.rng.within(0..self.targets.len() as u64) as usize].clone();
        // Now and then somebody pastes, and now and then it is long.
        let count = if self.rng.within(0..20) == 0 { 10 } else { 1 };
        for _ in 0..count {
            if self.session.messages_waiting() >= WAITING_MAX {
                return;
            }
            let long =
                if self.rng.within(0..50) == 0 { "e assim por diante ".repeat(200) } else { String::new() };
            let id = Uuid::now_v7();
            let text = Text::new(format!("{} de {} {long}", self.io.said.len(), self.io.account.user))
                .expect("a text");
            self.io.said.push((Conversation::of(&self.io.account.user, &to), id));
            self.session.command(now_ms, 0, Command::Send(Message { to: to.clone(), id, text, reply: None }));
            self.io.record.said.add(1);
        }
    }

    fn receive_events(&mut self, now_ms: u64) {
        let Some(subscriber) = &self.io.subscriber else { return };
        let mut frames = Vec::new();
        for _ in 0..MESSAGES_PER_TURN_MAX {
            if !subscriber.receive(&mut frames).expect("a receive") {
                break;
            }
            if let [topic, lines] = frames.as_slice() {
                self.session.events(now_ms, topic, lines);
            }
        }
    }

    fn receive_replies(&mut self, now_ms: u64) {
        let mut frames = Vec::new();
        for _ in 0..MESSAGES_PER_TURN_MAX {
            if !self.io.dealer.receive(&mut frames).expect("a receive") {
                break;
            }
            if let [_empty, lines] = frames.as_slice() {
                self.session.replies(now_ms, lines);
            }
        }
    }

    /// Notes when everything is acknowledged and shown, if it is by now.
    pub(super) fn look_whether_complete(&mut self) {
        let told = self.io.record.told();
        let user = &self.io.account.user;
        let is_shown = told.conversations().all(|conversation| {
            let head = told.of(conversation).last().map_or(0, |(n, _)| n);
            match conversation {
                Conversation::Direct(one, other) if one != user && other != user => true,
                Conversation::Direct(..) | Conversation::Channel(_) => {
                    self.io.shown.is_complete(&conversation.seen_by(user), head) == Some(true)
                }
            }
        });
        drop(told);
        if !is_shown || self.session.messages_waiting() > 0 || !self.io.follows {
            self.complete_at_ms = None;
        } else if self.complete_at_ms.is_none() {
            self.complete_at_ms = Some(self.io.record.now_ms());
        }
    }
}

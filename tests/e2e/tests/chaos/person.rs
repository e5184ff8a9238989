//! One client of a run: the client's real session core over real sockets, and a person who talks and remembers.

use std::collections::BTreeMap;
use std::sync::Arc;

use common::accounts::LoggedIn;
use common::limits::{FRAME_BYTES_MAX, FRAME_LINES_MAX, LINE_BYTES_MAX};
use common::{Conversation, Reason, Target, Text};
use e2e::Dice;
use session::{Command, Effect, Follow, Message, News, Session};
use sim::Violation;
use sim::checks::shown::Shown;
use sim::checks::{bounds, complete};
use transport::poll::Watch;
use transport::security::Security;
use transport::{Context, Frame, Kind, Sent, Socket};
use uuid::Uuid;

use super::record::Record;

/// Messages taken from one socket in one turn, as the client's network thread does.
const MESSAGES_PER_TURN_MAX: usize = 256;

/// Messages that a person lets wait before saying the next one.
const WAITING_MAX: usize = 64;

/// The ticket of the wish to follow everything.
const FOLLOW: u64 = 1;

/// Where the node is, for one client.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) requests: String,
    pub(super) events: String,
    pub(super) security: Security,
}

/// A client and its person.
pub(super) struct Person {
    pub(super) account: LoggedIn,
    place: Place,
    context: Context,
    dealer: Socket,
    subscriber: Option<Socket>,
    session: Session,
    outgoing: BTreeMap<u64, Vec<u8>>,
    record: Arc<Record>,
    dice: Dice,
    pub(super) shown: Shown,
    /// What was said and not refused, in order.
    pub(super) said: Vec<(Conversation, Uuid)>,
    /// What was refused. A copy of it that is late may still be stored.
    pub(super) refused: Vec<Uuid>,
    /// Whom the person talks to.
    targets: Vec<Target>,
    /// Between two things that the person says, in milliseconds, at the most.
    says_every_ms_max: u64,
    says_at_ms: u64,
    reads_again_at_ms: u64,
    pub(super) follows: bool,
    /// When all was shown that there is to show, in milliseconds.
    pub(super) complete_at_ms: Option<u64>,
}

impl Person {
    /// A client that goes on with a session, and follows everything.
    pub(super) fn new(
        context: &Context,
        place: Place,
        account: LoggedIn,
        mut dice: Dice,
        record: &Arc<Record>,
    ) -> Self {
        let dealer = context.socket(Kind::Dealer, &place.security).expect("a socket");
        dealer.connect(&place.requests).expect("an endpoint");
        let mut session = Session::new(dice.roll(0..u64::MAX));
        session.command(record.now_ms(), 0, Command::Restore(account.clone()));
        session.command(record.now_ms(), FOLLOW, Command::Follow(Follow::Everything));
        Self {
            account,
            place,
            context: context.clone(),
            dealer,
            subscriber: None,
            session,
            outgoing: BTreeMap::new(),
            record: Arc::clone(record),
            dice,
            shown: Shown::default(),
            said: Vec::new(),
            refused: Vec::new(),
            targets: Vec::new(),
            says_every_ms_max: u64::MAX,
            says_at_ms: 0,
            reads_again_at_ms: 0,
            follows: false,
            complete_at_ms: None,
        }
    }

    /// Talks to these, and is owed everything that follows what there is in each.
    pub(super) fn talks_to(&mut self, targets: &[(Target, u64)], every_ms_max: u64) {
        for (target, head) in targets {
            self.shown.owe_after(target.clone(), *head);
            self.targets.push(target.clone());
        }
        self.says_every_ms_max = every_ms_max;
    }

    /// Is owed everything of a conversation that it takes no part in by itself.
    pub(super) fn is_owed(&mut self, target: Target, after: u64) {
        self.shown.owe_after(target, after);
    }

    /// Reads nothing for so many milliseconds: neither events nor replies.
    pub(super) fn stop_reading(&mut self, for_ms: u64) {
        self.reads_again_at_ms = self.record.now_ms() + for_ms;
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
        let sockets = [Some(&self.dealer), self.subscriber.as_ref()].into_iter().flatten();
        let writable = (!self.outgoing.is_empty()).then_some(Watch::Writable(&self.dealer));
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
        self.record.is_talking.load(std::sync::atomic::Ordering::Relaxed) && !self.targets.is_empty()
    }

    /// Takes what has come, says what is to be said, and looks whether all is as it must be.
    pub(super) fn turn(&mut self) {
        let now_ms = self.record.now_ms();
        if !self.reads(now_ms) {
            return;
        }
        if self.talks() && self.says_at_ms <= now_ms {
            self.says_at_ms = now_ms + self.dice.roll(1..self.says_every_ms_max);
            self.say(now_ms);
        }
        self.receive_events(now_ms);
        self.receive_replies(now_ms);
        self.session.tick(now_ms);
        self.perform_effects();
        self.send();
        self.record.note(bounds::session_queues(&self.session.queues()));
    }

    fn say(&mut self, now_ms: u64) {
        let to = self.targets[self.dice.roll(0..self.targets.len() as u64) as usize].clone();
        // Now and then somebody pastes, and now and then it is long.
        let count = if self.dice.roll(0..20) == 0 { 10 } else { 1 };
        for _ in 0..count {
            if self.session.messages_waiting() >= WAITING_MAX {
                return;
            }
            let long =
                if self.dice.roll(0..50) == 0 { "e assim por diante ".repeat(200) } else { String::new() };
            let id = Uuid::now_v7();
            let text =
                Text::new(format!("{} de {} {long}", self.said.len(), self.account.user)).expect("a text");
            self.said.push((Conversation::of(&self.account.user, &to), id));
            self.session.command(now_ms, 0, Command::Send(Message { to: to.clone(), id, text, reply: None }));
            self.record.said.add(1);
        }
    }

    fn receive_events(&mut self, now_ms: u64) {
        let Some(subscriber) = &self.subscriber else { return };
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
            if !self.dealer.receive(&mut frames).expect("a receive") {
                break;
            }
            if let [_empty, lines] = frames.as_slice() {
                self.session.replies(now_ms, lines);
            }
        }
    }

    fn perform_effects(&mut self) {
        let mut effects = std::collections::VecDeque::from(self.session.take_effects());
        while let Some(effect) = effects.pop_front() {
            match effect {
                // These clients are never killed, so their memory is disk enough.
                Effect::Keep(message) => {
                    self.session.kept(self.record.now_ms(), &[message.id], Ok(()));
                    effects.extend(self.session.take_effects());
                }
                Effect::Release(_) | Effect::Recall(_) | Effect::Endpoint(_) | Effect::Alone { .. } => {}
                Effect::Request { id, line } => drop(self.outgoing.insert(id, line)),
                Effect::Connect(_) => {
                    let subscriber = self.context.socket(Kind::Subscriber, &self.place.security);
                    let subscriber = subscriber.expect("a socket");
                    subscriber.connect(&self.place.events).expect("an endpoint");
                    self.subscriber = Some(subscriber);
                }
                Effect::Subscribe(topic) => {
                    self.subscriber
                        .iter()
                        .for_each(|s| s.subscribe(topic.as_bytes()).expect("a subscription"));
                }
                Effect::Unsubscribe(topic) => {
                    self.subscriber.iter().for_each(|s| s.unsubscribe(topic.as_bytes()).expect("one less"));
                }
                Effect::Answer { ticket: FOLLOW, outcome } => self.follows = outcome.is_ok(),
                Effect::Answer { .. } => {}
                Effect::News(news) => self.look_at(news),
            }
        }
    }

    fn send(&mut self) {
        while !self.outgoing.is_empty() && self.dealer.can_send().expect("a state") {
            let mut frame = Vec::new();
            for _ in 0..FRAME_LINES_MAX {
                if frame.len() + LINE_BYTES_MAX > FRAME_BYTES_MAX {
                    break;
                }
                let Some((_id, line)) = self.outgoing.pop_first() else { break };
                self.record.requests.add(1);
                frame.extend(line);
            }
            self.record.note(bounds::request_frame(&frame));
            if self.dealer.send([Frame::new(), Frame::from(frame)]).expect("a send") != Sent::Done {
                break;
            }
        }
    }

    /// Something is told to the person, who remembers everything.
    fn look_at(&mut self, news: News) {
        let (user, record) = (&self.account.user, &self.record);
        if let News::Entry(entry) = news {
            record.shown.add(1);
            record.note(record.told().note(&entry.line));
            // Nobody comes or goes here, so nothing may be missing.
            record.note(self.shown.shown_in_order(user, &entry, |_after| false));
        } else if let News::Sent { message, outcome, .. } = news {
            match outcome {
                Ok(entry) => {
                    record.acknowledged();
                    record.note(record.told().note_acknowledged(message.id, &entry.line));
                }
                Err(error) => {
                    record.refused.add(1);
                    record.note(complete::refusals_are_final(user, &error));
                    if error.reason() != Some(Reason::StorageFull) {
                        let what = format!("{user} was refused: {}", error.message);
                        record.note(Err(Violation { checker: "refusals_have_a_reason", what }));
                    }
                    self.said.retain(|(_, id)| *id != message.id);
                    self.refused.push(message.id);
                }
            }
        } else if let News::SessionEnded(error) = news {
            let what = format!("{user} was logged out: {}", error.message);
            record.note(Err(Violation { checker: "sessions_last", what }));
        } else if matches!(news, News::SetBack) {
            let what = format!("{user} was told that the server has gone back");
            record.note(Err(Violation { checker: "never_set_back", what }));
        } else if matches!(news, News::ConnectionLost) {
            record.connections_lost.add(1);
        }
    }

    /// Notes when everything is acknowledged and shown, if it is by now.
    pub(super) fn look_whether_complete(&mut self) {
        let told = self.record.told();
        let user = &self.account.user;
        let is_shown = told.conversations().all(|conversation| {
            let head = told.of(conversation).last().map_or(0, |(n, _)| n);
            match conversation {
                Conversation::Direct(one, other) if one != user && other != user => true,
                Conversation::Direct(..) | Conversation::Channel(_) => {
                    self.shown.is_complete(&conversation.seen_by(user), head) == Some(true)
                }
            }
        });
        drop(told);
        if !is_shown || self.session.messages_waiting() > 0 || !self.follows {
            self.complete_at_ms = None;
        } else if self.complete_at_ms.is_none() {
            self.complete_at_ms = Some(self.record.now_ms());
        }
    }
}

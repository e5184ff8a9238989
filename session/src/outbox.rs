//! Messages on their way out: each is kept until it is acknowledged, and they arrive in the order of sending.
//!
//! They leave in flights: one frame of many messages, and the next when every one of the last is answered. So a
//! frame that is lost and sent again cannot be overtaken by a later one.
//!
//! What becomes of the order when some of a flight are not taken: a message that the server puts off (`rate_limited`,
//! `unavailable`) stays where it is in the line, and the next flight, which leaves when the server said so, begins
//! with it: nothing that was not in the air with it passes it. (In one frame the server takes nothing after what it
//! has put off: its clock stands still for a frame.) A message that is refused for good leaves the line, and holds
//! nothing up: what was said after it does not wait for the person to change their mind.
//!
//! A message joins the line when the person sends it, and may leave when it is on this machine's disk:
//! [`keeping`](super::keeping).

use std::collections::VecDeque;

use common::accounts::LoggedIn;
use common::messages::{Send, Sent};
use common::{Detail, Error, Method, UserName};

use super::Session;
use super::exchange::{Effect, Entry, Message, News};
use super::limits::{
    FLIGHT_BYTES_MAX, FLIGHT_MESSAGES_MAX, OUTBOX_BYTES_MAX, OUTBOX_MESSAGES_MAX, PUT_OFF_MS_MIN,
};
use super::requests::{Requests, is_temporary, line, read};

/// The messages that are not acknowledged yet, in the order of sending.
#[derive(Default)]
pub(super) struct Outbox {
    /// Whose messages these are.
    owner: Option<UserName>,
    pub(super) waiting: VecDeque<Waiting>,
    /// Bytes of text in them.
    pub(super) bytes: usize,
    /// How many of them, from the first on, the person was told of as waiting.
    pub(super) shown: usize,
    /// How many of them are in the air.
    flying: usize,
    /// When the flight is given up, or, with none in the air, when the next one may leave.
    due: u64,
    /// How many flights in a row did not come to their end, or not with all aboard.
    attempt: u32,
    /// For how long the next flight must wait, in milliseconds, because messages of this one were put off.
    put_off_ms: Option<u64>,
}

pub(super) struct Waiting {
    pub(super) message: Message,
    /// When it was sent.
    pub(super) since_ms: u64,
    /// Whether it is on this machine's disk. Those that are stand before those that are not.
    pub(super) is_kept: bool,
    /// Kept for further attempts, so that a late reply to an earlier one counts too.
    request: Option<u64>,
    is_flying: bool,
}

impl Waiting {
    pub(super) fn new(message: Message, since_ms: u64, is_kept: bool) -> Self {
        Self { message, since_ms, is_kept, request: None, is_flying: false }
    }

    /// Ends the flight of this message; false when it was not in the air.
    fn land(&mut self) -> bool {
        std::mem::take(&mut self.is_flying)
    }
}

impl Outbox {
    /// When [`Session::send_due`] has something to do.
    pub(super) fn deadline(&self) -> Option<u64> {
        self.waiting.front().filter(|first| first.is_kept).map(|_| self.due)
    }

    /// How many messages are not acknowledged yet.
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// How many of them are in the air.
    pub(super) fn flying(&self) -> usize {
        self.flying
    }

    /// Nothing is in the air any more; everything waits for the next flight.
    pub(super) fn land(&mut self) {
        self.waiting.iter_mut().for_each(|waiting| waiting.is_flying = false);
        self.flying = 0;
    }

    /// Forgets the ids of earlier requests: replies to them mean nothing in a new session.
    pub(super) fn ground(&mut self) {
        self.land();
        self.waiting.iter_mut().for_each(|waiting| waiting.request = None);
    }

    /// The messages of this person are sent from now on, at once if nothing waits.
    pub(super) fn take_over(&mut self, now_ms: u64, owner: UserName) {
        self.owner = Some(owner);
        if self.waiting.is_empty() {
            self.due = now_ms;
        }
    }

    /// Takes a message out of the line.
    pub(super) fn remove(&mut self, position: usize) -> Option<Message> {
        let Waiting { message, .. } = self.waiting.remove(position)?;
        self.bytes -= message.text.as_str().len();
        self.shown -= usize::from(position < self.shown);
        Some(message)
    }

    /// Whether it takes one more message.
    fn has_room(&self, message: &Message) -> bool {
        self.waiting.len() < OUTBOX_MESSAGES_MAX
            && self.bytes + message.text.as_str().len() <= OUTBOX_BYTES_MAX
    }

    fn position(&self, request: u64) -> Option<usize> {
        self.waiting.iter().position(|waiting| waiting.request == Some(request))
    }

    /// The lines of the next flight.
    fn depart(&mut self, account: &LoggedIn, requests: &mut Requests) -> Vec<Effect> {
        let mut effects = Vec::new();
        let mut bytes = 0;
        self.put_off_ms = None;
        let kept = self.waiting.iter_mut().take_while(|waiting| waiting.is_kept);
        for waiting in kept.take(FLIGHT_MESSAGES_MAX) {
            if bytes >= FLIGHT_BYTES_MAX {
                break;
            }
            let id = *waiting.request.get_or_insert_with(|| requests.fresh_id());
            let Message { to, id: message_id, text, reply } = &waiting.message;
            let token = account.token.as_str().into();
            let params = Send { token, to: to.clone(), id: *message_id, text: text.clone(), reply: *reply };
            let line = line(id, Method::MessageSend, &params);
            bytes += line.len();
            waiting.is_flying = true;
            effects.push(Effect::Request { id, line });
        }
        self.flying = effects.len();
        effects
    }
}

impl Session {
    /// Sends a message as soon as it is kept, or refuses it at once.
    pub(super) fn send(&mut self, now_ms: u64, message: Message) {
        let Some(account) = &self.account else {
            return self.refuse(message, super::not_logged_in());
        };
        if !self.outbox.has_room(&message) {
            return self.refuse(message, Detail::OutboxFull.into());
        }
        self.outbox.take_over(now_ms, account.user.clone());
        self.typing_ends_with_message(&message.to);
        self.effects.push(Effect::Keep(message.clone()));
        self.outbox.bytes += message.text.as_str().len();
        self.outbox.waiting.push_back(Waiting::new(message, now_ms, false));
    }

    /// Lets the next flight leave when it may; gives up one that was not answered in time.
    pub(super) fn send_due(&mut self, now_ms: u64) {
        let Some(account) = &self.account else { return };
        if self.outbox.deadline().is_none_or(|due| due > now_ms) {
            return;
        }
        let is_overdue = self.outbox.flying > 0;
        if is_overdue {
            self.outbox.land();
            self.outbox.attempt = self.outbox.attempt.saturating_add(1);
        }
        self.effects.extend(self.outbox.depart(account, &mut self.requests));
        self.outbox.due = now_ms + self.dice.wait_ms(self.outbox.attempt);
        if is_overdue {
            self.lost(now_ms);
        }
    }

    /// What was in the air is lost: it leaves again, to another endpoint.
    pub(super) fn fly_again(&mut self, now_ms: u64, attempt: u32) {
        if self.outbox.flying > 0 {
            self.outbox.land();
            self.outbox.attempt = attempt;
            self.outbox.due = now_ms;
            self.send_due(now_ms);
        }
    }

    /// Takes a reply if it is about a message.
    pub(super) fn sent(&mut self, now_ms: u64, request: u64, outcome: &Result<&str, Error>) -> bool {
        let Some(position) = self.outbox.position(request) else { return false };
        let outcome = outcome.clone().and_then(read::<Sent>);
        let was_flying = self.outbox.waiting.get_mut(position).is_some_and(Waiting::land);
        match outcome {
            Err(error) if is_temporary(&error) => self.put_off(&error),
            outcome => {
                if let Some(message) = self.outbox.remove(position) {
                    self.settle(now_ms, message, outcome);
                }
            }
        }
        if was_flying {
            self.outbox.flying -= 1;
            self.end_flight(now_ms);
        }
        true
    }

    /// The next flight waits for as long as the server says, or else as long as for an answer that does not come.
    fn put_off(&mut self, error: &Error) {
        let usual = self.dice.wait_ms(self.outbox.attempt);
        let wait_ms = error.data.wait_ms.map_or(usual, |told| told.max(PUT_OFF_MS_MIN));
        self.outbox.put_off_ms = self.outbox.put_off_ms.max(Some(wait_ms));
    }

    /// When every message of a flight is answered, the next one may leave, or must wait.
    fn end_flight(&mut self, now_ms: u64) {
        if self.outbox.flying > 0 {
            return;
        }
        let wait_ms = self.outbox.put_off_ms.take();
        self.outbox.attempt = if wait_ms.is_some() { self.outbox.attempt.saturating_add(1) } else { 0 };
        self.outbox.due = now_ms.saturating_add(wait_ms.unwrap_or(0));
        self.send_due(now_ms);
    }

    fn settle(&mut self, now_ms: u64, message: Message, outcome: Result<Sent, Error>) {
        let Some(account) = &self.account else { return };
        match outcome {
            Ok(sent) => {
                let entry = Entry::own(&account.user, &message, sent);
                let is_told = self.acknowledged(now_ms, entry.clone());
                self.effects.push(Effect::Release(message.id));
                self.effects.push(Effect::News(News::Sent { message, outcome: Ok(entry), is_told }));
            }
            Err(error) => self.give_up(message, error),
        }
    }

    /// Messages of another person's session are never sent in this one's name.
    pub(super) fn empty_outbox_unless_of(&mut self, user: Option<&UserName>) {
        if self.outbox.owner.as_ref() != user {
            let outbox = std::mem::take(&mut self.outbox);
            for waiting in outbox.waiting {
                self.give_up(waiting.message, Detail::UnsentAtEnd.into());
            }
        }
    }

    /// A message that was taken on will not be sent.
    fn give_up(&mut self, message: Message, error: Error) {
        self.effects.push(Effect::Release(message.id));
        self.refuse(message, error);
    }

    /// A message is not sent.
    pub(super) fn refuse(&mut self, message: Message, error: Error) {
        self.effects.push(Effect::News(News::Sent { message, outcome: Err(error), is_told: false }));
    }
}

//! Messages on their way to the server: each is kept until it is acknowledged, and they arrive in the order
//! of sending.
//!
//! They are sent in flights: one frame of many messages, and the next frame when every message of the last is
//! answered. So a frame that is lost and sent again cannot be overtaken by a later one.
//!
//! A message that the server puts off (`rate_limited`, `unavailable`) keeps its place, and the next flight,
//! which leaves when the server said so, begins with it: only messages of the same flight can pass it.
//! (Within one frame the server accepts nothing after a message that it has put off: its clock does not move
//! during a frame.) A message that is refused permanently leaves the outbox; the messages behind it do not
//! wait for the user to decide what to do.
//!
//! A message joins the outbox when the user sends it, and may leave when it is on this machine's disk:
//! [`persist`].

mod persist;

use std::collections::VecDeque;

use common::accounts::LoggedIn;
use common::messages::{Send, Sent};
use common::{Detail, Error, Method, UserName};

use crate::api::{Effect, Entry, Message, News};
use crate::context::{Context, not_logged_in};
use crate::limits::{
    FLIGHT_BYTES_MAX, FLIGHT_MESSAGES_MAX, OUTBOX_BYTES_MAX, OUTBOX_MESSAGES_MAX, POSTPONED_MS_MIN,
};
use crate::requests::{Requests, is_temporary, line, read};

/// The messages that are not acknowledged yet, in the order of sending.
#[derive(Default)]
pub(crate) struct Outbox {
    /// The user who sends these messages.
    owner: Option<UserName>,
    waiting: VecDeque<Waiting>,
    /// Bytes of text in them.
    bytes: usize,
    /// How many of them, from the first on, were emitted as [`News::Pending`] or [`News::Recalled`].
    shown: usize,
    /// How many messages of the flight are not answered.
    flying: usize,
    /// Whether a flight has not ended.
    has_flight: bool,
    /// When the flight is given up, or, without one, when the next one may leave.
    due: u64,
    /// How many flights in a row were given up or had messages put off.
    attempt: u32,
    /// For how long the next flight must wait, in milliseconds, because messages of this one were put off.
    put_off_ms: Option<u64>,
}

struct Waiting {
    message: Message,
    /// When it was sent.
    since_ms: u64,
    /// Whether it is on this machine's disk. Messages that are come before those that are not.
    is_kept: bool,
    /// The same id for all attempts, so that a late reply to an earlier one counts too.
    request: Option<u64>,
    is_flying: bool,
}

impl Waiting {
    fn new(message: Message, since_ms: u64, is_kept: bool) -> Self {
        Self { message, since_ms, is_kept, request: None, is_flying: false }
    }
}

/// A reply about a message.
pub(crate) struct Reply {
    /// The message and its event, if the server has stored it: see [`acknowledge`].
    pub(crate) stored: Option<(Message, Entry)>,
}

impl Outbox {
    /// When [`send_due`](Self::send_due) has something to do.
    pub(crate) fn deadline(&self) -> Option<u64> {
        self.waiting.front().filter(|first| first.is_kept).map(|_| self.due)
    }

    /// How many messages are not acknowledged yet.
    pub(crate) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// How many of them were emitted as waiting.
    pub(crate) fn shown(&self) -> usize {
        self.shown
    }

    /// How many of them are in a flight.
    pub(crate) fn flying(&self) -> usize {
        self.flying
    }

    /// Sends a message as soon as it is kept; false if it is refused.
    pub(crate) fn send(&mut self, cx: &mut Context, message: Message) -> bool {
        let Some(user) = cx.user().cloned() else {
            refuse(cx, message, not_logged_in());
            return false;
        };
        if !self.has_room(&message) {
            refuse(cx, message, Detail::OutboxFull.into());
            return false;
        }
        self.take_over(cx.now_ms(), user);
        cx.emit(Effect::Persist(message.clone()));
        self.bytes += message.text.as_str().len();
        self.waiting.push_back(Waiting::new(message, cx.now_ms(), false));
        true
    }

    /// Whether it takes one more message.
    fn has_room(&self, message: &Message) -> bool {
        self.waiting.len() < OUTBOX_MESSAGES_MAX
            && self.bytes + message.text.as_str().len() <= OUTBOX_BYTES_MAX
    }

    /// The messages of this user are sent from now on, at once if none waits.
    fn take_over(&mut self, now_ms: u64, owner: UserName) {
        self.owner = Some(owner);
        if self.waiting.is_empty() {
            self.due = now_ms;
        }
    }

    /// Sends the next flight when it may leave. Gives up a flight that was not answered in time: then this is
    /// true.
    pub(crate) fn send_due(&mut self, cx: &mut Context) -> bool {
        let Some(account) = cx.account().cloned() else { return false };
        if self.deadline().is_none_or(|due| due > cx.now_ms()) {
            return false;
        }
        let is_overdue = self.flying > 0;
        if is_overdue {
            self.land();
            self.attempt = self.attempt.saturating_add(1);
        }
        let flight = self.depart(&account, cx.requests_mut());
        cx.emit_all(flight);
        self.due = cx.now_ms() + cx.rng().wait_ms(self.attempt);
        is_overdue
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
            effects.push(Effect::Send { id, line });
        }
        self.flying = effects.len();
        self.has_flight = self.flying > 0;
        effects
    }

    /// The flight is lost with its endpoint: its messages leave again, to another one.
    pub(crate) fn fly_again(&mut self, cx: &mut Context, attempt: u32) {
        if self.flying > 0 {
            self.land();
            self.attempt = attempt;
            self.due = cx.now_ms();
            self.send_due(cx);
        }
    }

    /// Ends the flight without its replies; all messages wait for the next one.
    fn land(&mut self) {
        self.waiting.iter_mut().for_each(|waiting| waiting.is_flying = false);
        self.flying = 0;
        self.has_flight = false;
    }

    /// Takes a reply. `None` if it is not about a message.
    pub(crate) fn reply(
        &mut self,
        cx: &mut Context,
        id: u64,
        outcome: &Result<&str, Error>,
    ) -> Option<Reply> {
        let position = self.waiting.iter().position(|waiting| waiting.request == Some(id))?;
        let waiting = self.waiting.get_mut(position)?;
        self.flying -= usize::from(std::mem::take(&mut waiting.is_flying));
        match outcome.clone().and_then(read::<Sent>) {
            Err(error) if is_temporary(&error) => self.put_off(cx, &error),
            Err(error) => give_up(cx, self.remove(position)?, error),
            Ok(sent) => {
                let message = self.remove(position)?;
                let entry = Entry::own(cx.user()?, &message, sent);
                return Some(Reply { stored: Some((message, entry)) });
            }
        }
        Some(Reply { stored: None })
    }

    /// The next flight waits for as long as the server says, or else as long as after a missing reply.
    fn put_off(&mut self, cx: &mut Context, error: &Error) {
        let usual = cx.rng().wait_ms(self.attempt);
        let wait_ms = error.data.wait_ms.map_or(usual, |asked| asked.max(POSTPONED_MS_MIN));
        self.put_off_ms = self.put_off_ms.max(Some(wait_ms));
    }

    /// When every message of the flight is answered, the next one leaves, or has to wait.
    pub(crate) fn end_flight(&mut self, cx: &mut Context) {
        if !self.has_flight || self.flying > 0 {
            return;
        }
        self.has_flight = false;
        let wait_ms = self.put_off_ms.take();
        self.attempt = if wait_ms.is_some() { self.attempt.saturating_add(1) } else { 0 };
        self.due = cx.now_ms().saturating_add(wait_ms.unwrap_or(0));
        self.send_due(cx);
    }

    /// Takes a message out.
    fn remove(&mut self, position: usize) -> Option<Message> {
        let Waiting { message, .. } = self.waiting.remove(position)?;
        self.bytes -= message.text.as_str().len();
        self.shown -= usize::from(position < self.shown);
        Some(message)
    }

    /// Forgets the ids of requests: replies to them do not count in a new session.
    pub(crate) fn ground(&mut self) {
        self.land();
        self.waiting.iter_mut().for_each(|waiting| waiting.request = None);
    }

    /// Refuses all messages of another user: they are never sent in the name of this one.
    pub(crate) fn empty_unless_of(&mut self, cx: &mut Context, user: Option<&UserName>) {
        if self.owner.as_ref() != user {
            for waiting in std::mem::take(self).waiting {
                give_up(cx, waiting.message, Detail::UnsentAtEnd.into());
            }
        }
    }
}

/// Reports that the server has stored a message.
pub(crate) fn acknowledge(cx: &mut Context, message: Message, entry: Entry, is_emitted: bool) {
    cx.emit(Effect::Forget(message.id));
    cx.emit_news(News::Sent { message, outcome: Ok(entry), is_emitted });
}

/// Reports that a message that was kept will not be sent.
fn give_up(cx: &mut Context, message: Message, error: Error) {
    cx.emit(Effect::Forget(message.id));
    refuse(cx, message, error);
}

/// Reports that a message is not sent.
fn refuse(cx: &mut Context, message: Message, error: Error) {
    cx.emit_news(News::Sent { message, outcome: Err(error), is_emitted: false });
}

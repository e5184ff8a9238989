//! The outbox: messages without an acknowledgement, in the order of sending.
//!
//! The outbox sends messages in flights. A flight is one frame of messages. The next flight is sent when each
//! message of the current flight has a reply, so messages stay in order even if a frame is lost and repeated.
//!
//! A message with a temporary error (`rate_limited`, `unavailable`) stays in the outbox: after the delay that
//! the server requested, it is the first message of the next flight. The order is kept: the server accepts no
//! message of a frame after a postponed message. A message with a permanent error is removed.
//!
//! Each message is on the client's disk before it is sent: see [`persist`].

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
use crate::requests::{Requests, line, read};

#[derive(Default)]
pub(crate) struct Outbox {
    /// The sender of all messages.
    owner: Option<UserName>,
    queue: VecDeque<QueuedMessage>,
    /// Bytes of text in the queue.
    bytes: usize,
    /// The number of messages at the front of the queue that the session has reported as [`News::Delayed`] or
    /// [`News::OutboxLoaded`].
    reported: usize,
    /// The number of messages of the flight without a reply.
    in_flight: usize,
    /// Whether a flight has not ended.
    has_flight: bool,
    /// The timeout of the flight. Without a flight, the earliest time of the next flight.
    due: u64,
    /// The number of consecutive flights that timed out or had postponed messages.
    attempt: u32,
    /// The delay of the next flight, in milliseconds, if messages of the current flight were postponed.
    postponed_ms: Option<u64>,
}

struct QueuedMessage {
    message: Message,
    /// The time at which the user sent the message.
    since_ms: u64,
    /// Whether the message is on the client's disk. Such messages are in front of the other messages.
    is_persisted: bool,
    /// The id of the request. All attempts have the same id, so a late reply is valid.
    request: Option<u64>,
    is_in_flight: bool,
}

impl QueuedMessage {
    fn new(message: Message, since_ms: u64, is_persisted: bool) -> Self {
        Self { message, since_ms, is_persisted, request: None, is_in_flight: false }
    }
}

/// The reply to a message.
pub(crate) struct Reply {
    /// The message and its event, if the server has stored it.
    pub(crate) stored: Option<(Message, Entry)>,
}

impl Outbox {
    /// The time at which [`send_due`](Self::send_due) must be called.
    pub(crate) fn deadline(&self) -> Option<u64> {
        self.queue.front().filter(|first| first.is_persisted).map(|_| self.due)
    }

    pub(crate) fn len(&self) -> usize {
        self.queue.len()
    }

    /// The number of messages that were emitted as delayed.
    pub(crate) fn reported(&self) -> usize {
        self.reported
    }

    pub(crate) fn in_flight(&self) -> usize {
        self.in_flight
    }

    /// Adds a message, which is sent when it is on the disk. Returns false if the message is refused.
    pub(crate) fn send(&mut self, cx: &mut Context, message: Message) -> bool {
        let Some(user) = cx.user().cloned() else {
            report_refusal(cx, message, not_logged_in());
            return false;
        };
        if !self.has_room(&message) {
            report_refusal(cx, message, Detail::OutboxFull.into());
            return false;
        }
        self.set_owner(cx.now_ms(), user);
        cx.emit(Effect::Persist(message.clone()));
        self.bytes += message.text.as_str().len();
        self.queue.push_back(QueuedMessage::new(message, cx.now_ms(), false));
        true
    }

    fn has_room(&self, message: &Message) -> bool {
        self.queue.len() < OUTBOX_MESSAGES_MAX && self.bytes + message.text.as_str().len() <= OUTBOX_BYTES_MAX
    }

    fn set_owner(&mut self, now_ms: u64, owner: UserName) {
        self.owner = Some(owner);
        if self.queue.is_empty() {
            self.due = now_ms;
        }
    }

    /// Sends the next flight if it is due. Returns whether the previous flight timed out.
    pub(crate) fn send_due(&mut self, cx: &mut Context) -> bool {
        let Some(account) = cx.account().cloned() else { return false };
        if self.deadline().is_none_or(|due| due > cx.now_ms()) {
            return false;
        }
        let is_overdue = self.in_flight > 0;
        if is_overdue {
            self.abort_flight();
            self.attempt = self.attempt.saturating_add(1);
        }
        let flight = self.start_flight(&account, cx.requests_mut());
        cx.emit_all(flight);
        self.due = cx.now_ms() + cx.rng().wait_ms(self.attempt);
        is_overdue
    }

    fn start_flight(&mut self, account: &LoggedIn, requests: &mut Requests) -> Vec<Effect> {
        let mut effects = Vec::new();
        let mut bytes = 0;
        self.postponed_ms = None;
        let persisted = self.queue.iter_mut().take_while(|queued| queued.is_persisted);
        for queued in persisted.take(FLIGHT_MESSAGES_MAX) {
            if bytes >= FLIGHT_BYTES_MAX {
                break;
            }
            let id = *queued.request.get_or_insert_with(|| requests.fresh_id());
            let Message { to, id: message_id, text, reply } = &queued.message;
            let token = account.token.as_str().into();
            let params = Send { token, to: to.clone(), id: *message_id, text: text.clone(), reply: *reply };
            let line = line(id, Method::MessageSend, &params);
            bytes += line.len();
            queued.is_in_flight = true;
            effects.push(Effect::Send { id, line });
        }
        self.in_flight = effects.len();
        self.has_flight = self.in_flight > 0;
        effects
    }

    /// Sends the messages of the flight again, to another endpoint.
    pub(crate) fn resend_flight(&mut self, cx: &mut Context, attempt: u32) {
        if self.in_flight > 0 {
            self.abort_flight();
            self.attempt = attempt;
            self.due = cx.now_ms();
            self.send_due(cx);
        }
    }

    fn abort_flight(&mut self) {
        self.queue.iter_mut().for_each(|queued| queued.is_in_flight = false);
        self.in_flight = 0;
        self.has_flight = false;
    }

    /// Handles a reply. `None` if its request is not a message of the outbox.
    pub(crate) fn reply(
        &mut self,
        cx: &mut Context,
        id: u64,
        outcome: &Result<&str, Error>,
    ) -> Option<Reply> {
        let position = self.queue.iter().position(|queued| queued.request == Some(id))?;
        let queued = self.queue.get_mut(position)?;
        self.in_flight -= usize::from(std::mem::take(&mut queued.is_in_flight));
        match outcome.clone().and_then(read::<Sent>) {
            Err(error) if error.is_temporary() => self.postpone(cx, &error),
            Err(error) => discard(cx, self.remove(position)?, error),
            Ok(sent) => {
                let message = self.remove(position)?;
                let entry = Entry::own(cx.user()?, &message, sent);
                return Some(Reply { stored: Some((message, entry)) });
            }
        }
        Some(Reply { stored: None })
    }

    /// Delays the next flight for the time that the server requested, or else for the usual wait for a reply.
    fn postpone(&mut self, cx: &mut Context, error: &Error) {
        let usual = cx.rng().wait_ms(self.attempt);
        let wait_ms = error.data.wait_ms.map_or(usual, |requested| requested.max(POSTPONED_MS_MIN));
        self.postponed_ms = self.postponed_ms.max(Some(wait_ms));
    }

    /// Ends the flight if each of its messages has a reply. The next flight is sent now, or after a requested
    /// delay.
    pub(crate) fn end_flight(&mut self, cx: &mut Context) {
        if !self.has_flight || self.in_flight > 0 {
            return;
        }
        self.has_flight = false;
        let wait_ms = self.postponed_ms.take();
        self.attempt = if wait_ms.is_some() { self.attempt.saturating_add(1) } else { 0 };
        self.due = cx.now_ms().saturating_add(wait_ms.unwrap_or(0));
        self.send_due(cx);
    }

    fn remove(&mut self, position: usize) -> Option<Message> {
        let QueuedMessage { message, .. } = self.queue.remove(position)?;
        self.bytes -= message.text.as_str().len();
        self.reported -= usize::from(position < self.reported);
        Some(message)
    }

    /// Forgets the ids of the requests: replies to the ended session must be ignored.
    pub(crate) fn forget_request_ids(&mut self) {
        self.abort_flight();
        self.queue.iter_mut().for_each(|queued| queued.request = None);
    }

    /// Discards all messages unless `user` wrote them: another user must not send them.
    pub(crate) fn discard_unless_owned_by(&mut self, cx: &mut Context, user: Option<&UserName>) {
        if self.owner.as_ref() != user {
            for queued in std::mem::take(self).queue {
                discard(cx, queued.message, Detail::UnsentAtEnd.into());
            }
        }
    }
}

/// Reports that the server has stored a message.
pub(crate) fn acknowledge(cx: &mut Context, message: Message, entry: Entry, entry_follows: bool) {
    cx.emit(Effect::Forget(message.id));
    cx.emit_news(News::Sent { message, outcome: Ok(entry), entry_follows });
}

/// Deletes a message from the disk, and reports that the message was not sent.
fn discard(cx: &mut Context, message: Message, error: Error) {
    cx.emit(Effect::Forget(message.id));
    report_refusal(cx, message, error);
}

fn report_refusal(cx: &mut Context, message: Message, error: Error) {
    cx.emit_news(News::Sent { message, outcome: Err(error), entry_follows: false });
}

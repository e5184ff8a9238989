//! Persistence of the outbox: each message is on the disk before it is sent, and survives a restart of the
//! client.

use std::collections::HashSet;

use common::Error;
use uuid::Uuid;

use super::{Outbox, QueuedMessage, report_refusal};
use crate::api::{Message, News};
use crate::context::Context;
use crate::limits::DELAYED_AFTER_MS;

impl Outbox {
    /// Handles the outcome of a write of these messages to the disk. After an error, the outbox removes the
    /// messages and reports them as refused.
    pub(crate) fn persisted(&mut self, cx: &mut Context, ids: &[Uuid], outcome: &Result<(), Error>) {
        let ids: HashSet<_> = ids.iter().collect();
        let matches = |queued: &QueuedMessage| !queued.is_persisted && ids.contains(&queued.message.id);
        match outcome {
            Ok(()) => {
                let written = self.queue.iter_mut().filter(|queued| matches(queued));
                written.for_each(|queued| queued.is_persisted = true);
            }
            Err(error) => {
                while let Some(position) = self.queue.iter().position(matches) {
                    let message = self.remove(position);
                    message.into_iter().for_each(|message| report_refusal(cx, message, error.clone()));
                }
            }
        }
    }

    /// Adds the messages of an earlier run of the client before all other messages. Returns false if no
    /// message is new, or no user is logged in.
    pub(crate) fn loaded(&mut self, cx: &mut Context, messages: Vec<Message>) -> bool {
        let Some(user) = cx.user().cloned() else { return false };
        let known: HashSet<_> = self.queue.iter().map(|queued| queued.message.id).collect();
        let fresh: Vec<_> = messages.into_iter().filter(|message| !known.contains(&message.id)).collect();
        if fresh.is_empty() {
            return false;
        }
        self.set_owner(cx.now_ms(), user);
        for message in fresh.iter().rev() {
            self.bytes += message.text.as_str().len();
            self.queue.push_front(QueuedMessage::new(message.clone(), cx.now_ms(), true));
        }
        self.reported += fresh.len();
        cx.emit_news(News::OutboxLoaded(fresh));
        true
    }

    /// The time at which [`report_delayed`](Self::report_delayed) must be called.
    pub(crate) fn delayed_deadline(&self, is_link_up: bool) -> Option<u64> {
        let first = self.queue.get(self.reported).filter(|first| first.is_persisted)?;
        Some(if is_link_up { first.since_ms + DELAYED_AFTER_MS } else { first.since_ms })
    }

    /// Reports each message that is not acknowledged after [`DELAYED_AFTER_MS`] as [`News::Delayed`]. While
    /// the server does not reply, reports it at once.
    pub(crate) fn report_delayed(&mut self, cx: &mut Context, is_link_up: bool) {
        while self.delayed_deadline(is_link_up).is_some_and(|due| due <= cx.now_ms()) {
            if let Some(queued) = self.queue.get(self.reported) {
                cx.emit_news(News::Delayed(queued.message.clone()));
            }
            self.reported += 1;
        }
    }
}

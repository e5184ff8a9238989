//! Messages survive the client: each is written to this machine's disk before it leaves, and recalled when
//! the client is started again. The user is shown which messages wait.

use std::collections::HashSet;

use common::Error;
use uuid::Uuid;

use super::{Outbox, Waiting, refuse};
use crate::api::{Message, News};
use crate::context::Context;
use crate::limits::PENDING_AFTER_MS;

impl Outbox {
    /// These messages are on this machine's disk, or could not be written to it: then they are refused.
    pub(crate) fn persisted(&mut self, cx: &mut Context, ids: &[Uuid], outcome: &Result<(), Error>) {
        let ids: HashSet<_> = ids.iter().collect();
        let is_meant = |waiting: &Waiting| !waiting.is_kept && ids.contains(&waiting.message.id);
        match outcome {
            Ok(()) => {
                let meant = self.waiting.iter_mut().filter(|waiting| is_meant(waiting));
                meant.for_each(|waiting| waiting.is_kept = true);
            }
            Err(error) => {
                while let Some(position) = self.waiting.iter().position(is_meant) {
                    let message = self.remove(position);
                    message.into_iter().for_each(|message| refuse(cx, message, error.clone()));
                }
            }
        }
    }

    /// Puts messages first that the same user sent here before the client was started; false if there are
    /// none.
    pub(crate) fn recalled(&mut self, cx: &mut Context, messages: Vec<Message>) -> bool {
        let Some(user) = cx.user().cloned() else { return false };
        let known: HashSet<_> = self.waiting.iter().map(|waiting| waiting.message.id).collect();
        let fresh: Vec<_> = messages.into_iter().filter(|message| !known.contains(&message.id)).collect();
        if fresh.is_empty() {
            return false;
        }
        self.take_over(cx.now_ms(), user);
        for message in fresh.iter().rev() {
            self.bytes += message.text.as_str().len();
            self.waiting.push_front(Waiting::new(message.clone(), cx.now_ms(), true));
        }
        self.shown += fresh.len();
        cx.emit_news(News::Recalled(fresh));
        true
    }

    /// When [`show_pending`](Self::show_pending) has something to do.
    pub(crate) fn pending_deadline(&self, is_link_up: bool) -> Option<u64> {
        let first = self.waiting.get(self.shown).filter(|first| first.is_kept)?;
        Some(if is_link_up { first.since_ms + PENDING_AFTER_MS } else { first.since_ms })
    }

    /// Shows the messages that have waited for longer than usual, or all of them while the server does not
    /// reply.
    pub(crate) fn show_pending(&mut self, cx: &mut Context, is_link_up: bool) {
        while self.pending_deadline(is_link_up).is_some_and(|due| due <= cx.now_ms()) {
            if let Some(waiting) = self.waiting.get(self.shown) {
                cx.emit_news(News::Pending(waiting.message.clone()));
            }
            self.shown += 1;
        }
    }
}

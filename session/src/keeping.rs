//! What waits to be sent survives the client: it is written to this machine's disk before it leaves, recalled when
//! the client is started again, and the person is shown that it waits.

use std::collections::HashSet;

use common::{Error, UserName};
use uuid::Uuid;

use super::Session;
use super::exchange::{Effect, Message, News};
use super::limits::PENDING_AFTER_MS;
use super::outbox::Waiting;

impl Session {
    /// These messages are on this machine's disk now, or could not be written to it. Those that could not are refused.
    pub fn kept(&mut self, now_ms: u64, ids: &[Uuid], outcome: Result<(), Error>) {
        let ids: HashSet<_> = ids.iter().collect();
        let is_meant = |waiting: &Waiting| !waiting.is_kept && ids.contains(&waiting.message.id);
        match outcome {
            Ok(()) => {
                let meant = self.outbox.waiting.iter_mut().filter(|waiting| is_meant(waiting));
                meant.for_each(|waiting| waiting.is_kept = true);
                self.send_due(now_ms);
                self.show_pending(now_ms);
            }
            Err(error) => {
                while let Some(position) = self.outbox.waiting.iter().position(is_meant) {
                    let message = self.outbox.remove(position);
                    message.into_iter().for_each(|message| self.refuse(message, error.clone()));
                }
            }
        }
    }

    /// Messages that were sent here by the same person before the client was started, in their order. They go first.
    pub fn recalled(&mut self, now_ms: u64, messages: Vec<Message>) {
        let Some(user) = self.account.as_ref().map(|account| account.user.clone()) else { return };
        let known: HashSet<_> = self.outbox.waiting.iter().map(|waiting| waiting.message.id).collect();
        let fresh: Vec<_> = messages.into_iter().filter(|message| !known.contains(&message.id)).collect();
        if fresh.is_empty() {
            return;
        }
        self.put_first(now_ms, user, &fresh);
        self.effects.push(Effect::News(News::Recalled(fresh)));
        self.send_due(now_ms);
    }

    fn put_first(&mut self, now_ms: u64, owner: UserName, messages: &[Message]) {
        let outbox = &mut self.outbox;
        outbox.take_over(now_ms, owner);
        for message in messages.iter().rev() {
            outbox.bytes += message.text.as_str().len();
            outbox.waiting.push_front(Waiting::new(message.clone(), now_ms, true));
        }
        outbox.shown += messages.len();
    }

    /// When [`show_pending`](Self::show_pending) has something to do.
    pub(super) fn pending_deadline(&self) -> Option<u64> {
        let first = self.outbox.waiting.get(self.outbox.shown).filter(|first| first.is_kept)?;
        Some(if self.link.is_up() { first.since_ms + PENDING_AFTER_MS } else { first.since_ms })
    }

    /// Shows what has waited for longer than usual; while the server does not answer, everything that waits.
    pub(super) fn show_pending(&mut self, now_ms: u64) {
        while self.pending_deadline().is_some_and(|due| due <= now_ms) {
            let pending = self.outbox.waiting.get(self.outbox.shown);
            let news = pending.map(|waiting| News::Pending(waiting.message.clone()));
            self.effects.extend(news.map(Effect::News));
            self.outbox.shown += 1;
        }
    }
}

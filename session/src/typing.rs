//! Typing: telling that the person writes, and who else does in the conversation that is open.

use std::collections::BTreeMap;

use common::accounts::Token;
use common::limits::{TYPING_EVERY_MS, TYPING_SHOWN_MS};
use common::presence::SetTyping;
use common::{Body, Method, Target, UserName};

use super::Session;
use super::exchange::{Effect, Entry, News};
use super::limits::WRITERS_SHOWN_MAX;
use super::requests::line;

/// Who writes.
#[derive(Default)]
pub(super) struct Typing {
    /// Where the person was said to be writing, and when.
    told: Option<(Target, u64)>,
    /// The conversation that is open.
    open: Option<Target>,
    /// Who writes there, and until when that counts.
    writers: BTreeMap<UserName, u64>,
}

impl Typing {
    /// When [`Session::typing_due`] has something to do.
    pub(super) fn deadline(&self) -> Option<u64> {
        self.writers.values().min().copied()
    }

    /// Nobody is logged in.
    pub(super) fn end(&mut self) {
        self.told = None;
        self.writers.clear();
    }
}

impl Session {
    /// A key was typed; `to` is where the line would go, if it is to be said. Only a hint: what is lost is not
    /// repeated.
    pub(super) fn typed(&mut self, now_ms: u64, to: Option<Target>) {
        self.touched(now_ms);
        match (to, self.typing.told.take()) {
            (Some(to), Some((before, at))) if to == before && now_ms < at.saturating_add(TYPING_EVERY_MS) => {
                self.typing.told = Some((before, at));
            }
            (Some(to), _) => {
                self.tell_typing(&to, true);
                self.typing.told = Some((to, now_ms));
            }
            (None, Some((before, _))) => self.tell_typing(&before, false),
            (None, None) => {}
        }
    }

    fn tell_typing(&mut self, to: &Target, typing: bool) {
        let Some(account) = &self.account else { return };
        let params = SetTyping { token: Token::from(account.token.clone()), to: to.clone(), typing };
        let id = self.requests.fresh_id();
        self.effects.push(Effect::Request { id, line: line(id, Method::TypingSet, &params) });
    }

    /// A message is on its way: whoever reads it knows that it was written.
    pub(super) fn typing_ends_with_message(&mut self, to: &Target) {
        self.typing.told.take_if(|(told, _)| told == to);
    }

    /// The person opens a conversation: who writes elsewhere is not shown.
    pub(super) fn show_typing_in(&mut self, conversation: &Target) {
        if self.typing.open.as_ref() != Some(conversation) {
            self.forget_writers(|_| true);
            self.typing.open = Some(conversation.clone());
        }
    }

    /// Somebody else is writing, or not any more.
    pub(super) fn heard_typing(&mut self, now_ms: u64, conversation: &Target, from: UserName, typing: bool) {
        let is_own = self.account.as_ref().is_some_and(|account| account.user == from);
        if is_own || self.typing.open.as_ref() != Some(conversation) {
            return;
        }
        if !typing {
            return self.forget_writers(|writer| *writer == from);
        }
        let is_new = !self.typing.writers.contains_key(&from);
        if is_new && self.typing.writers.len() >= WRITERS_SHOWN_MAX {
            return;
        }
        self.typing.writers.insert(from, now_ms.saturating_add(TYPING_SHOWN_MS));
        if is_new {
            self.show_writers();
        }
    }

    /// Who has said something is not writing it any more.
    pub(super) fn writer_is_done(&mut self, entry: &Entry) {
        if self.typing.open.as_ref() == Some(&entry.conversation)
            && let Some(event) = &entry.event
            && matches!(event.body, Body::Message { .. })
        {
            self.forget_writers(|writer| *writer == event.from);
        }
    }

    /// Shows nobody as writing who has not said so again.
    pub(super) fn typing_due(&mut self, now_ms: u64) {
        if self.typing.writers.values().any(|until| *until <= now_ms) {
            self.typing.writers.retain(|_, until| *until > now_ms);
            self.show_writers();
        }
    }

    fn forget_writers(&mut self, is_meant: impl Fn(&UserName) -> bool) {
        let before = self.typing.writers.len();
        self.typing.writers.retain(|writer, _| !is_meant(writer));
        if self.typing.writers.len() != before {
            self.show_writers();
        }
    }

    fn show_writers(&mut self) {
        let writers = self.typing.writers.keys().cloned().collect();
        self.effects.push(Effect::News(News::Typing(writers)));
    }
}

//! Typing: reports that the user writes, and shows who writes in the conversation that is open.

use std::collections::BTreeMap;

use common::limits::{TYPING_INTERVAL_MS, TYPING_SHOWN_MS};
use common::methods::TypingSet;
use common::presence::SetTyping;
use common::{Body, Target, UserName};

use super::api::{Entry, News};
use super::context::Context;
use super::limits::WRITERS_SHOWN_MAX;

/// Who writes.
#[derive(Default)]
pub(crate) struct Typing {
    /// Where the user was reported to be writing, and when.
    reported: Option<(Target, u64)>,
    /// The conversation that is open.
    open: Option<Target>,
    /// Who writes there, and until when each is shown.
    writers: BTreeMap<UserName, u64>,
}

impl Typing {
    /// When [`tick`](Self::tick) has something to do.
    pub(crate) fn deadline(&self) -> Option<u64> {
        self.writers.values().min().copied()
    }

    /// The session has ended.
    pub(crate) fn end(&mut self) {
        self.reported = None;
        self.writers.clear();
    }

    /// Reports a key; `to` is where the line would be sent, if it is a message. It is only a hint, and sent
    /// once.
    pub(crate) fn key_typed(&mut self, cx: &mut Context, to: Option<Target>) {
        let now_ms = cx.now_ms();
        match (to, self.reported.take()) {
            (Some(to), Some((before, at))) if to == before && now_ms < at.saturating_add(TYPING_INTERVAL_MS) => {
                self.reported = Some((before, at));
            }
            (Some(to), _) => {
                report(cx, &to, true);
                self.reported = Some((to, now_ms));
            }
            (None, Some((before, _))) => report(cx, &before, false),
            (None, None) => {}
        }
    }

    /// The message is sent: its readers know that it is written.
    pub(crate) fn message_sent(&mut self, to: &Target) {
        self.reported.take_if(|(reported, _)| reported == to);
    }

    /// Shows who writes in this conversation, and no longer in another one.
    pub(crate) fn open(&mut self, cx: &mut Context, conversation: &Target) {
        if self.open.as_ref() != Some(conversation) {
            self.forget(cx, |_| true);
            self.open = Some(conversation.clone());
        }
    }

    /// Takes a notice that somebody writes, or no longer does.
    pub(crate) fn heard(&mut self, cx: &mut Context, conversation: &Target, from: UserName, typing: bool) {
        if cx.user() == Some(&from) || self.open.as_ref() != Some(conversation) {
            return;
        }
        if !typing {
            return self.forget(cx, |writer| *writer == from);
        }
        let is_new = !self.writers.contains_key(&from);
        if is_new && self.writers.len() >= WRITERS_SHOWN_MAX {
            return;
        }
        self.writers.insert(from, cx.now_ms().saturating_add(TYPING_SHOWN_MS));
        if is_new {
            self.show(cx);
        }
    }

    /// The author of a message no longer writes it.
    pub(crate) fn message_arrived(&mut self, cx: &mut Context, entry: &Entry) {
        if self.open.as_ref() == Some(&entry.conversation)
            && let Some(event) = &entry.event
            && matches!(event.body, Body::Message { .. })
        {
            self.forget(cx, |writer| *writer == event.from);
        }
    }

    /// Shows a writer no longer who was not reported again.
    pub(crate) fn tick(&mut self, cx: &mut Context) {
        let now_ms = cx.now_ms();
        let before = self.writers.len();
        self.writers.retain(|_, until| *until > now_ms);
        if self.writers.len() != before {
            self.show(cx);
        }
    }

    fn forget(&mut self, cx: &mut Context, is_meant: impl Fn(&UserName) -> bool) {
        let before = self.writers.len();
        self.writers.retain(|writer, _| !is_meant(writer));
        if self.writers.len() != before {
            self.show(cx);
        }
    }

    fn show(&self, cx: &mut Context) {
        cx.emit_news(News::Typing(self.writers.keys().cloned().collect()));
    }
}

fn report(cx: &mut Context, to: &Target, typing: bool) {
    if let Some(account) = cx.account() {
        let params = SetTyping { token: account.token.clone().into(), to: to.clone(), typing };
        cx.send_once::<TypingSet>(&params);
    }
}

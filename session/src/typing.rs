//! Typing: reports that the user is typing, and emits the users who are typing in the open conversation.

use std::collections::BTreeMap;

use common::limits::{TYPING_INTERVAL_MS, TYPING_SHOWN_MS};
use common::methods::TypingSet;
use common::presence::SetTyping;
use common::{Body, Target, UserName};

use super::api::{Entry, News};
use super::context::Context;
use super::limits::TYPING_USERS_SHOWN_MAX;

#[derive(Default)]
pub(crate) struct Typing {
    /// The conversation and the time of the last report that the user is typing.
    reported: Option<(Target, u64)>,
    open: Option<Target>,
    /// The users who are typing in the open conversation, each with the time until which they are shown.
    typing_until: BTreeMap<UserName, u64>,
}

impl Typing {
    /// The time at which [`tick`](Self::tick) must be called.
    pub(crate) fn deadline(&self) -> Option<u64> {
        self.typing_until.values().min().copied()
    }

    pub(crate) fn end(&mut self) {
        self.reported = None;
        self.typing_until.clear();
    }

    /// Handles a key. `to` is the recipient, if the user is typing a message. A report is sent at most once
    /// in [`TYPING_INTERVAL_MS`].
    pub(crate) fn key_typed(&mut self, cx: &mut Context, to: Option<Target>) {
        let now_ms = cx.now_ms();
        match (to, self.reported.take()) {
            (Some(to), Some((last, at))) if to == last && now_ms < at.saturating_add(TYPING_INTERVAL_MS) => {
                self.reported = Some((last, at));
            }
            (Some(to), _) => {
                report(cx, &to, true);
                self.reported = Some((to, now_ms));
            }
            (None, Some((last, _))) => report(cx, &last, false),
            (None, None) => {}
        }
    }

    /// Forgets the report for the recipient of a sent message. The message itself shows that the user stopped
    /// typing.
    pub(crate) fn message_sent(&mut self, to: &Target) {
        self.reported.take_if(|(reported, _)| reported == to);
    }

    /// Starts to show the users who are typing in this conversation.
    pub(crate) fn open(&mut self, cx: &mut Context, conversation: &Target) {
        if self.open.as_ref() != Some(conversation) {
            self.forget(cx, |_, _| true);
            self.open = Some(conversation.clone());
        }
    }

    pub(crate) fn notice(&mut self, cx: &mut Context, conversation: &Target, from: UserName, typing: bool) {
        if cx.user() == Some(&from) || self.open.as_ref() != Some(conversation) {
            return;
        }
        if !typing {
            return self.forget(cx, |user, _| *user == from);
        }
        let is_new = !self.typing_until.contains_key(&from);
        if is_new && self.typing_until.len() >= TYPING_USERS_SHOWN_MAX {
            return;
        }
        self.typing_until.insert(from, cx.now_ms().saturating_add(TYPING_SHOWN_MS));
        if is_new {
            self.show(cx);
        }
    }

    /// Removes the author of a message, who has stopped typing it.
    pub(crate) fn message_arrived(&mut self, cx: &mut Context, entry: &Entry) {
        if self.open.as_ref() == Some(&entry.conversation)
            && let Some(event) = &entry.event
            && matches!(event.body, Body::Message { .. })
        {
            self.forget(cx, |user, _| *user == event.from);
        }
    }

    /// Removes the users whose time has passed without another notice.
    pub(crate) fn tick(&mut self, cx: &mut Context) {
        let now_ms = cx.now_ms();
        self.forget(cx, |_, until| until <= now_ms);
    }

    fn forget(&mut self, cx: &mut Context, matches: impl Fn(&UserName, u64) -> bool) {
        let before = self.typing_until.len();
        self.typing_until.retain(|user, until| !matches(user, *until));
        if self.typing_until.len() != before {
            self.show(cx);
        }
    }

    fn show(&self, cx: &mut Context) {
        cx.emit_news(News::Typing(self.typing_until.keys().cloned().collect()));
    }
}

fn report(cx: &mut Context, to: &Target, typing: bool) {
    if let Some(account) = cx.account() {
        let params = SetTyping { token: account.token.clone().into(), to: to.clone(), typing };
        cx.send_once::<TypingSet>(&params);
    }
}

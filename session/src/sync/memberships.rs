//! Memberships: what an event says about the user's own membership in its channel.
//!
//! Such an event arrives on the user's own topic and, while the user is a member, on the channel's. Its cause
//! may be another session of the same user, or somebody else.

use common::{Body, Event, Target, UserName};

use super::Sync;
use crate::api::{Entry, News};
use crate::context::Context;

/// What an event says about the reader's own membership.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    Invited,
    Began,
    /// The user has left.
    Left,
    /// Somebody else has removed the user.
    Removed,
}

/// What an event did to the user's membership.
pub(crate) enum Membership {
    /// It is emitted like any other event.
    Event(Entry),
    /// It ended the membership in this channel.
    Ended(Target),
    /// It is handled.
    Handled,
}

impl Change {
    fn of(event: &Event<'_>, me: &UserName) -> Option<Self> {
        let is_own = event.from == *me;
        let body = &event.body;
        if let Body::Created { .. } | Body::Joined = body {
            is_own.then_some(Self::Began)
        } else if let Body::Left = body {
            is_own.then_some(Self::Left)
        } else if let Body::Kicked(user) | Body::Banned(user) = body {
            (user == me).then_some(Self::Removed)
        } else if let Body::Invited(user) = body {
            (user == me).then_some(Self::Invited)
        } else {
            None
        }
    }
}

impl Sync {
    /// Starts or stops following a channel, if the event begins or ends the user's membership.
    pub(crate) fn note_membership(&mut self, cx: &mut Context, me: &UserName, entry: Entry) -> Membership {
        let change = entry.event.as_ref().and_then(|event| Change::of(event, me));
        let (Some(change), Target::Channel(channel)) = (change, &entry.conversation) else {
            return Membership::Event(entry);
        };
        let is_followed = self.timelines.contains(&entry.conversation);
        // The command that caused the change here has its own answer.
        let is_own_command = cx.requests().is_about_to_change(channel);
        match change {
            Change::Began if !is_followed && !is_own_command => self.begin_membership(cx, &entry),
            Change::Left | Change::Removed => {
                return self.end_membership(cx, entry, change == Change::Left && is_own_command);
            }
            Change::Invited if !is_followed && self.wants_everything() => {
                cx.emit_news(News::Invited(entry));
                return Membership::Handled;
            }
            Change::Began | Change::Invited => {}
        }
        Membership::Event(entry)
    }

    /// The user has joined in another session; the heads name the topic. The events of a channel arrive on
    /// two topics: a `joined` that arrives after the end of its membership begins nothing.
    fn begin_membership(&mut self, cx: &Context, entry: &Entry) {
        let Entry { conversation, n, .. } = entry;
        if self.ended.get(conversation).is_some_and(|end| n < end) {
            return;
        }
        self.ended.remove(conversation);
        if self.has_begun() && self.wants(conversation) {
            self.timelines.get_or_start(conversation, *n);
            self.heads_due = Some(cx.now_ms());
        }
    }

    /// A late event of an earlier membership does not end the present one.
    fn end_membership(&mut self, cx: &mut Context, entry: Entry, is_own_command: bool) -> Membership {
        let conversation = entry.conversation.clone();
        if self.timelines.get(&conversation).is_none_or(|timeline| !timeline.awaits(entry.n)) {
            return Membership::Handled;
        }
        self.forget(cx, &conversation);
        self.ended.insert(conversation.clone(), entry.n);
        if !is_own_command {
            cx.emit_news(News::MembershipEnded(entry));
        }
        Membership::Ended(conversation)
    }
}

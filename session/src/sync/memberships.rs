//! Events that begin or end the user's own membership in a channel. The server publishes them on the user's
//! own topic and on the channel's topic.

use common::{Body, Event, Target, UserName};

use super::Sync;
use crate::api::{Entry, News};
use crate::context::Context;

/// A change of the user's own membership.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    Invited,
    Began,
    Left,
    Removed,
}

/// The effect of an event on the user's membership.
pub(crate) enum Membership {
    /// The membership is unchanged: the session emits the event.
    Event(Entry),
    /// The event ended the membership in this channel.
    Ended(Target),
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
        } else if *body == Body::ChannelDeleted {
            Some(Self::Removed)
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
        // If a command of this session caused the change, the answer to the command reports it.
        let is_own_command = cx.requests().is_joining_or_leaving(channel);
        match change {
            Change::Began if !is_followed && !is_own_command => self.begin_membership(cx, &entry),
            Change::Left | Change::Removed => {
                return self.end_membership(cx, entry, change == Change::Left && is_own_command);
            }
            Change::Invited if !is_followed && self.follows_all_conversations() => {
                cx.emit_news(News::Invited(entry));
                return Membership::Handled;
            }
            Change::Began | Change::Invited => {}
        }
        Membership::Event(entry)
    }

    /// Follows a channel that the user joined in another session. The next heads contain the channel's topic.
    /// A join that arrives after the end of its membership is ignored: the two topics have no common order.
    fn begin_membership(&mut self, cx: &Context, entry: &Entry) {
        let Entry { conversation, n, .. } = entry;
        if self.has_ended_after(conversation, *n) {
            return;
        }
        self.ended.remove(conversation);
        if self.has_heads() && self.follows(conversation) {
            self.timelines.get_or_start(conversation, *n);
            self.heads_due = Some(cx.now_ms());
        }
    }

    /// Whether the user's last membership in a channel ended after the event `n`.
    pub(super) fn has_ended_after(&self, conversation: &Target, n: u64) -> bool {
        self.ended.get(conversation).is_some_and(|ended| n < ended.n)
    }

    /// Stops following a channel that the user has left. The number of that event is not known, but it is
    /// greater than the numbers of all known events.
    pub(crate) fn left(&mut self, cx: &mut Context, conversation: &Target) {
        if let Some(timeline) = self.timelines.get(conversation) {
            let (_shown, head) = timeline.progress();
            self.note_end(conversation, head + 1);
        }
        self.forget(cx, conversation);
    }

    fn note_end(&mut self, conversation: &Target, n: u64) {
        let shown = self.timelines.get(conversation).map_or(0, |timeline| timeline.progress().0);
        let ended = self.ended.entry(conversation.clone()).or_default();
        (ended.n, ended.shown) = (n.max(ended.n), shown.max(ended.shown));
    }

    /// Stops following a channel. A late event of an earlier membership is ignored.
    fn end_membership(&mut self, cx: &mut Context, entry: Entry, is_own_command: bool) -> Membership {
        let conversation = entry.conversation.clone();
        let timeline = self.timelines.get(&conversation);
        if timeline.is_some_and(|timeline| timeline.is_past(entry.n)) {
            return Membership::Handled;
        }
        let is_followed = timeline.is_some();
        // A moderator can ban a user who is not a member, so this event adds no channel.
        if is_followed || self.ended.contains_key(&conversation) {
            self.note_end(&conversation, entry.n);
        }
        if !is_followed {
            return Membership::Handled;
        }
        self.forget(cx, &conversation);
        if !is_own_command {
            cx.emit_news(News::MembershipEnded(entry));
        }
        Membership::Ended(conversation)
    }
}

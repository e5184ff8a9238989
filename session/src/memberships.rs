//! Memberships: what happens to the person's own place in channels, in other sessions or by other people's hand.
//!
//! It comes on the person's own topic, and on the channel's for as long as one is in it.

use common::{Body, Event, Target, UserName};

use super::Session;
use super::exchange::{Effect, Entry, News};
use super::timeline::Timeline;

/// What an event says about the reader's own place in its channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    Invited,
    Began,
    /// By one's own wish.
    Left,
    /// By somebody else's.
    Removed,
}

impl Change {
    fn of(event: &Event<'_>, me: &UserName) -> Option<Self> {
        let is_own = event.from == *me;
        match &event.body {
            Body::Created { .. } | Body::Joined if is_own => Some(Self::Began),
            Body::Left if is_own => Some(Self::Left),
            Body::Kicked(user) | Body::Banned(user) if user == me => Some(Self::Removed),
            Body::Invited(user) if user == me => Some(Self::Invited),
            Body::Created { .. }
            | Body::Joined
            | Body::Left
            | Body::Declined
            | Body::Kicked(_)
            | Body::Banned(_)
            | Body::Invited(_)
            | Body::Message { .. }
            | Body::File { .. }
            | Body::Edited { .. }
            | Body::Deleted { .. }
            | Body::Reacted { .. }
            | Body::Unreacted { .. }
            | Body::Gone { .. }
            | Body::Unbanned(_)
            | Body::Role(..)
            | Body::Set { .. }
            | Body::Unknown => None,
        }
    }
}

impl Session {
    /// Follows a channel no more, or from now on, when the event says so. Gives the event back if it is to be told
    /// like any other.
    pub(super) fn note_membership(&mut self, now_ms: u64, me: &UserName, entry: Entry) -> Option<Entry> {
        let change = entry.event.as_ref().and_then(|event| Change::of(event, me));
        let (Some(change), Target::Channel(channel)) = (change, &entry.conversation) else {
            return Some(entry);
        };
        let is_followed = self.conversations.contains_key(&entry.conversation);
        // Whoever has asked for it here is told by the answer.
        let is_own_wish = self.requests.is_about_to_change(channel);
        match change {
            Change::Began if !is_followed && !is_own_wish => self.begin_to_follow(now_ms, &entry),
            Change::Left | Change::Removed => {
                self.end_membership(entry, change == Change::Left && is_own_wish);
                return None;
            }
            Change::Invited if !is_followed && self.following.wants_everything() => {
                self.effects.push(Effect::News(News::Invited(entry)));
                return None;
            }
            Change::Began | Change::Invited => {}
        }
        Some(entry)
    }

    /// One has joined in another session. The heads know the topic. The events of a channel come on two topics: a joining
    /// that comes late, behind what ended it, begins nothing.
    fn begin_to_follow(&mut self, now_ms: u64, entry: &Entry) {
        if self.ended.get(&entry.conversation).is_some_and(|end| entry.n < *end) {
            return;
        }
        self.ended.remove(&entry.conversation);
        if self.following.has_begun() && self.following.wants(&entry.conversation) {
            self.conversations.insert(entry.conversation.clone(), Timeline::starting_at(entry.n));
            self.hurry_heads(now_ms);
        }
    }

    /// An event of an earlier membership, which comes late, ends none that has begun since.
    fn end_membership(&mut self, entry: Entry, is_own_wish: bool) {
        let timeline = self.conversations.get(&entry.conversation);
        if timeline.is_some_and(|timeline| timeline.awaits(entry.n)) {
            self.forget_conversation(&entry.conversation);
            self.ended.insert(entry.conversation.clone(), entry.n);
            if !is_own_wish {
                self.effects.push(Effect::News(News::MembershipEnded(entry)));
            }
        }
    }
}

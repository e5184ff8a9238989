//! Events on their way to the person: each is told once, in the order of its conversation.

use common::{Conversation, Notice, Target, UserName};

use super::Session;
use super::exchange::{Effect, Entry, Follow, News};
use super::limits::GAP_GRACE_MS;
use super::timeline::Timeline;

impl Session {
    /// Takes what came over the fan-out: the event lines of a topic, or nothing at all on a barrier's.
    ///
    /// A line that is neither an event nor a notice is passed over: a later version may publish other things.
    pub fn events(&mut self, now_ms: u64, topic: &[u8], lines: &[u8]) {
        if lines.is_empty() {
            self.barrier_arrived(now_ms, topic);
            return;
        }
        let Some(me) = self.account.as_ref().map(|account| account.user.clone()) else { return };
        for line in lines.split(|byte| *byte == b'\n') {
            let line = std::str::from_utf8(line).unwrap_or_default();
            if let Some(entry) = Entry::read(&me, line) {
                self.published(now_ms, &me, entry);
            } else if let Ok(notice) = serde_json::from_str(line) {
                self.noticed(now_ms, &me, notice);
            }
        }
    }

    fn noticed(&mut self, now_ms: u64, me: &UserName, notice: Notice) {
        match notice {
            Notice::TopicMoved { to, topic } => self.topic_moved(now_ms, Target::Channel(to), topic),
            Notice::Read { conversation, n, unread, mentions } => {
                self.read_elsewhere(conversation, n, unread, mentions);
            }
            Notice::Presence { users, .. } => self.presence_changed(users),
            Notice::Typing { to, from, typing, .. } => {
                let conversation = Conversation::of(&from, &to).seen_by(me);
                self.heard_typing(now_ms, &conversation, from, typing);
            }
        }
    }

    /// Over the fan-out the events of a conversation come in order, so a gap is a loss, and repaired at once.
    fn published(&mut self, now_ms: u64, me: &UserName, entry: Entry) {
        let Some(entry) = self.note_membership(now_ms, me, entry) else { return };
        let conversation = entry.conversation.clone();
        self.writer_is_done(&entry);
        if let Some(timeline) = self.timeline(&conversation) {
            timeline.note_published(entry.n);
            timeline.arrive(entry);
            self.tell(&conversation);
            self.look_for_gap(&conversation, now_ms);
        }
    }

    /// A message of one's own that was acknowledged; what others said before it may still be on its way.
    /// True when it is told in its place, now or later.
    pub(super) fn acknowledged(&mut self, now_ms: u64, entry: Entry) -> bool {
        let conversation = entry.conversation.clone();
        let Some(timeline) = self.timeline(&conversation) else { return false };
        timeline.arrive(entry);
        self.tell(&conversation);
        self.look_for_gap(&conversation, now_ms + GAP_GRACE_MS);
        true
    }

    /// Tells whatever is in turn. While a page is on its way that opens the conversation, everything waits for it.
    pub(super) fn tell(&mut self, conversation: &Target) {
        if self.requests.is_opening(conversation) {
            return;
        }
        let Some(timeline) = self.conversations.get_mut(conversation) else { return };
        let me = self.account.as_ref().map(|account| &account.user);
        while let Some(entry) = timeline.pop() {
            self.reads.told(me, &entry);
            self.effects.push(Effect::News(News::Entry(entry)));
        }
    }

    /// The timeline of a conversation that is followed. A direct conversation that the heads did not name when
    /// they were all asked for has begun since then, and is told from its first event on.
    pub(super) fn timeline(&mut self, conversation: &Target) -> Option<&mut Timeline> {
        let is_new = !self.conversations.contains_key(conversation)
            && matches!(conversation, Target::User(_))
            && self.following.has_begun()
            && self.following.wants(conversation);
        if is_new {
            self.conversations.insert(conversation.clone(), Timeline::starting_at(1));
        }
        self.conversations.get_mut(conversation)
    }
}

impl Follow {
    /// Whether this conversation is among them.
    pub(super) fn includes(&self, conversation: &Target) -> bool {
        match self {
            Self::Everything => true,
            Self::One { conversation: one, .. } => one == conversation,
        }
    }
}

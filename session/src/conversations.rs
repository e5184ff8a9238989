//! The conversations as the user sees them: [`Sync`] brings their events in order, [`Reads`] counts what is
//! unread, [`Presence`] and [`Typing`] show who is there.
//!
//! This component hands the outcome of one of the four to the others.

use common::accounts::Revoked;
use common::channels::Joined;
use common::reads::Reading;
use common::{ChannelName, Conversation, Detail, Error, Notice, Target, UserName};

use super::api::{Answer, Entry, Follow, NO_TICKET, News};
use super::context::{Context, not_logged_in};
use super::history;
use super::presence::Presence;
use super::reads::{self, Reads};
use super::requests::HeadsKind;
use super::sync::{HeadsOutcome, Membership, Sync, Timelines};
use super::typing::Typing;

/// See the module.
#[derive(Default)]
pub(crate) struct Conversations {
    sync: Sync,
    reads: Reads,
    presence: Presence,
    typing: Typing,
}

impl Conversations {
    pub(crate) fn sync(&mut self) -> &mut Sync {
        &mut self.sync
    }

    pub(crate) fn reads(&mut self) -> &mut Reads {
        &mut self.reads
    }

    pub(crate) fn presence(&mut self) -> &mut Presence {
        &mut self.presence
    }

    pub(crate) fn timelines(&self) -> &Timelines {
        self.sync.timelines()
    }

    pub(crate) fn follows_everything(&self) -> bool {
        self.sync.wants_everything()
    }

    pub(crate) fn has_quit(&self) -> bool {
        self.presence.has_quit()
    }

    pub(crate) fn unread_elsewhere(&self) -> u64 {
        self.reads.unread_elsewhere()
    }

    /// When [`tick`](Self::tick) has something to do.
    pub(crate) fn deadline(&self, cx: &Context) -> Option<u64> {
        let reads = cx.account().and_then(|_| self.reads.deadline());
        let deadlines = [self.sync.deadline(), self.presence.deadline(), self.typing.deadline(), reads];
        deadlines.into_iter().flatten().min()
    }

    /// Does what is due.
    pub(crate) fn tick(&mut self, cx: &mut Context) {
        self.sync.tick(cx);
        self.presence.tick(cx);
        self.typing.tick(cx);
        self.reads.tick(cx);
    }

    /// Follows other conversations than before.
    pub(crate) fn follow(&mut self, cx: &mut Context, ticket: u64, follow: Follow) {
        if cx.account().is_none() {
            return cx.answer(ticket, Err(not_logged_in()));
        }
        self.stop_following(cx, &Detail::FollowReplaced.into());
        // The topic of presence was unsubscribed with the others: the reply names it again.
        self.presence.begin(cx);
        self.sync.follow(cx, ticket, follow);
    }

    fn stop_following(&mut self, cx: &mut Context, error: &Error) {
        self.sync.stop(cx, error);
        self.reads = Reads::default();
    }

    /// The user is logged out.
    pub(crate) fn end_session(&mut self, cx: &mut Context, error: &Error) {
        self.presence.end();
        self.typing.end();
        self.stop_following(cx, error);
    }

    /// Takes the event lines and notices of a topic. A line of another form is ignored: a later version may
    /// publish it.
    pub(crate) fn published(&mut self, cx: &mut Context, lines: &[u8]) {
        let Some(me) = cx.user().cloned() else { return };
        for line in lines.split(|byte| *byte == b'\n') {
            let line = std::str::from_utf8(line).unwrap_or_default();
            if let Some(entry) = Entry::read(&me, line) {
                self.event_published(cx, &me, entry);
            } else if let Ok(notice) = serde_json::from_str(line) {
                self.notice_published(cx, &me, notice);
            }
        }
    }

    fn event_published(&mut self, cx: &mut Context, me: &UserName, entry: Entry) {
        match self.sync.note_membership(cx, me, entry) {
            Membership::Event(entry) => {
                self.typing.message_arrived(cx, &entry);
                let ready = self.sync.published(cx, entry);
                self.emit(cx, ready);
            }
            Membership::Ended(conversation) => self.reads.forget(&conversation),
            Membership::Handled => {}
        }
    }

    fn notice_published(&mut self, cx: &mut Context, me: &UserName, notice: Notice) {
        match notice {
            Notice::TopicMoved { to, topic } => self.sync.topic_moved(cx, &Target::Channel(to), topic),
            Notice::Read { conversation, n, unread, mentions } => {
                // The notice may arrive after the end of a membership.
                let is_own =
                    matches!(conversation, Target::User(_)) || self.sync.timelines().contains(&conversation);
                self.reads.noted(cx, Reading { conversation, n, head: n, unread, mentions }, is_own);
            }
            Notice::Presence { users, .. } => self.presence.changed(cx, users),
            Notice::Typing { to, from, typing, .. } => {
                let conversation = Conversation::of(&from, &to).seen_by(me);
                self.typing.heard(cx, &conversation, from, typing);
            }
        }
    }

    /// Emits events whose turn it is.
    fn emit(&mut self, cx: &mut Context, ready: Vec<Entry>) {
        for entry in ready {
            self.reads.count(cx.user(), &entry);
            cx.emit_news(News::Entry(entry));
        }
    }

    /// Takes the user's own message, which the server has stored; true if it is emitted in its place, now or
    /// later.
    pub(crate) fn acknowledged(&mut self, cx: &mut Context, entry: Entry) -> bool {
        let ready = self.sync.acknowledged(cx, entry);
        let is_emitted = ready.is_some();
        self.emit(cx, ready.unwrap_or_default());
        is_emitted
    }

    /// Takes the reply to a command that created or joined a channel.
    pub(crate) fn joined(&mut self, cx: &mut Context, joined: Joined) -> Answer {
        self.sync.joined(cx, &joined);
        Answer::Joined(joined)
    }

    /// Takes the reply to a command that left a channel.
    pub(crate) fn left(&mut self, cx: &mut Context, channel: ChannelName) -> Answer {
        let conversation = Target::Channel(channel);
        self.sync.forget(cx, &conversation);
        self.reads.forget(&conversation);
        Answer::Done
    }

    /// Takes the reply to a command that ended other sessions: they may not listen to the user's own topic
    /// any longer.
    pub(crate) fn sessions_ended(&mut self, cx: &mut Context, revoked: Revoked) -> Answer {
        self.sync.own_topic_is(cx, revoked.topic);
        Answer::SessionsEnded(revoked.ended)
    }

    /// Requests the page that opens a conversation.
    pub(crate) fn open(&mut self, cx: &mut Context, ticket: u64, conversation: Target) {
        self.presence.watch(&conversation);
        self.typing.open(cx, &conversation);
        history::open(cx, ticket, conversation, &self.reads);
    }

    /// Takes the page that opens a conversation, or its refusal. Its events continue after the page.
    pub(crate) fn opened(
        &mut self,
        cx: &mut Context,
        conversation: &Target,
        outcome: Result<&str, Error>,
    ) -> Result<Answer, Error> {
        let page = outcome.and_then(|result| cx.entries(result));
        let answer = page.map(|(head, entries)| {
            // The events between the page and the newest one are for `read_on`.
            let shown = entries.last().map_or(head, |last| last.n.max(head));
            self.sync.begin_after(conversation, shown);
            self.show(cx, conversation, head, entries);
            Answer::Done
        });
        let ready = self.sync.opened(cx, conversation);
        self.emit(cx, ready);
        answer
    }

    /// Requests the page after what was shown of the open conversation.
    pub(crate) fn read_on(&mut self, cx: &mut Context, ticket: u64, conversation: Target) {
        history::read_on(cx, ticket, conversation, &self.reads);
    }

    /// Takes the page after what was shown of the open conversation.
    pub(crate) fn read_further(
        &mut self,
        cx: &mut Context,
        conversation: &Target,
        result: &str,
    ) -> Result<Answer, Error> {
        let (head, entries) = cx.entries(result)?;
        let shown = entries.last().map(|last| last.n).filter(|last| *last >= head);
        self.show(cx, conversation, head, entries);
        let ready = self.sync.read_on(cx, conversation, shown);
        self.emit(cx, ready);
        Ok(Answer::Done)
    }

    fn show(&mut self, cx: &mut Context, conversation: &Target, head: u64, entries: Vec<Entry>) {
        let shown = entries.last().map_or(head, |last| last.n);
        let unread = self.reads.unread(conversation).map_or(0, |reading| reading.unread);
        self.reads.open(conversation.clone(), shown);
        let (conversation, more) = (conversation.clone(), head.saturating_sub(shown));
        cx.emit_news(News::Opened { conversation, entries, unread, more });
    }

    /// Takes the reply that says where events are published.
    pub(crate) fn informed(&mut self, cx: &mut Context, outcome: Result<&str, Error>) {
        if let Err(error) = self.sync.informed(cx, outcome) {
            self.stop_following(cx, &error);
        }
    }

    /// Takes heads.
    pub(crate) fn heads_read(
        &mut self,
        cx: &mut Context,
        kind: HeadsKind,
        cursor: Option<u64>,
        outcome: Result<&str, Error>,
    ) {
        match self.sync.heads_read(cx, kind, cursor, outcome) {
            Ok(HeadsOutcome::Applied) => {}
            Ok(HeadsOutcome::Channels(channels)) => self.reads.forget_other_channels(&channels),
            Ok(HeadsOutcome::SetBack) => self.set_back(cx),
            Err(error) => self.stop_following(cx, &error),
        }
    }

    /// The server has an earlier state: everything starts again from what there is now.
    fn set_back(&mut self, cx: &mut Context) {
        let reads = std::mem::take(&mut self.reads);
        self.sync.set_back(cx);
        if reads.is_listed() {
            reads::list(cx, NO_TICKET);
        }
        if let Some(conversation) = reads.into_open() {
            self.open(cx, NO_TICKET, conversation);
        }
    }

    /// Takes a page that fills a gap, or its refusal.
    pub(crate) fn repaired(&mut self, cx: &mut Context, conversation: &Target, outcome: Result<&str, Error>) {
        match self.sync.repaired(cx, conversation, outcome) {
            Some(ready) => self.emit(cx, ready),
            None => self.reads.forget(conversation),
        }
    }

    /// Takes the reply to a heartbeat.
    pub(crate) fn presence_reported(&mut self, cx: &mut Context, outcome: Result<&str, Error>) {
        if let Some(topic) = self.presence.reported(cx, outcome) {
            self.sync.subscribe_presence(cx, topic);
        }
    }

    /// Takes a key that the user typed.
    pub(crate) fn key_typed(&mut self, cx: &mut Context, to: Option<Target>) {
        self.presence.touch(cx);
        self.typing.key_typed(cx, to);
    }

    /// A message to this target is on its way.
    pub(crate) fn message_sent(&mut self, to: &Target) {
        self.typing.message_sent(to);
    }
}

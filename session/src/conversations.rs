//! Combines four components: [`Sync`] orders events, [`Reads`] counts unread events, [`Presence`] and
//! [`Typing`] report on other users. This file passes the outcome of a component to the other components.

use common::accounts::Revoked;
use common::channels::Joined;
use common::reads::Reading;
use common::{Body, ChannelName, Conversation, Detail, Error, Event, Notice, Target, UserName};

use super::api::{Answer, Entry, Follow, NO_TICKET, News};
use super::blocks::Blocks;
use super::context::{Context, not_logged_in};
use super::history;
use super::levels::{self, Levels};
use super::presence::Presence;
use super::published::{Item, Published};
use super::reads::{self, Reads};
use super::requests::HeadsKind;
use super::sync::{HeadsOutcome, Membership, Sync, Timelines};
use super::typing::Typing;

#[derive(Default)]
pub(crate) struct Conversations {
    sync: Sync,
    reads: Reads,
    presence: Presence,
    typing: Typing,
    blocks: Blocks,
    levels: Levels,
}

impl Conversations {
    pub(crate) fn sync(&mut self) -> &mut Sync {
        &mut self.sync
    }

    pub(crate) fn reads(&mut self) -> &mut Reads {
        &mut self.reads
    }

    pub(crate) fn blocks(&self) -> &Blocks {
        &self.blocks
    }

    pub(crate) fn blocks_mut(&mut self) -> &mut Blocks {
        &mut self.blocks
    }

    pub(crate) fn levels(&mut self) -> &mut Levels {
        &mut self.levels
    }

    pub(crate) fn presence(&mut self) -> &mut Presence {
        &mut self.presence
    }

    pub(crate) fn timelines(&self) -> &Timelines {
        self.sync.timelines()
    }

    pub(crate) fn follows_all_conversations(&self) -> bool {
        self.sync.follows_all_conversations()
    }

    pub(crate) fn has_quit(&self) -> bool {
        self.presence.has_quit()
    }

    pub(crate) fn unread_elsewhere(&self) -> u64 {
        self.reads.unread_elsewhere(&self.levels)
    }

    /// The time at which [`tick`](Self::tick) must be called.
    pub(crate) fn deadline(&self, cx: &Context) -> Option<u64> {
        let reads = cx.account().and_then(|_| self.reads.deadline());
        let deadlines = [self.sync.deadline(), self.presence.deadline(), self.typing.deadline(), reads];
        deadlines.into_iter().flatten().min()
    }

    pub(crate) fn tick(&mut self, cx: &mut Context) {
        self.sync.tick(cx);
        self.presence.tick(cx);
        self.typing.tick(cx);
        self.reads.tick(cx);
    }

    /// Replaces the conversations that are followed.
    pub(crate) fn follow(&mut self, cx: &mut Context, ticket: u64, follow: Follow) {
        if cx.account().is_none() {
            return cx.answer(ticket, Err(not_logged_in()));
        }
        self.stop_following(cx, &Detail::FollowReplaced.into());
        // `stop_following` unsubscribed from the topic of presence. The reply to a heartbeat contains this
        // topic.
        self.presence.report_now(cx);
        self.sync.follow(cx, ticket, follow);
    }

    fn stop_following(&mut self, cx: &mut Context, error: &Error) {
        self.sync.stop(cx, error);
        self.reads = Reads::default();
    }

    pub(crate) fn end_session(&mut self, cx: &mut Context, error: &Error) {
        self.presence.end();
        self.typing.end();
        self.blocks = Blocks::default();
        self.levels = Levels::default();
        self.stop_following(cx, error);
    }

    /// Handles the event lines and notices of a topic.
    pub(crate) fn published(&mut self, cx: &mut Context, published: &Published) {
        let Some(me) = cx.user().cloned() else { return };
        for item in published.items() {
            match item {
                Item::Event(event) => self.event_published(cx, &me, event.seen_by(&me)),
                Item::Notice(notice) => self.notice_published(cx, &me, notice.clone()),
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
                // The notice can arrive after the end of a membership.
                let is_readable =
                    matches!(conversation, Target::User(_)) || self.sync.timelines().contains(&conversation);
                let reading = Reading { conversation, n, head: n, unread, mentions };
                self.reads.notice(cx, reading, is_readable);
            }
            // The session requests its heads every few seconds, and the reply says whether it has ended.
            Notice::SessionsEnded {} => {}
            Notice::Blocked { user, blocked } => self.blocks.notice(user, blocked),
            Notice::Levels {} => levels::list(cx, NO_TICKET),
            Notice::Presence { users, .. } => self.presence.changed(cx, users),
            Notice::Typing { to, from, typing, .. } => {
                let conversation = Conversation::of(&from, &to).seen_by(me);
                if self.blocks.contains(&from) {
                    return;
                }
                self.typing.notice(cx, &conversation, from, typing);
            }
        }
    }

    fn emit(&mut self, cx: &mut Context, ready: Vec<Entry>) {
        for entry in ready {
            if let (Target::Channel(channel), Some(Event { body: Body::Renamed(name), .. })) =
                (&entry.conversation, entry.event.as_deref())
            {
                cx.rename(channel, name);
            }
            self.reads.count(cx.user(), &entry);
            let level = self.levels.of(&entry.conversation);
            cx.emit_news(News::Entry(self.blocks.mark(Entry { level, ..entry })));
        }
    }

    /// Handles the acknowledgement of a message. Returns whether the message is emitted as an event.
    pub(crate) fn acknowledged(&mut self, cx: &mut Context, entry: Entry) -> bool {
        let ready = self.sync.acknowledged(cx, entry);
        let entry_follows = ready.is_some();
        self.emit(cx, ready.unwrap_or_default());
        entry_follows
    }

    pub(crate) fn joined(&mut self, cx: &mut Context, joined: Joined) -> Answer {
        cx.set_names(&joined.channel, &joined.names);
        self.sync.joined(cx, &joined);
        Answer::Joined(joined)
    }

    pub(crate) fn left(&mut self, cx: &mut Context, channel: ChannelName) -> Answer {
        let conversation = Target::Channel(channel);
        self.sync.left(cx, &conversation);
        self.reads.forget(&conversation);
        Answer::Done
    }

    /// Handles the reply to a command that ended other sessions. The server has moved the user's own topic.
    pub(crate) fn sessions_ended(&mut self, cx: &mut Context, revoked: Revoked) -> Answer {
        self.sync.own_topic_moved(cx, revoked.topic);
        Answer::SessionsEnded(revoked.ended)
    }

    /// Requests the page that opens a conversation.
    pub(crate) fn open(&mut self, cx: &mut Context, ticket: u64, conversation: Target) {
        self.presence.watch(&conversation);
        self.typing.open(cx, &conversation);
        history::open(cx, ticket, conversation, &self.reads);
    }

    /// Handles the page that opens a conversation, or an error. Events that waited for the page are emitted
    /// after it.
    pub(crate) fn opened(
        &mut self,
        cx: &mut Context,
        conversation: &Target,
        outcome: Result<&str, Error>,
    ) -> Result<Answer, Error> {
        let page = outcome.and_then(|result| cx.entries(result));
        let answer = page.map(|(head, entries)| {
            // The user requests the events between the page and the head with `Command::NextPage`.
            let shown = entries.last().map_or(head, |last| last.n.max(head));
            self.sync.continue_after(conversation, shown);
            self.show(cx, conversation, head, entries);
            Answer::Done
        });
        let ready = self.sync.opened(cx, conversation);
        self.emit(cx, ready);
        answer
    }

    /// Requests the page after the events that the open conversation shows.
    pub(crate) fn request_next_page(&mut self, cx: &mut Context, ticket: u64, conversation: Target) {
        history::request_next_page(cx, ticket, conversation, &self.reads);
    }

    pub(crate) fn page_received(
        &mut self,
        cx: &mut Context,
        conversation: &Target,
        result: &str,
    ) -> Result<Answer, Error> {
        let (head, entries) = cx.entries(result)?;
        let shown = entries.last().map(|last| last.n).filter(|last| *last >= head);
        self.show(cx, conversation, head, entries);
        let ready = self.sync.next_page(cx, conversation, shown);
        self.emit(cx, ready);
        Ok(Answer::Done)
    }

    fn show(&mut self, cx: &mut Context, conversation: &Target, head: u64, entries: Vec<Entry>) {
        let shown = entries.last().map_or(head, |last| last.n);
        let unread = self.reads.unread(conversation).map_or(0, |reading| reading.unread);
        self.reads.open(conversation.clone(), shown);
        let (conversation, more) = (conversation.clone(), head.saturating_sub(shown));
        let entries = entries.into_iter().map(|entry| self.blocks.mark(entry)).collect();
        cx.emit_news(News::Opened { conversation, entries, unread, more });
    }

    pub(crate) fn info_received(&mut self, cx: &mut Context, outcome: Result<&str, Error>) {
        if let Err(error) = self.sync.info_received(cx, outcome) {
            self.stop_following(cx, &error);
        }
    }

    pub(crate) fn heads_received(
        &mut self,
        cx: &mut Context,
        kind: HeadsKind,
        cursor: Option<u64>,
        outcome: Result<&str, Error>,
    ) {
        match self.sync.heads_received(cx, kind, cursor, outcome) {
            Ok(HeadsOutcome::Applied) => {}
            Ok(HeadsOutcome::Channels(channels)) => self.reads.forget_other_channels(&channels),
            Ok(HeadsOutcome::RolledBack) => self.roll_back(cx),
            Err(error) => self.stop_following(cx, &error),
        }
    }

    /// Starts again from the state of a server that has returned to an earlier state.
    fn roll_back(&mut self, cx: &mut Context) {
        let reads = std::mem::take(&mut self.reads);
        self.sync.roll_back(cx);
        if reads.is_listed() {
            reads::list(cx, NO_TICKET);
        }
        if let Some(conversation) = reads.into_open() {
            self.open(cx, NO_TICKET, conversation);
        }
    }

    /// Handles a page that fills a gap, or an error.
    pub(crate) fn repaired(&mut self, cx: &mut Context, conversation: &Target, outcome: Result<&str, Error>) {
        match self.sync.repaired(cx, conversation, outcome) {
            Some(ready) => self.emit(cx, ready),
            None => self.reads.forget(conversation),
        }
    }

    pub(crate) fn heartbeat_acknowledged(&mut self, cx: &mut Context, outcome: Result<&str, Error>) {
        if let Some(topic) = self.presence.reported(cx, outcome) {
            self.sync.subscribe_presence(cx, topic);
        }
    }

    pub(crate) fn key_typed(&mut self, cx: &mut Context, to: Option<Target>) {
        self.presence.key_typed(cx);
        self.typing.key_typed(cx, to);
    }

    pub(crate) fn message_sent(&mut self, to: &Target) {
        self.typing.message_sent(to);
    }
}

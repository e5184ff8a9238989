//! Sync: follows the conversations over the fan-out, and compares heads, so that a lost event is noticed.
//!
//! The steps are the same at the beginning and after a lost connection: ask where events are published,
//! connect a new socket, subscribe, request all heads (which name the channels' topics), subscribe to those,
//! and raise a barrier. When the barrier arrives, every subscription is in force; the heads of that moment
//! show what was missed until then.

mod topics;
mod timeline;
mod timelines;
mod memberships;
mod events;

use std::collections::{BTreeMap, BTreeSet};

use common::history::{Head, Heads, HeadsSince};
use common::methods::{ServerInfo, SyncHeads};
use common::node::{Info, NoParams, PROTOCOL};
use common::{Detail, Error, Target};

use crate::api::{Answer, Effect, Follow, News};
use crate::context::Context;
use crate::limits::{FANOUT_GRACE_MS, GAP_GRACE_MS};
use crate::requests::{HeadsKind, Origin, read};

pub(crate) use memberships::Membership;
pub(crate) use timelines::Timelines;

use timeline::Timeline;
use topics::Topics;

/// What is followed, and up to which event.
#[derive(Default)]
pub(crate) struct Sync {
    wanted: Option<Follow>,
    /// The command that is answered when following has begun.
    ticket: Option<u64>,
    topics: Topics,
    timelines: Timelines,
    /// The event that ended the last membership, of channels that the user is not a member of.
    ended: BTreeMap<Target, u64>,
    /// Channels joined since all heads were requested last: the reply may not name them yet.
    joined_since: BTreeSet<Target>,
    /// Where the last heads ended; `None` before the first.
    cursor: Option<u64>,
    /// When the server was restored from a backup last, as the heads say.
    restored: Option<u64>,
    heads_due: Option<u64>,
    /// An event that the heads named and the fan-out has not brought yet.
    owed: Option<Owed>,
}

struct Owed {
    conversation: Target,
    n: u64,
    due: u64,
}

/// What heads mean for the other components.
pub(crate) enum HeadsOutcome {
    Applied,
    /// The user is a member of these channels, and of no others.
    Channels(BTreeSet<Target>),
    /// The server has an earlier state than before: see [`Sync::set_back`].
    SetBack,
}

impl Sync {
    pub(crate) fn wants(&self, conversation: &Target) -> bool {
        self.wanted.as_ref().is_some_and(|wanted| wanted.includes(conversation))
    }

    pub(crate) fn wants_everything(&self) -> bool {
        self.wanted == Some(Follow::Everything)
    }

    /// Whether heads have arrived, so that a conversation they did not name is new.
    pub(crate) fn has_begun(&self) -> bool {
        self.cursor.is_some()
    }

    pub(crate) fn timelines(&self) -> &Timelines {
        &self.timelines
    }

    /// When [`tick`](Self::tick) has something to do.
    pub(crate) fn deadline(&self) -> Option<u64> {
        let owed = self.owed.as_ref().map(|owed| owed.due);
        let deadlines = [self.topics.deadline(), owed, self.heads_due, self.timelines.deadline()];
        deadlines.into_iter().flatten().min()
    }

    /// Begins to follow. The command is answered when no event can be missed any longer.
    pub(crate) fn follow(&mut self, cx: &mut Context, ticket: u64, follow: Follow) {
        self.wanted = Some(follow);
        self.ticket = Some(ticket);
        self.find_fan_out(cx);
    }

    /// Follows nothing any longer. A command that waits for following to begin gets this error.
    pub(crate) fn stop(&mut self, cx: &mut Context, error: &Error) {
        self.timelines.clear(cx);
        let Self { ticket, topics, .. } = std::mem::take(self);
        topics.unsubscribe_all(cx);
        forget_requests(cx);
        if let Some(ticket) = ticket {
            cx.answer(ticket, Err(error.clone()));
        }
    }

    /// Takes the steps from the first one on, because the fan-out may have moved. What was emitted is kept.
    pub(crate) fn find_fan_out(&mut self, cx: &mut Context) {
        if self.wanted.is_none() {
            return;
        }
        forget_requests(cx);
        self.topics.forget_barrier();
        self.owed = None;
        self.heads_due = None;
        cx.ask_without_token::<ServerInfo>(Origin::Info, &NoParams {});
    }

    /// Connects to where events are published. Fails if a command waits for following to begin and it cannot.
    pub(crate) fn informed(&mut self, cx: &mut Context, outcome: Result<&str, Error>) -> Result<(), Error> {
        match outcome.and_then(read::<Info>).and_then(speakable) {
            Ok(info) if cx.account().is_some() => {
                cx.emit(Effect::Connect(info.events));
                self.topics.subscribe_all(cx);
                self.ask_heads(cx, HeadsKind::All);
                Ok(())
            }
            Ok(_logged_out) => Ok(()),
            Err(error) => {
                // This barrier cannot arrive, and so the steps are tried again.
                self.topics.raise_barrier(cx);
                self.fail_to_begin(error)
            }
        }
    }

    /// An error while following begins is final; later on, the steps are tried again.
    fn fail_to_begin(&self, error: Error) -> Result<(), Error> {
        if self.ticket.is_some() { Err(error) } else { Ok(()) }
    }

    fn ask_heads(&mut self, cx: &mut Context, kind: HeadsKind) {
        let cursor = self.cursor;
        let since = if kind == HeadsKind::All { None } else { cursor };
        if kind == HeadsKind::All {
            self.joined_since.clear();
        }
        cx.ask::<SyncHeads>(Origin::Heads { kind, cursor }, |token| HeadsSince { token, since });
    }

    /// Applies heads: an event that they name and that is not here is a gap. Fails like
    /// [`informed`](Self::informed).
    pub(crate) fn heads_read(
        &mut self,
        cx: &mut Context,
        kind: HeadsKind,
        cursor: Option<u64>,
        outcome: Result<&str, Error>,
    ) -> Result<HeadsOutcome, Error> {
        let heads: Heads = match outcome.and_then(read) {
            Ok(heads) => heads,
            Err(error) => {
                self.heads_due = Some(cx.now_ms() + cx.rng().heads_every_ms());
                return self.fail_to_begin(error).map(|()| HeadsOutcome::Applied);
            }
        };
        // A reply is never older than its request, so that a smaller cursor belongs to another log.
        let is_behind = cursor.is_some_and(|cursor| heads.cursor < cursor);
        let was_restored = self.has_begun() && heads.restored != self.restored;
        self.restored = heads.restored;
        if is_behind || was_restored {
            return Ok(HeadsOutcome::SetBack);
        }
        let has_own_topic_moved = self.topics.move_own(cx, heads.topic);
        let is_all = kind == HeadsKind::All;
        let channels = if is_all { self.forget_other_channels(cx, &heads.heads) } else { BTreeSet::new() };
        let mut is_subscription_new = is_all;
        for head in heads.heads {
            is_subscription_new |= self.apply_head(cx, kind, head);
        }
        self.cursor = Some(heads.cursor);
        if let Some(error) = self.missing_channel() {
            self.fail_to_begin(error)?;
        } else if has_own_topic_moved && !is_all {
            self.ask_heads(cx, HeadsKind::All);
        } else {
            self.finish_heads(cx, kind, is_subscription_new);
        }
        Ok(if is_all { HeadsOutcome::Channels(channels) } else { HeadsOutcome::Applied })
    }

    fn finish_heads(&mut self, cx: &mut Context, kind: HeadsKind, is_subscription_new: bool) {
        if is_subscription_new {
            self.topics.raise_barrier(cx);
        } else if kind == HeadsKind::AfterBarrier
            && let Some(ticket) = self.ticket.take()
        {
            cx.answer(ticket, Ok(Answer::Done));
        }
        // Also while a barrier is pending: if it is lost, the next one may take long.
        self.heads_due = Some(cx.now_ms() + cx.rng().heads_every_ms());
    }

    /// Applies one head; true if it led to a new subscription.
    fn apply_head(&mut self, cx: &mut Context, kind: HeadsKind, head: Head) -> bool {
        let Head { conversation, n, topic } = head;
        if !self.wants(&conversation) {
            return false;
        }
        let start = self.start(&conversation, n);
        let has_moved = topic.is_some_and(|topic| self.topics.subscribe_channel(cx, &conversation, topic));
        let timeline = self.timelines.get_or_start(&conversation, start);
        timeline.know_of(n);
        // Before the barrier the fan-out owes nothing, nor what was published on a topic that was left.
        let is_in_force = self.topics.deadline().is_none() && !has_moved;
        if kind == HeadsKind::Periodic && is_in_force && timeline.is_unpublished(n) {
            let due = cx.now_ms() + FANOUT_GRACE_MS;
            self.owed.get_or_insert(Owed { conversation: conversation.clone(), n, due });
        } else {
            timeline.note_published(n);
        }
        self.timelines.look_for_gap(&conversation, cx.now_ms() + GAP_GRACE_MS);
        has_moved
    }

    /// The first event to be emitted of a conversation whose newest is `n`.
    fn start(&self, conversation: &Target, n: u64) -> u64 {
        match (&self.wanted, conversation) {
            (Some(Follow::One { after: Some(after), .. }), _) => after.saturating_add(1),
            // It began after all heads were applied last, so that every event of it is new.
            (_, Target::User(_)) if self.has_begun() => 1,
            (_, Target::User(_) | Target::Channel(_)) => n.saturating_add(1),
        }
    }

    /// Forgets the channels that all heads do not name. Returns those of which the user is a member.
    fn forget_other_channels(&mut self, cx: &mut Context, heads: &[Head]) -> BTreeSet<Target> {
        let named = heads.iter().map(|head| &head.conversation);
        let channels: BTreeSet<_> =
            named.chain(&self.joined_since).filter(|of| is_channel(of)).cloned().collect();
        let is_gone = |conversation: &&Target| is_channel(conversation) && !channels.contains(*conversation);
        let gone: Vec<_> = self.timelines.conversations().filter(is_gone).cloned().collect();
        gone.iter().for_each(|conversation| self.forget(cx, conversation));
        channels
    }

    fn missing_channel(&self) -> Option<Error> {
        match &self.wanted {
            Some(Follow::One { conversation: Target::Channel(channel), .. })
                if !self.topics.has_channel(&Target::Channel(channel.clone())) =>
            {
                Some(Detail::NotMember { channel: channel.clone() }.into())
            }
            Some(Follow::One { .. } | Follow::Everything) | None => None,
        }
    }

    /// The server has an earlier state, as after a restored backup, and gives the same numbers to other
    /// events. What was emitted is of another past: everything starts again from what there is now.
    pub(crate) fn set_back(&mut self, cx: &mut Context) {
        self.timelines.clear(cx);
        self.ended.clear();
        self.cursor = None;
        if let Some(Follow::One { after, .. }) = &mut self.wanted {
            *after = None;
        }
        cx.emit_news(News::RolledBack);
        self.find_fan_out(cx);
    }

    /// Requests heads when they are due. Looks for the fan-out again when it lost a barrier or an event.
    pub(crate) fn tick(&mut self, cx: &mut Context) {
        let now_ms = cx.now_ms();
        let owed = self.owed.take_if(|owed| owed.due <= now_ms);
        let is_still_owed = owed.is_some_and(|owed| {
            self.timelines.get(&owed.conversation).is_some_and(|timeline| timeline.is_unpublished(owed.n))
        });
        let is_barrier_lost = self.topics.deadline().is_some_and(|due| due <= now_ms);
        if is_barrier_lost || is_still_owed {
            self.topics.note_loss();
            self.find_fan_out(cx);
        }
        if self.heads_due.take_if(|due| *due <= now_ms).is_some() {
            self.ask_heads(cx, HeadsKind::Periodic);
        }
        self.repair_gaps(cx);
    }

    pub(crate) fn barrier_arrived(&mut self, cx: &mut Context, topic: &[u8]) {
        if self.topics.take_barrier(cx, topic) {
            self.ask_heads(cx, HeadsKind::AfterBarrier);
        }
    }

    /// The server publishes a channel's events on another topic.
    pub(crate) fn topic_moved(&mut self, cx: &mut Context, conversation: &Target, topic: String) {
        if self.topics.has_channel(conversation) && self.topics.subscribe_channel(cx, conversation, topic) {
            self.topics.raise_barrier(cx);
        }
    }

    /// The server publishes what is meant for the user on another topic, and perhaps the private channels'
    /// events too: all heads name their topics.
    pub(crate) fn own_topic_is(&mut self, cx: &mut Context, topic: String) {
        if self.topics.move_own(cx, topic) && self.has_begun() {
            self.ask_heads(cx, HeadsKind::All);
        }
    }

    pub(crate) fn subscribe_presence(&mut self, cx: &mut Context, topic: String) {
        self.topics.subscribe_presence(cx, topic);
    }
}

/// Forgets the requests of earlier steps.
fn forget_requests(cx: &mut Context) {
    cx.requests_mut().forget(|origin| matches!(origin, Origin::Info | Origin::Heads { .. }));
}

fn is_channel(conversation: &Target) -> bool {
    matches!(conversation, Target::Channel(_))
}

/// What a server says about itself, if it speaks a version of the protocol that this client speaks.
pub(crate) fn speakable(info: Info) -> Result<Info, Error> {
    let (theirs, ours) = (info.protocol, PROTOCOL);
    if theirs.min <= ours.max && ours.min <= theirs.max {
        return Ok(info);
    }
    let (version, from, to) = (info.version, theirs.min, theirs.max);
    Err(Detail::OtherVersion { version, from, to, own_from: ours.min, own_to: ours.max }.into())
}

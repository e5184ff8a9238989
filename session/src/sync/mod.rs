//! Sync: receives the events of conversations from the proxy, and detects lost events with heads.
//!
//! The steps are the same at the beginning and after a lost connection:
//!
//! 1. Request the endpoint of the proxy, and connect a new socket.
//! 2. Subscribe to the user's own topic.
//! 3. Request all heads. They contain the topics of the channels: subscribe to these topics.
//! 4. Subscribe to a barrier. When the barrier arrives, all subscriptions are in force.
//! 5. Request heads again. They show the events that were published before the subscriptions were in force.

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

#[derive(Default)]
pub(crate) struct Sync {
    followed: Option<Follow>,
    /// The pending command [`Follow`].
    ticket: Option<u64>,
    topics: Topics,
    timelines: Timelines,
    /// Channels that the user left or was removed from.
    ended: BTreeMap<Target, Ended>,
    /// Channels that the user joined after the last request for all heads. The pending reply may not contain
    /// them.
    joined_since: BTreeSet<Target>,
    /// The cursor of the last heads.
    cursor: Option<u64>,
    /// The value of `restored` in the last heads.
    restored: Option<u64>,
    heads_due: Option<u64>,
    expected: Option<ExpectedEvent>,
}

/// A membership that ended.
#[derive(Default)]
struct Ended {
    /// The number of the event that ended it.
    n: u64,
    /// The last event that was emitted before.
    shown: u64,
}

/// An event that the heads contain, and that the proxy has not published yet.
struct ExpectedEvent {
    conversation: Target,
    n: u64,
    due: u64,
}

/// The effect of heads on the other components.
pub(crate) enum HeadsOutcome {
    Applied,
    /// All channels that the user is a member of.
    Channels(BTreeSet<Target>),
    /// The server has returned to an earlier state: see [`Sync::roll_back`].
    RolledBack,
}

impl Sync {
    pub(crate) fn follows(&self, conversation: &Target) -> bool {
        self.followed.as_ref().is_some_and(|followed| followed.includes(conversation))
    }

    pub(crate) fn follows_all_conversations(&self) -> bool {
        self.followed == Some(Follow::Everything)
    }

    /// Whether heads have arrived. After that, a conversation without a head is new.
    pub(crate) fn has_heads(&self) -> bool {
        self.cursor.is_some()
    }

    pub(crate) fn timelines(&self) -> &Timelines {
        &self.timelines
    }

    /// The time at which [`tick`](Self::tick) must be called.
    pub(crate) fn deadline(&self) -> Option<u64> {
        let expected = self.expected.as_ref().map(|expected| expected.due);
        let deadlines = [self.topics.deadline(), expected, self.heads_due, self.timelines.deadline()];
        deadlines.into_iter().flatten().min()
    }

    /// Starts to follow. The command is answered when all subscriptions are in force.
    pub(crate) fn follow(&mut self, cx: &mut Context, ticket: u64, follow: Follow) {
        self.followed = Some(follow);
        self.ticket = Some(ticket);
        self.reconnect(cx);
    }

    /// Stops following all conversations. A pending command [`Follow`] fails with this error.
    pub(crate) fn stop(&mut self, cx: &mut Context, error: &Error) {
        self.timelines.clear(cx);
        let Self { ticket, topics, .. } = std::mem::take(self);
        topics.unsubscribe_all(cx);
        forget_requests(cx);
        if let Some(ticket) = ticket {
            cx.answer(ticket, Err(error.clone()));
        }
    }

    /// Repeats all steps, because the endpoint of the proxy may have changed. Keeps the timelines.
    pub(crate) fn reconnect(&mut self, cx: &mut Context) {
        if self.followed.is_none() {
            return;
        }
        self.forget_steps(cx);
        cx.request_without_token::<ServerInfo>(Origin::Info, &NoParams {});
    }

    fn forget_steps(&mut self, cx: &mut Context) {
        forget_requests(cx);
        self.topics.forget_barrier();
        self.expected = None;
        self.heads_due = None;
    }

    /// Subscribes to all topics again, on a new connection without subscriptions. The heads after the barrier
    /// then show the lost events.
    pub(crate) fn resubscribe(&mut self, cx: &mut Context) {
        // Only the heads of all conversations contain all topics.
        if !self.has_heads() || cx.requests().is_beginning_sync() {
            return self.reconnect(cx);
        }
        self.forget_steps(cx);
        self.topics.subscribe_all(cx);
        self.topics.raise_barrier(cx);
    }

    /// Finds lost events with a barrier and with the heads after it.
    pub(crate) fn find_lost_events(&mut self, cx: &mut Context) {
        if self.has_heads() && !cx.requests().is_beginning_sync() {
            self.topics.raise_barrier(cx);
        }
    }

    /// Connects to the proxy. Returns an error only while a command [`Follow`] is pending.
    pub(crate) fn info_received(
        &mut self,
        cx: &mut Context,
        outcome: Result<&str, Error>,
    ) -> Result<(), Error> {
        match outcome.and_then(read::<Info>).and_then(supported) {
            Ok(info) if cx.account().is_some() => {
                cx.emit(Effect::Connect(info.events));
                self.topics.subscribe_all(cx);
                self.request_heads(cx, HeadsKind::All);
                Ok(())
            }
            Ok(_logged_out) => Ok(()),
            Err(error) => {
                // This barrier never arrives: after its timeout the session repeats all steps.
                self.topics.raise_barrier(cx);
                self.fail_to_begin(error)
            }
        }
    }

    /// Returns the error while a command [`Follow`] is pending. Otherwise the session repeats the steps
    /// later.
    fn fail_to_begin(&self, error: Error) -> Result<(), Error> {
        if self.ticket.is_some() { Err(error) } else { Ok(()) }
    }

    fn request_heads(&mut self, cx: &mut Context, kind: HeadsKind) {
        let cursor = self.cursor;
        let since = if kind == HeadsKind::All { None } else { cursor };
        if kind == HeadsKind::All {
            self.joined_since.clear();
        }
        cx.request::<SyncHeads>(Origin::Heads { kind, cursor }, |token| HeadsSince { token, since });
    }

    /// Applies heads, which can reveal gaps. Returns an error only while a command [`Follow`] is pending.
    pub(crate) fn heads_received(
        &mut self,
        cx: &mut Context,
        kind: HeadsKind,
        cursor: Option<u64>,
        outcome: Result<&str, Error>,
    ) -> Result<HeadsOutcome, Error> {
        let heads: Heads = match outcome.and_then(read) {
            Ok(heads) => heads,
            Err(error) => {
                self.heads_due = Some(cx.now_ms() + cx.rng().heads_interval_ms());
                return self.fail_to_begin(error).map(|()| HeadsOutcome::Applied);
            }
        };
        // A reply is never older than its request, so a smaller cursor means an earlier state.
        let is_behind = cursor.is_some_and(|cursor| heads.cursor < cursor);
        let was_restored = self.has_heads() && heads.restored != self.restored;
        self.restored = heads.restored;
        if is_behind || was_restored {
            return Ok(HeadsOutcome::RolledBack);
        }
        self.learn_names(cx, &heads.heads);
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
            self.request_heads(cx, HeadsKind::All);
        } else {
            self.finish_heads(cx, kind, is_subscription_new);
        }
        Ok(if is_all { HeadsOutcome::Channels(channels) } else { HeadsOutcome::Applied })
    }

    /// Stores the later names of channels. The command [`Follow`] may have named its channel by a later name.
    fn learn_names(&mut self, cx: &mut Context, heads: &[Head]) {
        for Head { conversation, names, .. } in heads {
            if let Target::Channel(channel) = conversation {
                cx.set_names(channel, names);
            }
        }
        if let Some(Follow::One { conversation, .. }) = &mut self.followed {
            *conversation = cx.names().first_of(conversation.clone());
        }
    }

    fn finish_heads(&mut self, cx: &mut Context, kind: HeadsKind, is_subscription_new: bool) {
        if is_subscription_new {
            self.topics.raise_barrier(cx);
        } else if kind == HeadsKind::AfterBarrier
            && let Some(ticket) = self.ticket.take()
        {
            cx.answer(ticket, Ok(Answer::Done));
        }
        // Periodic heads continue while a barrier is pending: after a lost barrier, the wait can be long.
        self.heads_due = Some(cx.now_ms() + cx.rng().heads_interval_ms());
    }

    /// Applies one head. Returns whether it caused a new subscription.
    fn apply_head(&mut self, cx: &mut Context, kind: HeadsKind, head: Head) -> bool {
        let Head { conversation, n, topic, names: _ } = head;
        // The server may have read the heads before the end of the membership.
        if !self.follows(&conversation) || self.has_ended_after(&conversation, n) {
            return false;
        }
        let first = self.first_event(&conversation, n);
        let has_moved = topic.is_some_and(|topic| self.topics.subscribe_channel(cx, &conversation, topic));
        let timeline = self.timelines.get_or_start(&conversation, first);
        timeline.note_head(n);
        // An event before the barrier or on an old topic can be missing although the proxy works.
        let is_in_force = self.topics.deadline().is_none() && !has_moved;
        if kind == HeadsKind::Periodic && is_in_force && timeline.is_unpublished(n) {
            let due = cx.now_ms() + FANOUT_GRACE_MS;
            self.expected.get_or_insert(ExpectedEvent { conversation: conversation.clone(), n, due });
        } else {
            timeline.note_published(n);
        }
        self.timelines.look_for_gap(&conversation, cx.now_ms() + GAP_GRACE_MS);
        has_moved
    }

    /// The first event to emit of a conversation whose newest event is `n`.
    fn first_event(&self, conversation: &Target, n: u64) -> u64 {
        match (&self.followed, conversation) {
            (Some(Follow::One { after: Some(after), .. }), _) => after.saturating_add(1),
            // The conversation is newer than the first heads: all its events are new.
            (_, Target::User(_)) if self.has_heads() => 1,
            (_, Target::User(_) | Target::Channel(_)) => n.saturating_add(1),
        }
    }

    /// Forgets the channels that are not in these heads of all conversations. Returns the other channels.
    fn forget_other_channels(&mut self, cx: &mut Context, heads: &[Head]) -> BTreeSet<Target> {
        let named = heads.iter().map(|head| &head.conversation);
        let channels: BTreeSet<_> =
            named.chain(&self.joined_since).filter(|of| is_channel(of)).cloned().collect();
        let has_ended =
            |conversation: &&Target| is_channel(conversation) && !channels.contains(*conversation);
        let ended: Vec<_> = self.timelines.conversations().filter(has_ended).cloned().collect();
        ended.iter().for_each(|conversation| self.left(cx, conversation));
        channels
    }

    fn missing_channel(&self) -> Option<Error> {
        match &self.followed {
            Some(Follow::One { conversation: Target::Channel(channel), .. })
                if !self.topics.has_channel(&Target::Channel(channel.clone())) =>
            {
                Some(Detail::NotMember { channel: channel.clone() }.into())
            }
            Some(Follow::One { .. } | Follow::Everything) | None => None,
        }
    }

    /// Starts again from the state of a server that has returned to an earlier state, as after a restored
    /// backup. New events can have the numbers of lost events.
    pub(crate) fn roll_back(&mut self, cx: &mut Context) {
        self.timelines.clear(cx);
        self.ended.clear();
        self.cursor = None;
        if let Some(Follow::One { after, .. }) = &mut self.followed {
            *after = None;
        }
        cx.emit_news(News::RolledBack);
        self.reconnect(cx);
    }

    /// Requests heads that are due. Reconnects if the proxy lost a barrier or an event.
    pub(crate) fn tick(&mut self, cx: &mut Context) {
        let now_ms = cx.now_ms();
        let expected = self.expected.take_if(|expected| expected.due <= now_ms);
        let is_still_missing = expected.is_some_and(|event| {
            self.timelines.get(&event.conversation).is_some_and(|timeline| timeline.is_unpublished(event.n))
        });
        let is_barrier_lost = self.topics.deadline().is_some_and(|due| due <= now_ms);
        if is_barrier_lost || is_still_missing {
            self.topics.note_loss();
            self.reconnect(cx);
        }
        if self.heads_due.take_if(|due| *due <= now_ms).is_some() {
            self.request_heads(cx, HeadsKind::Periodic);
        }
        self.repair_gaps(cx);
    }

    pub(crate) fn barrier_arrived(&mut self, cx: &mut Context, topic: &[u8]) {
        if self.topics.take_barrier(cx, topic) {
            self.request_heads(cx, HeadsKind::AfterBarrier);
        }
    }

    /// Follows a channel to its new topic.
    pub(crate) fn topic_moved(&mut self, cx: &mut Context, conversation: &Target, topic: String) {
        if self.topics.has_channel(conversation) && self.topics.subscribe_channel(cx, conversation, topic) {
            self.topics.raise_barrier(cx);
        }
    }

    /// Follows the user's own topic after a move. The topics of private channels may have moved at the same
    /// time, so all heads are requested.
    pub(crate) fn own_topic_moved(&mut self, cx: &mut Context, topic: String) {
        if self.topics.move_own(cx, topic) && self.has_heads() {
            self.request_heads(cx, HeadsKind::All);
        }
    }

    pub(crate) fn subscribe_presence(&mut self, cx: &mut Context, topic: String) {
        self.topics.subscribe_presence(cx, topic);
    }
}

fn forget_requests(cx: &mut Context) {
    cx.requests_mut().forget(Origin::is_of_sync);
}

fn is_channel(conversation: &Target) -> bool {
    matches!(conversation, Target::Channel(_))
}

/// Checks that the server supports a protocol version of this client.
pub(crate) fn supported(info: Info) -> Result<Info, Error> {
    let (theirs, ours) = (info.protocol, PROTOCOL);
    if theirs.min <= ours.max && ours.min <= theirs.max {
        return Ok(info);
    }
    let (version, from, to) = (info.version, theirs.min, theirs.max);
    Err(Detail::OtherVersion { version, from, to, own_from: ours.min, own_to: ours.max }.into())
}

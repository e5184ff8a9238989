//! Following what happens: where the fan-out is, and heads, so that nothing is missed and a loss shows.
//!
//! The way is the same at the beginning and after a lost connection: ask where events are published, connect
//! anew, subscribe, ask for all heads (which name the channels' topics), subscribe to those, and raise a barrier.
//! When it comes, every subscription is in force; the heads of that moment name what was missed until then.

use std::collections::BTreeSet;

use common::history::{Head, Heads, HeadsSince};
use common::node::{Info, Nothing, PROTOCOL};
use common::{Detail, Error, Method, Target};

use super::Session;
use super::exchange::{Answer, Effect, Follow, NOBODY, News};
use super::history::Repairs;
use super::limits::{FANOUT_GRACE_MS, GAP_GRACE_MS};
use super::reads::Reads;
use super::requests::{HeadsKind, Purpose, read};
use super::timeline::Timeline;
use super::topics::Topics;

/// What is followed, and how far that has come.
#[derive(Default)]
pub(super) struct Following {
    wanted: Option<Follow>,
    /// Who waits to be told that following has begun.
    ticket: Option<u64>,
    /// What is subscribed to.
    pub(super) topics: Topics,
    /// Channels joined since all heads were asked for last: the answer may not name them yet.
    joined_since: BTreeSet<Target>,
    /// How many barriers in a row did not come.
    pub(super) attempt: u32,
    /// Where the last heads ended; none before the first.
    cursor: Option<u64>,
    /// When the server was set back, as far as is known.
    restored: Option<u64>,
    heads_due: Option<u64>,
    /// What the heads announced and the fan-out still owes.
    owed: Option<Owed>,
}

struct Owed {
    conversation: Target,
    n: u64,
    due: u64,
}

impl Following {
    pub(super) fn wants(&self, conversation: &Target) -> bool {
        self.wanted.as_ref().is_some_and(|wanted| wanted.includes(conversation))
    }

    pub(super) fn wants_everything(&self) -> bool {
        self.wanted == Some(Follow::Everything)
    }

    /// Whether the heads have been seen, so that what they did not name is new.
    pub(super) fn has_begun(&self) -> bool {
        self.cursor.is_some()
    }

    /// When [`Session::follow_due`] has something to do.
    pub(super) fn deadline(&self) -> Option<u64> {
        let owed = self.owed.as_ref().map(|owed| owed.due);
        [self.topics.deadline(), owed, self.heads_due].into_iter().flatten().min()
    }

    /// The first event to be told of a conversation whose newest is `n`.
    fn start(&self, conversation: &Target, n: u64) -> u64 {
        match (&self.wanted, conversation) {
            (Some(Follow::One { after: Some(after), .. }), _) => after.saturating_add(1),
            // Begun since all heads were last looked at, so nothing of it is old.
            (_, Target::User(_)) if self.has_begun() => 1,
            (_, Target::User(_) | Target::Channel(_)) => n.saturating_add(1),
        }
    }
}

impl Session {
    pub(super) fn follow(&mut self, now_ms: u64, ticket: u64, follow: Follow) {
        if self.account.is_none() {
            return self.answer(ticket, Err(super::not_logged_in()));
        }
        self.stop_following(&Detail::FollowReplaced.into());
        // The topic of presence was let go with the others: the answer names it again.
        self.begin_presence(now_ms);
        self.following.wanted = Some(follow);
        self.following.ticket = Some(ticket);
        self.find_fan_out(now_ms);
    }

    /// Begins anew, keeping what has been told: the fan-out may be another one by now.
    pub(super) fn find_fan_out(&mut self, now_ms: u64) {
        if self.following.wanted.is_none() {
            return;
        }
        self.requests.forget_following();
        self.following.topics.forget_barrier();
        self.following.owed = None;
        self.following.heads_due = None;
        let request =
            self.requests.ask(now_ms, &mut self.dice, Purpose::Info, Method::ServerInfo, &Nothing {});
        self.effects.push(request);
    }

    /// Where events are published is known.
    pub(super) fn informed(&mut self, now_ms: u64, outcome: Result<&str, Error>) {
        let info = outcome.and_then(read::<Info>).and_then(speakable);
        match (info, &self.account) {
            (Ok(info), Some(account)) => {
                self.effects.push(Effect::Connect(info.events));
                self.following.topics.begin_anew(&account.topic);
                let topics = self.following.topics.all().cloned();
                self.effects.extend(topics.map(Effect::Subscribe));
                self.ask_heads(now_ms, HeadsKind::All);
            }
            (Err(error), _) => {
                // The barrier will not come, and so all of this is tried again.
                self.raise_barrier(now_ms);
                self.fail_to_begin(&error);
            }
            (Ok(_), None) => {}
        }
    }

    /// Looks at the heads at once: they know something that is needed.
    pub(super) fn hurry_heads(&mut self, now_ms: u64) {
        self.following.heads_due = Some(now_ms);
    }

    pub(super) fn ask_heads(&mut self, now_ms: u64, kind: HeadsKind) {
        let cursor = self.following.cursor;
        let since = if kind == HeadsKind::All { None } else { cursor };
        if kind == HeadsKind::All {
            self.following.joined_since.clear();
        }
        self.ask(now_ms, Purpose::Heads { kind, cursor }, Method::SyncHeads, |token| HeadsSince {
            token,
            since,
        });
    }

    /// The heads have come: what they name and we do not have is a gap.
    pub(super) fn heads_read(
        &mut self,
        now_ms: u64,
        kind: HeadsKind,
        cursor: Option<u64>,
        outcome: Result<&str, Error>,
    ) {
        let heads: Heads = match outcome.and_then(read) {
            Ok(heads) => heads,
            Err(error) => {
                self.following.heads_due = Some(now_ms + self.dice.heads_every_ms());
                return self.fail_to_begin(&error);
            }
        };
        // An answer is never older than its question, so this is another log than the one that was told of.
        let is_behind = cursor.is_some_and(|cursor| heads.cursor < cursor);
        let was_restored = self.following.has_begun() && heads.restored != self.following.restored;
        self.following.restored = heads.restored;
        if is_behind || was_restored {
            return self.set_back(now_ms);
        }
        let has_own_topic_moved = self.own_topic_is(heads.topic);
        let mut is_subscription_new = kind == HeadsKind::All;
        if kind == HeadsKind::All {
            self.forget_all_but(&heads.heads);
        }
        for head in heads.heads {
            is_subscription_new |= self.apply_head(now_ms, kind, head);
        }
        self.following.cursor = Some(heads.cursor);
        if let Some(error) = self.missing_channel() {
            return self.fail_to_begin(&error);
        }
        if has_own_topic_moved && kind != HeadsKind::All {
            return self.follow_own_topic(now_ms);
        }
        if is_subscription_new {
            self.raise_barrier(now_ms);
        } else if kind == HeadsKind::AfterBarrier
            && let Some(ticket) = self.following.ticket.take()
        {
            self.answer(ticket, Ok(Answer::Done));
        }
        // Also while a barrier is awaited: should it be lost, the next one may be long in coming.
        self.following.heads_due = Some(now_ms + self.dice.heads_every_ms());
    }

    /// Notes one head; true when it led to a new subscription.
    fn apply_head(&mut self, now_ms: u64, kind: HeadsKind, head: Head) -> bool {
        let Head { conversation, n, topic } = head;
        if !self.following.wants(&conversation) {
            return false;
        }
        let start = self.following.start(&conversation, n);
        let has_moved = topic.is_some_and(|topic| self.subscribe_channel(conversation.clone(), topic));
        let timeline =
            self.conversations.entry(conversation.clone()).or_insert_with(|| Timeline::starting_at(start));
        timeline.know_of(n);
        // Before the barrier has come the fan-out owes nothing, nor what was published where nobody listened any more.
        let is_in_force = self.following.topics.deadline().is_none() && !has_moved;
        if kind == HeadsKind::Periodic && is_in_force && timeline.is_unpublished(n) {
            let due = now_ms + FANOUT_GRACE_MS;
            self.following.owed.get_or_insert(Owed { conversation: conversation.clone(), n, due });
        } else {
            timeline.note_published(n);
        }
        self.look_for_gap(&conversation, now_ms + GAP_GRACE_MS);
        has_moved
    }

    /// Channels that all heads do not name are no longer one's own.
    fn forget_all_but(&mut self, heads: &[Head]) {
        let named: BTreeSet<_> = heads.iter().map(|head| &head.conversation).collect();
        let is_gone = |conversation: &&Target| {
            matches!(conversation, Target::Channel(_))
                && !named.contains(*conversation)
                && !self.following.joined_since.contains(*conversation)
        };
        let known = self.conversations.keys().chain(self.reads.conversations());
        let gone: BTreeSet<_> = known.filter(is_gone).cloned().collect();
        gone.iter().for_each(|conversation| self.forget_conversation(conversation));
    }

    fn missing_channel(&self) -> Option<Error> {
        match &self.following.wanted {
            Some(Follow::One { conversation: Target::Channel(channel), .. })
                if !self.following.topics.has(&Target::Channel(channel.clone())) =>
            {
                Some(Detail::NotMember { channel: channel.clone() }.into())
            }
            Some(Follow::One { .. } | Follow::Everything) | None => None,
        }
    }

    /// Notes that a channel is one's own, whatever an answer on its way says.
    pub(super) fn note_joined(&mut self, conversation: &Target) {
        self.following.joined_since.insert(conversation.clone());
    }

    /// Looks at the heads when it is time; finds the fan-out anew when it does not do its work.
    pub(super) fn follow_due(&mut self, now_ms: u64) {
        let owed = self.following.owed.take_if(|owed| owed.due <= now_ms);
        let is_still_owed = owed.is_some_and(|owed| {
            self.conversations.get(&owed.conversation).is_some_and(|timeline| timeline.is_unpublished(owed.n))
        });
        let is_barrier_lost = self.following.topics.deadline().is_some_and(|due| due <= now_ms);
        if is_barrier_lost || is_still_owed {
            self.following.attempt = self.following.attempt.saturating_add(1);
            self.find_fan_out(now_ms);
        }
        if self.following.heads_due.take_if(|due| *due <= now_ms).is_some() {
            self.ask_heads(now_ms, HeadsKind::Periodic);
        }
    }

    /// The server has gone back to an earlier state, as when a backup was restored, and gives the same numbers to other
    /// events. What was told is of another past: everything begins anew from what there is now.
    fn set_back(&mut self, now_ms: u64) {
        let Reads { is_listed, open, .. } = std::mem::take(&mut self.reads);
        self.forget_told();
        self.following.cursor = None;
        if let Some(Follow::One { after, .. }) = &mut self.following.wanted {
            *after = None;
        }
        self.effects.push(Effect::News(News::SetBack));
        self.find_fan_out(now_ms);
        if is_listed {
            self.list_reads(now_ms, NOBODY, Vec::new());
        }
        if let Some((open, _)) = open {
            self.open(now_ms, NOBODY, open);
        }
    }

    /// Forgets how far everything was told.
    fn forget_told(&mut self) {
        self.requests.forget_repairs(|_any| true);
        self.conversations.clear();
        self.ended.clear();
        self.repairs = Repairs::default();
        self.reads = Reads::default();
    }

    /// Gives up if somebody waits to be told so. What has begun already goes on, and is tried again.
    fn fail_to_begin(&mut self, error: &Error) {
        if self.following.ticket.is_some() {
            self.stop_following(error);
        }
    }

    /// Follows nothing, as at first. Who waits for following to begin is told why it does not.
    pub(super) fn stop_following(&mut self, error: &Error) {
        let Following { ticket, topics, .. } = std::mem::take(&mut self.following);
        self.effects.extend(topics.into_all().map(Effect::Unsubscribe));
        self.requests.forget_following();
        self.forget_told();
        if let Some(ticket) = ticket {
            self.answer(ticket, Err(error.clone()));
        }
    }
}

/// What a server says of itself, if it speaks a version of the protocol that we do.
pub(super) fn speakable(info: Info) -> Result<Info, Error> {
    let (theirs, ours) = (info.protocol, PROTOCOL);
    if theirs.min <= ours.max && ours.min <= theirs.max {
        return Ok(info);
    }
    let (version, from, to) = (info.version, theirs.min, theirs.max);
    Err(Detail::OtherVersion { version, from, to, own_from: ours.min, own_to: ours.max }.into())
}

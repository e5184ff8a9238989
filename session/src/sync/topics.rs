//! Topics: the subscriptions, and the move from one topic to another without a lost event.
//!
//! When a user loses the right to read a channel, the server moves its topic, because that user knows the old
//! name. The session subscribes to the new topic and then to a barrier, and keeps the old subscription. When
//! the barrier arrives, the session unsubscribes from the old topic, and requests heads. The heads show
//! events that were published on the new topic before the subscription was in force.

use std::collections::{BTreeMap, VecDeque};

use common::Target;

use crate::api::Effect;
use crate::context::Context;
use crate::limits::OLD_TOPICS_MAX;

#[derive(Default)]
pub(crate) struct Topics {
    /// The user's own topic.
    own: Option<String>,
    channels: BTreeMap<Target, String>,
    /// The topic of all users' presence. Lost changes of presence are not repaired.
    presence: Option<String>,
    /// Old topics, until the barrier arrives.
    old: VecDeque<String>,
    barrier: Option<Barrier>,
    /// The number of barriers or events that the proxy lost since the last barrier arrived.
    attempt: u32,
}

struct Barrier {
    topic: String,
    due: u64,
}

impl Topics {
    pub(crate) fn has_channel(&self, conversation: &Target) -> bool {
        self.channels.contains_key(conversation)
    }

    /// The time at which the barrier counts as lost. `None` if no barrier is pending.
    pub(crate) fn deadline(&self) -> Option<u64> {
        self.barrier.as_ref().map(|barrier| barrier.due)
    }

    /// Subscribes to all topics, on a new socket.
    pub(crate) fn subscribe_all(&mut self, cx: &mut Context) {
        self.own = cx.account().map(|account| account.topic.clone());
        self.old.clear();
        let topics = self.channels.values().chain(&self.own).chain(&self.presence);
        cx.emit_all(topics.cloned().map(Effect::Subscribe));
    }

    pub(crate) fn unsubscribe_all(self, cx: &mut Context) {
        let barrier = self.barrier.map(|barrier| barrier.topic);
        let topics = self.channels.into_values().chain(self.own).chain(self.presence).chain(self.old);
        cx.emit_all(topics.chain(barrier).map(Effect::Unsubscribe));
    }

    /// Subscribes to a channel's topic. Returns false if the topic has not changed.
    pub(crate) fn subscribe_channel(
        &mut self,
        cx: &mut Context,
        conversation: &Target,
        topic: String,
    ) -> bool {
        if self.channels.get(conversation) == Some(&topic) {
            return false;
        }
        let old = self.channels.insert(conversation.clone(), topic.clone());
        self.replace(cx, topic, old);
        true
    }

    pub(crate) fn unsubscribe_channel(&mut self, cx: &mut Context, conversation: &Target) {
        let topic = self.channels.remove(conversation);
        cx.emit_all(topic.map(Effect::Unsubscribe));
    }

    /// Subscribes to the topic of all users' presence, if it has moved.
    pub(crate) fn subscribe_presence(&mut self, cx: &mut Context, topic: String) {
        let before = self.presence.replace(topic.clone());
        if before.as_ref() != Some(&topic) {
            cx.emit(Effect::Subscribe(topic));
            cx.emit_all(before.map(Effect::Unsubscribe));
        }
    }

    /// Subscribes to the user's own topic. Returns false if the topic has not changed.
    pub(crate) fn move_own(&mut self, cx: &mut Context, topic: String) -> bool {
        let has_moved = cx.set_own_topic(&topic);
        if has_moved && self.own.is_some() {
            let old = self.own.replace(topic.clone());
            self.replace(cx, topic, old);
        }
        has_moved
    }

    /// Subscribes to a new topic. The old one stays subscribed until the barrier arrives.
    fn replace(&mut self, cx: &mut Context, new: String, old: Option<String>) {
        match self.old.iter().position(|old| *old == new) {
            // A late reply may contain an earlier topic, which is still subscribed.
            Some(position) => drop(self.old.remove(position)),
            None => cx.emit(Effect::Subscribe(new)),
        }
        self.old.extend(old);
        if self.old.len() > OLD_TOPICS_MAX {
            cx.emit_all(self.old.pop_front().map(Effect::Unsubscribe));
        }
    }

    /// Subscribes to a new barrier, which arrives when all earlier subscriptions are in force.
    pub(crate) fn raise_barrier(&mut self, cx: &mut Context) {
        let topic = cx.rng().barrier_topic();
        let due = cx.now_ms() + cx.rng().wait_ms(self.attempt);
        cx.emit(Effect::Subscribe(topic.clone()));
        let earlier = self.barrier.replace(Barrier { topic, due });
        cx.emit_all(earlier.map(|barrier| Effect::Unsubscribe(barrier.topic)));
    }

    /// Unsubscribes from the barrier and the old topics, if `topic` is the barrier. Returns whether it is.
    pub(crate) fn take_barrier(&mut self, cx: &mut Context, topic: &[u8]) -> bool {
        let Some(barrier) = self.barrier.take_if(|barrier| barrier.topic.as_bytes() == topic) else {
            return false;
        };
        let obsolete = std::iter::once(barrier.topic).chain(self.old.drain(..));
        cx.emit_all(obsolete.map(Effect::Unsubscribe));
        self.attempt = 0;
        true
    }

    pub(crate) fn forget_barrier(&mut self) {
        self.barrier = None;
    }

    /// Extends the timeout of the next barrier, because the proxy lost a barrier or an event.
    pub(crate) fn note_loss(&mut self) {
        self.attempt = self.attempt.saturating_add(1);
    }
}

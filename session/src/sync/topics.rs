//! Topics: the subscriptions, and the move from one topic to another without missing an event.
//!
//! When a user may no longer listen, the server publishes on a new topic, because that user knows the old
//! one. The session subscribes to the new topic and keeps the old one. When the barrier behind the
//! subscription arrives, the heads of that moment show what was published before the subscription was in
//! force, history brings it, and the old topic is unsubscribed.

use std::collections::{BTreeMap, VecDeque};

use common::Target;

use crate::api::Effect;
use crate::context::Context;
use crate::limits::OLD_TOPICS_MAX;

/// The topics that are subscribed to.
#[derive(Default)]
pub(crate) struct Topics {
    /// The user's own topic.
    own: Option<String>,
    channels: BTreeMap<Target, String>,
    /// Everybody's presence. Changes that are missed while it moves are not repaired.
    presence: Option<String>,
    /// Topics that events were published on before; unsubscribed when the barrier arrives.
    left: VecDeque<String>,
    barrier: Option<Barrier>,
    /// How many barriers in a row were lost.
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

    /// When the barrier counts as lost. `None` when no barrier is pending.
    pub(crate) fn deadline(&self) -> Option<u64> {
        self.barrier.as_ref().map(|barrier| barrier.due)
    }

    /// Subscribes, on a new socket, to the user's own topic and to all others.
    pub(crate) fn subscribe_all(&mut self, cx: &mut Context) {
        self.own = cx.account().map(|account| account.topic.clone());
        self.left.clear();
        let topics = self.channels.values().chain(&self.own).chain(&self.presence);
        cx.emit_all(topics.cloned().map(Effect::Subscribe));
    }

    pub(crate) fn unsubscribe_all(self, cx: &mut Context) {
        let barrier = self.barrier.map(|barrier| barrier.topic);
        let topics = self.channels.into_values().chain(self.own).chain(self.presence).chain(self.left);
        cx.emit_all(topics.chain(barrier).map(Effect::Unsubscribe));
    }

    /// Subscribes to a channel's topic in place of the one it had; true if it has another one now.
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

    /// Subscribes to everybody's presence, if its topic has moved.
    pub(crate) fn subscribe_presence(&mut self, cx: &mut Context, topic: String) {
        let before = self.presence.replace(topic.clone());
        if before.as_ref() != Some(&topic) {
            cx.emit(Effect::Subscribe(topic));
            cx.emit_all(before.map(Effect::Unsubscribe));
        }
    }

    /// Notes the user's own topic; true if it has moved.
    pub(crate) fn move_own(&mut self, cx: &mut Context, topic: String) -> bool {
        let has_moved = cx.set_own_topic(&topic);
        if has_moved && self.own.is_some() {
            let old = self.own.replace(topic.clone());
            self.replace(cx, topic, old);
        }
        has_moved
    }

    /// Subscribes to a topic in place of another, which is kept until the barrier arrives.
    fn replace(&mut self, cx: &mut Context, new: String, old: Option<String>) {
        match self.left.iter().position(|left| *left == new) {
            // A late reply may name an earlier topic.
            Some(position) => drop(self.left.remove(position)),
            None => cx.emit(Effect::Subscribe(new)),
        }
        self.left.extend(old);
        if self.left.len() > OLD_TOPICS_MAX {
            cx.emit_all(self.left.pop_front().map(Effect::Unsubscribe));
        }
    }

    /// Subscribes to a barrier, which arrives when all subscriptions before it are in force.
    pub(crate) fn raise_barrier(&mut self, cx: &mut Context) {
        let topic = cx.rng().barrier_topic();
        let due = cx.now_ms() + cx.rng().wait_ms(self.attempt);
        cx.emit(Effect::Subscribe(topic.clone()));
        let earlier = self.barrier.replace(Barrier { topic, due });
        cx.emit_all(earlier.map(|barrier| Effect::Unsubscribe(barrier.topic)));
    }

    /// Unsubscribes from the barrier and the topics it replaces, if this is the barrier's topic; true if it
    /// is.
    pub(crate) fn take_barrier(&mut self, cx: &mut Context, topic: &[u8]) -> bool {
        let Some(barrier) = self.barrier.take_if(|barrier| barrier.topic.as_bytes() == topic) else {
            return false;
        };
        let over = std::iter::once(barrier.topic).chain(self.left.drain(..));
        cx.emit_all(over.map(Effect::Unsubscribe));
        self.attempt = 0;
        true
    }

    /// Waits for no barrier any longer.
    pub(crate) fn forget_barrier(&mut self) {
        self.barrier = None;
    }

    /// The next barrier is given more time: the fan-out did not bring this one, or an event.
    pub(crate) fn note_loss(&mut self) {
        self.attempt = self.attempt.saturating_add(1);
    }
}

//! Topics: what is subscribed to, and moving from one topic to another without missing an event.
//!
//! Whoever may not listen any more knows the old topic, so events are published on a new one. It is subscribed to
//! beside the old one; when the barrier behind it comes, the heads of that moment name what was published before
//! anybody listened, history brings it, and the old topic is let go.

use std::collections::{BTreeMap, VecDeque};

use common::Target;

use super::Session;
use super::exchange::Effect;
use super::limits::TOPICS_LEFT_MAX;
use super::requests::HeadsKind;

/// The topics that are subscribed to.
#[derive(Default)]
pub(super) struct Topics {
    /// What is meant for the person alone.
    own: Option<String>,
    channels: BTreeMap<Target, String>,
    /// Everybody's presence. What is missed while it moves is not made up for.
    presence: Option<String>,
    /// Those that events were published on before; let go when the barrier comes.
    left: VecDeque<String>,
    barrier: Option<Barrier>,
}

struct Barrier {
    topic: String,
    due: u64,
}

impl Topics {
    pub(super) fn has(&self, conversation: &Target) -> bool {
        self.channels.contains_key(conversation)
    }

    /// When the barrier counts as lost.
    pub(super) fn deadline(&self) -> Option<u64> {
        self.barrier.as_ref().map(|barrier| barrier.due)
    }

    /// The barrier that was raised is not waited for.
    pub(super) fn forget_barrier(&mut self) {
        self.barrier = None;
    }

    /// There is a new socket, which has subscribed to nothing yet.
    pub(super) fn begin_anew(&mut self, own: &str) {
        self.own = Some(own.to_owned());
        self.left.clear();
    }

    /// What a new socket has to subscribe to.
    pub(super) fn all(&self) -> impl Iterator<Item = &String> {
        self.channels.values().chain(&self.own).chain(&self.presence)
    }

    /// Everything that was subscribed to.
    pub(super) fn into_all(self) -> impl Iterator<Item = String> {
        let barrier = self.barrier.map(|barrier| barrier.topic);
        self.channels.into_values().chain(self.own).chain(self.presence).chain(self.left).chain(barrier)
    }

    /// Subscribes to a topic in place of another, which is kept until the barrier comes.
    fn replace(&mut self, new: String, old: Option<String>) -> Vec<Effect> {
        let mut effects = Vec::new();
        match self.left.iter().position(|left| *left == new) {
            // An answer that was under way for long may name a topic of before.
            Some(position) => drop(self.left.remove(position)),
            None => effects.push(Effect::Subscribe(new)),
        }
        self.left.extend(old);
        if self.left.len() > TOPICS_LEFT_MAX {
            effects.extend(self.left.pop_front().map(Effect::Unsubscribe));
        }
        effects
    }
}

impl Session {
    /// Subscribes to a channel's topic in place of the one it had; true when that changes anything.
    pub(super) fn subscribe_channel(&mut self, conversation: Target, topic: String) -> bool {
        let topics = &mut self.following.topics;
        if topics.channels.get(&conversation) == Some(&topic) {
            return false;
        }
        let old = topics.channels.insert(conversation, topic.clone());
        self.effects.extend(topics.replace(topic, old));
        true
    }

    /// Subscribes to everybody's presence, if that is published elsewhere than before.
    pub(super) fn subscribe_presence(&mut self, topic: String) {
        let before = self.following.topics.presence.replace(topic.clone());
        if before.as_ref() != Some(&topic) {
            self.effects.push(Effect::Subscribe(topic));
            self.effects.extend(before.map(Effect::Unsubscribe));
        }
    }

    /// The server says that a channel's events are published elsewhere from now on.
    pub(super) fn topic_moved(&mut self, now_ms: u64, conversation: Target, topic: String) {
        if self.following.topics.has(&conversation) && self.subscribe_channel(conversation, topic) {
            self.raise_barrier(now_ms);
        }
    }

    /// Takes note of where what is meant for the person alone is published; true when that has changed.
    pub(super) fn own_topic_is(&mut self, topic: String) -> bool {
        let Some(account) = &mut self.account else { return false };
        if account.topic == topic {
            return false;
        }
        account.topic.clone_from(&topic);
        let topics = &mut self.following.topics;
        if let Some(old) = topics.own.replace(topic.clone()) {
            self.effects.extend(topics.replace(topic, Some(old)));
        }
        true
    }

    /// The person's own topic has moved, and with it perhaps the private channels': all heads tell where they are.
    pub(super) fn follow_own_topic(&mut self, now_ms: u64) {
        self.ask_heads(now_ms, HeadsKind::All);
    }

    /// Asks to be told when all subscriptions so far are in force.
    pub(super) fn raise_barrier(&mut self, now_ms: u64) {
        let topic = self.dice.barrier_topic();
        let due = now_ms + self.dice.wait_ms(self.following.attempt);
        self.effects.push(Effect::Subscribe(topic.clone()));
        let earlier = self.following.topics.barrier.replace(Barrier { topic, due });
        self.effects.extend(earlier.map(|barrier| Effect::Unsubscribe(barrier.topic)));
    }

    pub(super) fn barrier_arrived(&mut self, now_ms: u64, topic: &[u8]) {
        let topics = &mut self.following.topics;
        if let Some(barrier) = topics.barrier.take_if(|barrier| barrier.topic.as_bytes() == topic) {
            let over = std::iter::once(barrier.topic).chain(topics.left.drain(..));
            self.effects.extend(over.map(Effect::Unsubscribe));
            self.following.attempt = 0;
            self.ask_heads(now_ms, HeadsKind::AfterBarrier);
        }
    }

    /// One conversation is not followed any more.
    pub(super) fn forget_conversation(&mut self, conversation: &Target) {
        self.conversations.remove(conversation);
        self.repairs.forget(conversation);
        self.reads.forget(conversation);
        self.requests.forget_repairs(|repaired| repaired == conversation);
        let topic = self.following.topics.channels.remove(conversation);
        self.effects.extend(topic.map(Effect::Unsubscribe));
    }
}

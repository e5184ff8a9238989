//! The outgoing webhooks of the state.

use std::collections::{BTreeMap, HashMap};

use common::ChannelName;
use foldhash::fast::RandomState;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::domain::records::{Failure, OutgoingHook, ServerRecord, Step};

/// The outgoing hooks by their ids, which begin with the time of their creation.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "BTreeMap<Uuid, OutgoingHook>", into = "BTreeMap<Uuid, OutgoingHook>")]
pub struct OutgoingHooks {
    all: BTreeMap<Uuid, OutgoingHook>,
    /// The number of hooks of each channel that has any; derived from `all`.
    counts: HashMap<ChannelName, usize, RandomState>,
}

impl From<BTreeMap<Uuid, OutgoingHook>> for OutgoingHooks {
    fn from(all: BTreeMap<Uuid, OutgoingHook>) -> Self {
        let mut hooks = Self::default();
        all.into_iter().for_each(|(id, hook)| hooks.insert(id, hook));
        hooks
    }
}

impl From<OutgoingHooks> for BTreeMap<Uuid, OutgoingHook> {
    fn from(hooks: OutgoingHooks) -> Self {
        hooks.all
    }
}

impl OutgoingHooks {
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.all.len()
    }

    #[must_use]
    pub fn get(&self, id: Uuid) -> Option<&OutgoingHook> {
        self.all.get(&id)
    }

    /// The number of hooks of a channel.
    #[must_use]
    pub fn count(&self, channel: &ChannelName) -> usize {
        self.counts.get(channel).copied().unwrap_or_default()
    }

    /// The hooks of a channel, the newest last.
    pub fn of<'a>(&'a self, channel: &ChannelName) -> impl Iterator<Item = (&'a Uuid, &'a OutgoingHook)> {
        self.all.iter().filter(move |(_, hook)| hook.channel == *channel)
    }

    /// All hooks, beginning after the hook `last`.
    pub fn after(&self, last: Uuid) -> impl Iterator<Item = (Uuid, &OutgoingHook)> {
        let (before, after) = (self.all.range(..=last), self.all.range(last..));
        let after = after.filter(move |(id, _)| **id != last);
        after.chain(before).map(|(id, hook)| (*id, hook))
    }

    pub(super) fn apply(&mut self, record: &ServerRecord) {
        if let ServerRecord::OutgoingHookCreated { id, hook, .. } = record {
            self.insert(*id, hook.clone());
        } else if let ServerRecord::DeliveryChanged { at, id, step } = record {
            if let Some(hook) = self.all.get_mut(id) {
                hook.apply(*at, step);
            }
        } else if let ServerRecord::HookRevoked { id, .. } = record {
            self.retain(|known, _| known != id);
        } else if let ServerRecord::AccountDeleted { user, .. } = record {
            self.retain(|_, hook| hook.user != *user);
        }
    }

    /// Removes the hooks of a deleted channel.
    pub(super) fn remove_channel(&mut self, channel: &ChannelName) {
        self.retain(|_, hook| hook.channel != *channel);
    }

    fn insert(&mut self, id: Uuid, hook: OutgoingHook) {
        *self.counts.entry(hook.channel.clone()).or_default() += 1;
        if let Some(replaced) = self.all.insert(id, hook) {
            subtract(&mut self.counts, &replaced.channel);
        }
    }

    fn retain(&mut self, stays: impl Fn(&Uuid, &OutgoingHook) -> bool) {
        for (_, removed) in self.all.extract_if(.., |id, hook| !stays(id, hook)) {
            subtract(&mut self.counts, &removed.channel);
        }
    }
}

fn subtract(counts: &mut HashMap<ChannelName, usize, RandomState>, channel: &ChannelName) {
    if let Some(count) = counts.get_mut(channel) {
        *count -= 1;
        if *count == 0 {
            counts.remove(channel);
        }
    }
}

impl OutgoingHook {
    fn apply(&mut self, at: u64, step: &Step) {
        match step {
            Step::Delivered { n } => (self.n, self.failure) = (*n, None),
            Step::Failing { error } => {
                self.failure = Some(Failure { since: at, error: error.clone() });
            }
            Step::Paused => self.paused = true,
            Step::Resumed { .. } => (self.paused, self.failure) = (false, None),
        }
    }
}

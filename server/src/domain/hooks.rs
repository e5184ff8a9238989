//! Webhooks. The state holds the digests of the tokens of incoming webhooks, never the tokens.

use std::collections::{BTreeMap, HashMap};

use common::limits::{HOOKS_MAX, HOOKS_PER_CHANNEL_MAX};
use common::{ChannelName, Detail, UserName};
use foldhash::fast::RandomState;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::State;
use super::channels::rights::{Action, check};
use super::outgoing_hooks::OutgoingHooks;
use crate::domain::records::{Hook, Record, ServerRecord, TokenDigest};

/// The incoming hooks by their ids, which begin with the time of their creation, and the outgoing hooks.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "BTreeMap<Uuid, Hook>", into = "BTreeMap<Uuid, Hook>")]
pub struct Hooks {
    all: BTreeMap<Uuid, Hook>,
    /// The hook of each token; derived from `all`.
    by_digest: HashMap<TokenDigest, Uuid, RandomState>,
    /// `users.json` stores them apart from `all`.
    pub outgoing: OutgoingHooks,
}

impl From<BTreeMap<Uuid, Hook>> for Hooks {
    fn from(all: BTreeMap<Uuid, Hook>) -> Self {
        let by_digest = all.iter().map(|(id, hook)| (hook.digest, *id)).collect();
        Self { all, by_digest, outgoing: OutgoingHooks::default() }
    }
}

impl From<Hooks> for BTreeMap<Uuid, Hook> {
    fn from(hooks: Hooks) -> Self {
        hooks.all
    }
}

impl Hooks {
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// The hooks of a channel, oldest first.
    pub fn of<'a>(&'a self, channel: &ChannelName) -> impl Iterator<Item = (&'a Uuid, &'a Hook)> {
        self.all.iter().filter(move |(_, hook)| hook.channel == *channel)
    }

    pub(super) fn apply(&mut self, record: &ServerRecord) {
        self.outgoing.apply(record);
        if let ServerRecord::HookCreated { id, hook, .. } = record {
            self.by_digest.insert(hook.digest, *id);
            self.all.insert(*id, hook.clone());
        } else if let ServerRecord::HookRevoked { id, .. } = record {
            self.retain(|known, _| known != id);
        } else if let ServerRecord::AccountDeleted { user, .. } = record {
            self.retain(|_, hook| hook.user != *user);
        }
    }

    /// Removes the hooks of a deleted channel.
    pub(super) fn remove_channel(&mut self, channel: &ChannelName) {
        self.outgoing.remove_channel(channel);
        self.retain(|_, hook| hook.channel != *channel);
    }

    fn retain(&mut self, stays: impl Fn(&Uuid, &Hook) -> bool) {
        let removed = self.all.extract_if(.., |id, hook| !stays(id, hook));
        for (_, hook) in removed {
            self.by_digest.remove(&hook.digest);
        }
    }
}

/// The hook with this digest, if its account is neither disabled nor deleted.
pub fn find<'a>(state: &'a State, digest: &TokenDigest) -> Result<(Uuid, &'a Hook), Detail> {
    let hooks = &state.users.hooks;
    let id = hooks.by_digest.get(digest).ok_or(Detail::NoSuchHook)?;
    let hook = hooks.all.get(id).ok_or(Detail::NoSuchHook)?;
    if state.users.may_act(&hook.user) { Ok((*id, hook)) } else { Err(Detail::NoSuchHook) }
}

/// Checks that `user` may see and change the hooks of a channel.
pub fn may_manage(state: &State, channel: &ChannelName, user: &UserName) -> Result<(), Detail> {
    check(channel, state.channels.channel(channel)?, user, Action::ManageHooks)
}

pub(super) fn create<'a>(state: &State, id: Uuid, hook: Hook, at: u64) -> Result<Record<'a>, Detail> {
    may_manage(state, &hook.channel, &hook.by)?;
    may_add(state, &hook.channel)?;
    Ok(Record::Server(ServerRecord::HookCreated { at, id, hook }))
}

/// Checks that a channel and the node can have a further hook.
pub fn may_add(state: &State, channel: &ChannelName) -> Result<(), Detail> {
    let hooks = &state.users.hooks;
    for (count, max) in [
        (hooks.of(channel).count() + hooks.outgoing.count(channel), HOOKS_PER_CHANNEL_MAX),
        (hooks.all.len() + hooks.outgoing.len(), HOOKS_MAX),
    ] {
        if count >= max {
            return Err(Detail::TooManyHooks { max });
        }
    }
    Ok(())
}

pub(super) fn revoke<'a>(state: &State, by: UserName, id: Uuid, at: u64) -> Result<Record<'a>, Detail> {
    let hooks = &state.users.hooks;
    let channel = hooks.all.get(&id).map(|hook| &hook.channel);
    let channel = channel.or_else(|| hooks.outgoing.get(id).map(|hook| &hook.channel));
    // A user who may not see the hook must not learn that it exists.
    may_manage(state, channel.ok_or(Detail::NoSuchHook)?, &by).map_err(|_not_allowed| Detail::NoSuchHook)?;
    Ok(Record::Server(ServerRecord::HookRevoked { at, by, id }))
}

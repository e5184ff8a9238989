//! Indexes of the channels that a user can see and of the conversations that mention a user. With them, the
//! cost of a list depends only on its length. The indexes are derived from the channels.

use std::collections::{BTreeSet, HashMap};
use std::ops::Bound;

use common::limits::LIST_NAMES_MAX;
use common::{ChannelName, Target, UserName, pages};

use super::{Channel, Channels};

#[derive(Default)]
pub(super) struct Indexes {
    public: BTreeSet<ChannelName>,
    /// The channels to which each user is invited.
    invited: HashMap<UserName, BTreeSet<ChannelName>>,
    /// The conversations with messages that mention each user by name, and direct conversations with `@here`.
    /// Some of these messages may have been deleted.
    mentioned: HashMap<UserName, BTreeSet<Target>>,
    /// The number of channels that each user created, including deleted channels.
    created: HashMap<UserName, usize>,
    /// The channels with messages that contain `@here`. Some of these messages may have been deleted.
    here: BTreeSet<ChannelName>,
}

impl Indexes {
    /// Adds a new channel, or a channel from a snapshot.
    pub(super) fn add(&mut self, name: &ChannelName, channel: &Channel) {
        if let Some(creator) = &channel.creator {
            *self.created.entry(creator.clone()).or_default() += 1;
        }
        if channel.deleted {
            return;
        }
        self.set_public(name, !channel.private);
        for user in channel.invited.keys() {
            self.invite(name, user);
        }
        for user in channel.reads.mentioned_users() {
            self.mention(user, Target::Channel(name.clone()));
        }
        if channel.reads.mentions_everybody() {
            self.mention_everybody(name);
        }
    }

    /// Removes a deleted channel. It still counts for its creator, because the server keeps its name.
    pub(super) fn remove(&mut self, name: &ChannelName, channel: &Channel) {
        self.public.remove(name);
        self.here.remove(name);
        for user in channel.members.keys().chain(channel.invited.keys()) {
            self.end_membership(name, user);
        }
    }

    pub(super) fn created_count(&self, user: &UserName) -> usize {
        self.created.get(user).copied().unwrap_or_default()
    }

    pub(super) fn set_public(&mut self, name: &ChannelName, is_public: bool) {
        if name.is_everybody() {
            return;
        }
        if is_public {
            self.public.insert(name.clone());
        } else {
            self.public.remove(name);
        }
    }

    pub(super) fn invite(&mut self, name: &ChannelName, user: &UserName) {
        self.invited.entry(user.clone()).or_default().insert(name.clone());
    }

    pub(super) fn end_invitation(&mut self, name: &ChannelName, user: &UserName) {
        if let Some(channels) = self.invited.get_mut(user) {
            channels.remove(name);
            if channels.is_empty() {
                self.invited.remove(user);
            }
        }
    }

    /// Removes all invitations of a user. Returns the channels.
    pub(super) fn take_invitations(&mut self, user: &UserName) -> BTreeSet<ChannelName> {
        self.invited.remove(user).unwrap_or_default()
    }

    pub(super) fn mention(&mut self, user: &UserName, conversation: Target) {
        self.mentioned.entry(user.clone()).or_default().insert(conversation);
    }

    pub(super) fn mention_everybody(&mut self, name: &ChannelName) {
        self.here.insert(name.clone());
    }

    pub(super) fn end_membership(&mut self, name: &ChannelName, user: &UserName) {
        self.end_invitation(name, user);
        if let Some(conversations) = self.mentioned.get_mut(user) {
            conversations.remove(&Target::Channel(name.clone()));
        }
    }
}

impl Channels {
    /// The names of the first channels after `after` that `user` may see, in alphabetical order: more than
    /// one page, so the caller knows whether another page follows.
    pub(super) fn visible(&self, user: &UserName, after: Option<&str>) -> BTreeSet<&ChannelName> {
        let range = pages::range(after, ChannelName::new);
        let start = range.0.as_ref().map(|name| Target::Channel(name.clone()));
        let own = self.conversations.get(user).into_iter();
        let own = own.flat_map(|own| own.range::<Target, _>((start.clone(), Bound::Unbounded))).map_while(
            |target| match target {
                Target::Channel(name) => Some(name),
                // Direct conversations come after all channels.
                Target::User(_) => None,
            },
        );
        let own = own.filter(|name| !name.is_everybody());
        let invited =
            self.indexes.invited.get(user).into_iter().flat_map(|invited| invited.range(range.clone()));
        let public = self.indexes.public.range(range.clone());
        let limit = LIST_NAMES_MAX + 1;
        let mut names: BTreeSet<_> = own.take(limit).collect();
        names.extend(invited.take(limit));
        names.extend(public.take(limit));
        names
    }

    /// The channels after `after` to which `user` is invited, in alphabetical order.
    pub(super) fn invited(&self, user: &UserName, after: Option<&str>) -> impl Iterator<Item = &ChannelName> {
        let range = pages::range(after, ChannelName::new);
        self.indexes.invited.get(user).into_iter().flat_map(move |invited| invited.range(range.clone()))
    }

    /// The conversations of `user` that may have messages that mention `user`.
    pub(in crate::domain) fn mentioning(&self, user: &UserName) -> Vec<Target> {
        let by_name = self.indexes.mentioned.get(user);
        let mut conversations: BTreeSet<_> = by_name.into_iter().flatten().cloned().collect();
        let (here, own) = (&self.indexes.here, self.conversations.get(user));
        let own_count = own.map_or(0, BTreeSet::len);
        if here.len() < own_count {
            let here = here.iter().map(|name| Target::Channel(name.clone()));
            conversations.extend(here.filter(|target| own.is_some_and(|own| own.contains(target))));
        } else {
            let has_here = |target: &&Target| matches!(target, Target::Channel(name) if here.contains(name));
            conversations.extend(own.into_iter().flatten().filter(has_here).cloned());
        }
        conversations.into_iter().collect()
    }
}

//! Channels and direct conversations, with their members and their newest events.

mod apply;
mod channel;
pub(crate) mod decide;
pub mod rights;
pub mod first_names;
mod visible;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Bound;

use common::channels::{Ban, ChannelInfo, Invitation, Role};
use common::{ChannelName, Conversation, Detail, Target, UserName, pages};
use uuid::Uuid;

use self::first_names::FirstNames;
use self::visible::Indexes;
use super::TopicSecret;
use super::amendments::Amendments;
use super::delivery_secret::DeliverySecret;
use super::links::LinkKey;
use super::push_key::PushSigner;
use super::reads::ReadState;

pub use channel::{Channel, Direct, Progress};

pub struct Channels {
    /// The number of the newest applied record.
    pub applied: u64,
    secret: TopicSecret,
    channels: BTreeMap<ChannelName, Channel>,
    /// The channel `*`: all users are members, administrators are owners.
    everybody: Channel,
    direct: HashMap<(UserName, UserName), Direct>,
    /// The conversations of each user; derived from `channels`, `everybody` and `direct`.
    conversations: HashMap<UserName, BTreeSet<Target>>,
    indexes: Indexes,
    /// Derived from `channels`.
    first_names: FirstNames,
    /// The channels whose topic has moved since the last [`take_moved`](Self::take_moved).
    moved: Vec<ChannelName>,
}

impl Channels {
    pub(super) fn new(secret: TopicSecret) -> Self {
        let (channels, direct, conversations, indexes, first_names, moved) = Default::default();
        let topic = secret.channel(&ChannelName::everybody(), 0).into();
        let everybody = Channel { topic, ..Channel::default() };
        Self { applied: 0, secret, channels, everybody, direct, conversations, indexes, first_names, moved }
    }

    /// The first name of the channel that has, or had, this name. Returns other names unchanged.
    #[must_use]
    pub fn first_name<'a>(&'a self, name: &'a ChannelName) -> &'a ChannelName {
        self.first_names.of(name)
    }

    pub fn channel(&self, name: &ChannelName) -> Result<&Channel, Detail> {
        self.get(name).ok_or_else(|| Detail::NoSuchChannel { channel: name.clone() })
    }

    fn get(&self, name: &ChannelName) -> Option<&Channel> {
        if name.is_everybody() {
            Some(&self.everybody)
        } else {
            self.channels.get(name).filter(|channel| !channel.deleted)
        }
    }

    fn get_mut(&mut self, name: &ChannelName) -> Option<&mut Channel> {
        if name.is_everybody() {
            Some(&mut self.everybody)
        } else {
            self.channels.get_mut(name).filter(|channel| !channel.deleted)
        }
    }

    /// Whether a channel of this name was deleted.
    #[must_use]
    pub fn is_deleted(&self, name: &ChannelName) -> bool {
        self.channels.get(name).is_some_and(|channel| channel.deleted)
    }

    /// The channels after `after` that were not deleted, in alphabetical order.
    pub fn existing(&self, after: Option<&str>) -> impl Iterator<Item = (&ChannelName, &Channel)> {
        let channels = self.channels.range(pages::range(after, ChannelName::new));
        channels.filter(|(_, channel)| !channel.deleted)
    }

    /// A channel, if `user` may write to it. Only administrators may write to `*`. An archived channel is
    /// read-only.
    pub fn writable(&self, name: &ChannelName, user: &UserName) -> Result<&Channel, Detail> {
        let channel = self.amendable(name, user)?;
        if channel.archived { Err(Detail::ChannelArchived { channel: name.clone() }) } else { Ok(channel) }
    }

    /// A channel, if `user` may delete messages in it. The channel may be archived.
    pub fn amendable(&self, name: &ChannelName, user: &UserName) -> Result<&Channel, Detail> {
        let channel = self.membership(name, user)?;
        let may_write = !name.is_everybody() || channel.members.get(user) == Some(&Role::Owner);
        if may_write { Ok(channel) } else { Err(Detail::NotAdministrator) }
    }

    /// Returns a channel of which `user` is a member.
    pub fn membership(&self, name: &ChannelName, user: &UserName) -> Result<&Channel, Detail> {
        let channel = self.channel(name)?;
        rights::check(name, channel, user, rights::Action::Participate)?;
        Ok(channel)
    }

    /// The channels after `after` that `user` may see, in alphabetical order.
    pub fn list(&self, user: &UserName, after: Option<&str>) -> impl Iterator<Item = ChannelInfo> {
        let visible = self.visible(user, after).into_iter();
        let channels = visible.filter_map(|name| self.channels.get_key_value(name));
        channels.filter(|(_, channel)| !channel.deleted).map(|(name, channel)| ChannelInfo {
            channel: name.clone(),
            names: channel.names.clone(),
            members: channel.members.len() as u64,
            role: channel.members.get(user).copied(),
            invited: channel.invited.contains_key(user),
            private: channel.private,
            archived: channel.archived,
            subject: channel.subject.clone(),
        })
    }

    /// The invitations of `user` after the channel `after`, in alphabetical order.
    pub fn invitations(&self, user: &UserName, after: Option<&str>) -> impl Iterator<Item = Invitation> {
        self.invited(user, after).filter_map(|name| {
            let Channel { names, invited, .. } = self.channels.get(name)?;
            let invited = invited.get(user)?.clone();
            Some(Invitation { channel: name.clone(), names: names.clone(), invited })
        })
    }

    /// The bans of a channel after the banned user `after`, in alphabetical order. Only moderators and owners
    /// may list bans.
    pub fn bans(
        &self,
        name: &ChannelName,
        user: &UserName,
        after: Option<&str>,
    ) -> Result<impl Iterator<Item = Ban>, Detail> {
        let channel = self.channel(name)?;
        rights::check(name, channel, user, rights::Action::ListBans)?;
        let banned = channel.banned.range(pages::range(after, UserName::new));
        Ok(banned.map(|user| Ban {
            user: user.clone(),
            banned: channel.bans.get(user).cloned().unwrap_or_default(),
        }))
    }

    /// The topic of the events for one user, in an epoch.
    #[must_use]
    pub fn user_topic(&self, user: &UserName, epoch: u64) -> String {
        self.secret.user(user, epoch)
    }

    /// The secret with which the senders of a hook sign their posts. It is derived, not stored.
    #[must_use]
    pub fn hook_secret(&self, hook: Uuid) -> String {
        self.secret.hook_secret(hook)
    }

    #[must_use]
    pub fn delivery_secret(&self, hook: Uuid) -> DeliverySecret {
        self.secret.delivery(hook)
    }

    #[must_use]
    pub fn push_key(&self) -> PushSigner {
        self.secret.push_key()
    }

    #[must_use]
    pub fn link_key(&self) -> LinkKey {
        self.secret.link_key()
    }

    #[must_use]
    pub fn push_topic(&self, session: Uuid, conversation: &Target) -> String {
        self.secret.push_topic(session, conversation)
    }

    #[must_use]
    pub fn deliveries_topic(&self) -> String {
        self.secret.deliveries()
    }

    /// Whether `code` is the HMAC-SHA-256 of `body` with the secret of the hook.
    #[must_use]
    pub fn has_signed(&self, hook: Uuid, body: &[u8], code: &[u8; 32]) -> bool {
        self.secret.has_signed(hook, body, code)
    }

    /// The topic of presence in an epoch.
    #[must_use]
    pub fn presence_topic(&self, epoch: u64) -> String {
        self.secret.presence(epoch)
    }

    /// The newest event of a conversation; `None` if the conversation does not exist.
    #[must_use]
    pub fn progress(&self, conversation: &Conversation) -> Option<Progress> {
        match conversation {
            Conversation::Channel(name) => self.get(name).map(|channel| channel.progress),
            Conversation::Direct(first, second) => {
                self.direct.get(&(first.clone(), second.clone())).map(|direct| direct.progress)
            }
        }
    }

    /// The read state of a conversation; `None` if the conversation does not exist.
    #[must_use]
    pub fn reads(&self, conversation: &Conversation) -> Option<&ReadState> {
        match conversation {
            Conversation::Channel(name) => self.get(name).map(|channel| &channel.reads),
            Conversation::Direct(first, second) => {
                self.direct.get(&(first.clone(), second.clone())).map(|direct| &direct.reads)
            }
        }
    }

    /// The amendments of a conversation; `None` if the conversation does not exist.
    #[must_use]
    pub fn amendments(&self, conversation: &Conversation) -> Option<&Amendments> {
        match conversation {
            Conversation::Channel(name) => self.get(name).map(|channel| &channel.amendments),
            Conversation::Direct(first, second) => {
                self.direct.get(&(first.clone(), second.clone())).map(|direct| &direct.amendments)
            }
        }
    }

    pub(super) fn reads_mut(&mut self, conversation: &Conversation) -> Option<&mut ReadState> {
        match conversation {
            Conversation::Channel(name) => self.get_mut(name).map(|channel| &mut channel.reads),
            Conversation::Direct(first, second) => {
                self.direct.get_mut(&(first.clone(), second.clone())).map(|direct| &mut direct.reads)
            }
        }
    }

    /// The number of the newest event; 0 if the conversation has no events.
    #[must_use]
    pub fn head(&self, conversation: &Conversation) -> u64 {
        self.progress(conversation).map_or(0, |progress| progress.n)
    }

    /// The conversations of a user, in order.
    pub fn conversations<'a>(&'a self, user: &UserName) -> impl Iterator<Item = &'a Target> + use<'a> {
        self.conversations.get(user).into_iter().flatten()
    }

    /// The conversations of a user from `start`, in order.
    pub fn conversations_from<'a>(
        &'a self,
        user: &UserName,
        start: Bound<&'a Target>,
    ) -> impl Iterator<Item = &'a Target> {
        let all = self.conversations.get(user).into_iter();
        all.flat_map(move |all| all.range::<Target, _>((start, Bound::Unbounded)))
    }

    /// The number of channels in which `user` is a member, without `*`; at most `max`.
    pub(crate) fn membership_count(&self, user: &UserName, max: usize) -> usize {
        let channels = self.conversations(user).take_while(|target| matches!(target, Target::Channel(_)));
        channels.filter(|target| **target != Target::Channel(ChannelName::everybody())).take(max).count()
    }

    /// The number of channels that `user` created. Excludes channels whose creator is unknown.
    pub(super) fn created_count(&self, user: &UserName) -> usize {
        self.indexes.created_count(user)
    }

    /// The names of all channels, including deleted ones, and `*`.
    pub fn names(&self) -> impl Iterator<Item = ChannelName> {
        std::iter::once(ChannelName::everybody()).chain(self.channels.keys().cloned())
    }

    /// All channels, including deleted ones, for the snapshot.
    #[must_use]
    pub fn all(&self) -> &BTreeMap<ChannelName, Channel> {
        &self.channels
    }

    /// All direct conversations, unordered, for the snapshot.
    pub fn all_direct(&self) -> impl Iterator<Item = (&(UserName, UserName), &Direct)> {
        self.direct.iter()
    }

    /// Returns the channels whose topics have moved since the last call.
    pub fn take_moved(&mut self) -> Vec<ChannelName> {
        std::mem::take(&mut self.moved)
    }

    /// The channel `*`, for the snapshot.
    #[must_use]
    pub fn everybody(&self) -> &Channel {
        &self.everybody
    }

    /// Restores the channel `*` from a snapshot.
    pub fn restore_everybody(&mut self, mut channel: Channel) {
        let name = ChannelName::everybody();
        for member in channel.members.keys() {
            self.conversations.entry(member.clone()).or_default().insert(Target::Channel(name.clone()));
        }
        channel.topic = self.secret.channel(&name, channel.epoch).into();
        self.indexes.add(&name, &channel);
        self.everybody = channel;
    }

    /// Adds a new user to `*`. Earlier messages do not count as unread.
    pub(super) fn add_user(&mut self, user: &UserName) {
        let everybody = Target::Channel(ChannelName::everybody());
        self.conversations.entry(user.clone()).or_default().insert(everybody);
        self.everybody.members.insert(user.clone(), Role::Member);
        self.everybody.reads.begin(user, self.everybody.progress.n);
    }

    /// Sets the role of a user in `*`: administrators own it, and only owners may write to it.
    pub(super) fn set_administrator(&mut self, user: &UserName, administrator: bool) {
        let role = if administrator { Role::Owner } else { Role::Member };
        self.everybody.members.insert(user.clone(), role);
    }

    /// Adds a new channel, or a channel from a snapshot.
    pub fn insert_channel(&mut self, name: ChannelName, mut channel: Channel) {
        for member in channel.members.keys() {
            self.conversations.entry(member.clone()).or_default().insert(Target::Channel(name.clone()));
        }
        channel.topic = self.secret.channel(&name, channel.epoch).into();
        self.indexes.add(&name, &channel);
        self.first_names.add(&name, &channel.names);
        self.channels.insert(name, channel);
    }

    /// Adds a new direct conversation, or a direct conversation from a snapshot.
    pub fn insert_direct(&mut self, users: (UserName, UserName), direct: Direct) {
        self.conversations.entry(users.0.clone()).or_default().insert(Target::User(users.1.clone()));
        self.conversations.entry(users.1.clone()).or_default().insert(Target::User(users.0.clone()));
        if direct.reads.has_mentions() {
            self.indexes.mention(&users.0, Target::User(users.1.clone()));
            self.indexes.mention(&users.1, Target::User(users.0.clone()));
        }
        self.direct.insert(users, direct);
    }
}

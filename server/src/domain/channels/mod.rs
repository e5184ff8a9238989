//! Channels, who is in them, and how far every conversation has come.

pub mod rights;
pub(crate) mod decide;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Bound;
use std::sync::Arc;

use common::channels::{ChannelInfo, Invitation, Invited, Role};
use common::{Body, ChannelName, Conversation, Event, Subject, Target, UserName};
use serde::{Deserialize, Deserializer, Serialize};

use super::amendments::Amendments;
use super::reads::ReadState;
use super::{DomainError, TopicSecret};

/// All channels and direct conversations.
pub struct Channels {
    /// The number of the newest record that is part of this.
    pub applied: u64,
    secret: TopicSecret,
    channels: BTreeMap<ChannelName, Channel>,
    /// `*`: all users are in it, and administrators own it.
    everybody: Channel,
    direct: HashMap<(UserName, UserName), Direct>,
    /// Per user, what they take part in; derived from the two above.
    conversations: HashMap<UserName, BTreeSet<Target>>,
    /// Channels whose topic has moved since somebody last asked.
    moved: Vec<ChannelName>,
}

/// One channel, as `channels.json` holds it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Channel {
    /// When it was made, in Unix milliseconds.
    pub since: u64,
    /// How far it has come.
    #[serde(flatten)]
    pub progress: Progress,
    /// How often its topic has moved.
    pub epoch: u64,
    /// Whether only the invited may join, and others are not told of it.
    pub private: bool,
    /// What it is about; empty when nobody said.
    pub subject: Subject<'static>,
    /// Who is in it.
    pub members: BTreeMap<UserName, Role>,
    /// Who may join and has not yet.
    #[serde(deserialize_with = "invited")]
    pub invited: BTreeMap<UserName, Invited>,
    /// Who may not join.
    pub banned: BTreeSet<UserName>,
    /// How far its members have read.
    pub reads: ReadState,
    /// What became of messages.
    #[serde(default)]
    pub amendments: Amendments,
    /// Where its events are published; derived from the name and the epoch.
    #[serde(skip)]
    pub topic: Arc<str>,
}

/// Older snapshots have the names alone.
fn invited<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<UserName, Invited>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Form {
        Names(BTreeSet<UserName>),
        Known(BTreeMap<UserName, Invited>),
    }
    Ok(match Form::deserialize(deserializer)? {
        Form::Names(names) => names.into_iter().map(|name| (name, Invited::default())).collect(),
        Form::Known(known) => known,
    })
}

/// What two users write to each other, as `channels.json` holds it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Direct {
    /// How far it has come.
    #[serde(flatten)]
    pub progress: Progress,
    /// How far the two have read.
    pub reads: ReadState,
    /// What became of messages.
    #[serde(default)]
    pub amendments: Amendments,
}

/// How far a conversation has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// The number of its newest event.
    pub n: u64,
    /// The number of the record that was.
    pub record: u64,
}

impl Channel {
    /// Whether `user` may know of it.
    #[must_use]
    pub fn is_visible_to(&self, user: &UserName) -> bool {
        !self.private || self.members.contains_key(user) || self.invited.contains_key(user)
    }

    fn is_last_owner(&self, user: &UserName) -> bool {
        let owners = self.members.iter().filter(|(_, role)| **role == Role::Owner);
        owners.map(|(name, _)| name).eq([user])
    }
}

impl Direct {
    fn take(&mut self, progress: Progress, event: &Event<'_>) {
        self.progress = progress;
        self.reads.take(progress.record, event);
        self.amendments.take(event);
    }
}

impl Channels {
    pub(super) fn new(secret: TopicSecret) -> Self {
        let (channels, direct, conversations, moved) = Default::default();
        let topic = secret.channel(&ChannelName::everybody(), 0).into();
        let everybody = Channel { topic, ..Channel::default() };
        Self { applied: 0, secret, channels, everybody, direct, conversations, moved }
    }

    /// A channel, if it exists.
    pub fn channel(&self, name: &ChannelName) -> Result<&Channel, DomainError> {
        self.get(name).ok_or_else(|| DomainError::NoSuchChannel(name.clone()))
    }

    fn get(&self, name: &ChannelName) -> Option<&Channel> {
        if name.is_everybody() { Some(&self.everybody) } else { self.channels.get(name) }
    }

    fn get_mut(&mut self, name: &ChannelName) -> Option<&mut Channel> {
        if name.is_everybody() { Some(&mut self.everybody) } else { self.channels.get_mut(name) }
    }

    /// A channel, if `user` may say something there: only its owners may in the one that everybody is in.
    pub fn writable(&self, name: &ChannelName, user: &UserName) -> Result<&Channel, DomainError> {
        let channel = self.membership(name, user)?;
        let may_write = !name.is_everybody() || channel.members.get(user) == Some(&Role::Owner);
        if may_write { Ok(channel) } else { Err(DomainError::NotAdministrator) }
    }

    /// A channel, if `user` is in it.
    pub fn membership(&self, name: &ChannelName, user: &UserName) -> Result<&Channel, DomainError> {
        let channel = self.channel(name)?;
        rights::check(name, channel, user, rights::Action::TakePart)?;
        Ok(channel)
    }

    /// Channels in alphabetical order, those after `after`, as far as `user` may know of them.
    pub fn list(&self, user: &UserName, after: Option<&str>) -> impl Iterator<Item = ChannelInfo> {
        // A cursor that is no name lies before all names: nothing is skipped.
        let after = after.and_then(|name| ChannelName::new(name).ok());
        let start = after.as_ref().map_or(Bound::Unbounded, Bound::Excluded);
        let channels = self.channels.range::<ChannelName, _>((start, Bound::Unbounded));
        channels.filter(|(_, channel)| channel.is_visible_to(user)).map(|(name, channel)| ChannelInfo {
            channel: name.clone(),
            members: channel.members.len() as u64,
            role: channel.members.get(user).copied(),
            invited: channel.invited.contains_key(user),
            private: channel.private,
            subject: channel.subject.clone(),
        })
    }

    /// What `user` is invited to, in alphabetical order, after `after`.
    pub fn invitations(&self, user: &UserName, after: Option<&str>) -> impl Iterator<Item = Invitation> {
        let after = after.and_then(|name| ChannelName::new(name).ok());
        let start = after.as_ref().map_or(Bound::Unbounded, Bound::Excluded);
        let channels = self.channels.range::<ChannelName, _>((start, Bound::Unbounded));
        channels.filter_map(|(name, channel)| {
            let invited = channel.invited.get(user)?.clone();
            Some(Invitation { channel: name.clone(), invited })
        })
    }

    /// The topic of what is meant for one user, after it has moved `epoch` times.
    #[must_use]
    pub fn user_topic(&self, user: &UserName, epoch: u64) -> String {
        self.secret.user(user, epoch)
    }

    /// The topic of everybody's presence, after it has moved `epoch` times.
    #[must_use]
    pub fn presence_topic(&self, epoch: u64) -> String {
        self.secret.presence(epoch)
    }

    /// How far a conversation has come, when it has begun.
    #[must_use]
    pub fn progress(&self, conversation: &Conversation) -> Option<Progress> {
        match conversation {
            Conversation::Channel(name) => self.get(name).map(|channel| channel.progress),
            Conversation::Direct(one, other) => {
                self.direct.get(&(one.clone(), other.clone())).map(|direct| direct.progress)
            }
        }
    }

    /// How far a conversation has been read, when it has begun.
    #[must_use]
    pub fn reads(&self, conversation: &Conversation) -> Option<&ReadState> {
        match conversation {
            Conversation::Channel(name) => self.get(name).map(|channel| &channel.reads),
            Conversation::Direct(one, other) => {
                self.direct.get(&(one.clone(), other.clone())).map(|direct| &direct.reads)
            }
        }
    }

    /// What became of the messages of a conversation, when it has begun.
    #[must_use]
    pub fn amendments(&self, conversation: &Conversation) -> Option<&Amendments> {
        match conversation {
            Conversation::Channel(name) => self.get(name).map(|channel| &channel.amendments),
            Conversation::Direct(one, other) => {
                self.direct.get(&(one.clone(), other.clone())).map(|direct| &direct.amendments)
            }
        }
    }

    pub(super) fn reads_mut(&mut self, conversation: &Conversation) -> Option<&mut ReadState> {
        match conversation {
            Conversation::Channel(name) => self.get_mut(name).map(|channel| &mut channel.reads),
            Conversation::Direct(one, other) => {
                self.direct.get_mut(&(one.clone(), other.clone())).map(|direct| &mut direct.reads)
            }
        }
    }

    /// The number of the newest event, 0 when there is none.
    #[must_use]
    pub fn head(&self, conversation: &Conversation) -> u64 {
        self.progress(conversation).map_or(0, |progress| progress.n)
    }

    /// What a user takes part in.
    pub fn conversations(&self, user: &UserName) -> impl Iterator<Item = &Target> {
        self.conversations.get(user).into_iter().flatten()
    }

    /// What a user takes part in, from a place in their order on.
    pub fn conversations_from<'a>(
        &'a self,
        user: &UserName,
        start: Bound<&'a Target>,
    ) -> impl Iterator<Item = &'a Target> {
        let all = self.conversations.get(user).into_iter();
        all.flat_map(move |all| all.range::<Target, _>((start, Bound::Unbounded)))
    }

    /// All channels, for the snapshot.
    #[must_use]
    pub fn all(&self) -> &BTreeMap<ChannelName, Channel> {
        &self.channels
    }

    /// All direct conversations, for the snapshot, in no order.
    pub fn all_direct(&self) -> impl Iterator<Item = (&(UserName, UserName), &Direct)> {
        self.direct.iter()
    }

    /// The channels whose topic has moved since this was last asked.
    pub fn take_moved(&mut self) -> Vec<ChannelName> {
        std::mem::take(&mut self.moved)
    }

    /// The channel that everybody is in, for the snapshot.
    #[must_use]
    pub fn everybody(&self) -> &Channel {
        &self.everybody
    }

    /// Puts it back from a snapshot.
    pub fn restore_everybody(&mut self, mut channel: Channel) {
        let name = ChannelName::everybody();
        for member in channel.members.keys() {
            self.conversations.entry(member.clone()).or_default().insert(Target::Channel(name.clone()));
        }
        channel.topic = self.secret.channel(&name, channel.epoch).into();
        self.everybody = channel;
    }

    /// There is one more user: what everybody was told before is not unread.
    pub(super) fn add_user(&mut self, user: &UserName) {
        let everybody = Target::Channel(ChannelName::everybody());
        self.conversations.entry(user.clone()).or_default().insert(everybody);
        self.everybody.members.insert(user.clone(), Role::Member);
        self.everybody.reads.begin(user, self.everybody.progress.n);
    }

    /// Administrators, and nobody else, speak to everybody.
    pub(super) fn set_administrator(&mut self, user: &UserName, administrator: bool) {
        let role = if administrator { Role::Owner } else { Role::Member };
        self.everybody.members.insert(user.clone(), role);
    }

    /// Puts in a channel, a new one or from a snapshot.
    pub fn restore_channel(&mut self, name: ChannelName, mut channel: Channel) {
        for member in channel.members.keys() {
            self.conversations.entry(member.clone()).or_default().insert(Target::Channel(name.clone()));
        }
        channel.topic = self.secret.channel(&name, channel.epoch).into();
        self.channels.insert(name, channel);
    }

    /// Puts in a direct conversation, a new one or from a snapshot.
    pub fn restore_direct(&mut self, users: (UserName, UserName), direct: Direct) {
        self.conversations.entry(users.0.clone()).or_default().insert(Target::User(users.1.clone()));
        self.conversations.entry(users.1.clone()).or_default().insert(Target::User(users.0.clone()));
        self.direct.insert(users, direct);
    }

    /// Somebody's sessions were ended, who may go on listening: their private channels move. So do the public ones
    /// when they cannot join again, because they are shut out, and always the one that everybody is in.
    pub(super) fn sessions_ended(&mut self, user: &UserName, is_shut_out: bool) {
        let targets: Vec<_> = self.conversations(user).cloned().collect();
        for target in targets {
            if let Target::Channel(name) = target
                && self
                    .get(&name)
                    .is_some_and(|channel| channel.private || is_shut_out || name.is_everybody())
            {
                self.move_topic(&name);
            }
        }
    }

    pub(super) fn apply(&mut self, number: u64, event: &Event<'_>) {
        let progress = Progress { n: event.n, record: number };
        match &event.to {
            Target::Channel(name) => self.apply_to_channel(name, progress, event),
            Target::User(_) => {
                if let Conversation::Direct(one, other) = event.conversation() {
                    self.apply_to_direct((one, other), progress, event);
                }
            }
        }
    }

    fn apply_to_direct(&mut self, users: (UserName, UserName), progress: Progress, event: &Event<'_>) {
        if let Some(direct) = self.direct.get_mut(&users) {
            return direct.take(progress, event);
        }
        let mut direct = Direct::default();
        direct.take(progress, event);
        self.restore_direct(users, direct);
    }

    fn apply_to_channel(&mut self, name: &ChannelName, progress: Progress, event: &Event<'_>) {
        let from = &event.from;
        if let Body::Created { private } = event.body {
            return self.restore_channel(name.clone(), new_channel(event, private, progress));
        }
        // Events are decided only for channels that exist, so that there always is one to change.
        let Some(channel) = self.get_mut(name) else { return debug_assert!(false, "no {name}") };
        channel.progress = progress;
        channel.reads.take(progress.record, event);
        channel.amendments.take(event);
        match &event.body {
            Body::Joined => {
                let role = if channel.members.is_empty() { Role::Owner } else { Role::Member };
                channel.members.insert(from.clone(), role);
                channel.reads.begin(from, event.n);
                channel.invited.remove(from);
                self.conversations.entry(from.clone()).or_default().insert(Target::Channel(name.clone()));
            }
            Body::Left => self.remove(name, from, false),
            Body::Kicked(user) => self.remove(name, user, false),
            Body::Banned(user) => {
                channel.banned.insert(user.clone());
                self.remove(name, user, true);
            }
            Body::Invited(user) => {
                let invited = Invited { by: Some(from.clone()), at: Some(event.at) };
                channel.invited.insert(user.clone(), invited);
            }
            Body::Declined => drop(channel.invited.remove(from)),
            Body::Unbanned(user) => drop(channel.banned.remove(user)),
            Body::Role(user, role) => drop(channel.members.insert(user.clone(), *role)),
            Body::Set { subject, private } => {
                let closes = *private == Some(true);
                channel.private = private.unwrap_or(channel.private);
                channel.subject = subject.clone().map_or(channel.subject.clone(), Subject::into_owned);
                if closes {
                    // Whoever has left a public channel still knows its topic.
                    self.move_topic(name);
                }
            }
            Body::Message { .. }
            | Body::File { .. }
            | Body::Edited { .. }
            | Body::Deleted { .. }
            | Body::Reacted { .. }
            | Body::Unreacted { .. }
            | Body::Gone { .. }
            | Body::Created { .. }
            | Body::Unknown => {}
        }
    }

    /// Ends a membership, or what might have become one. Anybody may join a public channel again, so its topic
    /// moves only when somebody is to be kept out.
    fn remove(&mut self, name: &ChannelName, user: &UserName, for_good: bool) {
        let Some(channel) = self.get_mut(name) else { return };
        channel.invited.remove(user);
        channel.members.remove(user);
        channel.reads.forget(user);
        let moves = channel.private || for_good;
        if let Some(conversations) = self.conversations.get_mut(user) {
            conversations.remove(&Target::Channel(name.clone()));
        }
        if moves {
            self.move_topic(name);
        }
    }

    fn move_topic(&mut self, name: &ChannelName) {
        let secret = self.secret.clone();
        let Some(channel) = self.get_mut(name) else { return };
        channel.epoch += 1;
        channel.topic = secret.channel(name, channel.epoch).into();
        // Telling everybody would cost as much as there are users; they ask for the heads anyway.
        if !name.is_everybody() {
            self.moved.push(name.clone());
        }
    }
}

fn new_channel(event: &Event<'_>, private: bool, progress: Progress) -> Channel {
    let (epoch, invited, banned, topic, subject) = Default::default();
    let members = [(event.from.clone(), Role::Owner)].into();
    let amendments = Amendments::default();
    let mut reads = ReadState::default();
    reads.take(progress.record, event);
    reads.begin(&event.from, event.n);
    Channel {
        since: event.at,
        progress,
        epoch,
        private,
        subject,
        members,
        invited,
        banned,
        reads,
        amendments,
        topic,
    }
}

//! Channels, who is in them, and how far every conversation has come.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Bound;
use std::sync::Arc;

use common::channels::ChannelInfo;
use common::{Body, ChannelName, Conversation, Event, Target, UserName};

use super::{DomainError, State, TopicSecret};
use crate::records::Record;

/// All channels and direct conversations.
pub struct Channels {
    /// The number of the newest record that is part of this.
    pub applied: u64,
    secret: TopicSecret,
    channels: BTreeMap<ChannelName, Channel>,
    direct: HashMap<(UserName, UserName), Progress>,
    /// Per user, what they take part in; derived from the two above.
    conversations: HashMap<UserName, BTreeSet<Target>>,
}

/// One channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Channel {
    /// When it was made, in Unix milliseconds.
    pub since: u64,
    /// How far it has come.
    pub progress: Progress,
    /// How often its topic has moved.
    pub epoch: u64,
    /// Who is in it.
    pub members: BTreeSet<UserName>,
    /// Where its events are published; derived from the name and the epoch.
    pub topic: Arc<str>,
}

/// How far a conversation has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// The number of its newest event.
    pub n: u64,
    /// The number of the record that was.
    pub record: u64,
}

impl Channels {
    pub(super) fn new(secret: TopicSecret) -> Self {
        let (channels, direct, conversations) = Default::default();
        Self { applied: 0, secret, channels, direct, conversations }
    }

    /// A channel, if it exists.
    pub fn channel(&self, name: &ChannelName) -> Result<&Channel, DomainError> {
        self.channels.get(name).ok_or_else(|| DomainError::NoSuchChannel(name.clone()))
    }

    /// A channel, if it exists and `user` is in it.
    pub fn membership(&self, name: &ChannelName, user: &UserName) -> Result<&Channel, DomainError> {
        let channel = self.channel(name)?;
        if channel.members.contains(user) { Ok(channel) } else { Err(DomainError::NotMember(name.clone())) }
    }

    /// Channels in alphabetical order, those after `after`, as `user` sees them.
    pub fn list(&self, user: &UserName, after: Option<&str>) -> impl Iterator<Item = ChannelInfo> {
        // A cursor that is no name lies before all names: nothing is skipped.
        let after = after.and_then(|name| ChannelName::new(name).ok());
        let start = after.as_ref().map_or(Bound::Unbounded, Bound::Excluded);
        self.channels.range::<ChannelName, _>((start, Bound::Unbounded)).map(move |(name, channel)| {
            ChannelInfo {
                channel: name.clone(),
                members: channel.members.len() as u64,
                member: channel.members.contains(user),
            }
        })
    }

    /// The topic of what is meant for one user.
    #[must_use]
    pub fn user_topic(&self, user: &UserName) -> String {
        self.secret.user(user, 0)
    }

    /// How far a conversation has come, when it has begun.
    #[must_use]
    pub fn progress(&self, conversation: &Conversation) -> Option<Progress> {
        match conversation {
            Conversation::Channel(name) => self.channels.get(name).map(|channel| channel.progress),
            Conversation::Direct(one, other) => self.direct.get(&(one.clone(), other.clone())).copied(),
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

    /// All channels, for the snapshot.
    pub fn all(&self) -> impl Iterator<Item = (&ChannelName, &Channel)> {
        self.channels.iter()
    }

    /// All direct conversations, for the snapshot, in no order.
    pub fn all_direct(&self) -> impl Iterator<Item = (&(UserName, UserName), &Progress)> {
        self.direct.iter()
    }

    /// Puts back a channel from a snapshot.
    pub fn restore_channel(
        &mut self,
        name: ChannelName,
        since: u64,
        progress: Progress,
        epoch: u64,
        members: BTreeSet<UserName>,
    ) {
        for member in &members {
            self.takes_part(member, Target::Channel(name.clone()));
        }
        let topic = self.secret.channel(&name, epoch).into();
        self.channels.insert(name, Channel { since, progress, epoch, members, topic });
    }

    /// Puts back a direct conversation from a snapshot.
    pub fn restore_direct(&mut self, users: (UserName, UserName), progress: Progress) {
        self.takes_part(&users.0, Target::User(users.1.clone()));
        self.takes_part(&users.1, Target::User(users.0.clone()));
        self.direct.insert(users, progress);
    }

    pub(super) fn apply(&mut self, number: u64, event: &Event<'_>) {
        let progress = Progress { n: event.n, record: number };
        match event.conversation() {
            Conversation::Direct(one, other) => match self.direct.get_mut(&(one.clone(), other.clone())) {
                Some(known) => *known = progress,
                None => self.restore_direct((one, other), progress),
            },
            Conversation::Channel(name) => self.apply_to_channel(name, progress, event),
        }
    }

    fn apply_to_channel(&mut self, name: ChannelName, progress: Progress, event: &Event<'_>) {
        let user = &event.from;
        match event.body {
            Body::Message { .. } => self.change(&name, |channel| channel.progress = progress),
            Body::Created => self.restore_channel(name, event.at, progress, 0, [user.clone()].into()),
            Body::Joined => {
                self.takes_part(user, Target::Channel(name.clone()));
                self.change(&name, |channel| {
                    channel.progress = progress;
                    channel.members.insert(user.clone());
                });
            }
            Body::Left => {
                if let Some(conversations) = self.conversations.get_mut(user) {
                    conversations.remove(&Target::Channel(name.clone()));
                }
                self.change(&name, |channel| {
                    channel.progress = progress;
                    channel.members.remove(user);
                });
            }
        }
    }

    /// Events are decided only for channels that exist, so that there always is one to change.
    fn change(&mut self, name: &ChannelName, change: impl FnOnce(&mut Channel)) {
        let channel = self.channels.get_mut(name);
        debug_assert!(channel.is_some(), "an event of {name}, which does not exist");
        if let Some(channel) = channel {
            change(channel);
        }
    }

    fn takes_part(&mut self, user: &UserName, target: Target) {
        self.conversations.entry(user.clone()).or_default().insert(target);
    }
}

pub(super) fn create<'a>(
    state: &State,
    user: UserName,
    name: ChannelName,
    at: u64,
) -> Result<Record<'a>, DomainError> {
    if state.channels.channel(&name).is_ok() {
        return Err(DomainError::ChannelTaken(name));
    }
    let event = Event { n: 1, at, to: Target::Channel(name), from: user, body: Body::Created };
    Ok(Record::Event(event))
}

pub(super) fn join<'a>(
    state: &State,
    user: UserName,
    name: ChannelName,
    at: u64,
) -> Result<Option<Record<'a>>, DomainError> {
    let channel = state.channels.channel(&name)?;
    if channel.members.contains(&user) {
        return Ok(None);
    }
    let n = channel.progress.n + 1;
    let event = Event { n, at, to: Target::Channel(name), from: user, body: Body::Joined };
    Ok(Some(Record::Event(event)))
}

pub(super) fn leave<'a>(
    state: &State,
    user: UserName,
    name: ChannelName,
    at: u64,
) -> Result<Record<'a>, DomainError> {
    let n = state.channels.membership(&name, &user)?.progress.n + 1;
    let event = Event { n, at, to: Target::Channel(name), from: user, body: Body::Left };
    Ok(Record::Event(event))
}

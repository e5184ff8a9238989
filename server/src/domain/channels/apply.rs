//! Applies events to channels and direct conversations.

use common::channels::{Attribution, Role};
use common::mentions::{Mention, mentions};
use common::{Body, ChannelName, Conversation, Event, Subject, Target, UserName};

use super::{Channel, Channels, Direct, Progress};

impl Channels {
    /// Moves the topics of the user's private channels and of `*`. A revoked session then no longer receives
    /// events from them. If the account is disabled, also moves the topics of the user's public channels,
    /// because the user may no longer read them.
    pub(in crate::domain) fn move_topics_of(&mut self, user: &UserName, is_disabled: bool) {
        let targets: Vec<_> = self.conversations(user).cloned().collect();
        for target in targets {
            if let Target::Channel(name) = target
                && self
                    .get(&name)
                    .is_some_and(|channel| channel.private || is_disabled || name.is_everybody())
            {
                self.move_topic(&name);
            }
        }
    }

    /// Removes a deleted account from `*` and from all invitations, and moves the topics that its clients
    /// know. Later events end its other memberships.
    pub(in crate::domain) fn remove_account(&mut self, user: &UserName) {
        self.move_topics_of(user, true);
        self.remove(&ChannelName::everybody(), user, false);
        for name in self.indexes.take_invitations(user) {
            if let Some(channel) = self.get_mut(&name) {
                channel.invited.remove(user);
            }
        }
    }

    pub(in crate::domain) fn apply(&mut self, number: u64, event: &Event<'_>) {
        let progress = Progress { n: event.n, record: number };
        match &event.to {
            Target::Channel(name) => self.apply_to_channel(name, progress, event),
            Target::User(_) => {
                if let Conversation::Direct(first, second) = event.conversation() {
                    self.apply_to_direct((first, second), progress, event);
                }
            }
        }
    }

    fn apply_to_direct(&mut self, users: (UserName, UserName), progress: Progress, event: &Event<'_>) {
        if let Some(direct) = self.direct.get_mut(&users) {
            direct.apply(progress, event);
            if let (Body::Message { text, .. }, Target::User(other)) = (&event.body, &event.to)
                && text.as_str().as_bytes().contains(&b'@')
            {
                self.indexes.mention(other, Target::User(event.from.clone()));
            }
            return;
        }
        let mut direct = Direct::default();
        direct.apply(progress, event);
        self.insert_direct(users, direct);
    }

    fn apply_to_channel(&mut self, name: &ChannelName, progress: Progress, event: &Event<'_>) {
        let from = &event.from;
        let attribution = || Attribution { by: Some(from.clone()), at: Some(event.at) };
        if let Body::Created { private } = event.body {
            return self.insert_channel(name.clone(), Channel::created(event, private, progress));
        }
        if event.body == Body::ChannelDeleted {
            return self.delete_channel(name, progress);
        }
        // `decide` returns events only for channels that exist.
        let Some(channel) = self.get_mut(name) else { return debug_assert!(false, "no {name}") };
        channel.progress = progress;
        channel.reads.apply(progress.record, event);
        channel.amendments.apply(event);
        match &event.body {
            Body::Joined => {
                let role = if channel.members.is_empty() { Role::Owner } else { Role::Member };
                channel.members.insert(from.clone(), role);
                channel.reads.begin(from, event.n);
                channel.invited.remove(from);
                self.indexes.end_invitation(name, from);
                self.conversations.entry(from.clone()).or_default().insert(Target::Channel(name.clone()));
            }
            Body::Left => self.remove(name, from, false),
            Body::Kicked(user) => self.remove(name, user, false),
            Body::Banned(user) => {
                channel.banned.insert(user.clone());
                channel.bans.insert(user.clone(), attribution());
                self.remove(name, user, true);
            }
            Body::Invited(user) => {
                channel.invited.insert(user.clone(), attribution());
                self.indexes.invite(name, user);
            }
            Body::Declined => {
                channel.invited.remove(from);
                self.indexes.end_invitation(name, from);
            }
            Body::Unbanned(user) => {
                channel.banned.remove(user);
                channel.bans.remove(user);
            }
            Body::Role(user, role) => drop(channel.members.insert(user.clone(), *role)),
            Body::Set { subject, private, archived } => {
                channel.archived = archived.unwrap_or(channel.archived);
                let becomes_private = *private == Some(true);
                channel.private = private.unwrap_or(channel.private);
                channel.subject = subject.clone().map_or(channel.subject.clone(), Subject::into_owned);
                let is_public = !channel.private;
                self.indexes.set_public(name, is_public);
                if becomes_private {
                    // Former members still know the topic of the public channel.
                    self.move_topic(name);
                }
            }
            Body::Renamed(new_name) => {
                channel.names.rename(name, new_name);
                let names = channel.names.clone();
                self.first_names.add(name, &names);
            }
            Body::Message { text, .. } => self.index_mentions(name, text.as_str()),
            Body::File { .. }
            | Body::Edited { .. }
            | Body::Deleted { .. }
            | Body::Reacted { .. }
            | Body::Unreacted { .. }
            | Body::Redacted { .. }
            | Body::Created { .. }
            | Body::ChannelDeleted
            | Body::Unknown => {}
        }
    }

    /// Adds the mentions in a new message of a channel to the indexes.
    fn index_mentions(&mut self, name: &ChannelName, text: &str) {
        // Only a text with `@` is parsed.
        if !text.as_bytes().contains(&b'@') {
            return;
        }
        for mention in mentions(text) {
            match mention {
                Mention::Here => self.indexes.mention_everybody(name),
                Mention::User(user) if self.membership(name, &user).is_ok() => {
                    self.indexes.mention(&user, Target::Channel(name.clone()));
                }
                Mention::User(_) => {}
            }
        }
    }

    /// Removes a user and their invitation from a channel. The topic of a public channel moves only for a
    /// ban, because other removed users may join again.
    fn remove(&mut self, name: &ChannelName, user: &UserName, is_banned: bool) {
        let Some(channel) = self.get_mut(name) else { return };
        channel.invited.remove(user);
        channel.members.remove(user);
        channel.reads.remove_user(user);
        let moves_topic = channel.private || is_banned;
        self.indexes.end_membership(name, user);
        if let Some(conversations) = self.conversations.get_mut(user) {
            conversations.remove(&Target::Channel(name.clone()));
        }
        if moves_topic {
            self.move_topic(name);
        }
    }

    /// Marks a channel as deleted. Keeps only its creation, its names, its topic and the number of its last
    /// event.
    fn delete_channel(&mut self, name: &ChannelName, progress: Progress) {
        let Some(channel) = self.channels.get_mut(name) else { return };
        let before = std::mem::take(channel);
        self.indexes.remove(name, &before);
        let Channel { since, creator, names, epoch, members, topic, .. } = before;
        let deleted = true;
        *channel = Channel { since, creator, names, epoch, progress, topic, deleted, ..Channel::default() };
        for member in members.keys() {
            if let Some(conversations) = self.conversations.get_mut(member) {
                conversations.remove(&Target::Channel(name.clone()));
            }
        }
    }

    fn move_topic(&mut self, name: &ChannelName) {
        let secret = self.secret.clone();
        let Some(channel) = self.get_mut(name) else { return };
        channel.epoch += 1;
        channel.topic = secret.channel(name, channel.epoch).into();
        // A notice to every user would be expensive. Clients learn the new topic of `*` from the heads.
        if !name.is_everybody() {
            self.moved.push(name.clone());
        }
    }
}

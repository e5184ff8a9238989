//! Channels and direct conversations of an import: their creation, their members, and what happens at their
//! end.

use std::collections::BTreeSet;

use common::channels::Role;
use common::limits::SUBJECT_BYTES_MAX;
use common::{ChannelName, Subject, Target, UserName};

use super::place::{Imported, NewChannel, Place};
use super::{MigrationError, Writer};
use crate::domain::{Actor, Command};

impl Writer<'_> {
    /// The name for a channel of the export. A public channel of the server never becomes the place of a
    /// private one.
    pub(super) fn channel_name(&mut self, wanted: &str, is_private: bool) -> ChannelName {
        let channels = &self.ledger.state().channels;
        let name = self.channel_names.channel(wanted, |name| {
            let first_name = channels.first_name(name);
            !channels.is_deleted(first_name)
                && channels.channel(first_name).map_or(true, |channel| channel.private || !is_private)
        });
        self.report.rename(&format!("#{wanted}"), name.as_str());
        self.ledger.state().channels.first_name(&name).clone()
    }

    /// Creates a channel with its members. `None` if no user can own it.
    pub(super) fn channel(&mut self, new: NewChannel) -> Result<Option<Imported>, MigrationError> {
        let NewChannel { name, is_private, created_at, creator, members, subject } = new;
        let place = Place::Channel(name.clone());
        if self.ledger.state().channels.channel(&name).is_ok() {
            self.report.known += 1;
        } else {
            let creator_is_member = creator.as_ref().is_some_and(|creator| members.contains(creator));
            let first = members.first().cloned();
            let owner = if creator_is_member { creator.clone() } else { first.or(creator) };
            let Some(user) = owner.or_else(|| self.administrator()) else {
                self.report.problem(format!("channel {name}: it has no owner, because no user exists"));
                return Ok(None);
            };
            let actor = Actor { user, channel: name.clone() };
            let created = self.record(Command::CreateChannel(actor, is_private), created_at);
            if self.list(created, || format!("channel {name}"))?.is_none() {
                return Ok(None);
            }
            self.report.channels += 1;
        }
        let members: BTreeSet<_> = members.into_iter().collect();
        for member in &members {
            let joined = self.join(&place, member, created_at);
            self.list(joined, || format!("{member} in {name}"))?;
        }
        self.subject(&place, &subject, created_at)?;
        let guests = BTreeSet::new();
        Ok(Some(Imported { place, members, guests, last_n: 0, last_at: created_at }))
    }

    /// Sets the subject of a channel without a subject.
    fn subject(&mut self, place: &Place, subject: &str, at: u64) -> Result<(), MigrationError> {
        let line: String = subject.split_whitespace().collect::<Vec<_>>().join(" ");
        let cut = line.floor_char_boundary(SUBJECT_BYTES_MAX);
        let Ok(subject) = Subject::new(line.get(..cut).unwrap_or_default()) else { return Ok(()) };
        let Some(actor) = self.actor(place).filter(|_| !subject.is_empty()) else { return Ok(()) };
        let channel = actor.channel.clone();
        let has_subject =
            self.ledger.state().channels.channel(&channel).is_ok_and(|known| !known.subject.is_empty());
        if !has_subject {
            let set = self.record(Command::SetChannel(actor, Some(subject.into_owned()), None), at);
            self.list(set, || format!("subject of {channel}"))?;
        }
        Ok(())
    }

    pub(super) fn direct(&mut self, user: UserName, other: UserName) -> Imported {
        let (members, guests) = (BTreeSet::from([user.clone(), other.clone()]), BTreeSet::new());
        Imported { place: Place::Direct(user, other), members, guests, last_n: 0, last_at: 0 }
    }

    /// Makes a user a member of a channel. An owner invites users to a private channel.
    fn join(&mut self, place: &Place, user: &UserName, at: u64) -> Result<(), MigrationError> {
        let Place::Channel(channel) = place else { return Ok(()) };
        if self.is_member(&Target::Channel(channel.clone()), user) {
            return Ok(());
        }
        let is_private = self.ledger.state().channels.channel(channel).is_ok_and(|channel| channel.private);
        if is_private && let Some(owner) = self.actor(place) {
            self.record(Command::Invite(owner, user.clone()), at)?;
        }
        self.record(Command::Join(Actor { user: user.clone(), channel: channel.clone() }), at).map(drop)
    }

    /// Makes the sender of a message a member, until the end of the import if the sender is not a member in
    /// the export.
    pub(super) fn enter(
        &mut self,
        conversation: &mut Imported,
        user: &UserName,
        at: u64,
    ) -> Result<(), MigrationError> {
        self.visit(conversation, user);
        let joined = self.join(&conversation.place, user, at);
        self.list(joined, || format!("sender {user}")).map(drop)
    }

    /// Notes a sender who is not a member in the export.
    pub(super) fn visit(&self, conversation: &mut Imported, user: &UserName) {
        if !conversation.members.contains(user) {
            conversation.guests.insert(user.clone());
        }
    }

    /// Ends the import of a conversation: guests leave, the imported messages count as read, and an archived
    /// channel is archived. Users who acted in the channel since an earlier import are not affected.
    pub(super) fn finish(
        &mut self,
        conversation: &Imported,
        is_archived: bool,
    ) -> Result<(), MigrationError> {
        let Imported { place, guests, last_n, last_at, .. } = conversation;
        let head = self.ledger.state().head(&place.conversation());
        let is_untouched = *last_n == 0 || head <= last_n + guests.len() as u64;
        if let Place::Channel(channel) = place
            && is_untouched
        {
            for user in guests {
                let is_owner = self
                    .ledger
                    .state()
                    .channels
                    .channel(channel)
                    .is_ok_and(|known| known.members.get(user) == Some(&Role::Owner));
                if !is_owner && self.is_member(&Target::Channel(channel.clone()), user) {
                    let actor = Actor { user: user.clone(), channel: channel.clone() };
                    let left = self.record(Command::Leave(actor), *last_at);
                    self.list(left, || format!("{user} in {channel}"))?;
                }
            }
        }
        if *last_n > 0 {
            self.mark_read(conversation)?;
        }
        if is_archived
            && is_untouched
            && let Some(actor) = self.actor(place)
        {
            let channel = actor.channel.clone();
            let archived = self.record(Command::Archive(actor, true), *last_at);
            self.list(archived, || format!("archived channel {channel}"))?;
        }
        Ok(())
    }

    fn mark_read(&mut self, conversation: &Imported) -> Result<(), MigrationError> {
        let Imported { place, members, last_n, last_at, .. } = conversation;
        for user in members {
            let Some(to) = place.seen_by(user) else { continue };
            if self.is_member(&to, user) {
                let read = Command::MarkRead { user: user.clone(), conversation: to, n: *last_n };
                let marked = self.record(read, *last_at);
                self.list(marked, || format!("read mark of {user}"))?;
            }
        }
        Ok(())
    }
}

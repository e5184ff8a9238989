//! The commands on channels. Each function checks the [`rights`](super::rights) of the user and returns the
//! record for the log.

use common::channels::Role;
use common::limits::{CHANNEL_NAMES_MAX, CHANNELS_CREATED_MAX, MEMBERSHIPS_MAX, NAMES_PER_CHANNEL_MAX};
use common::{Body, ChannelName, Detail, Event, Subject, Target, UserName};

use super::Channel;
use super::rights::{Action, check};
use crate::domain::records::Record;
use crate::domain::{State, blocks};

type Decision<'a> = Result<Option<Record<'a>>, Detail>;

/// The user who sent a command, and the channel that it changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    pub user: UserName,
    pub channel: ChannelName,
}

impl Actor {
    /// The channel, if the user may perform the action.
    fn allowed<'s>(&self, state: &'s State, action: Action<'_>) -> Result<&'s Channel, Detail> {
        let channel = state.channels.channel(&self.channel)?;
        check(&self.channel, channel, &self.user, action)?;
        Ok(channel)
    }

    fn event<'a>(self, n: u64, at: u64, body: Body<'a>) -> Decision<'a> {
        let to = Target::Channel(self.channel);
        Ok(Some(Record::Event(Event { n, at, to, from: self.user, body })))
    }
}

pub(crate) fn create<'a>(state: &State, actor: Actor, private: bool, at: u64) -> Decision<'a> {
    check_name_is_free(state, &actor.channel)?;
    actor.event(1, at, Body::Created { private })
}

/// Checks that no channel has, or had, this name.
fn check_name_is_free(state: &State, name: &ChannelName) -> Result<(), Detail> {
    let (first, channel) = (state.channels.first_name(name), name.clone());
    if state.channels.is_deleted(first) {
        return Err(Detail::ChannelNameUsed { channel });
    }
    match state.channels.channel(first) {
        Err(_) => Ok(()),
        Ok(current) if current.names.current(first) == name => Err(Detail::ChannelTaken { channel }),
        Ok(_) => Err(Detail::ChannelNameLeads { channel }),
    }
}

/// Checks that the user has created fewer channels than the limit. The limit does not apply to an import.
pub(crate) fn may_create(state: &State, actor: &Actor) -> Result<(), Detail> {
    if state.channels.created_count(&actor.user) >= CHANNELS_CREATED_MAX {
        return Err(Detail::TooManyCreated { max: CHANNELS_CREATED_MAX });
    }
    may_join(state, actor)
}

/// Checks that the user is already a member of the channel, or a member of fewer channels than the limit. The
/// limit does not apply to an import.
pub(crate) fn may_join(state: &State, actor: &Actor) -> Result<(), Detail> {
    let max = MEMBERSHIPS_MAX;
    let is_member = || state.channels.membership(&actor.channel, &actor.user).is_ok();
    if state.channels.membership_count(&actor.user, max) < max || is_member() {
        return Ok(());
    }
    Err(Detail::TooManyMemberships { max })
}

pub(crate) fn join<'a>(state: &State, actor: Actor, at: u64) -> Decision<'a> {
    let channel = state.channels.channel(&actor.channel)?;
    if channel.members.contains_key(&actor.user) {
        return Ok(None);
    }
    // Nobody can invite users to a private channel without members. An administrator may join it, so that its
    // name can be used again.
    let is_abandoned = channel.members.is_empty() && state.users.is_administrator(&actor.user);
    if !channel.is_visible_to(&actor.user) && !is_abandoned {
        return Err(Detail::NoSuchChannel { channel: actor.channel });
    }
    if channel.banned.contains(&actor.user) {
        return Err(Detail::Banned { channel: actor.channel });
    }
    actor.event(channel.progress.n + 1, at, Body::Joined)
}

pub(crate) fn leave<'a>(state: &State, actor: Actor, at: u64) -> Decision<'a> {
    let channel = actor.allowed(state, Action::Participate)?;
    if channel.is_last_owner(&actor.user) && channel.members.len() > 1 {
        return Err(Detail::LastOwner { channel: actor.channel });
    }
    actor.event(channel.progress.n + 1, at, Body::Left)
}

/// Checks the role of the actor, and that the user is not banned.
pub(crate) fn may_invite<'s>(
    state: &'s State,
    actor: &Actor,
    user: &UserName,
) -> Result<&'s Channel, Detail> {
    let channel = actor.allowed(state, Action::Invite)?;
    if channel.banned.contains(user) {
        return Err(Detail::UserBanned { user: user.clone(), channel: actor.channel.clone() });
    }
    Ok(channel)
}

pub(crate) fn invite<'a>(state: &State, actor: Actor, user: UserName, at: u64) -> Decision<'a> {
    let channel = may_invite(state, &actor, &user)?;
    blocks::check_not_blocked(state, &user, &actor.user)?;
    if channel.members.contains_key(&user) || channel.invited.contains_key(&user) {
        return Ok(None);
    }
    if channel.invited.len() >= CHANNEL_NAMES_MAX {
        return Err(Detail::TooManyInvited { channel: actor.channel });
    }
    actor.event(channel.progress.n + 1, at, Body::Invited(user))
}

pub(crate) fn decline<'a>(state: &State, actor: Actor, at: u64) -> Decision<'a> {
    let channel = state.channels.channel(&actor.channel)?;
    if !channel.is_visible_to(&actor.user) {
        return Err(Detail::NoSuchChannel { channel: actor.channel });
    }
    if !channel.invited.contains_key(&actor.user) {
        return Err(Detail::NoSuchInvitation { channel: actor.channel });
    }
    actor.event(channel.progress.n + 1, at, Body::Declined)
}

pub(crate) fn kick<'a>(state: &State, actor: Actor, user: UserName, at: u64) -> Decision<'a> {
    let channel = actor.allowed(state, Action::Remove(&user))?;
    // Kicking an invited user revokes the invitation.
    if !channel.members.contains_key(&user) && !channel.invited.contains_key(&user) {
        return Err(Detail::NoSuchMember { user, channel: actor.channel });
    }
    actor.event(channel.progress.n + 1, at, Body::Kicked(user))
}

pub(crate) fn ban<'a>(state: &State, actor: Actor, user: UserName, at: u64) -> Decision<'a> {
    let channel = actor.allowed(state, Action::Remove(&user))?;
    state.users.must_be_active(&user)?;
    if channel.banned.contains(&user) {
        return Ok(None);
    }
    if channel.banned.len() >= CHANNEL_NAMES_MAX {
        return Err(Detail::TooManyInvited { channel: actor.channel });
    }
    actor.event(channel.progress.n + 1, at, Body::Banned(user))
}

pub(crate) fn unban<'a>(state: &State, actor: Actor, user: UserName, at: u64) -> Decision<'a> {
    let channel = actor.allowed(state, Action::Unban)?;
    if !channel.banned.contains(&user) {
        return Ok(None);
    }
    actor.event(channel.progress.n + 1, at, Body::Unbanned(user))
}

pub(crate) fn give_role<'a>(
    state: &State,
    actor: Actor,
    user: UserName,
    role: Role,
    at: u64,
) -> Decision<'a> {
    let channel = actor.allowed(state, Action::GiveRole)?;
    match channel.members.get(&user) {
        None => Err(Detail::NoSuchMember { user, channel: actor.channel }),
        Some(current) if *current == role => Ok(None),
        Some(_) if channel.is_last_owner(&user) => Err(Detail::LastOwner { channel: actor.channel }),
        Some(_) => actor.event(channel.progress.n + 1, at, Body::Role(user, role)),
    }
}

pub(crate) fn set<'a>(
    state: &State,
    actor: Actor,
    subject: Option<Subject<'a>>,
    private: Option<bool>,
    at: u64,
) -> Decision<'a> {
    let mut channel = actor.allowed(state, Action::Participate)?;
    if subject.is_some() {
        channel = actor.allowed(state, Action::SetSubject)?;
    }
    if private.is_some() {
        channel = actor.allowed(state, Action::SetPrivate)?;
    }
    if channel.archived {
        return Err(Detail::ChannelArchived { channel: actor.channel });
    }
    let subject = subject.filter(|subject| *subject != channel.subject);
    let private = private.filter(|private| *private != channel.private);
    if subject.is_none() && private.is_none() {
        return Ok(None);
    }
    actor.event(channel.progress.n + 1, at, Body::Set { subject, private, archived: None })
}

pub(crate) fn rename<'a>(state: &State, actor: Actor, name: ChannelName, at: u64) -> Decision<'a> {
    let channel = actor.allowed(state, Action::Rename)?;
    if channel.archived {
        return Err(Detail::ChannelArchived { channel: actor.channel });
    }
    if channel.names.current(&actor.channel) == &name {
        return Ok(None);
    }
    if *state.channels.first_name(&name) != actor.channel {
        check_name_is_free(state, &name)?;
        if channel.names.all().count() + 1 >= NAMES_PER_CHANNEL_MAX {
            return Err(Detail::TooManyNames { max: NAMES_PER_CHANNEL_MAX });
        }
    }
    actor.event(channel.progress.n + 1, at, Body::Renamed(name))
}

pub(crate) fn archive<'a>(state: &State, actor: Actor, archived: bool, at: u64) -> Decision<'a> {
    let channel = actor.allowed(state, Action::ArchiveOrDelete)?;
    if channel.archived == archived {
        return Ok(None);
    }
    let body = Body::Set { subject: None, private: None, archived: Some(archived) };
    actor.event(channel.progress.n + 1, at, body)
}

pub(crate) fn delete<'a>(state: &State, actor: Actor, at: u64) -> Decision<'a> {
    let channel = actor.allowed(state, Action::ArchiveOrDelete)?;
    actor.event(channel.progress.n + 1, at, Body::ChannelDeleted)
}

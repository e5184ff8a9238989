//! Who may do what in a channel: the one place where that is decided, for the channel named.

use common::channels::Role;
use common::{ChannelName, Detail, UserName};

use super::Channel;

/// What can be done in a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action<'a> {
    /// Read, write, list the members, leave.
    TakePart,
    /// Allow somebody to join.
    Invite,
    /// Remove somebody, or keep them out.
    Remove(&'a UserName),
    /// Delete somebody else's message.
    Delete,
    /// Let somebody in again.
    Unban,
    /// List the banned users.
    ListBans,
    /// Give somebody a role.
    GiveRole,
    /// Change the subject.
    SetSubject,
    /// Make it private or public.
    SetPrivate,
}

impl Action<'_> {
    /// The role that it takes at least.
    fn takes(self, channel: &Channel) -> Role {
        match self {
            Self::TakePart => Role::Member,
            Self::Invite if !channel.private => Role::Member,
            Self::Invite
            | Self::Remove(_)
            | Self::Delete
            | Self::Unban
            | Self::ListBans
            | Self::SetSubject => Role::Moderator,
            Self::GiveRole | Self::SetPrivate => Role::Owner,
        }
    }

    /// Nobody removes their equals, or those above them.
    fn spares(self, channel: &Channel, role: Role) -> bool {
        match self {
            Self::Remove(other) => channel.members.get(other).is_some_and(|other| *other >= role),
            Self::TakePart
            | Self::Invite
            | Self::Delete
            | Self::Unban
            | Self::ListBans
            | Self::GiveRole
            | Self::SetSubject
            | Self::SetPrivate => false,
        }
    }
}

/// Decides whether `user` may do it in `channel`. Who may not know of the channel is told that there is none.
pub(crate) fn check(
    name: &ChannelName,
    channel: &Channel,
    user: &UserName,
    action: Action<'_>,
) -> Result<(), Detail> {
    let Some(role) = channel.members.get(user).copied() else {
        let known = channel.is_visible_to(user);
        let channel = name.clone();
        return Err(if known { Detail::NotMember { channel } } else { Detail::NoSuchChannel { channel } });
    };
    if role < action.takes(channel) || action.spares(channel, role) {
        return Err(Detail::NotAllowed { channel: name.clone() });
    }
    Ok(())
}

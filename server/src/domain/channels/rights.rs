//! The permissions of roles in a channel. No other code decides them.

use common::channels::Role;
use common::{ChannelName, Detail, UserName};

use super::Channel;

/// An action in a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action<'a> {
    /// Read, write, list the members, leave.
    Participate,
    Invite,
    /// Kick or ban a user.
    Remove(&'a UserName),
    /// Delete another user's message.
    Delete,
    Unban,
    ListBans,
    /// Create, list and revoke incoming webhooks; create tokens of bots.
    ManageHooks,
    /// Change the role of a member.
    GiveRole,
    /// Change the subject.
    SetSubject,
    /// Make the channel private or public.
    SetPrivate,
    Rename,
    /// Archive, restore or delete the channel.
    ArchiveOrDelete,
}

impl Action<'_> {
    /// The lowest role that may perform the action.
    fn required_role(self, channel: &Channel) -> Role {
        match self {
            Self::Participate => Role::Member,
            Self::Invite if !channel.private => Role::Member,
            Self::Invite
            | Self::Remove(_)
            | Self::Delete
            | Self::Unban
            | Self::ListBans
            | Self::ManageHooks
            | Self::SetSubject => Role::Moderator,
            Self::GiveRole | Self::SetPrivate | Self::Rename | Self::ArchiveOrDelete => Role::Owner,
        }
    }

    /// Whether the action removes a member whose role is not lower than `role`. No role may do this.
    fn removes_peer_or_superior(self, channel: &Channel, role: Role) -> bool {
        match self {
            Self::Remove(other) => channel.members.get(other).is_some_and(|other| *other >= role),
            Self::Participate
            | Self::Invite
            | Self::Delete
            | Self::Unban
            | Self::ListBans
            | Self::ManageHooks
            | Self::GiveRole
            | Self::SetSubject
            | Self::SetPrivate
            | Self::Rename
            | Self::ArchiveOrDelete => false,
        }
    }
}

/// Checks that `user` may perform the action in `channel`. The error for a user who may not see the channel
/// is `NoSuchChannel`.
pub(crate) fn check(
    name: &ChannelName,
    channel: &Channel,
    user: &UserName,
    action: Action<'_>,
) -> Result<(), Detail> {
    let Some(role) = channel.members.get(user).copied() else {
        let is_visible = channel.is_visible_to(user);
        let channel = name.clone();
        return Err(if is_visible {
            Detail::NotMember { channel }
        } else {
            Detail::NoSuchChannel { channel }
        });
    };
    if role < action.required_role(channel) || action.removes_peer_or_superior(channel, role) {
        return Err(Detail::NotAllowed { channel: name.clone() });
    }
    Ok(())
}

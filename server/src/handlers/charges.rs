//! The rate limit of each method: the bucket that a request takes from when its user is known.

use common::methods::Method;

use crate::services::limiters::rates::Limited;

/// Reply bytes that cost as much as one more read. A page of history of 1 MiB costs 17 reads.
pub(super) const BYTES_PER_READ: u64 = 64 * 1024;

/// The bucket of a method. Methods that store a record take from the bucket of messages in their handlers,
/// in addition to this one, because a repeated request stores none.
///
/// Passwords have limits of their own. Methods that end sessions, roles or memberships have none here, so
/// that a user who is too fast can still revoke and leave.
pub(super) fn limited_as(method: Method) -> Option<Limited> {
    match method {
        Method::ChannelCreate => Some(Limited::Creations),
        Method::ChannelJoin => Some(Limited::Joins),
        Method::ChannelInvite => Some(Limited::Invitations),
        Method::SessionList
        | Method::UserList
        | Method::ChannelList
        | Method::ChannelInvitations
        | Method::ChannelBans
        | Method::ChannelMembers
        | Method::FileBegin
        | Method::FileChunk
        | Method::FileCommit
        | Method::FileGet
        | Method::MessageHistory
        | Method::MentionList
        | Method::MessageSearch
        | Method::ReadList
        | Method::SyncHeads
        | Method::UserBlocks
        | Method::TypingSet
        | Method::AdminUsers
        | Method::AdminChannels
        | Method::AdminSessions
        | Method::JoinCodeList
        | Method::AdminStats => Some(Limited::Reads),
        Method::ServerInfo
        | Method::Register
        | Method::Login
        | Method::Reset
        | Method::Logout
        | Method::Password
        | Method::SessionRevoke
        | Method::ChannelLeave
        | Method::ChannelDecline
        | Method::ChannelKick
        | Method::ChannelBan
        | Method::ChannelUnban
        | Method::ChannelRole
        | Method::ChannelSet
        | Method::MessageSend
        | Method::MessageEdit
        | Method::MessageDelete
        | Method::MessageReact
        | Method::ReadMark
        | Method::AccountDelete
        | Method::UserBlock
        | Method::UserUnblock
        | Method::ChannelArchive
        | Method::ChannelDelete
        | Method::PresenceSet
        | Method::AdminDisable
        | Method::AdminPromote
        | Method::AdminResetPassword
        | Method::JoinCodeCreate
        | Method::JoinCodeRevoke => None,
    }
}

//! The rate limit of each method: the bucket from which `RequestContext::authenticate` takes.

use common::methods::Method;

use crate::services::limiters::rates::RateKind;

/// The reply bytes that cost as much as one more read. A history page of 1 MiB costs 1 + 16 reads.
pub(super) const BYTES_PER_READ: u64 = 64 * 1024;

/// The bucket of a method; `None` if `authenticate` does not take from a bucket. Most handlers that store a
/// record take from the bucket of messages instead. A repeated request stores no record, so it takes from the
/// bucket of reads.
///
/// Passwords and codes have their own limits. Methods that end sessions or revoke tokens have no rate limit,
/// so a user who exceeds a rate can still call them.
#[expect(clippy::too_many_lines, reason = "one row for each method")]
pub(super) fn rate_kind(method: Method) -> Option<RateKind> {
    match method {
        Method::ChannelCreate | Method::HookCreate | Method::HookResume | Method::BotCreate => {
            Some(RateKind::Creations)
        }
        Method::ChannelJoin => Some(RateKind::Joins),
        Method::ChannelInvite => Some(RateKind::Invitations),
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
        | Method::FileLink
        | Method::MessageHistory
        | Method::MentionList
        | Method::MessageSearch
        | Method::ReadList
        | Method::ReadPeer
        | Method::SyncHeads
        | Method::UserBlocks
        | Method::NotifyList
        | Method::PushKey
        | Method::PushList
        | Method::TypingSet
        | Method::AdminUsers
        | Method::AdminChannels
        | Method::AdminSessions
        | Method::JoinCodeList
        | Method::HookList
        | Method::BotList
        | Method::CommandList
        | Method::AdminBackup
        | Method::AdminBackups
        | Method::AdminBackupGet
        | Method::AdminStats => Some(RateKind::Reads),
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
        | Method::ReadShare
        | Method::AccountDelete
        | Method::UserSet
        | Method::UserBlock
        | Method::UserUnblock
        | Method::NotifySet
        | Method::ChannelRename
        | Method::ChannelArchive
        | Method::ChannelDelete
        | Method::PresenceSet
        | Method::AdminDisable
        | Method::AdminPromote
        | Method::AdminResetPassword
        | Method::HookRevoke
        | Method::BotRevoke
        | Method::CommandRegister
        | Method::HookPost
        | Method::FileOpen
        | Method::DeliveryTake
        | Method::DeliveryReport
        | Method::PushSubscribe
        | Method::PushUnsubscribe
        | Method::PushTake
        | Method::PushReport
        | Method::JoinCodeCreate
        | Method::JoinCodeRevoke => None,
    }
}

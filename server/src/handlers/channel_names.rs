//! Replaces a later name of a channel in a request by the first name, which the state and the log use.
//! Handlers see only first names.

use common::channels::{
    ArchiveChannel, GiveRole, ListInChannel, OneChannel, OneMember, RenameChannel, SetChannel,
};
use common::hooks::{CreateHook, ListHooks};
use common::{Call, ChannelName, Target};

use crate::domain::Channels;

/// A channel that a request named by a later name. An error names the channel as the request did: it must not
/// show the first name to a user who may not see the channel.
pub struct Renamed {
    pub(super) first: ChannelName,
    /// The name in the request.
    pub(super) given: ChannelName,
}

/// Replaces a later name in the parameters of a request.
pub(super) fn use_first_name(call: &mut Call<'_>, channels: &Channels) -> Option<Renamed> {
    channel_of(call).and_then(|channel| replace(channel, channels))
}

/// Replaces a later name.
pub(super) fn replace(channel: &mut ChannelName, channels: &Channels) -> Option<Renamed> {
    let first = channels.first_name(channel);
    if first == channel {
        return None;
    }
    let first = first.clone();
    let given = std::mem::replace(channel, first.clone());
    Some(Renamed { first, given })
}

/// The existing channel that a request names.
fn channel_of<'c>(call: &'c mut Call<'_>) -> Option<&'c mut ChannelName> {
    match call {
        Call::ChannelJoin(OneChannel { channel, .. })
        | Call::ChannelLeave(OneChannel { channel, .. })
        | Call::ChannelDecline(OneChannel { channel, .. })
        | Call::ChannelDelete(OneChannel { channel, .. })
        | Call::ChannelInvite(OneMember { channel, .. })
        | Call::ChannelKick(OneMember { channel, .. })
        | Call::ChannelBan(OneMember { channel, .. })
        | Call::ChannelUnban(OneMember { channel, .. })
        | Call::ChannelBans(ListInChannel { channel, .. })
        | Call::ChannelMembers(ListInChannel { channel, .. })
        | Call::ChannelRole(GiveRole { channel, .. })
        | Call::ChannelSet(SetChannel { channel, .. })
        | Call::ChannelRename(RenameChannel { channel, .. })
        | Call::ChannelArchive(ArchiveChannel { channel, .. })
        | Call::HookCreate(CreateHook { channel, .. })
        | Call::HookList(ListHooks { channel, .. }) => Some(channel),
        Call::HookPost(params) => params.channel.as_mut(),
        Call::MessageSend(params) => channel(&mut params.to),
        Call::FileBegin(params) => channel(&mut params.to),
        Call::TypingSet(params) => channel(&mut params.to),
        Call::FileGet(params) => channel(&mut params.conversation),
        Call::MessageEdit(params) => channel(&mut params.conversation),
        Call::MessageDelete(params) => channel(&mut params.conversation),
        Call::MessageReact(params) => channel(&mut params.conversation),
        Call::MessageHistory(params) => channel(&mut params.conversation),
        Call::ReadMark(params) => channel(&mut params.conversation),
        Call::NotifySet(params) => params.conversation.as_mut().and_then(channel),
        // The handler also replaces the name in the query.
        Call::MessageSearch(params) => params.conversation.as_mut().and_then(channel),
        Call::ServerInfo(_)
        | Call::Register(_)
        | Call::Login(_)
        | Call::Reset(_)
        | Call::Logout(_)
        | Call::Password(_)
        | Call::SessionList(_)
        | Call::SessionRevoke(_)
        | Call::AccountDelete(_)
        | Call::UserSet(_)
        | Call::UserBlock(_)
        | Call::UserUnblock(_)
        | Call::UserBlocks(_)
        | Call::UserList(_)
        // The name of a new channel.
        | Call::ChannelCreate(_)
        | Call::ChannelList(_)
        | Call::ChannelInvitations(_)
        | Call::FileChunk(_)
        | Call::FileCommit(_)
        | Call::NotifyList(_)
        | Call::MentionList(_)
        | Call::ReadList(_)
        | Call::SyncHeads(_)
        | Call::PresenceSet(_)
        | Call::AdminUsers(_)
        | Call::AdminChannels(_)
        | Call::AdminSessions(_)
        | Call::AdminDisable(_)
        | Call::AdminPromote(_)
        | Call::AdminResetPassword(_)
        | Call::JoinCodeCreate(_)
        | Call::JoinCodeList(_)
        | Call::JoinCodeRevoke(_)
        | Call::HookRevoke(_)
        | Call::HookResume(_)
        | Call::DeliveryTake(_)
        | Call::DeliveryReport(_)
        | Call::AdminStats(_) => None,
    }
}

/// The channel, if the conversation is one.
pub(super) fn channel(conversation: &mut Target) -> Option<&mut ChannelName> {
    match conversation {
        Target::Channel(channel) => Some(channel),
        Target::User(_) => None,
    }
}

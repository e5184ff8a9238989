//! The conversation of a request, for its later names and for the scope of a bot's token.

use common::channels::{
    ArchiveChannel, GiveRole, ListInChannel, OneChannel, OneMember, RenameChannel, SetChannel,
};
use common::hooks::{CreateHook, ListHooks};
use common::{Call, ChannelName, Target};

/// The conversation that a request reads or changes.
pub(super) enum Place<'c> {
    Channel(&'c mut ChannelName),
    Conversation(&'c mut Target),
    /// All conversations of the user.
    Everywhere,
    /// The request concerns no conversation, or a new one.
    Nowhere,
}

impl<'c> Place<'c> {
    fn of_optional(conversation: Option<&'c mut Target>) -> Self {
        conversation.map_or(Self::Everywhere, Self::Conversation)
    }

    #[expect(clippy::too_many_lines, reason = "one row for each method")]
    pub(super) fn of(call: &'c mut Call<'_>) -> Self {
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
            | Call::HookList(ListHooks { channel, .. }) => Self::Channel(channel),
            Call::HookPost(params) => params.channel.as_mut().map_or(Self::Nowhere, Self::Channel),
            Call::MessageSend(params) => Self::Conversation(&mut params.to),
            Call::FileBegin(params) => Self::Conversation(&mut params.to),
            Call::TypingSet(params) => Self::Conversation(&mut params.to),
            Call::FileGet(params) => Self::Conversation(&mut params.conversation),
            Call::FileLink(params) => Self::Conversation(&mut params.conversation),
            Call::MessageEdit(params) => Self::Conversation(&mut params.conversation),
            Call::MessageDelete(params) => Self::Conversation(&mut params.conversation),
            Call::MessageReact(params) => Self::Conversation(&mut params.conversation),
            Call::MessageHistory(params) => Self::Conversation(&mut params.conversation),
            Call::CommandList(params) => Self::Conversation(&mut params.conversation),
            Call::ReadMark(params) => Self::Conversation(&mut params.conversation),
            Call::NotifySet(params) => Self::of_optional(params.conversation.as_mut()),
            // The handler also replaces the name in the query.
            Call::MessageSearch(params) => Self::of_optional(params.conversation.as_mut()),
            Call::NotifyList(_) | Call::MentionList(_) => Self::Everywhere,
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
            | Call::ReadShare(_)
            | Call::ReadPeer(_)
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
            // The code has the conversation.
            | Call::FileOpen(_)
            // The handlers return only the conversations of the token.
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
            | Call::PushKey(_)
            | Call::PushSubscribe(_)
            | Call::PushUnsubscribe(_)
            | Call::PushList(_)
            | Call::PushTake(_)
            | Call::PushReport(_)
            // The handler replaces the names of the channels.
            | Call::BotCreate(_)
            | Call::BotList(_)
            // The commands belong to the token.
            | Call::CommandRegister(_)
            | Call::BotRevoke(_)
            | Call::AdminBackup(_)
            | Call::AdminBackups(_)
            | Call::AdminBackupGet(_)
            | Call::AdminStats(_) => Self::Nowhere,
        }
    }
}

//! What a request needs: the scope and the conversation that the token of a bot must permit.

use common::bots::Scope;
use common::{Call, Target};

/// The requirements of a request.
pub(super) struct Needs {
    /// The scope of the method; `None` if no token of a bot permits it.
    pub(super) scope: Option<Scope>,
    /// The conversation of the request. A method without a conversation returns only what the memberships of
    /// the bot permit.
    pub(super) conversation: Option<Target>,
}

pub(super) fn needs(call: &Call<'_>) -> Needs {
    let read = |conversation: Option<&Target>| (Some(Scope::Read), conversation.cloned());
    let write = |conversation: &Target| (Some(Scope::Write), Some(conversation.clone()));
    let admin = |channel: &common::ChannelName| (Some(Scope::Admin), Some(Target::Channel(channel.clone())));
    let (scope, conversation) = match call {
        Call::ServerInfo(_)
        | Call::Login(_)
        | Call::Register(_)
        | Call::Reset(_)
        | Call::HookPost(_)
        | Call::SessionList(_)
        | Call::UserBlocks(_)
        | Call::UserList(_)
        | Call::ChannelList(_)
        | Call::ChannelInvitations(_)
        | Call::ReadList(_)
        | Call::NotifyList(_)
        | Call::MentionList(_)
        | Call::SyncHeads(_) => read(None),
        Call::ChannelMembers(params) | Call::ChannelBans(params) => {
            (Some(Scope::Read), Some(Target::Channel(params.channel.clone())))
        }
        Call::MessageHistory(params) => read(Some(&params.conversation)),
        Call::MessageSearch(params) => read(params.conversation.as_ref()),
        Call::FileGet(params) => read(Some(&params.conversation)),
        Call::MessageSend(params) => write(&params.to),
        Call::MessageEdit(params) => write(&params.conversation),
        Call::MessageDelete(params) => write(&params.conversation),
        Call::MessageReact(params) => write(&params.conversation),
        Call::FileBegin(params) => write(&params.to),
        Call::ReadMark(params) => write(&params.conversation),
        Call::TypingSet(params) => write(&params.to),
        // The upload began with a conversation.
        Call::FileChunk(_) | Call::FileCommit(_) | Call::PresenceSet(_) | Call::NotifySet(_) => {
            (Some(Scope::Write), None)
        }
        Call::ChannelLeave(params)
        | Call::ChannelJoin(params)
        | Call::ChannelDecline(params)
        | Call::ChannelDelete(params) => admin(&params.channel),
        Call::ChannelInvite(params)
        | Call::ChannelKick(params)
        | Call::ChannelBan(params)
        | Call::ChannelUnban(params) => admin(&params.channel),
        Call::ChannelRole(params) => admin(&params.channel),
        Call::ChannelSet(params) => admin(&params.channel),
        Call::ChannelArchive(params) => admin(&params.channel),
        Call::HookList(params) => admin(&params.channel),
        Call::AdminUsers(_) | Call::AdminChannels(_) | Call::AdminSessions(_) | Call::AdminStats(_) => {
            (Some(Scope::Admin), None)
        }
        Call::ChannelCreate(_)
        | Call::Logout(_)
        | Call::Password(_)
        | Call::SessionRevoke(_)
        | Call::AccountDelete(_)
        | Call::UserBlock(_)
        | Call::UserUnblock(_)
        | Call::HookCreate(_)
        | Call::HookRevoke(_)
        | Call::BotCreate(_)
        | Call::BotList(_)
        | Call::BotRevoke(_)
        | Call::AdminDisable(_)
        | Call::AdminPromote(_)
        | Call::AdminResetPassword(_)
        | Call::JoinCodeCreate(_)
        | Call::JoinCodeList(_)
        | Call::JoinCodeRevoke(_) => (None, None),
    };
    Needs { scope, conversation }
}

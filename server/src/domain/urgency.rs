//! The author of each command, and the commands that are still executed when a quota or the disk is full.

use common::UserName;

use super::{Change, Command, State};
use crate::domain::records::Step;

/// The part of the disk reserve that a command may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReservePart {
    None,
    /// The first half.
    Half,
    /// The whole reserve.
    Whole,
}

impl Command<'_> {
    /// The user for whom the server executes the command.
    #[must_use]
    pub fn user(&self) -> &UserName {
        match self {
            Self::Register { user, .. }
            | Self::OpenSession { user, .. }
            | Self::KnowClient { user, .. }
            | Self::Depart { user }
            | Self::FinishDeletion { user }
            | Self::SetDisplayName { user, .. }
            | Self::ShareReads { user, .. }
            | Self::Block { user, .. }
            | Self::SetLevel { user, .. }
            | Self::SetPush { user, .. }
            | Self::PushSent { user, .. }
            | Self::EndSession { user, .. }
            | Self::Revoke { user, .. }
            | Self::ChangePassword { user, .. }
            | Self::UseJoinCode { user, .. }
            | Self::Seen { user, .. }
            | Self::Send { user, .. }
            | Self::Post { user, .. }
            | Self::ChangeDelivery { user, .. }
            | Self::UseBotToken { user, .. }
            | Self::RegisterCommands { user, .. }
            | Self::Amend { user, .. }
            | Self::Share { user, .. }
            | Self::MarkRead { user, .. } => user,
            Self::Disable { by, .. }
            | Self::Promote { by, .. }
            | Self::RevokeJoinCode { by, .. }
            | Self::RegisterBot { by, .. }
            | Self::RevokeHook { by, .. }
            | Self::RevokeBotToken { by, .. }
            | Self::CreateResetCode { by, .. }
            | Self::DeleteAccount { by, .. } => by,
            Self::CreateJoinCode { code, .. } => &code.by,
            Self::CreateHook { hook, .. } => &hook.by,
            Self::CreateOutgoingHook { hook, .. } => &hook.by,
            Self::CreateBotToken { token, .. } => &token.by,
            Self::Erase { event, .. } => &event.from,
            Self::CreateChannel(actor, _)
            | Self::Join(actor)
            | Self::Leave(actor)
            | Self::Invite(actor, _)
            | Self::Decline(actor)
            | Self::Kick(actor, _)
            | Self::Ban(actor, _)
            | Self::Unban(actor, _)
            | Self::GiveRole(actor, _, _)
            | Self::SetChannel(actor, _, _)
            | Self::Rename(actor, _)
            | Self::Archive(actor, _)
            | Self::DeleteChannel(actor) => &actor.user,
        }
    }

    /// Whether the command removes a session, a membership, a right or a message. An attacker must not be
    /// able to prevent such a command by filling a quota or the disk.
    #[must_use]
    pub fn is_removal(&self) -> bool {
        match self {
            Self::EndSession { .. }
            | Self::Revoke { .. }
            | Self::ChangePassword { .. }
            | Self::RevokeJoinCode { .. }
            | Self::RevokeHook { .. }
            | Self::RevokeBotToken { .. }
            | Self::Disable { .. }
            | Self::DeleteAccount { .. }
            | Self::Depart { .. }
            | Self::Erase { .. }
            | Self::FinishDeletion { .. }
            | Self::Block { .. }
            | Self::SetLevel { .. }
            | Self::SetPush { push: None, .. }
            | Self::DeleteChannel(_)
            | Self::Leave(_)
            | Self::Decline(_)
            | Self::Kick(..)
            | Self::Ban(..)
            | Self::Amend { change: Change::Delete, .. } => true,
            Self::Register { .. }
            | Self::OpenSession { .. }
            | Self::KnowClient { .. }
            | Self::Promote { .. }
            | Self::CreateJoinCode { .. }
            | Self::RegisterBot { .. }
            | Self::CreateHook { .. }
            | Self::CreateOutgoingHook { .. }
            | Self::ChangeDelivery { .. }
            | Self::CreateBotToken { .. }
            | Self::UseBotToken { .. }
            | Self::RegisterCommands { .. }
            | Self::UseJoinCode { .. }
            | Self::CreateResetCode { .. }
            | Self::Seen { .. }
            | Self::CreateChannel(..)
            | Self::Join(_)
            | Self::Invite(..)
            | Self::Unban(..)
            | Self::GiveRole(..)
            | Self::SetChannel(..)
            | Self::Rename(..)
            | Self::Archive(..)
            | Self::SetDisplayName { .. }
            | Self::ShareReads { .. }
            | Self::SetPush { push: Some(_), .. }
            | Self::PushSent { .. }
            | Self::Send { .. }
            | Self::Post { .. }
            | Self::Amend { change: Change::Edit(_) | Change::React(_) | Change::Unreact(_), .. }
            | Self::Share { .. }
            | Self::MarkRead { .. } => false,
        }
    }

    /// Whether the server executes the command even if its user has exceeded the daily quota. Logins are
    /// exempt, because passwords have their own limit and a user needs a session to read. So are the
    /// positions of deliveries, because an event that is delivered without its position is delivered again,
    /// and the use of a bot's token, which is recorded once a day.
    #[must_use]
    pub fn is_exempt_from_quota(&self) -> bool {
        let is_own_record = matches!(
            self,
            Self::Register { .. }
                | Self::UseJoinCode { .. }
                | Self::OpenSession { .. }
                | Self::KnowClient { .. }
                | Self::UseBotToken { .. }
                | Self::Seen { .. }
                | Self::PushSent { .. }
                | Self::ChangeDelivery {
                    step: Step::Delivered { .. } | Step::Failing { .. } | Step::Paused,
                    ..
                }
        );
        is_own_record || self.is_removal()
    }

    /// The part of the reserve that the command may use. Administrators may use it for all commands except
    /// content and read marks, so that they can log in and lock out an attacker.
    #[must_use]
    pub fn reserve(&self, state: &State) -> ReservePart {
        let is_content = matches!(
            self,
            Self::Send { .. }
                | Self::Post { .. }
                | Self::Share { .. }
                | Self::MarkRead { .. }
                | Self::ChangeDelivery { .. }
                | Self::UseBotToken { .. }
                | Self::PushSent { .. }
                | Self::Seen { .. }
        );
        if !is_content && state.users.is_administrator(self.user()) {
            ReservePart::Whole
        } else if self.is_removal() {
            ReservePart::Half
        } else {
            ReservePart::None
        }
    }
}

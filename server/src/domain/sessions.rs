//! An open session of an account.

use std::collections::{BTreeMap, HashMap};

use common::UserName;
use common::limits::SESSIONS_PER_USER_MAX;
use foldhash::fast::RandomState;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::domain::records::{PushSubscription, ServerRecord, TokenDigest};

/// An open session. Times are Unix milliseconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// The public id of the session.
    pub session: Uuid,
    pub opened: u64,
    pub expires: u64,
    /// The subscription of the session's browser to pushes. It ends with the session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub push: Option<Box<PushSubscription>>,
}

/// The user whose sessions, or the subscriptions of whose browsers, a record changes.
pub(super) fn user_of_change(record: &ServerRecord) -> Option<&UserName> {
    match record {
        ServerRecord::SessionOpened { user, .. }
        | ServerRecord::SessionEnded { user, .. }
        | ServerRecord::SessionsRevoked { user, .. }
        | ServerRecord::PushSet { user, .. }
        | ServerRecord::DisabledSet { user, .. }
        | ServerRecord::AccountDeleted { user, .. } => Some(user),
        ServerRecord::Account { .. }
        | ServerRecord::PasswordChanged { .. }
        | ServerRecord::JoinCodeCreated { .. }
        | ServerRecord::JoinCodeUsed { .. }
        | ServerRecord::JoinCodeRevoked { .. }
        | ServerRecord::HookCreated { .. }
        | ServerRecord::HookRevoked { .. }
        | ServerRecord::OutgoingHookCreated { .. }
        | ServerRecord::DeliveryChanged { .. }
        | ServerRecord::BotTokenCreated { .. }
        | ServerRecord::BotTokenUsed { .. }
        | ServerRecord::CommandsRegistered { .. }
        | ServerRecord::ResetCodeCreated { .. }
        | ServerRecord::ClientKnown { .. }
        | ServerRecord::Read { .. }
        | ServerRecord::AdministratorSet { .. }
        | ServerRecord::Seen { .. }
        | ServerRecord::DeletionFinished { .. }
        | ServerRecord::DisplayNameSet { .. }
        | ServerRecord::ReadsShared { .. }
        | ServerRecord::BlockSet { .. }
        | ServerRecord::LevelSet { .. }
        | ServerRecord::PushSent { .. }
        | ServerRecord::Redacted { .. } => None,
    }
}

/// Removes expired sessions. If the limit is still reached, removes the oldest session.
pub(super) fn remove_old(
    sessions: &mut BTreeMap<TokenDigest, Session>,
    owners: &mut HashMap<TokenDigest, UserName, RandomState>,
    now_ms: u64,
) {
    let expired = sessions.extract_if(.., |_, session| session.expires <= now_ms).map(|(digest, _)| digest);
    expired.for_each(|digest| drop(owners.remove(&digest)));
    if sessions.len() >= SESSIONS_PER_USER_MAX {
        let oldest = sessions.iter().min_by_key(|(_, session)| session.opened).map(|(digest, _)| *digest);
        if let Some(digest) = oldest {
            sessions.remove(&digest);
            owners.remove(&digest);
        }
    }
}

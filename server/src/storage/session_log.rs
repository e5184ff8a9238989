//! The lines of the log for the operator about the start and the end of each session.

use std::collections::BTreeSet;

use common::UserName;
use tracing::info;
use uuid::Uuid;

use crate::domain::State;
use crate::domain::records::{Record, ServerRecord};

/// The sessions of a user before a record is applied.
pub(super) struct SessionLog {
    user: UserName,
    before: BTreeSet<Uuid>,
}

impl SessionLog {
    /// `None` if the record neither opens nor ends a session.
    pub(super) fn before(state: &State, record: &Record<'_>) -> Option<Self> {
        let user = user_of_sessions(record)?.clone();
        Some(Self { before: session_ids(state, &user), user })
    }

    /// Logs each session that the record has opened or ended. An expired session ends at the next login.
    pub(super) fn log(self, state: &State) {
        let Self { user, before } = self;
        let after = session_ids(state, &user);
        after.difference(&before).for_each(|session| info!(%user, %session, "session opened"));
        before.difference(&after).for_each(|session| info!(%user, %session, "session ended"));
    }
}

/// The user whose sessions a record opens or ends.
fn user_of_sessions<'r>(record: &'r Record<'_>) -> Option<&'r UserName> {
    let Record::Server(record) = record else { return None };
    match record {
        ServerRecord::SessionOpened { user, .. }
        | ServerRecord::SessionEnded { user, .. }
        | ServerRecord::SessionsRevoked { user, .. }
        | ServerRecord::DisabledSet { user, .. }
        | ServerRecord::AccountDeleted { user, .. } => Some(user),
        ServerRecord::Account { .. }
        | ServerRecord::PasswordChanged { .. }
        | ServerRecord::ClientKnown { .. }
        | ServerRecord::Read { .. }
        | ServerRecord::AdministratorSet { .. }
        | ServerRecord::Seen { .. }
        | ServerRecord::DeletionFinished { .. }
        | ServerRecord::BlockSet { .. }
        | ServerRecord::LevelSet { .. }
        | ServerRecord::Redacted { .. } => None,
    }
}

fn session_ids(state: &State, user: &UserName) -> BTreeSet<Uuid> {
    state.users.sessions(user).map(|(_, session)| session.session).collect()
}

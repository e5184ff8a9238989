//! Log lines for the operator: one when a session starts, and one when it ends.

use std::collections::BTreeSet;

use common::UserName;
use tracing::info;
use uuid::Uuid;

use crate::domain::State;
use crate::domain::records::{Record, ServerRecord};

/// Applies a record to the state, and logs each session that it opens or ends. An expired session ends at the
/// next login.
pub(super) fn apply(state: &mut State, number: u64, record: &Record<'_>) {
    let Some(user) = user_of_sessions(record) else { return state.apply(number, record) };
    let before = session_ids(state, user);
    state.apply(number, record);
    let after = session_ids(state, user);
    after.difference(&before).for_each(|session| info!(%user, %session, "session opened"));
    before.difference(&after).for_each(|session| info!(%user, %session, "session ended"));
}

/// The user whose sessions a record opens or ends.
fn user_of_sessions<'r>(record: &'r Record<'_>) -> Option<&'r UserName> {
    let Record::Server(record) = record else { return None };
    if let ServerRecord::SessionOpened { user, .. } = record { Some(user) } else { record.ended_user() }
}

fn session_ids(state: &State, user: &UserName) -> BTreeSet<Uuid> {
    state.users.sessions(user).map(|(_, session)| session.session).collect()
}

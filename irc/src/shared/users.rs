//! The list of users, which the connections load from the node and share.

use common::UserName;
use common::accounts::UserInfo;
use common::presence::State;
use transport::clock;

use super::Shared;
use crate::limits::{USERS_FRESH_MS, USERS_MISSING_MS};

impl Shared {
    /// Whether the list of users must be loaded: it is old, or it lacks a user and is not new.
    pub(crate) fn is_list_old(&self, user: Option<&UserName>) -> bool {
        let board = self.board();
        let Some(listed_ms) = board.listed_ms else { return true };
        let age_ms = clock::monotonic_ms().saturating_sub(listed_ms);
        let lacks_user = user.is_some_and(|user| !board.list.contains_key(user));
        age_ms > USERS_FRESH_MS || (lacks_user && age_ms > USERS_MISSING_MS)
    }

    pub(crate) fn set_list(&self, users: Vec<UserInfo>) {
        let mut board = self.board();
        board.list = users.into_iter().map(|info| (info.user.clone(), info)).collect();
        board.listed_ms = Some(clock::monotonic_ms());
    }

    /// Applies a change of presence.
    pub(crate) fn set_state(&self, user: &UserName, state: State) {
        if let Some(info) = self.board().list.get_mut(user) {
            info.state = Some(state);
        }
    }

    pub(crate) fn user(&self, user: &UserName) -> Option<UserInfo> {
        let board = self.board();
        let mut info = board.list.get(user).cloned()?;
        // The list can be older than the connection.
        if board.users.contains_key(user) && info.state != Some(State::Away) {
            info.state = Some(State::Online);
        }
        Some(info)
    }

    /// The users of the list whom a predicate accepts, in alphabetical order.
    pub(crate) fn users(&self, mut accepts: impl FnMut(&UserInfo) -> bool) -> Vec<UserInfo> {
        // The predicate can use the board, so the lock is free while it runs.
        let mut users: Vec<_> = self.board().list.values().cloned().collect();
        users.retain(|info| accepts(info));
        users.sort_by(|one, other| one.user.cmp(&other.user));
        users
    }
}

//! Display names: each user may have one, which others see next to the name of the user.

use common::{Detail, DisplayName, UserName};

use super::State;
use super::accounts::Users;
use crate::domain::records::{Record, ServerRecord};

/// Returns the record that sets or removes the display name of a user; `None` if it is set already.
pub(super) fn set<'a>(
    state: &State,
    user: UserName,
    display_name: DisplayName,
    at: u64,
) -> Result<Option<Record<'a>>, Detail> {
    let is_new = state.users.active(&user)?.display_name != display_name;
    Ok(is_new.then_some(Record::Server(ServerRecord::DisplayNameSet { at, user, display_name })))
}

impl Users {
    /// The display name of a user; empty if the user has none.
    #[must_use]
    pub fn display_name(&self, user: &UserName) -> DisplayName {
        self.accounts().get(user).map(|account| account.display_name.clone()).unwrap_or_default()
    }
}

//! The accounts of bots. A bot has an owner instead of a password.

use common::{Detail, UserName};

use super::State;
use super::accounts::may_register;
use crate::domain::records::{Record, ServerRecord};

/// Checks that `by` may create an account for a bot with this name, or owns such an account.
pub fn may_own(state: &State, user: &UserName, by: &UserName) -> Result<(), Detail> {
    match state.users.active(user) {
        Ok(account) if account.bot.as_ref() == Some(by) && !account.disabled => Ok(()),
        Ok(_) | Err(_) => may_register(state, user),
    }
}

/// Creates the account of a bot. The owner may use an account that exists.
pub(super) fn register_bot<'a>(
    state: &State,
    user: UserName,
    by: UserName,
    at: u64,
) -> Result<Option<Record<'a>>, Detail> {
    may_own(state, &user, &by)?;
    if state.users.exists(&user) {
        return Ok(None);
    }
    let account = ServerRecord::Account { at, user, password: Box::default(), bot: Some(by) };
    Ok(Some(Record::Server(account)))
}

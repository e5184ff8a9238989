//! The codes for forgotten passwords. An account has at most one.

use common::{Detail, UserName};

use super::{State, admin};
use crate::domain::records::{Record, ResetCode, ServerRecord, TokenDigest};

/// Creates a code, which replaces an earlier one. A disabled account gets none, because its user could not
/// log in with the new password.
pub(super) fn create<'a>(
    state: &State,
    by: UserName,
    user: UserName,
    code: ResetCode,
    at: u64,
) -> Result<Record<'a>, Detail> {
    admin::check(state, &by)?;
    if state.users.active(&user)?.disabled {
        return Err(Detail::UserDisabled { user });
    }
    Ok(Record::Server(ServerRecord::ResetCodeCreated { at, by, user, code }))
}

/// Checks the code for the account of `user`. All failures have one error, so that it does not show whether
/// the account exists.
pub fn check(state: &State, user: &UserName, digest: &TokenDigest, now_ms: u64) -> Result<(), Detail> {
    let code = state.users.active(user).ok().and_then(|account| account.reset_code.as_ref());
    let is_right = code.is_some_and(|code| code.digest == *digest && now_ms < code.expires);
    if is_right { Ok(()) } else { Err(Detail::WrongResetCode) }
}

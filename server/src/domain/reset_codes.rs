//! The codes for forgotten passwords. An account has at most one.

use std::collections::BTreeMap;

use common::{Detail, UserName};
use serde::{Deserialize, Serialize};

use super::{State, admin};
use crate::domain::records::{Record, ResetCode, ServerRecord, TokenDigest};

/// The codes by the names of their users. Expired codes are removed when a code is created.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ResetCodes(BTreeMap<UserName, ResetCode>);

impl ResetCodes {
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// A changed password, and disabling or deleting the account, invalidate the code of the user.
    pub(super) fn apply(&mut self, record: &ServerRecord) {
        if let ServerRecord::ResetCodeCreated { at, user, code, .. } = record {
            self.0.retain(|_, code| *at < code.expires);
            self.0.insert(user.clone(), code.clone());
        } else if let ServerRecord::PasswordChanged { user, .. }
        | ServerRecord::DisabledSet { user, .. }
        | ServerRecord::AccountDeleted { user, .. } = record
        {
            self.0.remove(user);
        }
    }
}

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
    let account = state.users.active(&user)?;
    if account.disabled {
        return Err(Detail::UserDisabled { user });
    }
    if account.bot.is_some() {
        return Err(Detail::BotAccount { user });
    }
    Ok(Record::Server(ServerRecord::ResetCodeCreated { at, by, user, code }))
}

/// Checks the code for the account of `user`. All failures have the same error, so the error does not reveal
/// whether the account exists.
pub fn check(state: &State, user: &UserName, digest: &TokenDigest, now_ms: u64) -> Result<(), Detail> {
    let code = state.users.reset_codes.0.get(user);
    let is_right = code.is_some_and(|code| code.digest == *digest && now_ms < code.expires);
    if is_right { Ok(()) } else { Err(Detail::WrongResetCode) }
}

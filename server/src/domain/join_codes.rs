//! Join codes, and the codes for forgotten passwords. The state holds the digests of codes, never their texts.

use std::collections::BTreeMap;

use common::limits::JOIN_CODES_MAX;
use common::{Detail, UserName};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{State, admin};
use crate::domain::records::{Record, ServerRecord, TokenDigest};

/// A join code that is not used up or revoked, as `users.json` stores it. It may have expired.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JoinCode {
    /// The administrator who created the code.
    pub by: UserName,
    pub digest: TokenDigest,
    /// How many accounts can still be registered with the code.
    pub uses: u32,
    /// The time at which the code expires, in Unix milliseconds.
    pub expires: u64,
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub note: Box<str>,
}

/// The code with which a user who has forgotten the password sets a new one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResetCode {
    pub digest: TokenDigest,
    /// The time at which the code expires, in Unix milliseconds.
    pub expires: u64,
}

/// The join codes by their ids, which begin with the time of their creation.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct JoinCodes(BTreeMap<Uuid, JoinCode>);

impl JoinCodes {
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The codes that have not expired, the newest last.
    pub fn usable(&self, now_ms: u64) -> impl Iterator<Item = (&Uuid, &JoinCode)> {
        self.0.iter().filter(move |(_, code)| now_ms < code.expires)
    }

    /// The id of the usable code with this digest.
    #[must_use]
    pub fn find(&self, digest: &TokenDigest, now_ms: u64) -> Option<Uuid> {
        self.usable(now_ms).find(|(_, code)| code.digest == *digest).map(|(id, _)| *id)
    }

    pub(super) fn insert(&mut self, id: Uuid, code: JoinCode, now_ms: u64) {
        self.0.retain(|_, code| now_ms < code.expires);
        self.0.insert(id, code);
    }

    pub(super) fn take_use(&mut self, id: Uuid) {
        if let Some(code) = self.0.get_mut(&id) {
            code.uses = code.uses.saturating_sub(1);
            if code.uses == 0 {
                self.0.remove(&id);
            }
        }
    }

    pub(super) fn remove(&mut self, id: Uuid) {
        self.0.remove(&id);
    }
}

pub(super) fn create<'a>(
    state: &State,
    id: Uuid,
    code: JoinCode,
    at: u64,
) -> Result<Option<Record<'a>>, Detail> {
    admin::check(state, &code.by)?;
    if state.users.join_codes.usable(at).count() >= JOIN_CODES_MAX {
        return Err(Detail::TooManyJoinCodes { max: JOIN_CODES_MAX });
    }
    Ok(Some(Record::Server(ServerRecord::JoinCodeCreated { at, id, code })))
}

pub(super) fn revoke<'a>(
    state: &State,
    by: UserName,
    id: Uuid,
    at: u64,
) -> Result<Option<Record<'a>>, Detail> {
    admin::check(state, &by)?;
    require(state, id, at)?;
    Ok(Some(Record::Server(ServerRecord::JoinCodeRevoked { at, by, id })))
}

/// Uses a join code up by one, for the registration of `user`.
pub(super) fn take_use<'a>(
    state: &State,
    user: UserName,
    id: Uuid,
    at: u64,
) -> Result<Option<Record<'a>>, Detail> {
    require(state, id, at).map_err(|_unusable| Detail::InvalidJoinCode)?;
    Ok(Some(Record::Server(ServerRecord::JoinCodeUsed { at, user, id })))
}

fn require(state: &State, id: Uuid, at: u64) -> Result<(), Detail> {
    let mut usable = state.users.join_codes.usable(at);
    if usable.any(|(known, _)| *known == id) { Ok(()) } else { Err(Detail::NoSuchJoinCode) }
}

pub(super) fn create_reset_code<'a>(
    state: &State,
    by: UserName,
    user: UserName,
    code: ResetCode,
    at: u64,
) -> Result<Option<Record<'a>>, Detail> {
    admin::check(state, &by)?;
    if !state.users.exists(&user) {
        return Err(Detail::NoSuchUser { user });
    }
    Ok(Some(Record::Server(ServerRecord::ResetCodeCreated { at, by, user, code })))
}

/// Checks the code of `admin.reset_password`.
pub fn check_reset_code(
    state: &State,
    user: &UserName,
    digest: &TokenDigest,
    now_ms: u64,
) -> Result<(), Detail> {
    let code = state.users.accounts().get(user).and_then(|account| account.reset_code.as_ref());
    let is_right = code.is_some_and(|code| code.digest == *digest && now_ms < code.expires);
    if is_right { Ok(()) } else { Err(Detail::WrongResetCode) }
}

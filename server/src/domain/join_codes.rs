//! Join codes. The state holds the digests of codes, never their texts.

use std::collections::BTreeMap;

use common::limits::JOIN_CODES_MAX;
use common::{Detail, UserName};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{State, admin};
use crate::domain::records::{JoinCode, Record, ServerRecord, TokenDigest};

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
    pub fn unexpired(&self, now_ms: u64) -> impl Iterator<Item = (&Uuid, &JoinCode)> {
        self.0.iter().filter(move |(_, code)| now_ms < code.expires)
    }

    pub(super) fn apply(&mut self, record: &ServerRecord) {
        if let ServerRecord::JoinCodeCreated { at, id, code } = record {
            self.0.retain(|_, code| *at < code.expires);
            self.0.insert(*id, code.clone());
        } else if let ServerRecord::JoinCodeUsed { id, .. } = record
            && let Some(code) = self.0.get_mut(id)
            && code.uses > 1
        {
            code.uses -= 1;
        } else if let ServerRecord::JoinCodeUsed { id, .. } | ServerRecord::JoinCodeRevoked { id, .. } =
            record
        {
            self.0.remove(id);
        }
    }
}

/// The id of the join code with this digest. `None` if the user who created the code is no longer an
/// administrator.
pub fn find(state: &State, digest: &TokenDigest, now_ms: u64) -> Option<Uuid> {
    let mut unexpired = state.users.join_codes.unexpired(now_ms);
    let (id, code) = unexpired.find(|(_, code)| code.digest == *digest)?;
    let is_valid = state.users.is_administrator(&code.by) && state.users.may_act(&code.by);
    is_valid.then_some(*id)
}

pub(super) fn create<'a>(state: &State, id: Uuid, code: JoinCode, at: u64) -> Result<Record<'a>, Detail> {
    admin::check(state, &code.by)?;
    if state.users.join_codes.unexpired(at).count() >= JOIN_CODES_MAX {
        return Err(Detail::TooManyJoinCodes { max: JOIN_CODES_MAX });
    }
    Ok(Record::Server(ServerRecord::JoinCodeCreated { at, id, code }))
}

pub(super) fn revoke<'a>(state: &State, by: UserName, id: Uuid, at: u64) -> Result<Record<'a>, Detail> {
    admin::check(state, &by)?;
    require(state, id, at)?;
    Ok(Record::Server(ServerRecord::JoinCodeRevoked { at, by, id }))
}

/// Takes one use from a join code, for the registration of `user`.
pub(super) fn take_use<'a>(state: &State, user: UserName, id: Uuid, at: u64) -> Result<Record<'a>, Detail> {
    require(state, id, at).map_err(|_no_such_code| Detail::InvalidJoinCode)?;
    Ok(Record::Server(ServerRecord::JoinCodeUsed { at, user, id }))
}

fn require(state: &State, id: Uuid, at: u64) -> Result<(), Detail> {
    let mut unexpired = state.users.join_codes.unexpired(at);
    if unexpired.any(|(known, _)| *known == id) { Ok(()) } else { Err(Detail::NoSuchJoinCode) }
}

//! `join_code.create`, `join_code.list`, `join_code.revoke` and `admin.reset_password`.

use common::accounts::{Done, SessionOnly};
use common::admin::{self, ResetPassword};
use common::join_codes::{CreateJoinCode, CreatedJoinCode, JoinCode, JoinCodes, RevokeJoinCode};
use common::limits::{JOIN_CODE_DAYS_MAX, JOIN_CODE_NOTE_BYTES_MAX, JOIN_CODE_USES_MAX, RESET_CODE_MS};
use common::{Detail, Error};
use uuid::Uuid;

use super::RequestContext;
use super::admin::require_administrator;
use crate::domain::records::TokenDigest;
use crate::domain::{self, Command};
use crate::services::codes;

const DAY_MS: u64 = 24 * 60 * 60 * 1_000;

pub(super) fn create(
    context: &mut RequestContext<'_>,
    params: &CreateJoinCode<'_>,
) -> Result<CreatedJoinCode, Error> {
    let by = context.authenticate(&params.token)?;
    if !(1..=JOIN_CODE_USES_MAX).contains(&params.uses) || !(1..=JOIN_CODE_DAYS_MAX).contains(&params.days) {
        return Err(Detail::JoinCodeUses { uses: JOIN_CODE_USES_MAX, days: JOIN_CODE_DAYS_MAX }.into());
    }
    if params.note.len() > JOIN_CODE_NOTE_BYTES_MAX {
        return Err(Detail::JoinCodeNote { max: JOIN_CODE_NOTE_BYTES_MAX }.into());
    }
    let code = codes::random().map_err(|_no_random_bytes| Detail::OutOfMemory)?;
    let expires = context.now_ms.saturating_add(u64::from(params.days) * DAY_MS);
    let (id, digest) = (Uuid::now_v7(), TokenDigest::of(&code));
    let stored = domain::JoinCode { by, digest, uses: params.uses, expires, note: (&*params.note).into() };
    context.record(Command::CreateJoinCode { id, code: stored })?;
    Ok(CreatedJoinCode { id, code, expires })
}

pub(super) fn list(context: &mut RequestContext<'_>, params: &SessionOnly<'_>) -> Result<JoinCodes, Error> {
    require_administrator(context, &params.token)?;
    let usable = context.ledger.state().users.join_codes.usable(context.now_ms);
    let codes = usable.map(|(id, code)| JoinCode {
        id: *id,
        by: code.by.clone(),
        uses: code.uses,
        expires: code.expires,
        note: code.note.to_string(),
    });
    Ok(JoinCodes { codes: codes.collect() })
}

pub(super) fn revoke(context: &mut RequestContext<'_>, params: &RevokeJoinCode<'_>) -> Result<Done, Error> {
    let by = context.authenticate(&params.token)?;
    context.record(Command::RevokeJoinCode { by, id: params.id })?;
    Ok(Done {})
}

pub(super) fn reset_password(
    context: &mut RequestContext<'_>,
    params: ResetPassword<'_>,
) -> Result<admin::ResetCode, Error> {
    let by = context.authenticate(&params.token)?;
    let code = codes::random().map_err(|_no_random_bytes| Detail::OutOfMemory)?;
    let expires = context.now_ms.saturating_add(RESET_CODE_MS);
    let stored = domain::ResetCode { digest: TokenDigest::of(&code), expires };
    context.record(Command::CreateResetCode { by, user: params.user, code: stored })?;
    Ok(admin::ResetCode { code, expires })
}

//! `join_code.create`, `join_code.list` and `join_code.revoke`.

use common::accounts::{Done, SessionOnly};
use common::join_codes::{CreateJoinCode, CreatedJoinCode, JoinCode, JoinCodes, RevokeJoinCode};
use common::limits::{JOIN_CODE_DAYS_MAX, JOIN_CODE_NOTE_BYTES_MAX, JOIN_CODE_USES_MAX};
use common::{Detail, Error};
use uuid::Uuid;

use super::RequestContext;
use super::admin::require_administrator;
use crate::domain::Command;
use crate::domain::records::{self, TokenDigest};
use crate::services::codes;

const DAY_MS: u64 = 24 * 60 * 60 * 1_000;

pub(super) fn create(
    context: &mut RequestContext<'_>,
    params: &CreateJoinCode<'_>,
) -> Result<CreatedJoinCode, Error> {
    let by = context.authenticate(&params.token)?;
    let is_valid = (1..=JOIN_CODE_USES_MAX).contains(&params.uses)
        && (1..=JOIN_CODE_DAYS_MAX).contains(&params.days)
        && params.note.len() <= JOIN_CODE_NOTE_BYTES_MAX;
    if !is_valid {
        let (uses, days, note) = (JOIN_CODE_USES_MAX, JOIN_CODE_DAYS_MAX, JOIN_CODE_NOTE_BYTES_MAX);
        return Err(Detail::JoinCodeBounds { uses, days, note }.into());
    }
    let code = codes::random().map_err(|_no_random_bytes| Detail::OutOfMemory)?;
    let expires = context.now_ms.saturating_add(u64::from(params.days) * DAY_MS);
    let (id, digest) = (Uuid::now_v7(), TokenDigest::of(&code));
    let stored = records::JoinCode { by, digest, uses: params.uses, expires, note: (&*params.note).into() };
    context.record(Command::CreateJoinCode { id, code: stored })?;
    Ok(CreatedJoinCode { id, code, expires })
}

pub(super) fn list(context: &mut RequestContext<'_>, params: &SessionOnly<'_>) -> Result<JoinCodes, Error> {
    require_administrator(context, &params.token)?;
    let unexpired = context.ledger.state().users.join_codes.unexpired(context.now_ms);
    let codes = unexpired.map(|(id, code)| JoinCode {
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

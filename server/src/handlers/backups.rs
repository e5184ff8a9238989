//! `admin.backup`, `admin.backups`, `admin.backup_get`.

use common::accounts::SessionOnly;
use common::backups::{Backups, GetBackup, Started};
use common::files::Part;
use common::limits::FILE_CHUNK_BYTES_MAX;
use common::{Detail, Error};
use tracing::info;

use super::admin::require_administrator;
use super::{RequestContext, Unanswered};
use crate::services::backups;
use crate::services::files::{Failure, Outcome};
use crate::services::jobs::{self, Job, Kind};

pub(super) fn start(context: &mut RequestContext<'_>, params: &SessionOnly<'_>) -> Result<Started, Error> {
    let user = require_administrator(context, &params.token)?;
    let name = context.backups.request(context.now_ms)?.to_string();
    info!(%user, %name, "an administrator requested a backup");
    Ok(Started { name })
}

pub(super) fn list(context: &mut RequestContext<'_>, params: &SessionOnly<'_>) -> Result<Backups, Error> {
    require_administrator(context, &params.token)?;
    Ok(context.backups.list())
}

/// Reads a part of a backup.
pub(super) fn get(
    context: &mut RequestContext<'_>,
    params: &GetBackup<'_>,
    outcome: Option<jobs::Outcome>,
) -> Result<Part, Unanswered> {
    let user = require_administrator(context, &params.token)?;
    let (disk, stored) = context.backups.find(&params.name)?;
    let (bytes, offset) = (stored.bytes, params.offset);
    match outcome {
        None => {}
        Some(jobs::Outcome::File(Outcome::Bytes(part))) => {
            let length = part.len() as u64;
            *context.attached.reply = Some(part);
            return Ok(Part { bytes, offset, length });
        }
        Some(jobs::Outcome::File(Outcome::Failed(Failure::NotFound))) => {
            return Err(Detail::NoSuchBackup.into());
        }
        Some(
            jobs::Outcome::File(_)
            | jobs::Outcome::Password(..)
            | jobs::Outcome::Search(_)
            | jobs::Outcome::Failed,
        ) => return Err(Detail::FilesUnavailable.into()),
    }
    if !context.attached.is_single_line {
        return Err(Detail::FileGetNotAlone.into());
    }
    let left = bytes.checked_sub(offset).ok_or(Detail::BeyondFile { bytes, offset })?;
    let length = left.min(params.length.unwrap_or(u64::MAX)).min(FILE_CHUNK_BYTES_MAX as u64);
    let length = usize::try_from(length).unwrap_or(FILE_CHUNK_BYTES_MAX);
    if offset == 0 {
        info!(%user, name = %stored.name, "an administrator reads a backup");
    }
    let read = move || backups::read(&*disk, stored.name, offset, length);
    Err(Unanswered::NeedsJob(Job::file(Kind::Transfers, read)))
}

//! `admin.reset_password` and `auth.reset`.

use common::accounts::{Done, Reset};
use common::admin::{ResetCode, ResetPassword};
use common::limits::RESET_CODE_MS;
use common::{Detail, Error};
use tracing::info;

use super::accounts::{check_code, know_client, password_outcome};
use super::presence::remove_ended_sessions;
use super::{RequestContext, Unanswered};
use crate::domain::records::{self, TokenDigest};
use crate::domain::{Command, reset_codes};
use crate::services::codes;
use crate::services::jobs::{self, Share};
use crate::services::passwords::{Job, Outcome};

pub(super) fn create(
    context: &mut RequestContext<'_>,
    params: ResetPassword<'_>,
) -> Result<ResetCode, Error> {
    let by = context.authenticate(&params.token)?;
    let code = codes::random().map_err(|_no_random_bytes| Detail::OutOfMemory)?;
    let expires = context.now_ms.saturating_add(RESET_CODE_MS);
    let stored = records::ResetCode { digest: TokenDigest::of(&code), expires };
    info!(%by, user = %params.user, "an administrator created a code for a new password");
    context.record(Command::CreateResetCode { by, user: params.user, code: stored })?;
    Ok(ResetCode { code, expires })
}

/// Replaces a forgotten password and ends all sessions, because another person may know the old password.
pub(super) fn reset(
    context: &mut RequestContext<'_>,
    params: Reset,
    outcome: Option<jobs::Outcome>,
) -> Result<Done, Unanswered> {
    let Reset { user, code, new_password } = params;
    let outcome = outcome.map(|outcome| password_outcome(context, outcome));
    // Check before hashing, to save the work, and again after it, because two requests can use the same code.
    check_code(context, |context| {
        let digest = codes::digest(&code).ok_or(Detail::WrongResetCode)?;
        reset_codes::check(context.ledger.state(), &user, &digest, context.now_ms)
    })?;
    let password = match outcome {
        None => {
            let job = Job::Hash(new_password.into_password());
            return Err(Unanswered::NeedsJob(jobs::Job::password(job, Share::Known, None)));
        }
        Some(Outcome::Hashed(password)) => password,
        Some(Outcome::Verified(_) | Outcome::Failed) => return Err(Detail::OutOfMemory.into()),
    };
    context.record(Command::ChangePassword { user: user.clone(), password })?;
    // The request has no session, so no session is the current one: all of them end.
    let current = TokenDigest::of("");
    context.record(Command::Revoke { user: user.clone(), current, session: None })?;
    know_client(context, &user)?;
    remove_ended_sessions(context, &user);
    Ok(Done {})
}

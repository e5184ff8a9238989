//! `auth.register`, `auth.login`, `auth.logout`, `auth.password`, `session.list`, `session.revoke`,
//! `account.delete` and `user.*`.

use common::accounts::{
    Blocks, ChangePassword, Credentials, DeleteAccount, Done, ListNames, LoggedIn, OneUser, Registered,
    Revoke, Revoked, SessionInfo, SessionOnly, Sessions, Token, Users,
};
use common::presence::State;
use common::{Detail, Error, NewPassword, Password, UserName};
use tracing::info;
use uuid::Uuid;

use super::presence::remove_ended_sessions;
use super::{RequestContext, Unanswered, first_page};
use crate::domain::Command;
use crate::domain::accounts::may_register;
use crate::domain::blocks;
use crate::domain::deletion::may_delete;
use crate::domain::records::TokenDigest;
use crate::services::jobs;
use crate::services::passwords::{Job, Outcome};

pub(super) fn register(
    context: &mut RequestContext<'_>,
    credentials: Credentials<NewPassword>,
    outcome: Option<jobs::Outcome>,
) -> Result<Registered, Unanswered> {
    let Credentials { user, password } = credentials;
    let outcome = outcome.map(password_outcome);
    // Check before hashing, to save the work, and again after it, because two requests can register the same
    // name.
    may_register(context.ledger.state(), &user)?;
    let password = match outcome {
        None => return Err(Unanswered::NeedsJob(Job::Hash(password.into_password()).into())),
        Some(Outcome::Hashed(password)) => password,
        Some(Outcome::Verified(_) | Outcome::Failed) => return Err(Detail::OutOfMemory.into()),
    };
    context.record(Command::Register { user: user.clone(), password })?;
    let administrator = context.ledger.state().users.is_administrator(&user);
    if administrator {
        info!(%user, "the first account was registered: this user is the administrator of the server");
    }
    Ok(Registered { user, administrator })
}

pub(super) fn login(
    context: &mut RequestContext<'_>,
    credentials: Credentials,
    outcome: Option<jobs::Outcome>,
) -> Result<LoggedIn, Unanswered> {
    let Credentials { user, password } = credentials;
    let outcome = outcome.map(password_outcome);
    if let Some(outcome) = &outcome {
        let is_correct = matches!(outcome, Outcome::Verified(true) | Outcome::Hashed(_));
        context.guesses.end(&user, is_correct, context.now_ms);
    }
    match outcome {
        None => {
            context.begin_login_attempt(&user)?;
            let stored_hash = context.ledger.state().users.password(&user).map(Into::into);
            return Err(Unanswered::NeedsJob(Job::Verify(password, stored_hash).into()));
        }
        Some(Outcome::Verified(true)) => {}
        // The password matched an imported hash. The new hash replaces it.
        Some(Outcome::Hashed(password)) => {
            context.record(Command::ChangePassword { user: user.clone(), password })?;
        }
        Some(Outcome::Verified(false)) => return Err(Detail::WrongCredentials.into()),
        Some(Outcome::Failed) => return Err(Detail::OutOfMemory.into()),
    }
    let issued = context.tokens.issue(&user, context.now_ms).map_err(|_| Detail::OutOfMemory)?;
    let digest = TokenDigest::of(&issued.token);
    let (session, expires) = (issued.session, issued.expires);
    context.record(Command::OpenSession { user: user.clone(), session, digest, expires })?;
    let topic = context.ledger.state().user_topic(&user);
    Ok(LoggedIn { user, token: issued.token, topic, expires })
}

pub(super) fn logout(context: &mut RequestContext<'_>, params: &SessionOnly<'_>) -> Result<Done, Error> {
    let user = context.authenticate(&params.token)?;
    let digest = TokenDigest::of(&params.token);
    context.record(Command::EndSession { user: user.clone(), digest })?;
    remove_ended_sessions(context, &user);
    Ok(Done {})
}

/// Changes the password and ends all other sessions, because another person may have known the old one.
pub(super) fn password(
    context: &mut RequestContext<'_>,
    params: ChangePassword<'_>,
    outcome: Option<jobs::Outcome>,
) -> Result<Revoked, Unanswered> {
    let user = context.authenticate(&params.token)?;
    let outcome = outcome.map(password_outcome);
    if let Some(outcome) = &outcome {
        context.guesses.end(&user, matches!(outcome, Outcome::Hashed(_)), context.now_ms);
    }
    match outcome {
        None => {
            context.begin_login_attempt(&user)?;
            let stored_hash = context.ledger.state().users.password(&user).map(Into::into);
            let job = Job::Change(params.password, stored_hash, params.new_password.into_password());
            Err(Unanswered::NeedsJob(job.into()))
        }
        Some(Outcome::Hashed(password)) => {
            context.record(Command::ChangePassword { user, password })?;
            Ok(end_sessions(context, &params.token, None)?)
        }
        Some(Outcome::Verified(_)) => Err(Detail::WrongPassword.into()),
        Some(Outcome::Failed) => Err(Detail::OutOfMemory.into()),
    }
}

pub(super) fn sessions(
    context: &mut RequestContext<'_>,
    params: &SessionOnly<'_>,
) -> Result<Sessions, Error> {
    let user = context.authenticate(&params.token)?;
    let current = TokenDigest::of(&params.token);
    let open = context.ledger.state().users.sessions(&user);
    let mut sessions: Vec<_> = open
        .filter(|(_, session)| context.now_ms < session.expires)
        .map(|(digest, session)| SessionInfo {
            session: session.session,
            opened: session.opened,
            expires: session.expires,
            current: *digest == current,
        })
        .collect();
    sessions.sort_by_key(|session| session.opened);
    Ok(Sessions { sessions })
}

pub(super) fn revoke(context: &mut RequestContext<'_>, params: &Revoke<'_>) -> Result<Revoked, Error> {
    end_sessions(context, &params.token, params.session)
}

fn end_sessions(
    context: &mut RequestContext<'_>,
    token: &Token<'_>,
    session: Option<Uuid>,
) -> Result<Revoked, Error> {
    let user = context.authenticate(token)?;
    let open = |context: &RequestContext<'_>| context.ledger.state().users.sessions(&user).count() as u64;
    let (before, current) = (open(context), TokenDigest::of(token));
    context.record(Command::Revoke { user: user.clone(), current, session })?;
    remove_ended_sessions(context, &user);
    Ok(Revoked { ended: before - open(context), topic: context.ledger.state().user_topic(&user) })
}

/// Deletes an account. The engine then ends its memberships and erases its messages, in small steps.
pub(super) fn delete(
    context: &mut RequestContext<'_>,
    params: DeleteAccount<'_>,
    outcome: Option<jobs::Outcome>,
) -> Result<Done, Unanswered> {
    let by = context.authenticate(&params.token)?;
    let user = params.user.unwrap_or_else(|| by.clone());
    if outcome.is_none() {
        may_delete(context.ledger.state(), &by, &user)?;
        context.ledger.may_write()?;
    }
    if user == by {
        verify_password(context, &user, params.password, outcome)?;
    }
    context.record(Command::DeleteAccount { by, user: user.clone(), erase: params.erase })?;
    remove_ended_sessions(context, &user);
    for upload in context.files.uploads.of_user(&user) {
        context.files.discard_upload(upload, context.ledger.position());
    }
    Ok(Done {})
}

/// Verifies the password of `user`, in a job. The limit on wrong passwords counts it.
fn verify_password(
    context: &mut RequestContext<'_>,
    user: &UserName,
    password: Option<Password>,
    outcome: Option<jobs::Outcome>,
) -> Result<(), Unanswered> {
    let Some(outcome) = outcome.map(password_outcome) else {
        let password = password.ok_or(Detail::WrongPassword)?;
        context.begin_login_attempt(user)?;
        let stored_hash = context.ledger.state().users.password(user).map(Into::into);
        return Err(Unanswered::NeedsJob(Job::Verify(password, stored_hash).into()));
    };
    let is_correct = matches!(outcome, Outcome::Verified(true) | Outcome::Hashed(_));
    context.guesses.end(user, is_correct, context.now_ms);
    match outcome {
        Outcome::Verified(true) | Outcome::Hashed(_) => Ok(()),
        Outcome::Verified(false) => Err(Detail::WrongPassword.into()),
        Outcome::Failed => Err(Detail::OutOfMemory.into()),
    }
}

/// Blocks or unblocks a user.
pub(super) fn block(
    context: &mut RequestContext<'_>,
    params: OneUser<'_>,
    blocked: bool,
) -> Result<Done, Error> {
    let user = context.authenticate(&params.token)?;
    context.take_rate(&params.token)?;
    context.record(Command::Block { user, other: params.user, blocked })?;
    Ok(Done {})
}

pub(super) fn blocks(context: &mut RequestContext<'_>, params: &ListNames<'_>) -> Result<Blocks, Error> {
    let user = context.authenticate(&params.token)?;
    let (users, more) = first_page(blocks::list(context.ledger.state(), &user, params.after.as_deref())?);
    Ok(Blocks { users, more })
}

pub(super) fn list(context: &mut RequestContext<'_>, params: &ListNames<'_>) -> Result<Users, Error> {
    context.authenticate(&params.token)?;
    let (mut users, more) = first_page(context.ledger.state().users.list(params.after.as_deref()));
    for user in &mut users {
        user.state = context.presence.state(&user.user);
        // The "last seen" of a present user is now, so it is omitted.
        user.seen.take_if(|_| matches!(user.state, Some(State::Online | State::Away)));
    }
    Ok(Users { users, more })
}

fn password_outcome(outcome: jobs::Outcome) -> Outcome {
    match outcome {
        jobs::Outcome::Password(outcome) => outcome,
        jobs::Outcome::File(_) | jobs::Outcome::Search(_) | jobs::Outcome::Failed => Outcome::Failed,
    }
}

//! `auth.register`, `auth.login`, `auth.logout`, `auth.password`, `session.list`, `session.revoke`,
//! `account.delete` and `user.*`.

use common::accounts::{
    Blocks, ChangePassword, Credentials, DeleteAccount, Done, ListNames, LoggedIn, OneUser, Registered,
    Registration, Revoke, Revoked, SessionInfo, SessionOnly, Sessions, SetUser, Token, Users,
};
use common::presence::State;
use common::{Detail, Error, Password, UserName};
use tracing::info;
use uuid::Uuid;

use super::presence::remove_ended_sessions;
use super::{RequestContext, Unanswered, bots, first_page};
use crate::domain::Command;
use crate::domain::accounts::may_register;
use crate::domain::deletion::may_delete;
use crate::domain::records::TokenDigest;
use crate::domain::{admin, blocks};
use crate::services::jobs::{self, Share};
use crate::services::limiters::guesses::{Attempt, Guesser};
use crate::services::limiters::rates::RateKind;
use crate::services::passwords::{Job, Outcome};

pub(super) fn register(
    context: &mut RequestContext<'_>,
    params: Registration,
    outcome: Option<jobs::Outcome>,
) -> Result<Registered, Unanswered> {
    let Registration { user, password, code } = params;
    let outcome = outcome.map(|outcome| password_outcome(context, outcome));
    // Check before hashing, to save the work, and again after it, because two requests can register the same
    // name or use the same code.
    let check = |context: &RequestContext<'_>| {
        context.registration.check(context.ledger.state(), code.as_deref(), context.now_ms)
    };
    let join_code = if code.is_some() { check_code(context, check)? } else { check(context)? };
    may_register(context.ledger.state(), &user)?;
    let password = match outcome {
        None => {
            let (job, share) = (Job::Hash(password.into_password()), Share::Stranger(context.peer().id));
            return Err(Unanswered::NeedsJob(jobs::Job::password(job, share, None)));
        }
        Some(Outcome::Hashed(password)) => password,
        Some(Outcome::Verified(_) | Outcome::Failed) => return Err(Detail::OutOfMemory.into()),
    };
    if let Some(id) = join_code {
        context.record(Command::UseJoinCode { user: user.clone(), id })?;
    }
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
    match outcome.map(|outcome| password_outcome(context, outcome)) {
        None => {
            let (attempt, share) = begin_login(context, &user)?;
            let stored_hash = context.ledger.state().users.password(&user).map(Into::into);
            let job = Job::Verify(password, stored_hash);
            return Err(Unanswered::NeedsJob(jobs::Job::password(job, share, Some(attempt))));
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
    know_client(context, &user)?;
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

/// Changes the password and ends all other sessions, because another person may know the old password.
pub(super) fn password(
    context: &mut RequestContext<'_>,
    params: ChangePassword<'_>,
    outcome: Option<jobs::Outcome>,
) -> Result<Revoked, Unanswered> {
    let outcome = outcome.map(|outcome| password_outcome(context, outcome));
    let user = context.authenticate(&params.token)?;
    match outcome {
        None => {
            let attempt = context.begin_attempt(Guesser::Session(user.clone()))?;
            let stored_hash = context.ledger.state().users.password(&user).map(Into::into);
            let job = Job::Change(params.password, stored_hash, params.new_password.into_password());
            Err(Unanswered::NeedsJob(jobs::Job::password(job, Share::Known, Some(attempt))))
        }
        Some(Outcome::Hashed(password)) => {
            context.record(Command::ChangePassword { user: user.clone(), password })?;
            know_client(context, &user)?;
            Ok(end_sessions(context, &user, &params.token, None)?)
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
    let by = context.authenticate(&params.token)?;
    let user = params.user.as_ref().unwrap_or(&by);
    if *user != by {
        let state = context.ledger.state();
        admin::check(state, &by)?;
        state.users.must_be_active(user)?;
    }
    let mut revoked = end_sessions(context, user, &params.token, params.session)?;
    // An administrator must not learn the topic of another user.
    revoked.topic = context.ledger.state().user_topic(&by);
    Ok(revoked)
}

fn end_sessions(
    context: &mut RequestContext<'_>,
    user: &UserName,
    token: &Token<'_>,
    session: Option<Uuid>,
) -> Result<Revoked, Error> {
    let open = |context: &RequestContext<'_>| context.ledger.state().users.sessions(user).count() as u64;
    let (before, current) = (open(context), TokenDigest::of(token));
    context.record(Command::Revoke { user: user.clone(), current, session })?;
    remove_ended_sessions(context, user);
    Ok(Revoked { ended: before - open(context), topic: context.ledger.state().user_topic(user) })
}

/// Deletes an account. The engine then ends its memberships and erases its messages, in small steps.
pub(super) fn delete(
    context: &mut RequestContext<'_>,
    params: DeleteAccount<'_>,
    outcome: Option<jobs::Outcome>,
) -> Result<Done, Unanswered> {
    let outcome = outcome.map(|outcome| password_outcome(context, outcome));
    let by = context.authenticate(&params.token)?;
    let user = params.user.unwrap_or_else(|| by.clone());
    if outcome.is_none() {
        may_delete(context.ledger.state(), &by, &user)?;
        context.ledger.may_write()?;
    }
    if user == by {
        verify_password(context, &user, params.password, outcome)?;
    }
    may_delete(context.ledger.state(), &by, &user)?;
    bots::revoke_all_of(context, &by, &user)?;
    context.record(Command::DeleteAccount { by, user: user.clone(), erase: params.erase })?;
    remove_ended_sessions(context, &user);
    for upload in context.files.uploads.of_user(&user) {
        context.files.discard_upload(upload, context.ledger.position());
    }
    Ok(Done {})
}

/// Verifies the password of `user` in a job. A wrong password counts towards the limit.
fn verify_password(
    context: &mut RequestContext<'_>,
    user: &UserName,
    password: Option<Password>,
    outcome: Option<Outcome>,
) -> Result<(), Unanswered> {
    match outcome {
        None => {
            let password = password.ok_or(Detail::WrongPassword)?;
            let attempt = context.begin_attempt(Guesser::Session(user.clone()))?;
            let stored_hash = context.ledger.state().users.password(user).map(Into::into);
            let job = Job::Verify(password, stored_hash);
            Err(Unanswered::NeedsJob(jobs::Job::password(job, Share::Known, Some(attempt))))
        }
        Some(Outcome::Verified(true) | Outcome::Hashed(_)) => Ok(()),
        Some(Outcome::Verified(false)) => Err(Detail::WrongPassword.into()),
        Some(Outcome::Failed) => Err(Detail::OutOfMemory.into()),
    }
}

pub(super) fn set(context: &mut RequestContext<'_>, params: SetUser<'_>) -> Result<Done, Error> {
    let user = context.authenticate(&params.token)?;
    context.take_rate(&user, RateKind::Messages)?;
    context.record(Command::SetDisplayName { user, display_name: params.display_name })?;
    Ok(Done {})
}

/// Blocks or unblocks a user.
pub(super) fn block(
    context: &mut RequestContext<'_>,
    params: OneUser<'_>,
    blocked: bool,
) -> Result<Done, Error> {
    let user = context.authenticate(&params.token)?;
    context.take_rate(&user, RateKind::Messages)?;
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
        // A user who is present now has no "last seen" time.
        user.seen.take_if(|_| matches!(user.state, Some(State::Online | State::Away)));
    }
    Ok(Users { users, more })
}

/// Begins an attempt to log in. A client that has logged in to the account before has its own count of wrong
/// passwords, and its own share of the queue.
fn begin_login(context: &mut RequestContext<'_>, user: &UserName) -> Result<(Attempt, Share), Error> {
    let (peer, users) = (context.peer(), &context.ledger.state().users);
    let known = peer.key.filter(|key| users.is_known_client(user, key));
    let (guesser, share) = match known {
        Some(key) => (Guesser::KnownClient(user.clone(), key), Share::Known),
        None if users.exists(user) => (Guesser::Stranger(user.clone()), Share::Account(peer.id)),
        None => (Guesser::NoAccount(user.clone()), Share::Stranger(peer.id)),
    };
    Ok((context.begin_attempt(guesser)?, share))
}

/// Checks a code of a request. Each client has its own limit of wrong codes, which works like the limit of
/// wrong passwords. A limit for all clients together would lock out users with correct codes. Codes have 128
/// random bits, so even many clients cannot guess one.
pub(super) fn check_code<T>(
    context: &mut RequestContext<'_>,
    check: impl FnOnce(&RequestContext<'_>) -> Result<T, Detail>,
) -> Result<T, Error> {
    let guesser = Guesser::Code(context.peer().id);
    let attempt = context.begin_attempt(guesser)?;
    let checked = check(context);
    if matches!(checked, Err(Detail::InvalidJoinCode | Detail::WrongResetCode)) {
        context.guesses.end(attempt, false, context.now_ms);
    }
    Ok(checked?)
}

/// Counts the result of an attempt, and returns the outcome of its job. A failed job does not count, because
/// its reply does not show whether the password was correct.
pub(super) fn password_outcome(context: &mut RequestContext<'_>, outcome: jobs::Outcome) -> Outcome {
    let jobs::Outcome::Password(outcome, attempt) = outcome else { return Outcome::Failed };
    if let Some(attempt) = attempt
        && outcome != Outcome::Failed
    {
        context.guesses.end(attempt, outcome != Outcome::Verified(false), context.now_ms);
    }
    outcome
}

/// Records the client as known, after its user has given the correct password.
pub(super) fn know_client(context: &mut RequestContext<'_>, user: &UserName) -> Result<(), Error> {
    if let Some(key) = context.peer().key {
        context.record(Command::KnowClient { user: user.clone(), key })?;
    }
    Ok(())
}

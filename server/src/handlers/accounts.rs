//! `auth.register`, `auth.login`, `auth.logout`, `auth.password`, `session.list`, `session.revoke`, `user.list`.

use common::accounts::{
    ChangePassword, Credentials, Done, ListNames, LoggedIn, Registered, Revoke, Revoked, SessionInfo,
    SessionOnly, Sessions, Token, Users,
};
use common::presence::State;
use common::{Error, NewPassword, Reason};
use tracing::info;
use uuid::Uuid;

use super::presence::forget_ended;
use super::{Desk, Pending, first_page};
use crate::domain::Command;
use crate::domain::accounts::may_register;
use crate::engine::jobs;
use crate::services::passwords::{Job, Outcome};
use crate::storage::records::TokenDigest;

pub(super) fn register(
    desk: &mut Desk<'_>,
    credentials: Credentials<NewPassword>,
    outcome: Option<jobs::Outcome>,
) -> Result<Registered, Pending> {
    let Credentials { user, password } = credentials;
    let outcome = outcome.map(of_password);
    // Asked before the hash, to spare it, and again behind it: two may ask for one name at the same time.
    may_register(desk.ledger.state(), &user)?;
    let password = match outcome {
        None => return Err(Pending::Work(Job::Hash(password.into_password()).into())),
        Some(Outcome::Hashed(password)) => password,
        Some(Outcome::Verified(_) | Outcome::Failed) => return Err(not_computed().into()),
    };
    desk.ledger.record(Command::Register { user: user.clone(), password }, desk.now_ms)?;
    let administrator = desk.ledger.state().users.is_administrator(&user);
    if administrator {
        info!(%user, "the first account: its owner is the administrator of this node");
    }
    Ok(Registered { user, administrator })
}

pub(super) fn login(
    desk: &mut Desk<'_>,
    credentials: Credentials,
    outcome: Option<jobs::Outcome>,
) -> Result<LoggedIn, Pending> {
    let Credentials { user, password } = credentials;
    let outcome = outcome.map(of_password);
    if let Some(outcome) = &outcome {
        let right = matches!(outcome, Outcome::Verified(true) | Outcome::Hashed(_));
        desk.guesses.end(&user, right, desk.now_ms);
    }
    match outcome {
        None => {
            desk.may_guess(&user)?;
            let known = desk.ledger.state().users.password(&user).map(Into::into);
            return Err(Pending::Work(Job::Verify(password, known).into()));
        }
        Some(Outcome::Verified(true)) => {}
        // The password was right, and its hash of an older kind.
        Some(Outcome::Hashed(password)) => {
            desk.ledger.record(Command::ChangePassword { user: user.clone(), password }, desk.now_ms)?;
        }
        Some(Outcome::Verified(false)) => {
            let message = "no such user, or not this password";
            return Err(Error::new(Reason::WrongCredentials, message).into());
        }
        Some(Outcome::Failed) => return Err(not_computed().into()),
    }
    let issued = desk.tokens.issue(&user, desk.now_ms).map_err(|_| not_computed())?;
    let digest = TokenDigest::of(&issued.token);
    let (session, expires) = (issued.session, issued.expires);
    desk.ledger.record(Command::OpenSession { user: user.clone(), session, digest, expires }, desk.now_ms)?;
    let topic = desk.ledger.state().user_topic(&user);
    Ok(LoggedIn { user, token: issued.token, topic, expires })
}

pub(super) fn logout(desk: &mut Desk<'_>, params: &SessionOnly<'_>) -> Result<Done, Error> {
    let user = desk.user_of(&params.token)?;
    let digest = TokenDigest::of(&params.token);
    desk.ledger.record(Command::EndSession { user: user.clone(), digest }, desk.now_ms)?;
    forget_ended(desk, &user);
    Ok(Done {})
}

/// Changes the password and ends all other sessions: whoever knew the old one is out.
pub(super) fn password(
    desk: &mut Desk<'_>,
    params: ChangePassword<'_>,
    outcome: Option<jobs::Outcome>,
) -> Result<Revoked, Pending> {
    let user = desk.user_of(&params.token)?;
    let outcome = outcome.map(of_password);
    if let Some(outcome) = &outcome {
        desk.guesses.end(&user, matches!(outcome, Outcome::Hashed(_)), desk.now_ms);
    }
    match outcome {
        None => {
            desk.may_guess(&user)?;
            let known = desk.ledger.state().users.password(&user).map(Into::into);
            let job = Job::Change(params.password, known, params.new_password.into_password());
            Err(Pending::Work(job.into()))
        }
        Some(Outcome::Hashed(password)) => {
            desk.ledger.record(Command::ChangePassword { user, password }, desk.now_ms)?;
            Ok(end_sessions(desk, &params.token, None)?)
        }
        Some(Outcome::Verified(_)) => {
            Err(Error::new(Reason::WrongCredentials, "this is not your password").into())
        }
        Some(Outcome::Failed) => Err(not_computed().into()),
    }
}

pub(super) fn sessions(desk: &mut Desk<'_>, params: &SessionOnly<'_>) -> Result<Sessions, Error> {
    let user = desk.user_of(&params.token)?;
    let current = TokenDigest::of(&params.token);
    let open = desk.ledger.state().users.sessions(&user);
    let mut sessions: Vec<_> = open
        .filter(|(_, session)| desk.now_ms < session.expires)
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

pub(super) fn revoke(desk: &mut Desk<'_>, params: &Revoke<'_>) -> Result<Revoked, Error> {
    end_sessions(desk, &params.token, params.session)
}

fn end_sessions(desk: &mut Desk<'_>, token: &Token<'_>, session: Option<Uuid>) -> Result<Revoked, Error> {
    let user = desk.user_of(token)?;
    let open = |desk: &Desk<'_>| desk.ledger.state().users.sessions(&user).count() as u64;
    let (before, current) = (open(desk), TokenDigest::of(token));
    desk.ledger.record(Command::Revoke { user: user.clone(), current, session }, desk.now_ms)?;
    forget_ended(desk, &user);
    Ok(Revoked { ended: before - open(desk), topic: desk.ledger.state().user_topic(&user) })
}

pub(super) fn list(desk: &mut Desk<'_>, params: &ListNames<'_>) -> Result<Users, Error> {
    desk.user_of(&params.token)?;
    let (mut users, more) = first_page(desk.ledger.state().users.list(params.after.as_deref()));
    for user in &mut users {
        user.state = desk.presence.state(&user.user);
        // Of who is there, "last seen" is now.
        user.seen.take_if(|_| matches!(user.state, Some(State::Online | State::Away)));
    }
    Ok(Users { users, more })
}

fn of_password(outcome: jobs::Outcome) -> Outcome {
    match outcome {
        jobs::Outcome::Password(outcome) => outcome,
        jobs::Outcome::File(_) | jobs::Outcome::Search(_) | jobs::Outcome::Failed => Outcome::Failed,
    }
}

fn not_computed() -> Error {
    Error::new(Reason::Unavailable, "the server has not the memory to check a password; try again later")
}

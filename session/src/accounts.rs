//! The commands about accounts: register, log in, log out, change the password, and end other sessions.

use common::accounts::{self, ChangePassword, Credentials, Registered, Registration, Revoke, SessionOnly};
use common::methods::{Login, Logout, Password as PasswordChange, Register, Reset, SessionRevoke};
use common::{Detail, Error, NewPassword, Password};
use uuid::Uuid;

use super::api::Answer;
use super::context::Context;
use super::requests::{Origin, Pending, read};

pub(crate) fn register(cx: &mut Context, ticket: u64, credentials: &Credentials<NewPassword>) {
    cx.request_without_token::<Register>(Origin::Command { ticket, pending: Pending::Register }, credentials);
}

pub(crate) fn login(cx: &mut Context, ticket: u64, credentials: &Credentials) {
    cx.request_without_token::<Login>(Origin::Command { ticket, pending: Pending::Login }, credentials);
}

pub(crate) fn logout(cx: &mut Context, ticket: u64) {
    cx.request_for::<Logout>(ticket, Pending::Logout, |token| SessionOnly { token });
}

pub(crate) fn change_password(cx: &mut Context, ticket: u64, password: Password, new_password: NewPassword) {
    let params = |token| ChangePassword { token, password, new_password };
    cx.request_for::<PasswordChange>(ticket, Pending::EndSessions, params);
}

pub(crate) fn revoke(cx: &mut Context, ticket: u64, session: Option<Uuid>) {
    cx.request_for::<SessionRevoke>(ticket, Pending::EndSessions, |token| Revoke { token, session });
}

/// Returns the answer to a registration. A retry after a lost reply finds the name taken.
pub(crate) fn registered(outcome: Result<&str, Error>, attempt: u32) -> Result<Answer, Error> {
    match outcome.and_then(read::<Registered>) {
        Ok(registered) => Ok(Answer::Registered(registered)),
        Err(error) => Err(match error.detail() {
            Some(Detail::NameTaken { user }) if attempt > 0 => {
                Detail::NameTakenOnRetry { user: user.clone() }.into()
            }
            Some(Detail::InvalidJoinCode) if attempt > 0 => Detail::JoinCodeUsedOnRetry.into(),
            Some(_) | None => error,
        }),
    }
}

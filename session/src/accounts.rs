//! The commands about accounts: register, log in, log out, change the password, and end other sessions.

use common::accounts::{self, ChangePassword, Credentials, Registered, Registration, Revoke, SessionOnly};
use common::methods::{Login, Logout, Password as PasswordChange, Register, Reset, SessionRevoke};
use common::{Detail, Error, NewPassword, Password};
use uuid::Uuid;

use super::api::Answer;
use super::context::Context;
use super::requests::{Origin, Pending, read};

pub(crate) fn register(cx: &mut Context, ticket: u64, registration: &Registration) {
    let origin = Origin::Command { ticket, pending: Pending::Register };
    cx.request_without_token::<Register>(origin, registration);
}

pub(crate) fn reset(cx: &mut Context, ticket: u64, reset: &accounts::Reset) {
    cx.request_without_token::<Reset>(Origin::Command { ticket, pending: Pending::Request }, reset);
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
    cx.request_for::<SessionRevoke>(ticket, Pending::EndSessions, |token| Revoke {
        token,
        session,
        user: None,
    });
}

/// Returns the answer to a registration. A retry after a lost reply finds the join code used up, or the name
/// taken.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repeated_registration_says_that_the_first_one_may_have_succeeded() {
        let user = common::UserName::new("alice").expect("a name");
        let detail = |refusal: Detail, attempt| {
            let error = registered(Err(refusal.into()), attempt).expect_err("a refusal");
            error.detail().cloned().expect("a detail")
        };
        let taken = || Detail::NameTaken { user: user.clone() };
        assert_eq!(detail(Detail::InvalidJoinCode, 0), Detail::InvalidJoinCode);
        assert_eq!(detail(Detail::InvalidJoinCode, 1), Detail::JoinCodeUsedOnRetry);
        assert_eq!(detail(taken(), 0), taken());
        assert_eq!(detail(taken(), 1), Detail::NameTakenOnRetry { user: user.clone() });
        assert_eq!(detail(Detail::RegistrationClosed, 1), Detail::RegistrationClosed);
    }
}

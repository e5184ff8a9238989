//! Accounts and sessions: the requests to register, log in, log out, and end other sessions of the same user.

use common::accounts::{
    ChangePassword, Credentials, ListNames, Registered, Revoke, SessionOnly, Sessions, UserInfo,
};
use common::{Detail, Error, Method, NewPassword, Password};
use serde::Serialize;
use uuid::Uuid;

use super::api::Answer;
use super::context::Context;
use super::requests::{Frame, Origin, Pending, read};

pub(crate) fn register(cx: &mut Context, ticket: u64, credentials: &Credentials<NewPassword>) {
    ask_anyone(cx, ticket, Pending::Register, Method::Register, credentials);
}

pub(crate) fn login(cx: &mut Context, ticket: u64, credentials: &Credentials) {
    ask_anyone(cx, ticket, Pending::Login, Method::Login, credentials);
}

/// Sends a request of a command that needs no account.
pub(crate) fn ask_anyone(
    cx: &mut Context,
    ticket: u64,
    pending: Pending,
    method: Method,
    params: &impl Serialize,
) {
    cx.ask_without_token(Frame::Shared, Origin::Command { ticket, pending }, method, params);
}

pub(crate) fn logout(cx: &mut Context, ticket: u64) {
    cx.ask_for(ticket, Pending::Logout, Method::Logout, |token| SessionOnly { token });
}

pub(crate) fn change_password(cx: &mut Context, ticket: u64, password: Password, new_password: NewPassword) {
    let params = |token| ChangePassword { token, password, new_password };
    cx.ask_for(ticket, Pending::EndSessions, Method::Password, params);
}

pub(crate) fn revoke(cx: &mut Context, ticket: u64, session: Option<Uuid>) {
    cx.ask_for(ticket, Pending::EndSessions, Method::SessionRevoke, |token| Revoke { token, session });
}

pub(crate) fn list_sessions(cx: &mut Context, ticket: u64) {
    cx.ask_for(ticket, Pending::Sessions, Method::SessionList, |token| SessionOnly { token });
}

pub(crate) fn sessions_listed(result: &str) -> Result<Answer, Error> {
    read::<Sessions>(result).map(|sessions| Answer::Sessions(sessions.sessions))
}

pub(crate) fn list_users(cx: &mut Context, ticket: u64, so_far: Vec<UserInfo>) {
    let after = so_far.last().map(|last| last.user.to_string().into());
    cx.ask_for(ticket, Pending::Users { so_far }, Method::UserList, |token| ListNames { token, after });
}

/// The answer to a registration. A repeated request may find the name taken by its first attempt, whose reply
/// was lost.
pub(crate) fn registered(outcome: Result<&str, Error>, attempt: u32) -> Result<Answer, Error> {
    match outcome.and_then(read::<Registered>) {
        Ok(registered) => Ok(Answer::Registered(registered)),
        Err(error) => Err(match error.detail() {
            Some(Detail::NameTaken { user }) if attempt > 0 => {
                Detail::NameTakenOnRetry { user: user.clone() }.into()
            }
            Some(_) | None => error,
        }),
    }
}

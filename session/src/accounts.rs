//! Accounts and sessions: register, log in, go on, log out, and the other sessions of the same person.

use common::accounts::{
    ChangePassword, Credentials, ListNames, LoggedIn, Registered, Revoke, Revoked, SessionOnly, Sessions,
};
use common::{Detail, Error, Method, NewPassword, Password};
use serde::Serialize;
use uuid::Uuid;

use super::Session;
use super::exchange::{Answer, Effect, News};
use super::requests::{Purpose, Question, read};

impl Session {
    pub(super) fn register(&mut self, now_ms: u64, ticket: u64, credentials: &Credentials<NewPassword>) {
        self.ask_anyone(now_ms, ticket, Question::Register, Method::Register, credentials);
    }

    pub(super) fn login(&mut self, now_ms: u64, ticket: u64, credentials: &Credentials) {
        self.ask_anyone(now_ms, ticket, Question::Login, Method::Login, credentials);
    }

    pub(super) fn ask_anyone(
        &mut self,
        now_ms: u64,
        ticket: u64,
        question: Question,
        method: Method,
        credentials: &impl Serialize,
    ) {
        let purpose = Purpose::Question { ticket, question };
        let request = self.requests.ask(now_ms, &mut self.dice, purpose, method, credentials);
        self.effects.push(request);
    }

    /// Goes on with a session of earlier. Whether it is still valid shows with the first request.
    pub(super) fn restore(&mut self, now_ms: u64, ticket: u64, account: LoggedIn) {
        self.begin_session(now_ms, account);
        self.answer(ticket, Ok(Answer::Done));
    }

    pub(super) fn logout(&mut self, now_ms: u64, ticket: u64) {
        self.ask_question(now_ms, ticket, Question::Logout, Method::Logout, |token| SessionOnly { token });
    }

    pub(super) fn list_users(&mut self, now_ms: u64, ticket: u64, so_far: Vec<common::accounts::UserInfo>) {
        let after = so_far.last().map(|last| last.user.to_string().into());
        let question = Question::Users { so_far };
        self.ask_question(now_ms, ticket, question, Method::UserList, |token| ListNames { token, after });
    }

    pub(super) fn change_password(
        &mut self,
        now_ms: u64,
        ticket: u64,
        password: Password,
        new_password: NewPassword,
    ) {
        let params = |token| ChangePassword { token, password, new_password };
        self.ask_question(now_ms, ticket, Question::EndSessions, Method::Password, params);
    }

    pub(super) fn revoke(&mut self, now_ms: u64, ticket: u64, session: Option<Uuid>) {
        let params = |token| Revoke { token, session };
        self.ask_question(now_ms, ticket, Question::EndSessions, Method::SessionRevoke, params);
    }

    pub(super) fn list_sessions(&mut self, now_ms: u64, ticket: u64) {
        let params = |token| SessionOnly { token };
        self.ask_question(now_ms, ticket, Question::Sessions, Method::SessionList, params);
    }

    pub(super) fn sessions_listed(result: &str) -> Result<Answer, Error> {
        read::<Sessions>(result).map(|sessions| Answer::Sessions(sessions.sessions))
    }

    /// Sessions were ended, who may go on listening: what is meant for the person is published elsewhere.
    pub(super) fn sessions_ended(&mut self, now_ms: u64, result: &str) -> Result<Answer, Error> {
        let revoked: Revoked = read(result)?;
        if self.own_topic_is(revoked.topic) && self.following.has_begun() {
            self.follow_own_topic(now_ms);
        }
        Ok(Answer::SessionsEnded(revoked.ended))
    }

    /// Whoever asks again because the first answer was lost may find the name taken by oneself.
    pub(super) fn registered(result: Result<&str, Error>, attempt: u32) -> Result<Answer, Error> {
        match result.and_then(read::<Registered>) {
            Ok(registered) => Ok(Answer::Registered(registered)),
            Err(error) => match error.detail() {
                Some(Detail::NameTaken { user }) if attempt > 0 => {
                    Err(Detail::NameTakenOnRetry { user: user.clone() }.into())
                }
                Some(_) | None => Err(error),
            },
        }
    }

    pub(super) fn logged_in(&mut self, now_ms: u64, result: &str) -> Result<Answer, Error> {
        let account: LoggedIn = read(result)?;
        self.begin_session(now_ms, account.clone());
        Ok(Answer::LoggedIn(account))
    }

    pub(super) fn logged_out(&mut self) -> Answer {
        self.end_session(&Detail::LoggedOut.into());
        self.empty_outbox_unless_of(None);
        Answer::Done
    }

    fn begin_session(&mut self, now_ms: u64, account: LoggedIn) {
        if self.account.is_some() {
            self.end_session(&Detail::OtherSession.into());
        }
        self.empty_outbox_unless_of(Some(&account.user));
        self.effects.push(Effect::Recall(account.user.clone()));
        self.account = Some(account);
        self.begin_presence(now_ms);
        self.send_due(now_ms);
    }

    /// The token is worth nothing: nothing more is asked in its name, until the person logs in again. Unsent
    /// messages wait for that.
    pub(super) fn session_expired(&mut self, error: Error) {
        self.end_session(&error);
        self.effects.push(Effect::News(News::SessionEnded(error)));
    }

    fn end_session(&mut self, error: &Error) {
        self.account = None;
        self.outbox.ground();
        self.presence.end();
        self.typing.end();
        self.stop_following(error);
        for ticket in self.requests.clear() {
            self.answer(ticket, Err(error.clone()));
        }
    }
}

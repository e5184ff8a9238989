//! Accounts and sessions: `auth.register`, `auth.login`, `auth.logout`, `auth.password`, `session.list`,
//! `session.revoke`, `user.list`.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use uuid::Uuid;

use crate::channels::is_false;
use crate::names::UserName;
use crate::presence::State;
use crate::text::{NewPassword, Password};

/// A session token as a request carries it.
pub type Token<'a> = Cow<'a, str>;

/// Parameters of `auth.register` (with a [`NewPassword`]) and `auth.login`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credentials<P = Password> {
    /// Who.
    pub user: UserName,
    /// Prepared as RFC 8265 OpaqueString.
    pub password: P,
}

/// Result of `auth.register`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registered {
    /// The name in its canonical form.
    pub user: UserName,
    /// Whether this is an administrator: the first account of a node is.
    #[serde(default, skip_serializing_if = "is_false")]
    pub administrator: bool,
}

/// Result of `auth.login`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoggedIn {
    /// The name in its canonical form.
    pub user: UserName,
    /// To be sent with every further request. Whoever has it is this user.
    pub token: String,
    /// The topic of what is meant for this user alone.
    pub topic: String,
    /// When the token ends, in Unix milliseconds.
    pub expires: u64,
}

/// Parameters of methods that need nothing but a session: `auth.logout`, `session.list`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionOnly<'a> {
    /// The session.
    #[serde(borrow)]
    pub token: Token<'a>,
}

/// Parameters of `auth.password`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangePassword<'a> {
    /// The session.
    #[serde(borrow)]
    pub token: Token<'a>,
    /// The password so far.
    pub password: Password,
    /// The password from now on.
    pub new_password: NewPassword,
}

/// Result of `auth.password` and `session.revoke`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revoked {
    /// How many sessions were ended.
    pub ended: u64,
    /// The topic of what is meant for this user alone: it has moved if any session was ended.
    pub topic: String,
}

/// Parameters of `session.revoke`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revoke<'a> {
    /// The session that asks. It goes on, unless it names itself.
    #[serde(borrow)]
    pub token: Token<'a>,
    /// Which session to end; without it, all others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<Uuid>,
}

/// Result of `session.list`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sessions {
    /// The open ones, oldest first.
    pub sessions: Vec<SessionInfo>,
}

/// One of the asker's own sessions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionInfo {
    /// The token's own identity (RFC 7519, `jti`).
    pub session: Uuid,
    /// When it was opened, in Unix milliseconds.
    pub opened: u64,
    /// When it ends, in Unix milliseconds.
    pub expires: u64,
    /// Whether it is the one that asks.
    pub current: bool,
}

/// Result of methods that have nothing to tell but that they are done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {}

/// Parameters of `user.list` and `channel.list`: names in alphabetical order, a page at a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListNames<'a> {
    /// The session.
    #[serde(borrow)]
    pub token: Token<'a>,
    /// Only names after this one; the last name of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none", borrow)]
    pub after: Option<Cow<'a, str>>,
}

/// Result of `user.list`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Users {
    /// One page, in alphabetical order.
    pub users: Vec<UserInfo>,
    /// Whether there are more after the last one.
    pub more: bool,
}

/// A user, as others see them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserInfo {
    /// The name.
    pub user: UserName,
    /// When the account was made, in Unix milliseconds.
    pub since: u64,
    /// Whether they are there. Nothing from a server that was just started and has not heard from everybody yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<State>,
    /// When somebody who is offline was there last, in Unix milliseconds; nothing when they never were.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen: Option<u64>,
}

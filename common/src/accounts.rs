//! Accounts and sessions: `auth.register`, `auth.login`, `auth.logout`, `user.list`.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::names::UserName;
use crate::text::Password;

/// A session token as a request carries it.
pub type Token<'a> = Cow<'a, str>;

/// Parameters of `auth.register` and `auth.login`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credentials {
    /// Who.
    pub user: UserName,
    /// Prepared as RFC 8265 OpaqueString.
    pub password: Password,
}

/// Result of `auth.register`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registered {
    /// The name in its canonical form.
    pub user: UserName,
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

/// Parameters of methods that need nothing but a session: `auth.logout`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionOnly<'a> {
    /// The session.
    #[serde(borrow)]
    pub token: Token<'a>,
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
}

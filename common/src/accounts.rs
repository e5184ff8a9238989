//! Accounts and sessions: all methods `auth.*` and `session.*`, `account.delete` and `user.*`.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::channels::is_false;
use crate::names::UserName;
use crate::presence::State;
use crate::text::{DisplayName, NewPassword, Password};

/// A session token in a request.
pub type Token<'a> = Cow<'a, str>;

/// Parameters of `auth.register`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registration {
    /// The name of the new account.
    pub user: UserName,
    /// The password, prepared as RFC 8265 OpaqueString.
    pub password: NewPassword,
    /// The join code, if the node requires one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
}

/// Parameters of `auth.login`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credentials {
    /// The name of the account.
    pub user: UserName,
    /// The password, prepared as RFC 8265 OpaqueString.
    pub password: Password,
}

/// Parameters of `auth.reset`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reset {
    /// The name of the account.
    pub user: UserName,
    /// The code of `admin.reset_password`.
    pub code: String,
    /// The new password.
    pub new_password: NewPassword,
}

/// Result of `auth.register`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registered {
    /// The name in its canonical form.
    pub user: UserName,
    /// Whether the user is an administrator. The first account of a node is an administrator.
    #[serde(default, skip_serializing_if = "is_false")]
    pub administrator: bool,
}

/// Result of `auth.login`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoggedIn {
    /// The name in its canonical form.
    pub user: UserName,
    /// The token for further requests. It must stay secret: it proves the user's identity.
    pub token: String,
    /// The user's own topic.
    pub topic: String,
    /// The time at which the token expires, in Unix milliseconds.
    pub expires: u64,
}

/// Parameters of methods that need only a session, such as `auth.logout`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionOnly<'a> {
    /// The session token.
    #[serde(borrow)]
    pub token: Token<'a>,
}

/// Parameters of `auth.password`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangePassword<'a> {
    /// The session token.
    #[serde(borrow)]
    pub token: Token<'a>,
    /// The current password.
    pub password: Password,
    /// The new password.
    pub new_password: NewPassword,
}

/// Result of `auth.password` and `session.revoke`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revoked {
    /// The number of sessions that the server revoked.
    pub ended: u64,
    /// The own topic of the user of the token. It has changed if the server revoked a session of this user.
    pub topic: String,
}

/// Parameters of `session.revoke`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revoke<'a> {
    /// The session token.
    #[serde(borrow)]
    pub token: Token<'a>,
    /// The session to revoke. `None` revokes all sessions except the session of the token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<Uuid>,
    /// The user of the sessions, for administrators. `None` means the user of the token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<UserName>,
}

/// Result of `session.list`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sessions {
    /// The user's open sessions, oldest first.
    pub sessions: Vec<SessionInfo>,
}

/// An open session of the user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionInfo {
    /// The id of the session: the `jti` of its token (RFC 7519).
    pub session: Uuid,
    /// The time of the login, in Unix milliseconds.
    pub opened: u64,
    /// The time at which the token expires, in Unix milliseconds.
    pub expires: u64,
    /// Whether this is the session that sent the request.
    pub current: bool,
}

/// Parameters of `account.delete`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeleteAccount<'a> {
    /// The session token.
    #[serde(borrow)]
    pub token: Token<'a>,
    /// The account to delete; `None` means the account of the session's user. Only an administrator may
    /// delete another account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<UserName>,
    /// The current password. It is required to delete the account of the session's user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<Password>,
    /// Whether the server also deletes all messages and files of the user.
    #[serde(default, skip_serializing_if = "is_false")]
    pub erase: bool,
}

/// Parameters of `user.set`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetUser<'a> {
    /// The session token.
    #[serde(borrow)]
    pub token: Token<'a>,
    /// The new display name. An empty text removes the display name.
    pub display_name: DisplayName,
}

/// Parameters of `user.block` and `user.unblock`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OneUser<'a> {
    /// The session token.
    #[serde(borrow)]
    pub token: Token<'a>,
    /// The other user.
    pub user: UserName,
}

/// Result of `user.blocks`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Blocks {
    /// The blocked users of the page, in alphabetical order.
    pub users: Vec<Block>,
    /// Whether more users follow.
    pub more: bool,
}

/// A user whom the session's user has blocked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Block {
    /// The blocked user.
    pub user: UserName,
    /// When the user was blocked, in Unix milliseconds.
    pub at: u64,
}

/// The empty result of methods that return no data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {}

/// Parameters of methods that list names in alphabetical order, such as `user.list` and `channel.list`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListNames<'a> {
    /// The session token.
    #[serde(borrow)]
    pub token: Token<'a>,
    /// The last name of the previous page. `None` for the first page.
    #[serde(default, skip_serializing_if = "Option::is_none", borrow)]
    pub after: Option<Cow<'a, str>>,
}

/// Result of `user.list`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Users {
    /// The users of the page, in alphabetical order.
    pub users: Vec<UserInfo>,
    /// Whether more users follow.
    pub more: bool,
}

/// The public data of a user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserInfo {
    /// The user's name.
    pub user: UserName,
    /// The display name, which a front end shows next to the user's name.
    #[serde(default, skip_serializing_if = "DisplayName::is_empty")]
    pub display_name: DisplayName,
    /// The time of the registration, in Unix milliseconds.
    pub since: u64,
    /// Whether the user is a bot, such as an incoming webhook.
    #[serde(default, skip_serializing_if = "is_false")]
    pub bot: bool,
    /// The user's presence. `None` shortly after server startup, until heartbeats arrive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<State>,
    /// The time at which an offline user was last online or away, in Unix milliseconds. `None` if the user
    /// never was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen: Option<u64>,
}

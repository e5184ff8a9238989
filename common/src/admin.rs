//! Methods for administrators: all methods `admin.*`.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::accounts::Token;
use crate::channels::{LaterNames, is_false};
use crate::names::{ChannelName, UserName};

/// Parameters of `admin.users`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListUsers<'a> {
    /// The session token.
    #[serde(borrow)]
    pub token: Token<'a>,
    /// The last name of the previous page. `None` for the first page.
    #[serde(default, skip_serializing_if = "Option::is_none", borrow)]
    pub after: Option<Cow<'a, str>>,
    /// Whether the result also has the bytes of files.
    #[serde(default, skip_serializing_if = "is_false")]
    pub files: bool,
}

/// Result of `admin.users`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Users {
    /// The accounts of the page, in alphabetical order.
    pub users: Vec<User>,
    /// Whether more accounts follow.
    pub more: bool,
    /// The quota of each user: the bytes that their files may use. Only for [`ListUsers::files`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quota_bytes: Option<u64>,
}

/// The data of an account for administrators.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// The user's name.
    pub user: UserName,
    /// The time of the registration, in Unix milliseconds.
    pub since: u64,
    /// Whether the user is an administrator.
    #[serde(default, skip_serializing_if = "is_false")]
    pub administrator: bool,
    /// Whether the account is disabled.
    #[serde(default, skip_serializing_if = "is_false")]
    pub disabled: bool,
    /// The number of open sessions of the user.
    pub sessions: u64,
    /// The bytes of the quota that the files of the user use. Only for [`ListUsers::files`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file_bytes: Option<u64>,
}

/// Result of `admin.channels`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Channels {
    /// The channels of the page, in alphabetical order. Private channels are included.
    pub channels: Vec<Channel>,
    /// Whether more channels follow.
    pub more: bool,
}

/// The data of a channel for administrators, without its messages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Channel {
    /// The channel's first name.
    pub channel: ChannelName,
    /// The later names of the channel.
    #[serde(flatten)]
    pub names: LaterNames,
    /// The time of the creation, in Unix milliseconds.
    pub since: u64,
    /// Whether only invited users may join.
    #[serde(default, skip_serializing_if = "is_false")]
    pub private: bool,
    /// The number of members.
    pub members: u64,
    /// The first owner in alphabetical order. `None` if all members have left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<UserName>,
    /// The number of events in the channel.
    pub n: u64,
}

/// Parameters of `admin.sessions`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListSessions<'a> {
    /// The session token.
    #[serde(borrow)]
    pub token: Token<'a>,
    /// The user whose sessions are listed. `None` lists the sessions of all users.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<UserName>,
    /// The last user of the previous page. `None` for the first page.
    #[serde(default, skip_serializing_if = "Option::is_none", borrow)]
    pub after: Option<Cow<'a, str>>,
}

/// Result of `admin.sessions`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sessions {
    /// The sessions of the page, ordered by user. The sessions of one user are always on one page.
    pub sessions: Vec<Session>,
    /// Whether more users follow.
    pub more: bool,
}

/// An open session of a user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// The user of the session.
    pub user: UserName,
    /// The id of the session: the `jti` of its token (RFC 7519).
    pub session: Uuid,
    /// The time of the login, in Unix milliseconds.
    pub opened: u64,
    /// The time at which the token expires, in Unix milliseconds.
    pub expires: u64,
}

/// Parameters of `admin.disable`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Disable<'a> {
    /// The session token.
    #[serde(borrow)]
    pub token: Token<'a>,
    /// The user to disable or enable.
    pub user: UserName,
    /// Whether to disable the account. `false` enables it.
    #[serde(default = "yes")]
    pub disabled: bool,
}

/// Result of `admin.disable`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Disabled {
    /// The number of sessions that the server ended.
    pub ended: u64,
}

/// Parameters of `admin.promote`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Promote<'a> {
    /// The session token.
    #[serde(borrow)]
    pub token: Token<'a>,
    /// The user to promote or demote.
    pub user: UserName,
    /// Whether the user becomes an administrator. `false` removes the right.
    #[serde(default = "yes")]
    pub administrator: bool,
}

fn yes() -> bool {
    true
}

/// Parameters of `admin.reset_password`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResetPassword<'a> {
    /// The session token.
    #[serde(borrow)]
    pub token: Token<'a>,
    /// The user who has forgotten the password.
    pub user: UserName,
}

/// Result of `admin.reset_password`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResetCode {
    /// The code for `auth.reset`. It works once.
    pub code: String,
    /// The time at which the code expires, in Unix milliseconds.
    pub expires: u64,
}

/// Result of `admin.stats`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stats {
    /// The number of accounts.
    pub users: u64,
    /// The number of administrators.
    pub administrators: u64,
    /// The number of disabled accounts.
    pub disabled: u64,
    /// The number of open sessions.
    pub sessions: u64,
    /// The number of channels.
    pub channels: u64,
    /// The number of private channels.
    pub private_channels: u64,
    /// The number of pairs of users who have direct messages.
    pub direct_conversations: u64,
    /// The number of users who are online or away.
    pub present: u64,
    /// The number of records in the log.
    pub records: u64,
}

//! Administration: `admin.users`, `admin.channels`, `admin.sessions`, `admin.disable`, `admin.promote`, `admin.stats`.
//! All of it is for administrators only.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::accounts::Token;
use crate::channels::is_false;
use crate::names::{ChannelName, UserName};

/// Result of `admin.users`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Users {
    /// One page, in alphabetical order.
    pub users: Vec<User>,
    /// Whether there are more after the last one.
    pub more: bool,
}

/// An account, as administrators see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// The name.
    pub user: UserName,
    /// When the account was made, in Unix milliseconds.
    pub since: u64,
    /// Whether they are an administrator.
    #[serde(default, skip_serializing_if = "is_false")]
    pub administrator: bool,
    /// Whether they are shut out.
    #[serde(default, skip_serializing_if = "is_false")]
    pub disabled: bool,
    /// How many sessions they have open.
    pub sessions: u64,
}

/// Result of `admin.channels`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Channels {
    /// One page, in alphabetical order, the private ones too.
    pub channels: Vec<Channel>,
    /// Whether there are more after the last one.
    pub more: bool,
}

/// A channel, as administrators see it: that it is there and how large, not what is said in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Channel {
    /// The name.
    pub channel: ChannelName,
    /// When it was made, in Unix milliseconds.
    pub since: u64,
    /// Whether only the invited may join.
    #[serde(default, skip_serializing_if = "is_false")]
    pub private: bool,
    /// How many members it has.
    pub members: u64,
    /// The first of its owners by name: whom to talk to. Nobody when all members have left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<UserName>,
    /// How many events it holds.
    pub n: u64,
}

/// Parameters of `admin.sessions`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListSessions<'a> {
    /// The session that asks.
    #[serde(borrow)]
    pub token: Token<'a>,
    /// Only those of one user; without it, everybody's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<UserName>,
    /// Only those of users after this one; the last name of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none", borrow)]
    pub after: Option<Cow<'a, str>>,
}

/// Result of `admin.sessions`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sessions {
    /// One page, by user; a page holds all sessions of the users in it.
    pub sessions: Vec<Session>,
    /// Whether there are more after the last user.
    pub more: bool,
}

/// Somebody's open session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Whose.
    pub user: UserName,
    /// The token's own identity (RFC 7519, `jti`).
    pub session: Uuid,
    /// When it was opened, in Unix milliseconds.
    pub opened: u64,
    /// When it ends, in Unix milliseconds.
    pub expires: u64,
}

/// Parameters of `admin.disable`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Disable<'a> {
    /// The session.
    #[serde(borrow)]
    pub token: Token<'a>,
    /// Whom.
    pub user: UserName,
    /// Whether they are shut out from now on; `false` lets them in again.
    #[serde(default = "yes")]
    pub disabled: bool,
}

/// Result of `admin.disable`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Disabled {
    /// How many of their sessions were ended.
    pub ended: u64,
}

/// Parameters of `admin.promote`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Promote<'a> {
    /// The session.
    #[serde(borrow)]
    pub token: Token<'a>,
    /// Whom.
    pub user: UserName,
    /// Whether they are an administrator from now on.
    #[serde(default = "yes")]
    pub administrator: bool,
}

fn yes() -> bool {
    true
}

/// Result of `admin.stats`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stats {
    /// Accounts.
    pub users: u64,
    /// Those of them that are administrators.
    pub administrators: u64,
    /// Those of them that are shut out.
    pub disabled: u64,
    /// Open sessions.
    pub sessions: u64,
    /// Channels.
    pub channels: u64,
    /// Those of them that are private.
    pub private_channels: u64,
    /// Conversations between two users.
    pub direct_conversations: u64,
    /// People who are there.
    pub present: u64,
    /// Records in the log.
    pub records: u64,
}

//! Join codes: all methods `join_code.*`. A node that is not open requires a code for `auth.register`.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::accounts::Token;
use crate::names::UserName;

/// Parameters of `join_code.create`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateJoinCode<'a> {
    /// The session token.
    #[serde(borrow)]
    pub token: Token<'a>,
    /// The number of accounts that can be registered with the code.
    #[serde(default = "one")]
    pub uses: u32,
    /// The number of days after which the code expires.
    #[serde(default = "week")]
    pub days: u32,
    /// A note for administrators, such as the person who receives the code.
    #[serde(default, skip_serializing_if = "str::is_empty", borrow)]
    pub note: Cow<'a, str>,
}

fn one() -> u32 {
    1
}

fn week() -> u32 {
    7
}

/// Result of `join_code.create`. The server stores only the SHA-256 of the code, so the code cannot be read
/// later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreatedJoinCode {
    /// The id of the code, for `join_code.revoke`.
    pub id: Uuid,
    /// The code.
    pub code: String,
    /// The time at which the code expires, in Unix milliseconds.
    pub expires: u64,
}

/// Result of `join_code.list`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JoinCodes {
    /// The codes that can be used, the newest last.
    pub codes: Vec<JoinCode>,
}

/// A join code without its text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JoinCode {
    /// The id of the code.
    pub id: Uuid,
    /// The administrator who created the code.
    pub by: UserName,
    /// The number of accounts that can still be registered with the code.
    pub uses: u32,
    /// The time at which the code expires, in Unix milliseconds.
    pub expires: u64,
    /// The note of the administrator.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
}

/// Parameters of `join_code.revoke`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevokeJoinCode<'a> {
    /// The session token.
    #[serde(borrow)]
    pub token: Token<'a>,
    /// The id of the code.
    pub id: Uuid,
}

//! Bots: all methods `bot.*`. A bot is an account without a password. Each of its tokens permits some methods
//! in some conversations, and does not expire.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::accounts::Token;
use crate::conversations::Target;
use crate::names::UserName;

/// The methods that the token of a bot permits. Each scope includes the scopes before it. The table of
/// methods has the scope that each method needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Methods that change nothing, such as history and downloads.
    Read,
    /// Also messages, files, reactions, read marks and presence.
    Write,
    /// Also moderation, and the lists for administrators, if the account of the bot has these rights.
    Admin,
    /// Methods that no token of a bot permits: they change accounts, sessions and tokens, or return data of
    /// all conversations. No token has this scope.
    #[serde(skip)]
    Person,
}

impl Scope {
    /// The name of the scope in requests and for users.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Admin => "admin",
            Self::Person => "person",
        }
    }
}

/// Parameters of `bot.create`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateBot<'a> {
    /// The session token.
    #[serde(borrow)]
    pub token: Token<'a>,
    /// The name of the bot's account.
    pub name: UserName,
    /// The methods that the new token permits.
    pub scope: Scope,
    /// The conversations in which the new token permits them, as the bot addresses them. The bot becomes a
    /// member of the channels.
    pub conversations: Vec<Target>,
}

/// Result of `bot.create`. The server stores only the SHA-256 of the token, so it cannot be read later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreatedBot {
    /// The id of the token, for `bot.revoke`.
    pub id: Uuid,
    /// The token, which replaces a session token in requests.
    pub token: String,
}

/// Result of `bot.list`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bots {
    /// The tokens of this page, oldest first.
    pub bots: Vec<Bot>,
    /// Whether more tokens follow.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub more: bool,
}

/// A token of a bot, without its text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bot {
    /// The id of the token.
    pub id: Uuid,
    /// The name of the bot's account.
    pub name: UserName,
    /// The user who created the token.
    pub by: UserName,
    /// The methods that the token permits.
    pub scope: Scope,
    /// The conversations of the token. Channels have their first names.
    pub conversations: Vec<Target>,
    /// The time of the creation, in Unix milliseconds.
    pub created: u64,
    /// The time of the last use, in Unix milliseconds, at most a day too early. `None` if the token was never
    /// used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used: Option<u64>,
}

/// Parameters of `bot.revoke`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevokeBot<'a> {
    /// The session token.
    #[serde(borrow)]
    pub token: Token<'a>,
    /// The id of the bot's token.
    pub id: Uuid,
}

//! Notification levels: `notify.set`, `notify.list`. The server stores them for each user; front ends use
//! them for bells, notifications and unread counts.

use serde::{Deserialize, Serialize};

use crate::accounts::Token;
use crate::conversations::Target;

/// The messages of a conversation that notify a user.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// No message.
    None,
    /// Messages that mention the user.
    Mentions,
    /// Messages that mention the user, and all direct messages. All messages count as unread.
    #[default]
    All,
}

impl Level {
    /// Whether this is the level of a conversation that the user has not changed.
    #[must_use]
    pub fn is_all(&self) -> bool {
        *self == Self::All
    }
}

/// Parameters of `notify.set`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetLevel<'a> {
    /// The session token.
    #[serde(borrow)]
    pub token: Token<'a>,
    /// The conversation. `None` sets the maximum for all conversations: `none` means "do not disturb".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conversation: Option<Target>,
    /// The new level.
    pub level: Level,
}

/// Result of `notify.list`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Levels {
    /// The maximum for all conversations.
    pub level: Level,
    /// The conversations whose level is not `all`: first channels, then users.
    pub conversations: Vec<LevelOf>,
}

/// The level of one conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LevelOf {
    /// The conversation as the user names it.
    pub conversation: Target,
    /// Its level.
    pub level: Level,
}

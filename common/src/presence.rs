//! Presence and typing: `presence.set`, `typing.set`.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::accounts::Token;
use crate::conversations::Target;
use crate::names::UserName;

/// The presence of a user: the highest state of all sessions of the user, in the order of the variants.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// No session sends heartbeats.
    #[default]
    Offline,
    /// Connected, but not at the keyboard.
    Away,
    /// Connected and at the keyboard.
    Online,
}

/// Parameters of `presence.set`. A client repeats the request every `heartbeat_ms`; otherwise its session
/// becomes offline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetPresence<'a> {
    /// The session token.
    #[serde(borrow)]
    pub token: Token<'a>,
    /// The state of the connection.
    pub state: State,
    /// An id that the program chooses when it starts. A session has the highest state of its connections.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection: Option<Uuid>,
}

/// Result of `presence.set`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PresenceReply {
    /// The topic of all users' presence. It may differ from the topic of the previous reply.
    pub topic: String,
    /// The delay before the next `presence.set`, in milliseconds.
    pub heartbeat_ms: u64,
}

/// A user's new state, in a notice of presence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// The user.
    pub user: UserName,
    /// The new state.
    pub state: State,
}

/// Parameters of `typing.set`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetTyping<'a> {
    /// The session token.
    #[serde(borrow)]
    pub token: Token<'a>,
    /// The conversation in which the user is typing.
    pub to: Target,
    /// Whether the user is typing, or has stopped.
    pub typing: bool,
}

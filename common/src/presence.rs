//! Who is there, and who is writing: `presence.set`, `typing.set`, and what others are told of it.

use serde::{Deserialize, Serialize};

use crate::accounts::Token;
use crate::conversations::Target;
use crate::names::UserName;

/// Whether somebody is there; of several sessions the greatest counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// No session is there.
    #[default]
    Offline,
    /// Connected, but not at the keyboard.
    Away,
    /// There.
    Online,
}

/// Parameters of `presence.set`: this session's own state. Said again every `heartbeat_ms`, or it counts as gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetPresence<'a> {
    /// The session.
    #[serde(borrow)]
    pub token: Token<'a>,
    /// What it is.
    pub state: State,
}

/// Result of `presence.set`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PresenceSet {
    /// Where changes of everybody's presence are published. It may be another one each time.
    pub topic: String,
    /// When to say it again, in milliseconds.
    pub heartbeat_ms: u64,
}

/// What somebody is from now on, as the notice says it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Who.
    pub user: UserName,
    /// What.
    pub state: State,
}

/// Parameters of `typing.set`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetTyping<'a> {
    /// The session.
    #[serde(borrow)]
    pub token: Token<'a>,
    /// Where something is being written.
    pub to: Target,
    /// Whether it is, or not any more.
    pub typing: bool,
}

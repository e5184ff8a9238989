//! Messages: `message.send`.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::accounts::Token;
use crate::conversations::Target;
use crate::text::Text;

/// Parameters of `message.send`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Send<'a> {
    /// The session.
    #[serde(borrow)]
    pub token: Token<'a>,
    /// `#channel` or `@user`.
    pub to: Target,
    /// The sender's own, a UUID of version 7 (RFC 9562): sending it again changes nothing and is answered with
    /// the first result.
    pub id: Uuid,
    /// What to say.
    #[serde(borrow)]
    pub text: Text<'a>,
    /// The number of the event that it answers, in the same conversation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply: Option<u64>,
}

/// Result of `message.send`: the message is on disk under this number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sent {
    /// Its number in the conversation.
    pub n: u64,
    /// When the server took it, in Unix milliseconds.
    pub at: u64,
}

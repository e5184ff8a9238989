//! Messages: `message.send`.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::accounts::Token;
use crate::conversations::Target;
use crate::names::ChannelName;
use crate::text::Text;

/// Parameters of `message.send`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Send<'a> {
    /// The session token.
    #[serde(borrow)]
    pub token: Token<'a>,
    /// The conversation that the message is sent to.
    pub to: Target,
    /// A UUID of version 7 (RFC 9562) that the client creates. A request with a known `id` returns the result
    /// of the first request.
    pub id: Uuid,
    /// The text of the message.
    #[serde(borrow)]
    pub text: Text<'a>,
    /// The number of the event in the same conversation that the message replies to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply: Option<u64>,
}

/// Result of `message.send`: the message is durable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sent {
    /// The number of the message in its conversation.
    pub n: u64,
    /// The time at which the server accepted the message, in Unix milliseconds.
    pub at: u64,
    /// The first name of the channel, if the request named it by a later name. The event has the first name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<ChannelName>,
}

impl Sent {
    /// The result for the event `n`, which the server accepted at `at` (Unix milliseconds).
    #[must_use]
    pub fn new(n: u64, at: u64) -> Self {
        Self { n, at, channel: None }
    }
}

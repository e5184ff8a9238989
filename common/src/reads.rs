//! Read marks and unread counts: `read.mark`, `read.list`.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::accounts::Token;
use crate::conversations::Target;

/// Parameters of `read.mark`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MarkRead<'a> {
    /// The session token.
    #[serde(borrow)]
    pub token: Token<'a>,
    /// The conversation that the user has read.
    pub conversation: Target,
    /// The number of the last event that the user has read. The server moves a read mark only forward, and at
    /// most to the newest event.
    pub n: u64,
}

/// Result of `read.mark`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marked {
    /// The number of unread messages in the conversation.
    pub unread: u64,
}

/// Parameters of `read.list`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListReads<'a> {
    /// The session token.
    #[serde(borrow)]
    pub token: Token<'a>,
    /// The last conversation of the previous page. `None` for the first page.
    #[serde(default, skip_serializing_if = "Option::is_none", borrow)]
    pub after: Option<Cow<'a, str>>,
}

/// Result of `read.list`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reads {
    /// The conversations of the page: first channels, then users, each in alphabetical order.
    pub conversations: Vec<Reading>,
    /// Whether more conversations follow.
    pub more: bool,
}

/// The read mark and the unread count of one conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    /// The conversation as the user names it.
    pub conversation: Target,
    /// The number of the last event that the user has read, or 0.
    pub n: u64,
    /// The number of the newest event.
    pub head: u64,
    /// The number of messages and files after the event `n`. Other events do not count.
    pub unread: u64,
    /// The number of unread messages that mention the user.
    pub mentions: u64,
}

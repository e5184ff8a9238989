//! Read marks and unread counts: all methods `read.*`.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::accounts::Token;
use crate::channels::is_false;
use crate::conversations::Target;
use crate::names::UserName;

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

/// Parameters of `read.share`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShareReads<'a> {
    /// The session token.
    #[serde(borrow)]
    pub token: Token<'a>,
    /// Whether others see the user's read marks in direct conversations.
    pub shared: bool,
}

/// Parameters of `read.peer`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeerOf<'a> {
    /// The session token.
    #[serde(borrow)]
    pub token: Token<'a>,
    /// The other user of the direct conversation.
    pub user: UserName,
}

/// Result of `read.peer`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Peer {
    /// Whether the user of the session shares their read marks.
    #[serde(default, skip_serializing_if = "is_false")]
    pub shared: bool,
    /// The number of the last event that the other user has read, or 0. `None` unless both share their read
    /// marks, or if the other user blocks the user of the session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub n: Option<u64>,
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

//! How far one has read: `read.mark`, `read.list`.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::accounts::Token;
use crate::conversations::Target;

/// Parameters of `read.mark`: everything up to `n` has been read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MarkRead<'a> {
    /// The session.
    #[serde(borrow)]
    pub token: Token<'a>,
    /// `#channel` or `@user`.
    pub conversation: Target,
    /// The last event that was read. A mark never goes back, and not beyond the newest event.
    pub n: u64,
}

/// Result of `read.mark`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marked {
    /// How many messages of the conversation are still unread.
    pub unread: u64,
}

/// Parameters of `read.list`: the asker's conversations, a page at a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListReads<'a> {
    /// The session.
    #[serde(borrow)]
    pub token: Token<'a>,
    /// Only conversations after this one; the last of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none", borrow)]
    pub after: Option<Cow<'a, str>>,
}

/// Result of `read.list`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reads {
    /// One page, channels first, then users, each in alphabetical order.
    pub conversations: Vec<Reading>,
    /// Whether there are more after the last one.
    pub more: bool,
}

/// How far the asker has read one conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    /// As the asker names it.
    pub conversation: Target,
    /// The last event that was read; 0 when none was.
    pub n: u64,
    /// The number of the newest event.
    pub head: u64,
    /// How many messages came after the one that was read last; other events do not count.
    pub unread: u64,
}

//! Channels: `channel.create`, `channel.list`, `channel.join`, `channel.leave`, `channel.members`.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::accounts::Token;
use crate::names::{ChannelName, UserName};

/// Parameters of `channel.create`, `channel.join` and `channel.leave`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OneChannel<'a> {
    /// The session.
    #[serde(borrow)]
    pub token: Token<'a>,
    /// Which channel.
    pub channel: ChannelName,
}

/// Result of `channel.create` and `channel.join`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Joined {
    /// The name in its canonical form.
    pub channel: ChannelName,
    /// Where its events are published.
    pub topic: String,
    /// The number of its newest event, which is the joining itself unless one was a member before.
    pub n: u64,
}

/// Parameters of `channel.members`: a page of names at a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListMembers<'a> {
    /// The session.
    #[serde(borrow)]
    pub token: Token<'a>,
    /// Which channel.
    pub channel: ChannelName,
    /// Only names after this one; the last name of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none", borrow)]
    pub after: Option<Cow<'a, str>>,
}

/// Result of `channel.members`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Members {
    /// One page, in alphabetical order.
    pub members: Vec<UserName>,
    /// Whether there are more after the last one.
    pub more: bool,
}

/// Result of `channel.list`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Channels {
    /// One page, in alphabetical order.
    pub channels: Vec<ChannelInfo>,
    /// Whether there are more after the last one.
    pub more: bool,
}

/// A channel, as anybody sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelInfo {
    /// The name.
    pub channel: ChannelName,
    /// How many members it has.
    pub members: u64,
    /// Whether the asker is one of them.
    pub member: bool,
}

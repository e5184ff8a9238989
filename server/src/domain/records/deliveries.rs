//! An outgoing webhook, and a change of its deliveries.

use common::deliveries::HookUrl;
use common::{ChannelName, UserName};
use serde::{Deserialize, Serialize};

/// An outgoing webhook that was not revoked, as `users.json` stores it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutgoingHook {
    /// The moderator who created the hook.
    pub by: UserName,
    /// The account of the hook. It delivers what this account may read.
    pub user: UserName,
    pub channel: ChannelName,
    pub url: HookUrl,
    /// The number of the last event that the receiver accepted.
    pub n: u64,
    /// The first failure since the last accepted event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub paused: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The time in Unix milliseconds.
    pub since: u64,
    pub error: Box<str>,
}

/// A change of the deliveries of a hook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub enum Step {
    /// The receiver accepted the events up to `n`.
    Delivered { n: u64 },
    /// A delivery failed, and the one before did not. Further failures are not recorded.
    Failing { error: Box<str> },
    /// Deliveries failed for too long.
    Paused,
    /// A moderator resumed the deliveries.
    Resumed { by: UserName },
}

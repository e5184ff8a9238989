//! The subscription of a browser to pushes.

use common::DisplayName;
use common::push::{BrowserKey, BrowserSecret, PushEndpoint};
use serde::{Deserialize, Serialize};

/// The subscription of a session's browser, as `users.json` stores it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PushSubscription {
    pub endpoint: PushEndpoint,
    pub p256dh: BrowserKey,
    pub auth: BrowserSecret,
    #[serde(default, skip_serializing_if = "DisplayName::is_empty")]
    pub name: DisplayName,
    /// The time of the subscription in Unix milliseconds.
    pub since: u64,
    /// The pushes of all messages up to this record were sent, or were not necessary.
    pub record: u64,
}

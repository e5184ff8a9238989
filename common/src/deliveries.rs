//! Outgoing webhooks: the address of a receiver, the state of its deliveries, and the methods `delivery.*`.
//!
//! With these methods, the gateway of the node takes signed events from the server, and reports the events
//! that the receivers accepted. Other clients may not call them.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::errors::{Detail, refused};
use crate::limits::HOOK_URL_BYTES_MAX;

/// The line that the server publishes on the topic of [`TakenDeliveries::topic`] when a hook may have events.
pub const NOTICE: &[u8] = b"{\"kind\":\"deliveries\"}";

/// The address of a receiver: HTTP or HTTPS, in ASCII, without a user name and without a fragment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct HookUrl(Box<str>);

impl HookUrl {
    /// Checks the form of an address. The gateway checks the addresses of the host when it connects.
    pub fn new(url: &str) -> Result<Self, Detail> {
        let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
        let is_visible = |byte: u8| byte.is_ascii_graphic() && !b"\"#<>\\^`{|}".contains(&byte);
        let host = rest.and_then(|rest| rest.split(['/', '?']).next()).unwrap_or_default();
        let is_valid = !host.is_empty() && !host.contains('@') && url.bytes().all(is_visible);
        if is_valid && url.len() <= HOOK_URL_BYTES_MAX {
            Ok(Self(url.into()))
        } else {
            Err(Detail::BadHookUrl { max: HOOK_URL_BYTES_MAX })
        }
    }

    /// The address as a string slice.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The host with its port. The path may be a secret of the receiver.
    #[must_use]
    pub fn host(&self) -> &str {
        let rest = self.0.split_once("://").map_or("", |(_, rest)| rest);
        rest.split(['/', '?']).next().unwrap_or_default()
    }
}

impl<'de> Deserialize<'de> for HookUrl {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(&crate::text::borrowed(deserializer)?).map_err(refused)
    }
}

/// The deliveries of an outgoing webhook, in `hook.list`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// The address of the receiver.
    pub url: HookUrl,
    /// The number of the last event that the receiver accepted.
    pub n: u64,
    /// The number of the newest event of the channel.
    pub head: u64,
    /// The state of the deliveries.
    pub state: DeliveryState,
    /// The time of the first failure since the last accepted event, in Unix milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<u64>,
    /// The last error since the last accepted event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// The state of the deliveries of an outgoing webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// The receiver accepted the last delivery, or there was none.
    Active,
    /// The last delivery failed. The gateway will repeat it after a delay.
    Failing,
    /// Deliveries failed for a day, and the server paused the webhook.
    Paused,
    /// The account of the webhook may not read the channel, or the account of its creator was disabled or
    /// deleted.
    NotMember,
}

/// Parameters of `delivery.take`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TakeDeliveries {
    /// The maximum number of runs.
    pub runs: usize,
    /// The hooks with a run that the gateway has not finished.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub busy: Vec<Uuid>,
}

/// Result of `delivery.take`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TakenDeliveries {
    /// The runs, at most one for each hook.
    pub runs: Vec<Run>,
    /// The topic of the notice that further runs may be ready.
    pub topic: String,
    /// Milliseconds after which the gateway calls `delivery.take` again, even without a notice.
    pub wait_ms: u64,
}

/// Consecutive events for one receiver.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Run {
    /// The id of the hook.
    pub hook: Uuid,
    /// Identifies the run in the report.
    pub lease: u64,
    /// The address of the receiver.
    pub url: HookUrl,
    /// The events, in the order of their numbers.
    pub events: Vec<SignedEvent>,
}

/// An event, with the values of the HTTP headers with which the gateway posts it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SignedEvent {
    /// The number of the event.
    pub n: u64,
    /// The header `webhook-id`.
    pub id: String,
    /// The header `webhook-timestamp`, in Unix seconds.
    pub timestamp: u64,
    /// The header `webhook-signature`.
    pub signature: String,
    /// The body: the event line.
    pub event: Box<RawValue>,
}

/// Parameters of `delivery.report`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportDelivery<'a> {
    /// The id of the hook.
    pub hook: Uuid,
    /// The run, from `delivery.take`.
    pub lease: u64,
    /// The number of the last event of the run that the receiver accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub n: Option<u64>,
    /// The error of the next event, if its delivery failed.
    #[serde(default, skip_serializing_if = "Option::is_none", borrow)]
    pub error: Option<Cow<'a, str>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_http_in_ascii_without_a_user() {
        for (url, host) in [
            ("https://ci.example/papo?key=1", "ci.example"),
            ("http://127.0.0.1:8080", "127.0.0.1:8080"),
            ("http://[::1]:80/a@b", "[::1]:80"),
            ("https://ci.example?a", "ci.example"),
        ] {
            assert_eq!(HookUrl::new(url).expect(url).host(), host);
        }
        let long = format!("https://ci.example/{}", "a".repeat(HOOK_URL_BYTES_MAX));
        for url in [
            "",
            "ci.example",
            "https://",
            "https:///path",
            "ftp://ci.example",
            "file:///etc/passwd",
            "https://user:password@ci.example/",
            "https://ci.example/#part",
            "https://ci.example/a b",
            "https://ci.example/\r\nX: y",
            "https://café.example/",
            "HTTPS://ci.example/",
            &*long,
        ] {
            assert_eq!(HookUrl::new(url), Err(Detail::BadHookUrl { max: HOOK_URL_BYTES_MAX }), "{url}");
        }
    }
}

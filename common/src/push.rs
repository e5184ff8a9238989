//! Web Push: the subscriptions of browsers, and the methods `push.*`.
//!
//! A browser that is closed still receives notifications through the push service of its vendor (RFC 8030).
//! The server decides which users are notified; the gateway of the node encrypts each push for its browser
//! (RFC 8291) and sends it. Only the gateway may call `push.take` and `push.report`.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer, Serialize};
use uuid::Uuid;

use crate::accounts::Token;
use crate::deliveries::HookUrl;
use crate::errors::{Detail, refused};
use crate::limits::HOOK_URL_BYTES_MAX;
use crate::text::borrowed;
use crate::{ChannelName, DisplayName, Target, UserName};

/// The address at which a push service accepts pushes for one browser: HTTPS, in ASCII. HTTP is accepted for
/// this machine only, for tests; the gateway also needs `--hooks-allow` for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct PushEndpoint(HookUrl);

impl PushEndpoint {
    /// Checks the form of an endpoint. The gateway checks the addresses of the host when it connects.
    pub fn new(url: &str) -> Result<Self, Detail> {
        let invalid = Detail::BadPushEndpoint { max: HOOK_URL_BYTES_MAX };
        let Ok(url) = HookUrl::new(url) else { return Err(invalid) };
        let host = url.host().rsplit_once(':').map_or(url.host(), |(host, _)| host);
        let is_local = matches!(host, "127.0.0.1" | "[::1]" | "localhost");
        if url.as_str().starts_with("https://") || is_local { Ok(Self(url)) } else { Err(invalid) }
    }

    /// The endpoint as a string slice.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The host with its port. The path is a secret of the browser.
    #[must_use]
    pub fn host(&self) -> &str {
        self.0.host()
    }

    /// The scheme, the host and the port: the audience of a signature (RFC 8292).
    #[must_use]
    pub fn origin(&self) -> &str {
        let rest = self.as_str().find("://").map_or(0, |at| at + 3);
        let end = self.as_str().get(rest..).and_then(|rest| rest.find(['/', '?']));
        end.and_then(|end| self.as_str().get(..rest + end)).unwrap_or(self.as_str())
    }
}

impl<'de> Deserialize<'de> for PushEndpoint {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(&borrowed(deserializer)?).map_err(refused)
    }
}

/// Bytes in Base64 for URLs without padding, of a fixed number of characters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct PushKey<const CHARACTERS: usize>(Box<str>);

/// The public key of a browser: a point of P-256, not compressed.
pub type BrowserKey = PushKey<87>;

/// The secret that the browser shares with the sender: 16 bytes.
pub type BrowserSecret = PushKey<22>;

impl<const CHARACTERS: usize> PushKey<CHARACTERS> {
    /// Checks the number of characters and the alphabet.
    pub fn new(text: &str) -> Result<Self, Detail> {
        let is_known = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        let is_valid = text.len() == CHARACTERS && text.bytes().all(is_known);
        if is_valid { Ok(Self(text.into())) } else { Err(Detail::BadPushKey) }
    }

    /// The key as a string slice.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'de, const CHARACTERS: usize> Deserialize<'de> for PushKey<CHARACTERS> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(&borrowed(deserializer)?).map_err(refused)
    }
}

/// Parameters of `push.subscribe`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subscribe<'a> {
    /// The session token.
    #[serde(borrow)]
    pub token: Token<'a>,
    /// The endpoint of the browser's subscription.
    pub endpoint: PushEndpoint,
    /// The public key of the browser.
    pub p256dh: BrowserKey,
    /// The secret of the browser.
    pub auth: BrowserSecret,
    /// The name of the browser, as `push.list` shows it.
    #[serde(default, skip_serializing_if = "DisplayName::is_empty")]
    pub name: DisplayName,
}

/// Result of `push.key`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerKey {
    /// The public key with which the node signs (RFC 8292), for the `applicationServerKey` of a browser.
    pub key: String,
}

/// Result of `push.list`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subscriptions {
    /// The subscriptions, the oldest session first.
    pub subscriptions: Vec<Subscription>,
}

/// A browser that receives the pushes of a user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subscription {
    /// The session of the browser. The subscription ends with it.
    pub session: Uuid,
    /// The host of the push service.
    pub host: String,
    /// The name of the browser; empty if it gave none.
    #[serde(default, skip_serializing_if = "DisplayName::is_empty")]
    pub name: DisplayName,
    /// The time at which the browser subscribed, in Unix milliseconds.
    pub since: u64,
    /// Whether the request has the session of this subscription.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub current: bool,
}

/// Parameters of `push.take`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TakePushes {
    /// The maximum number of runs.
    pub runs: usize,
    /// The sessions with a run that the gateway has not finished.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub busy: Vec<Uuid>,
    /// The address of the page, which tells push services whom to contact (RFC 8292, `sub`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<HookUrl>,
}

/// Result of `push.take`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TakenPushes {
    /// The runs, at most one for each subscription.
    pub runs: Vec<PushRun>,
    /// The topic of the notice that further runs may be ready.
    pub topic: String,
    /// Milliseconds after which the gateway calls `push.take` again, even without a notice.
    pub wait_ms: u64,
}

/// Pushes for one browser.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PushRun {
    /// The session of the subscription.
    pub session: Uuid,
    /// The user of the session.
    pub user: UserName,
    /// Identifies the run in the report.
    pub lease: u64,
    /// The endpoint of the subscription.
    pub endpoint: PushEndpoint,
    /// The public key of the browser.
    pub p256dh: BrowserKey,
    /// The secret of the browser.
    pub auth: BrowserSecret,
    /// The header `Authorization` (RFC 8292).
    pub authorization: String,
    /// The pushes, in the order of their records.
    pub pushes: Vec<Push>,
}

/// A push, with the values of its HTTP headers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Push {
    /// The number of the record of the message, for the report.
    pub record: u64,
    /// The header `Topic`: a push replaces an earlier one of the same conversation.
    pub topic: String,
    /// The header `TTL`: seconds for which the push service stores the push.
    pub ttl_s: u64,
    /// The plain text of the body, which the gateway encrypts.
    pub payload: Payload,
}

/// The content of a push: no text of a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payload {
    /// The user of the session. A browser can have sessions of several users.
    pub user: UserName,
    /// The conversation with the message, as the user addresses it.
    pub conversation: Target,
    /// The present name of a renamed channel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<ChannelName>,
    /// The number of the message.
    pub n: u64,
}

/// Parameters of `push.report`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportPushes<'a> {
    /// The session of the subscription.
    pub session: Uuid,
    /// The user of the session.
    pub user: UserName,
    /// The run, from `push.take`.
    pub lease: u64,
    /// The record of the last push that the push service accepted or refused permanently.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<u64>,
    /// The error of the next push, if it failed and must be repeated.
    #[serde(default, skip_serializing_if = "Option::is_none", borrow)]
    pub error: Option<Cow<'a, str>>,
    /// Milliseconds for which the push service wants no further push.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wait_ms: Option<u64>,
    /// Whether the push service no longer knows the subscription.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub gone: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_https_or_local() {
        for (url, origin) in [
            ("https://push.example/send/abc?x=1", "https://push.example"),
            ("https://push.example:8443", "https://push.example:8443"),
            ("http://127.0.0.1:8080/push", "http://127.0.0.1:8080"),
            ("http://[::1]:80/push", "http://[::1]:80"),
            ("http://localhost/push", "http://localhost"),
        ] {
            assert_eq!(PushEndpoint::new(url).expect(url).origin(), origin);
        }
        let long = format!("https://push.example/{}", "a".repeat(HOOK_URL_BYTES_MAX));
        for url in [
            "http://push.example/",
            "http://127.0.0.1.example/",
            "http://localhost.example:80/",
            "http://10.0.0.1/",
            "ws://push.example/",
            "https://user@push.example/",
            &*long,
        ] {
            let refused = Err(Detail::BadPushEndpoint { max: HOOK_URL_BYTES_MAX });
            assert_eq!(PushEndpoint::new(url), refused, "{url}");
        }
    }

    #[test]
    fn a_key_has_its_length_and_alphabet() {
        assert!(BrowserSecret::new("BTBZMqHH6r4Tts7J_aSIgg").is_ok());
        for text in ["", "BTBZMqHH6r4Tts7J_aSIg", "BTBZMqHH6r4Tts7J_aSIgg=", "BTBZMqHH6r4Tts7J/aSIgg"] {
            assert_eq!(BrowserSecret::new(text), Err(Detail::BadPushKey), "{text}");
        }
    }
}

//! The invite: the address and the public key of a node, as one word that a user gives to a colleague.
//!
//! The format is `papo://<public key>@<host>:<port>`, with the key as 64 hexadecimal digits. Z85 is shorter,
//! but its `$`, `&`, `*`, `#` and `<` have a meaning in shells and URLs.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use common::hex::{from_hex, to_hex};

use crate::keys::PublicKey;

const SCHEME: &str = "papo://";

/// The host in the invite of a node in a container, if no host is given: a placeholder. No DNS has a name
/// below `.invalid` (RFC 2606).
pub const HOST_OF_CONTAINER: &str = "set-PAPO_HOST.invalid";

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invite {
    key: PublicKey,
    host: String,
    port: u16,
    join_code: Option<String>,
}

/// Characters of a join code.
const JOIN_CODE_CHARACTERS_MAX: usize = 64;

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadInvite {
    #[error("an invite begins with papo://")]
    Scheme,
    #[error("an invite has a key of 64 hexadecimal digits before the @: papo://<key>@host:port")]
    Key,
    #[error("an invite has a host after the @, a name or an address: papo://<key>@host:port")]
    Host,
    #[error("an invite ends with a port from 1 to 65535: papo://<key>@host:port")]
    Port,
    #[error("a join code has letters and digits only: papo://<key>@host:port/<code>")]
    JoinCode,
}

impl Invite {
    pub fn new(key: PublicKey, host: &str, port: u16) -> Result<Self, BadInvite> {
        if !is_host(host) {
            return Err(BadInvite::Host);
        }
        if port == 0 {
            return Err(BadInvite::Port);
        }
        Ok(Self { key, host: host.to_owned(), port, join_code: None })
    }

    /// An invite to the node that listens at `endpoint`; `None` if the endpoint is not TCP. If `host` is
    /// `None`, the invite has the host of the endpoint. If that host is a wildcard, the invite has the name
    /// of this machine or, in a container, [`HOST_OF_CONTAINER`].
    pub fn for_endpoint(
        key: PublicKey,
        endpoint: &str,
        host: Option<&str>,
    ) -> Result<Option<Self>, BadInvite> {
        let Some(address) = endpoint.strip_prefix("tcp://") else { return Ok(None) };
        let (bound, port) = address.rsplit_once(':').ok_or(BadInvite::Port)?;
        let is_wildcard = matches!(bound, "*" | "0.0.0.0" | "[::]");
        let default_host = if is_wildcard { machine_name(is_in_container()) } else { bound.to_owned() };
        let port = port.parse().map_err(|_no_number| BadInvite::Port)?;
        Self::new(key, host.unwrap_or(&default_host), port).map(Some)
    }

    /// The same invite with a join code.
    pub fn with_join_code(self, code: &str) -> Result<Self, BadInvite> {
        let is_code = (1..=JOIN_CODE_CHARACTERS_MAX).contains(&code.len());
        if !is_code || !code.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(BadInvite::JoinCode);
        }
        Ok(Self { join_code: Some(code.to_owned()), ..self })
    }

    /// Removes the join code, which a client does not store.
    pub fn take_join_code(&mut self) -> Option<String> {
        self.join_code.take()
    }

    #[must_use]
    pub fn key(&self) -> PublicKey {
        self.key
    }

    /// The ZeroMQ endpoint of the node's broker.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("tcp://{}:{}", self.host, self.port)
    }
}

impl fmt::Display for Invite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(SCHEME)?;
        write!(f, "{}@{}:{}", to_hex(self.key.as_bytes()), self.host, self.port)?;
        self.join_code.as_ref().map_or(Ok(()), |code| write!(f, "/{code}"))
    }
}

impl FromStr for Invite {
    type Err = BadInvite;

    fn from_str(text: &str) -> Result<Self, BadInvite> {
        let rest = text.strip_prefix(SCHEME).ok_or(BadInvite::Scheme)?;
        let (digits, address) = rest.split_once('@').ok_or(BadInvite::Key)?;
        let key = from_hex(digits).map(PublicKey::from_bytes).ok_or(BadInvite::Key)?;
        let (address, code) = match address.split_once('/') {
            Some((address, code)) => (address, Some(code)),
            None => (address, None),
        };
        let (host, port) = address.rsplit_once(':').ok_or(BadInvite::Port)?;
        if !port.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(BadInvite::Port);
        }
        let invite = Self::new(key, host, port.parse().map_err(|_too_large| BadInvite::Port)?)?;
        code.map_or(Ok(invite.clone()), |code| invite.with_join_code(code))
    }
}

/// Whether `host` is a name, an IPv4 address, or an IPv6 address in brackets. libzmq or a shell could
/// interpret other characters.
fn is_host(host: &str) -> bool {
    match host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => {
            let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
            !host.is_empty() && host.len() <= 253 && !host.starts_with('-') && host.bytes().all(is_allowed)
        }
    }
}

/// Whether this process runs in a container of Docker, Podman or Kubernetes.
fn is_in_container() -> bool {
    ["/.dockerenv", "/run/.containerenv"].iter().any(|file| disk::exists(Path::new(file)))
        || std::env::var_os("KUBERNETES_SERVICE_HOST").is_some()
}

/// The host name of this machine. Other machines can often resolve it, but not the id of a container.
fn machine_name(is_container: bool) -> String {
    if is_container {
        return HOST_OF_CONTAINER.to_owned();
    }
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    if is_host(&name) { name } else { "localhost".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGITS: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1eff";

    fn key() -> PublicKey {
        from_hex(DIGITS).map(PublicKey::from_bytes).expect("a key")
    }

    #[test]
    fn an_invite_survives_a_round_trip_through_text() {
        for address in ["chat.example:5555", "127.0.0.1:1", "[2001:db8::1]:65535", "a_b-c:80"] {
            let text = format!("papo://{DIGITS}@{address}");
            let invite: Invite = text.parse().expect("an invite");
            assert_eq!(invite.to_string(), text);
            assert_eq!(invite.endpoint(), format!("tcp://{address}"));
            assert_eq!(invite.key(), key());
        }
        let upper = format!("papo://{}@h:1", DIGITS.to_uppercase());
        assert_eq!(upper.parse::<Invite>().expect("an invite").key(), key());
    }

    #[test]
    fn an_invite_can_carry_a_join_code() {
        let text = format!("papo://{DIGITS}@chat.example:5555/4f0c19a2b3d4e5f6071829304a5b6c7d");
        let mut invite: Invite = text.parse().expect("an invite");
        assert_eq!(
            (invite.to_string(), invite.endpoint()),
            (text.clone(), "tcp://chat.example:5555".to_owned())
        );
        assert_eq!(invite.take_join_code().as_deref(), Some("4f0c19a2b3d4e5f6071829304a5b6c7d"));
        assert_eq!(Some(&*invite.to_string()), text.strip_suffix("/4f0c19a2b3d4e5f6071829304a5b6c7d"));
    }

    #[test]
    fn an_invalid_invite_is_refused_with_the_reason() {
        let with_key = |address: &str| format!("papo://{DIGITS}@{address}");
        let cases = [
            (
                BadInvite::Scheme,
                vec![String::new(), with_key("h:1").replace("papo", "tcp"), format!(" {}", with_key("h:1"))],
            ),
            (
                BadInvite::Key,
                vec![
                    "papo://".to_owned(),
                    "papo://h:1".to_owned(),
                    "papo://@h:1".to_owned(),
                    format!("papo://{}@h:1", &DIGITS[1..]),
                    format!("papo://{}@h:1", &DIGITS[2..]),
                    format!("papo://{DIGITS}00@h:1"),
                    format!("papo://{}@h:1", DIGITS.replace('f', "g")),
                    format!("papo://{}@h:1", DIGITS.replace("ff", "+f")),
                    format!("papo://{}@h:1", DIGITS.replace("ff", "é")),
                ],
            ),
            (
                BadInvite::Host,
                [
                    "",
                    "a b",
                    "a;b",
                    "*",
                    "-h",
                    "a@b",
                    "::1",
                    "[::1",
                    "[]",
                    "[g]",
                    "a\0",
                    "é",
                    &"a".repeat(254),
                ]
                .map(|host| with_key(&format!("{host}:5555")))
                .to_vec(),
            ),
            (
                BadInvite::Port,
                ["h", "h:", "h:0", "h:65536", "h:+1", "h:-1", "h:1 ", "a/b:5555", "h:1\n", "h:５"]
                    .map(with_key)
                    .to_vec(),
            ),
            (
                BadInvite::JoinCode,
                ["h:1/", "h:1/a/b", "h:1/a b", "h:1/é", &format!("h:1/{}", "a".repeat(65))]
                    .map(with_key)
                    .to_vec(),
            ),
        ];
        for (expected, texts) in cases {
            for text in texts {
                assert_eq!(text.parse::<Invite>(), Err(expected), "{text:?}");
            }
        }
    }

    #[test]
    fn the_host_comes_from_the_flag_the_endpoint_or_the_machine() {
        let host = |endpoint, host| {
            let invite = Invite::for_endpoint(key(), endpoint, host).expect("a TCP endpoint with a port");
            invite.map(|invite| invite.endpoint())
        };
        assert_eq!(host("tcp://192.0.2.1:5555", None), Some("tcp://192.0.2.1:5555".to_owned()));
        assert_eq!(host("tcp://[::1]:5555", None), Some("tcp://[::1]:5555".to_owned()));
        assert_eq!(
            host("tcp://0.0.0.0:5555", Some("chat.example")),
            Some("tcp://chat.example:5555".to_owned())
        );
        for wildcard in ["tcp://0.0.0.0:5555", "tcp://*:5555", "tcp://[::]:5555"] {
            assert_eq!(host(wildcard, None), Some(format!("tcp://{}:5555", machine_name(is_in_container()))));
        }
        for not_tcp in ["ipc:///run/papo", "inproc://clients"] {
            assert_eq!(host(not_tcp, None), None, "{not_tcp}");
        }
        let refused =
            |endpoint, host| Invite::for_endpoint(key(), endpoint, host).expect_err("the host is refused");
        assert_eq!(refused("tcp://h", None), BadInvite::Port);
        assert_eq!(refused("tcp://h:0", None), BadInvite::Port);
        assert_eq!(refused("tcp://*:5555", Some("a host")), BadInvite::Host);
    }

    #[test]
    fn the_id_of_a_container_is_never_in_an_invite() {
        assert_eq!(machine_name(true), HOST_OF_CONTAINER);
        assert!(is_host(HOST_OF_CONTAINER));
        assert_ne!(machine_name(false), HOST_OF_CONTAINER);
    }
}

//! What the log holds: the events that everybody may see, and the server's own records that nobody else does.
//!
//! One record is one line of JSON. An event line begins with its `n`, in that very form goes out on the wire
//! (see [`common::events`]); the server's own lines have a `kind` and no `n`.

use std::fmt;

use common::hex::{from_hex, to_hex};
use common::{Body, Event, Target, UserName};
use serde::de::Error as _;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

/// One line of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Record<'a> {
    /// Something that happened in a conversation.
    Event(Event<'a>),
    /// Something between one user and the server.
    Server(ServerRecord),
}

/// The server's own records, never told to anybody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind")]
pub enum ServerRecord {
    /// An account was made.
    #[serde(rename = "account")]
    Account {
        /// When, in Unix milliseconds.
        at: u64,
        /// Whose.
        user: UserName,
        /// The hash of the password, as a PHC string.
        password: Box<str>,
    },
    /// A session was opened.
    #[serde(rename = "session")]
    SessionOpened {
        /// When, in Unix milliseconds.
        at: u64,
        /// Whose.
        user: UserName,
        /// The token's own identity (RFC 7519, `jti`).
        session: Uuid,
        /// What the token is recognised by.
        digest: TokenDigest,
        /// When it ends, in Unix milliseconds.
        expires: u64,
    },
    /// A session was ended by its user.
    #[serde(rename = "session.ended")]
    SessionEnded {
        /// When, in Unix milliseconds.
        at: u64,
        /// Whose.
        user: UserName,
        /// Which.
        digest: TokenDigest,
    },
    /// One or more sessions were taken away from whoever holds their tokens.
    #[serde(rename = "session.revoked")]
    SessionsRevoked {
        /// When, in Unix milliseconds.
        at: u64,
        /// Whose.
        user: UserName,
        /// Which.
        digests: Vec<TokenDigest>,
    },
    /// An account got another password.
    #[serde(rename = "password")]
    PasswordChanged {
        /// When, in Unix milliseconds.
        at: u64,
        /// Whose.
        user: UserName,
        /// The hash as a PHC string.
        password: Box<str>,
    },
    /// A user has read a conversation up to an event.
    #[serde(rename = "read")]
    Read {
        /// When, in Unix milliseconds.
        at: u64,
        /// Who.
        user: UserName,
        /// The conversation as the user names it.
        conversation: Target,
        /// The last event that was read.
        n: u64,
    },
    /// A user became an administrator, or is one no more.
    #[serde(rename = "account.role")]
    AdministratorSet {
        /// When, in Unix milliseconds.
        at: u64,
        /// Who.
        user: UserName,
        /// What they are from now on.
        administrator: bool,
    },
    /// Somebody was there last; written when they go.
    #[serde(rename = "seen")]
    Seen {
        /// When, in Unix milliseconds.
        at: u64,
        /// Who.
        user: UserName,
    },
    /// An account was shut out, with all its sessions, or let in again.
    #[serde(rename = "account.disabled")]
    DisabledSet {
        /// When, in Unix milliseconds.
        at: u64,
        /// Whose.
        user: UserName,
        /// Whether it is shut out from now on.
        disabled: bool,
    },
    /// The texts of messages were taken out of the log, and its chain was computed anew. Those that
    /// nobody had deleted are not unread any more.
    #[serde(rename = "redacted")]
    Redacted {
        /// When, in Unix milliseconds.
        at: u64,
        /// The conversation's one name.
        conversation: Box<str>,
        /// The numbers of the messages.
        numbers: Vec<u64>,
        /// Who has done it: `operator`.
        by: Box<str>,
        /// The chain at the end of the log before, in hexadecimal digits.
        head_before: Box<str>,
    },
}

/// How every event line begins.
const EVENT_START: &[u8] = b"{\"n\":";

impl<'a> Record<'a> {
    /// Reads a line of the log.
    pub fn decode(line: &'a [u8]) -> Result<Self, serde_json::Error> {
        if line.starts_with(EVENT_START) {
            let event: Event<'_> = serde_json::from_slice(line)?;
            if event.body == Body::Unknown {
                return Err(serde_json::Error::custom("an event of a kind that this version does not know"));
            }
            Ok(Self::Event(event))
        } else {
            serde_json::from_slice(line).map(Self::Server)
        }
    }

    /// Writes the line, without a newline.
    pub fn encode(&self, out: &mut Vec<u8>) -> Result<(), serde_json::Error> {
        match self {
            Self::Event(event) => {
                event.write(out);
                Ok(())
            }
            Self::Server(private) => serde_json::to_writer(out, private),
        }
    }
}

/// The SHA-256 of a session token: enough to recognise the token, useless to anybody who reads the disk.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TokenDigest([u8; 32]);

impl TokenDigest {
    /// The digest of a token.
    #[must_use]
    pub fn of(token: &str) -> Self {
        Self(Sha256::digest(token.as_bytes()).into())
    }
}

impl fmt::Display for TokenDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&to_hex(&self.0))
    }
}

impl fmt::Debug for TokenDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TokenDigest({self})")
    }
}

impl Serialize for TokenDigest {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for TokenDigest {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let digits = String::deserialize(deserializer)?;
        from_hex(&digits).map(Self).ok_or_else(|| serde::de::Error::custom("a digest is 64 hex digits"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOLDEN: [&str; 9] = [
        r##"{"n":1,"at":7,"to":"#general","from":"alice","kind":"channel.created"}"##,
        r##"{"kind":"account","at":7,"user":"alice","password":"$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA"}"##,
        r##"{"kind":"session","at":7,"user":"alice","session":"01970000-0000-7000-8000-000000000001","digest":"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08","expires":8}"##,
        r##"{"kind":"read","at":7,"user":"alice","conversation":"@bob","n":17}"##,
        r##"{"kind":"session.ended","at":7,"user":"alice","digest":"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"}"##,
        r##"{"kind":"account.role","at":7,"user":"bob","administrator":true}"##,
        r##"{"kind":"account.disabled","at":7,"user":"bob","disabled":false}"##,
        r##"{"kind":"seen","at":7,"user":"bob"}"##,
        r##"{"kind":"redacted","at":7,"conversation":"@alice @bob","numbers":[3,9],"by":"operator","head_before":"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"}"##,
    ];

    #[test]
    fn golden_lines_are_read_and_written_byte_for_byte() {
        for line in GOLDEN {
            let mut out = Vec::new();
            Record::decode(line.as_bytes()).expect(line).encode(&mut out).expect("json");
            assert_eq!(String::from_utf8(out).expect("utf-8"), line);
        }
    }

    #[test]
    fn a_line_cut_anywhere_is_refused() {
        for line in GOLDEN {
            for end in 0..line.len() {
                assert!(Record::decode(&line.as_bytes()[..end]).is_err(), "{line} cut at {end}");
            }
        }
    }

    #[test]
    fn the_digest_of_a_known_token() {
        let digest = TokenDigest::of("test");
        assert_eq!(digest.to_string(), "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08");
    }
}

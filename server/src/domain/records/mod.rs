//! The records of the log: the events of conversations, and the server records, which are never published.
//!
//! A record is one line of JSON. The line of an event begins with `n` and is published unchanged (see
//! [`common::events`]). The line of a server record has a `kind` and no `n`.

mod deliveries;
mod push;

use std::fmt;

use common::bots::Scope;
use common::commands::BotCommand;
use common::hex::{from_hex, to_hex};
use common::notify::Level;
use common::{Body, ChannelName, DisplayName, Event, Target, UserName};
use serde::de::Error as _;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

pub use deliveries::{Failure, OutgoingHook, Step};
pub use push::PushSubscription;

/// One line of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Record<'a> {
    Event(Event<'a>),
    /// A record that is never published.
    Server(ServerRecord),
}

/// The records that are never published. `at` is the time of the record. Times are Unix milliseconds, and
/// `password` is a hash as a PHC string.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind")]
pub enum ServerRecord {
    /// An account was created.
    #[serde(rename = "account")]
    Account {
        at: u64,
        user: UserName,
        password: Box<str>,
        /// The owner of a bot. A bot has no password.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        bot: Option<UserName>,
    },
    /// A session was opened.
    #[serde(rename = "session")]
    SessionOpened {
        at: u64,
        user: UserName,
        /// The public id of the session (RFC 7519, `jti`).
        session: Uuid,
        digest: TokenDigest,
        expires: u64,
    },
    /// A user ended their session.
    #[serde(rename = "session.ended")]
    SessionEnded { at: u64, user: UserName, digest: TokenDigest },
    /// Sessions were revoked: their tokens are no longer valid.
    #[serde(rename = "session.revoked")]
    SessionsRevoked { at: u64, user: UserName, digests: Vec<TokenDigest> },
    /// A password was changed. The clients that have logged in before are no longer known.
    #[serde(rename = "password")]
    PasswordChanged { at: u64, user: UserName, password: Box<str> },
    /// An administrator created a join code.
    #[serde(rename = "join_code")]
    JoinCodeCreated {
        at: u64,
        id: Uuid,
        #[serde(flatten)]
        code: JoinCode,
    },
    /// A user registers with a join code. The record of the account follows.
    #[serde(rename = "join_code.used")]
    JoinCodeUsed { at: u64, user: UserName, id: Uuid },
    /// An administrator revoked a join code.
    #[serde(rename = "join_code.revoked")]
    JoinCodeRevoked { at: u64, by: UserName, id: Uuid },
    /// A moderator created an incoming webhook.
    #[serde(rename = "hook")]
    HookCreated {
        at: u64,
        id: Uuid,
        #[serde(flatten)]
        hook: Hook,
    },
    /// A moderator revoked a webhook.
    #[serde(rename = "hook.revoked")]
    HookRevoked { at: u64, by: UserName, id: Uuid },
    /// A moderator created an outgoing webhook.
    #[serde(rename = "hook.outgoing")]
    OutgoingHookCreated {
        at: u64,
        id: Uuid,
        #[serde(flatten)]
        hook: OutgoingHook,
    },
    /// The deliveries of an outgoing webhook have advanced, failed, or were paused or resumed.
    #[serde(rename = "delivery")]
    DeliveryChanged {
        at: u64,
        id: Uuid,
        #[serde(flatten)]
        step: Step,
    },
    /// A user created a token of a bot.
    #[serde(rename = "bot.token")]
    BotTokenCreated {
        at: u64,
        id: Uuid,
        #[serde(flatten)]
        token: BotToken,
    },
    /// The token of a bot was used, for the first time or after more than a day.
    #[serde(rename = "bot.used")]
    BotTokenUsed { at: u64, user: UserName, id: Uuid },
    /// A bot replaced the slash commands of its token.
    #[serde(rename = "bot.commands")]
    CommandsRegistered { at: u64, user: UserName, id: Uuid, commands: Vec<BotCommand> },
    /// An administrator created a code with which a user replaces a forgotten password.
    #[serde(rename = "password.code")]
    ResetCodeCreated {
        at: u64,
        by: UserName,
        user: UserName,
        #[serde(flatten)]
        code: ResetCode,
    },
    /// A client has logged in for the first time, and is known from now on.
    #[serde(rename = "client")]
    ClientKnown { at: u64, user: UserName, key: ClientKey },
    /// A user has read a conversation up to the event `n`.
    #[serde(rename = "read")]
    Read {
        at: u64,
        user: UserName,
        /// The conversation, as the user addresses it.
        conversation: Target,
        n: u64,
    },
    /// The administrator role was granted or revoked.
    #[serde(rename = "account.role")]
    AdministratorSet { at: u64, user: UserName, administrator: bool },
    /// A user went offline. `at` is the time of their last heartbeat.
    #[serde(rename = "seen")]
    Seen { at: u64, user: UserName },
    /// An account was disabled, which ends all its sessions, or enabled again.
    #[serde(rename = "account.disabled")]
    DisabledSet { at: u64, user: UserName, disabled: bool },
    /// An account was deleted, by its user or an administrator. Its name is never given again.
    #[serde(rename = "account.deleted")]
    AccountDeleted {
        at: u64,
        user: UserName,
        by: UserName,
        /// Whether the user's messages are deleted, too. Their deletions follow as events.
        erase: bool,
    },
    /// The user of a deleted account has left all channels, and the messages to erase are deleted.
    #[serde(rename = "account.deletion_finished")]
    DeletionFinished { at: u64, user: UserName },
    /// A user set their display name, or removed it.
    #[serde(rename = "user.set")]
    DisplayNameSet { at: u64, user: UserName, display_name: DisplayName },
    /// A user shared their read marks in direct conversations, or stopped that.
    #[serde(rename = "user.shares_reads")]
    ReadsShared { at: u64, user: UserName, shared: bool },
    /// A user blocked or unblocked another user.
    #[serde(rename = "user.blocked")]
    BlockSet { at: u64, user: UserName, other: UserName, blocked: bool },
    /// A user set the notification level of a conversation, or the maximum for all conversations.
    #[serde(rename = "notify")]
    LevelSet {
        at: u64,
        user: UserName,
        /// The conversation, as the user addresses it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        conversation: Option<Target>,
        level: Level,
    },
    /// The browser of a session subscribed to pushes, or its subscription ended.
    #[serde(rename = "push")]
    PushSet {
        at: u64,
        user: UserName,
        session: Uuid,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        push: Option<Box<PushSubscription>>,
    },
    /// The push service of a browser accepted the pushes of all messages up to the record `record`.
    #[serde(rename = "push.sent")]
    PushSent { at: u64, user: UserName, session: Uuid, record: u64 },
    /// The texts of messages were removed from the log, and its chain was recomputed. The messages no longer
    /// count as unread.
    #[serde(rename = "redacted")]
    Redacted {
        at: u64,
        /// The canonical name of the conversation.
        conversation: Box<str>,
        /// The numbers of the messages.
        numbers: Vec<u64>,
        /// The author of the redaction: `operator`.
        by: Box<str>,
        /// The chain at the end of the log before the redaction, in hexadecimal digits.
        head_before: Box<str>,
    },
}

/// A join code that is neither used up nor revoked, as `users.json` stores it. It may have expired.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JoinCode {
    /// The administrator who created the code.
    pub by: UserName,
    pub digest: TokenDigest,
    /// The number of accounts that can still be registered with the code.
    pub uses: u32,
    /// The time at which the code expires, in Unix milliseconds.
    pub expires: u64,
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub note: Box<str>,
}

/// An incoming webhook that was not revoked, as `users.json` stores it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hook {
    /// The moderator who created the hook.
    pub by: UserName,
    /// The account of the hook: the sender of its messages.
    pub user: UserName,
    pub channel: ChannelName,
    pub digest: TokenDigest,
    /// Whether a post may name another channel of which the account is a member.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unlocked: bool,
    /// Whether posts may mention all members.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub here: bool,
    /// Whether posts must be signed. The secret is derived from the secret of the node.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub signed: bool,
}

/// The token of a bot, as `users.json` stores it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BotToken {
    /// The user who created the token.
    pub by: UserName,
    /// The account of the bot.
    pub user: UserName,
    pub digest: TokenDigest,
    pub scope: Scope,
    /// The conversations as the bot addresses them, sorted.
    pub conversations: Vec<Target>,
}

/// The code with which a user replaces a forgotten password, as `users.json` stores it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResetCode {
    pub digest: TokenDigest,
    /// The time at which the code expires, in Unix milliseconds.
    pub expires: u64,
}

impl ServerRecord {
    /// The user whose sessions the record ends.
    #[must_use]
    pub fn ended_user(&self) -> Option<&UserName> {
        if let Self::SessionEnded { user, .. }
        | Self::SessionsRevoked { user, .. }
        | Self::DisabledSet { user, disabled: true, .. }
        | Self::AccountDeleted { user, .. } = self
        {
            Some(user)
        } else {
            None
        }
    }
}

/// The start of every event line.
const EVENT_START: &[u8] = b"{\"n\":";

impl<'a> Record<'a> {
    /// Reads a line of the log.
    pub fn decode(line: &'a [u8]) -> Result<Self, serde_json::Error> {
        if line.starts_with(EVENT_START) {
            let event: Event<'_> = serde_json::from_slice(line)?;
            if event.body == Body::Unknown {
                return Err(serde_json::Error::custom("this version does not know the kind of this event"));
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
            Self::Server(record) => serde_json::to_writer(out, record),
        }
    }
}

/// The SHA-256 of a session token. The server can look up a token by its digest, but an attacker who reads
/// the disk cannot derive the token from the digest.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TokenDigest([u8; 32]);

impl TokenDigest {
    #[must_use]
    pub fn of(token: &str) -> Self {
        Self(Sha256::digest(token.as_bytes()).into())
    }
}

/// The public key of a client, which the client has proved to own.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientKey([u8; 32]);

impl ClientKey {
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

/// Shows and stores 32 bytes as 64 hexadecimal digits.
macro_rules! in_hexadecimal {
    ($type:ident) => {
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&to_hex(&self.0))
            }
        }

        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($type), "({})"), self)
            }
        }

        impl Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let digits = String::deserialize(deserializer)?;
                let bytes = from_hex(&digits).map(Self);
                bytes.ok_or_else(|| D::Error::custom(concat!(stringify!($type), " has 64 hex digits")))
            }
        }
    };
}

in_hexadecimal!(TokenDigest);
in_hexadecimal!(ClientKey);

#[cfg(test)]
mod tests;

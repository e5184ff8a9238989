//! The facts about a user besides events: the account as it is now, and its records in the log. No fact holds
//! a secret.

use std::collections::HashMap;

use common::channels::Role;
use common::{Detail, Target, UserName};
use serde::Serialize;
use uuid::Uuid;

use crate::domain::records::{ServerRecord, TokenDigest};
use crate::domain::{State, history, reads};

/// A fact about a user, without hashes and digests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "export", rename_all = "snake_case")]
pub enum Fact {
    /// The account.
    Account {
        /// The name of the account.
        user: UserName,
        /// The time of its creation, in Unix milliseconds.
        since: u64,
        /// The time at which the user last went offline, in Unix milliseconds.
        #[serde(skip_serializing_if = "Option::is_none")]
        seen: Option<u64>,
        /// Whether the user is an administrator.
        administrator: bool,
        /// Whether the account is disabled.
        disabled: bool,
    },
    /// An open session.
    Session {
        /// The id of the session.
        session: Uuid,
        /// The time of the login, in Unix milliseconds.
        opened: u64,
        /// The time at which the session expires, in Unix milliseconds.
        expires: u64,
    },
    /// A channel that the user is a member of, or that has events of the user.
    Channel {
        /// The name of the channel.
        channel: Target,
        /// The role of the user; none if the user is not a member.
        role: Option<Role>,
        /// Whether the user may read the channel, and so the messages that the user sent there.
        may_read: bool,
    },
    /// The read mark of a conversation.
    Reading {
        /// The conversation, as the user addresses it.
        conversation: Target,
        /// The number of the last event that was read.
        n: u64,
        /// The number of unread messages.
        unread: u64,
        /// The number of unread messages that mention the user.
        mentions: u64,
    },
    /// A record of the log about the user.
    Record(Past),
    /// The exported content of the file in the preceding event.
    Content {
        /// The conversation of the event.
        to: Target,
        /// The number of the event.
        n: u64,
        /// The name of the file in the folder of contents.
        path: String,
    },
}

/// A record of the log about a user, by its kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind")]
pub enum Past {
    /// The account was created.
    #[serde(rename = "account")]
    Account {
        /// The time in Unix milliseconds.
        at: u64,
    },
    /// A session was opened.
    #[serde(rename = "session")]
    SessionOpened {
        /// The time in Unix milliseconds.
        at: u64,
        /// The id of the session.
        session: Uuid,
        /// The time at which the session expires, in Unix milliseconds.
        expires: u64,
    },
    /// The user ended a session.
    #[serde(rename = "session.ended")]
    SessionEnded {
        /// The time in Unix milliseconds.
        at: u64,
        /// The id of the session, if the log names it.
        session: Option<Uuid>,
    },
    /// Sessions were revoked.
    #[serde(rename = "session.revoked")]
    SessionsRevoked {
        /// The time in Unix milliseconds.
        at: u64,
        /// The ids of the sessions.
        sessions: Vec<Uuid>,
    },
    /// The password was changed.
    #[serde(rename = "password")]
    PasswordChanged {
        /// The time in Unix milliseconds.
        at: u64,
    },
    /// A conversation was read up to an event.
    #[serde(rename = "read")]
    Read {
        /// The time in Unix milliseconds.
        at: u64,
        /// The conversation, as the user addresses it.
        conversation: Target,
        /// The number of the last event that was read.
        n: u64,
    },
    /// The user went offline.
    #[serde(rename = "seen")]
    Seen {
        /// The time at which the user was last online, in Unix milliseconds.
        at: u64,
    },
    /// The user became an administrator or ceased to be one.
    #[serde(rename = "account.role")]
    AdministratorSet {
        /// The time in Unix milliseconds.
        at: u64,
        /// Whether the user is an administrator from then on.
        administrator: bool,
    },
    /// The account was disabled or enabled.
    #[serde(rename = "account.disabled")]
    DisabledSet {
        /// The time in Unix milliseconds.
        at: u64,
        /// Whether the account is disabled from then on.
        disabled: bool,
    },
}

/// The user's sessions by their token digests.
pub(super) type Sessions = HashMap<TokenDigest, Uuid>;

/// The part of a record that concerns `wanted`; `None` if it concerns another user.
pub(super) fn past(wanted: &UserName, record: ServerRecord, sessions: &mut Sessions) -> Option<Past> {
    let (user, past) = match record {
        ServerRecord::Account { at, user, password: _ } => (user, Past::Account { at }),
        ServerRecord::SessionOpened { at, user, session, digest, expires } => {
            if user == *wanted {
                sessions.insert(digest, session);
            }
            (user, Past::SessionOpened { at, session, expires })
        }
        ServerRecord::SessionEnded { at, user, digest } => {
            (user, Past::SessionEnded { at, session: sessions.get(&digest).copied() })
        }
        ServerRecord::SessionsRevoked { at, user, digests } => {
            let known = digests.iter().filter_map(|digest| sessions.get(digest).copied()).collect();
            (user, Past::SessionsRevoked { at, sessions: known })
        }
        ServerRecord::PasswordChanged { at, user, password: _ } => (user, Past::PasswordChanged { at }),
        ServerRecord::Read { at, user, conversation, n } => (user, Past::Read { at, conversation, n }),
        ServerRecord::Seen { at, user } => (user, Past::Seen { at }),
        ServerRecord::AdministratorSet { at, user, administrator } => {
            (user, Past::AdministratorSet { at, administrator })
        }
        ServerRecord::DisabledSet { at, user, disabled } => (user, Past::DisabledSet { at, disabled }),
        // A redaction concerns a conversation, and the operator did it.
        ServerRecord::Redacted { .. } => return None,
    };
    (user == *wanted).then_some(past)
}

/// The current facts about a user. `present_in` are the channels that have events of the user.
pub(super) fn present(state: &State, user: &UserName, present_in: &[Target]) -> Result<Vec<Fact>, Detail> {
    let State { users, channels, .. } = state;
    let account = users.accounts().get(user).ok_or_else(|| Detail::NoSuchUser { user: user.clone() })?;
    let mut facts = vec![Fact::Account {
        user: user.clone(),
        since: account.since,
        seen: account.seen,
        administrator: account.administrator,
        disabled: account.disabled,
    }];
    let sessions = account.sessions.values();
    facts.extend(sessions.map(|one| Fact::Session {
        session: one.session,
        opened: one.opened,
        expires: one.expires,
    }));
    let mut all: Vec<_> = channels.conversations(user).chain(present_in).collect();
    all.sort_unstable();
    all.dedup();
    for target in all {
        let Target::Channel(name) = target else { continue };
        let role = channels.channel(name)?.members.get(user).copied();
        let may_read = !account.disabled && history::readable(state, user, target).is_ok();
        facts.push(Fact::Channel { channel: target.clone(), role, may_read });
    }
    facts.extend(reads::list(state, user, None).map(|reading| Fact::Reading {
        conversation: reading.conversation,
        n: reading.n,
        unread: reading.unread,
        mentions: reading.mentions,
    }));
    Ok(facts)
}

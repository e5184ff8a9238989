//! What is known of a user beside events: the account as it is now, and what the log tells of it, without anything that lets
//! somebody in.

use std::collections::HashMap;

use common::channels::Role;
use common::{Detail, Target, UserName};
use serde::Serialize;
use uuid::Uuid;

use crate::domain::records::{ServerRecord, TokenDigest};
use crate::domain::{State, history, reads};

/// What is known of a user, without hashes and digests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "export", rename_all = "snake_case")]
pub enum Fact {
    /// The account.
    Account {
        /// Whose.
        user: UserName,
        /// When it was made, in Unix milliseconds.
        since: u64,
        /// When its owner was there last and went, in Unix milliseconds.
        #[serde(skip_serializing_if = "Option::is_none")]
        seen: Option<u64>,
        /// Whether it is an administrator's.
        administrator: bool,
        /// Whether it is shut out.
        disabled: bool,
    },
    /// An open session.
    Session {
        /// Which.
        session: Uuid,
        /// When it was opened, in Unix milliseconds.
        opened: u64,
        /// When it ends, in Unix milliseconds.
        expires: u64,
    },
    /// A channel that the user is in, or that has events of theirs.
    Channel {
        /// Which.
        channel: Target,
        /// Their role; none when they are not a member.
        role: Option<Role>,
        /// Whether they may read it, and so their own messages there.
        may_read: bool,
    },
    /// How far the user has read a conversation.
    Reading {
        /// As the user names it.
        conversation: Target,
        /// The last event that was read.
        n: u64,
        /// How many messages are unread.
        unread: u64,
        /// How many of these mention the user.
        mentions: u64,
    },
    /// Something that happened between the user and the server.
    Record(Past),
    /// Where the content of a file is, that the event before this is about.
    Content {
        /// What the event was addressed to.
        to: Target,
        /// Its number.
        n: u64,
        /// The name in the folder that was asked for.
        path: String,
    },
}

/// A record of the log about a user, by its kind there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind")]
pub enum Past {
    /// The account was made.
    #[serde(rename = "account")]
    Account {
        /// When, in Unix milliseconds.
        at: u64,
    },
    /// A session was opened.
    #[serde(rename = "session")]
    SessionOpened {
        /// When, in Unix milliseconds.
        at: u64,
        /// Which.
        session: Uuid,
        /// When it was to end, in Unix milliseconds.
        expires: u64,
    },
    /// A session was ended by the user.
    #[serde(rename = "session.ended")]
    SessionEnded {
        /// When, in Unix milliseconds.
        at: u64,
        /// Which, if the log says so.
        session: Option<Uuid>,
    },
    /// Sessions were taken away.
    #[serde(rename = "session.revoked")]
    SessionsRevoked {
        /// When, in Unix milliseconds.
        at: u64,
        /// Which.
        sessions: Vec<Uuid>,
    },
    /// The password was changed.
    #[serde(rename = "password")]
    PasswordChanged {
        /// When, in Unix milliseconds.
        at: u64,
    },
    /// A conversation was read up to an event.
    #[serde(rename = "read")]
    Read {
        /// When, in Unix milliseconds.
        at: u64,
        /// As the user names it.
        conversation: Target,
        /// Up to which event.
        n: u64,
    },
    /// The user went offline.
    #[serde(rename = "seen")]
    Seen {
        /// When they were there last, in Unix milliseconds.
        at: u64,
    },
    /// The user became an administrator, or is one no more.
    #[serde(rename = "account.role")]
    AdministratorSet {
        /// When, in Unix milliseconds.
        at: u64,
        /// What they were from then on.
        administrator: bool,
    },
    /// The account was shut out, or let in again.
    #[serde(rename = "account.disabled")]
    DisabledSet {
        /// When, in Unix milliseconds.
        at: u64,
        /// Whether it was shut out from then on.
        disabled: bool,
    },
}

/// The user's sessions by what the log knows them by.
pub(super) type Sessions = HashMap<TokenDigest, Uuid>;

/// What a record says about `wanted`; nothing when it is about somebody else.
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
        // About a conversation, and done by the operator.
        ServerRecord::Redacted { .. } => return None,
    };
    (user == *wanted).then_some(past)
}

/// What is known of a user now; `present_in` are the channels that have events of theirs.
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

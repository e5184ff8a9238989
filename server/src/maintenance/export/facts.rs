//! The exported facts about a user: the account, and the records of the log about the user. They contain no
//! secrets.

use std::collections::HashMap;

use common::bots::Scope;
use common::channels::{LaterNames, Role};
use common::commands::BotCommand;
use common::deliveries::HookUrl;
use common::notify::Level;
use common::{ChannelName, Detail, DisplayName, Target, UserName};
use serde::Serialize;
use uuid::Uuid;

use crate::domain::records::{
    BotToken, ClientKey, Hook, JoinCode, OutgoingHook, ServerRecord, Step, TokenDigest,
};
use crate::domain::{State, history, reads};

/// A fact about a user, without hashes and digests. Times are in Unix milliseconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "export", rename_all = "snake_case")]
pub enum Fact {
    Account {
        user: UserName,
        #[serde(skip_serializing_if = "DisplayName::is_empty")]
        display_name: DisplayName,
        /// The time at which the account was created.
        since: u64,
        /// The time at which the user was last online.
        #[serde(skip_serializing_if = "Option::is_none")]
        seen: Option<u64>,
        administrator: bool,
        disabled: bool,
    },
    Session {
        session: Uuid,
        /// The time of the login.
        opened: u64,
        /// The time at which the session expires.
        expires: u64,
    },
    /// A channel that the user is a member of, or that has events of the user.
    Channel {
        channel: Target,
        /// The later names of the channel.
        #[serde(flatten)]
        names: LaterNames,
        /// The role of the user; `None` if the user is not a member.
        role: Option<Role>,
        /// Whether the user may read the channel.
        may_read: bool,
    },
    /// The read mark of a conversation.
    Reading {
        /// The conversation, as the user addresses it.
        conversation: Target,
        /// The number of the last event that was read.
        n: u64,
        unread: u64,
        /// The number of unread messages that mention the user.
        mentions: u64,
    },
    /// A record of the log about the user.
    Record(UserRecord),
    /// The copied content of the file in the preceding event.
    Content {
        to: Target,
        n: u64,
        /// The name of the copy in the folder of copied files.
        path: String,
    },
}

/// A record of the log about a user, by its kind. Times are in Unix milliseconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind")]
pub enum UserRecord {
    /// The account was created.
    #[serde(rename = "account")]
    Account {
        at: u64,
        /// The owner of a bot.
        #[serde(skip_serializing_if = "Option::is_none")]
        bot: Option<UserName>,
    },
    #[serde(rename = "session")]
    SessionOpened {
        at: u64,
        session: Uuid,
        /// The time at which the session expires.
        expires: u64,
    },
    /// The user ended a session.
    #[serde(rename = "session.ended")]
    SessionEnded {
        at: u64,
        /// The id of the session; `None` if the log does not contain its login.
        session: Option<Uuid>,
    },
    #[serde(rename = "session.revoked")]
    SessionsRevoked { at: u64, sessions: Vec<Uuid> },
    #[serde(rename = "password")]
    PasswordChanged { at: u64 },
    /// The user created a join code.
    #[serde(rename = "join_code")]
    JoinCodeCreated { at: u64, id: Uuid, uses: u32, expires: u64, note: Box<str> },
    /// The user registered with a join code.
    #[serde(rename = "join_code.used")]
    JoinCodeUsed { at: u64, id: Uuid },
    /// The user revoked a join code.
    #[serde(rename = "join_code.revoked")]
    JoinCodeRevoked { at: u64, id: Uuid },
    /// The user created an incoming webhook.
    #[serde(rename = "hook")]
    HookCreated { at: u64, id: Uuid, name: UserName, channel: ChannelName },
    /// The user revoked a webhook.
    #[serde(rename = "hook.revoked")]
    HookRevoked { at: u64, id: Uuid },
    /// The user created an outgoing webhook.
    #[serde(rename = "hook.outgoing")]
    OutgoingHookCreated { at: u64, id: Uuid, name: UserName, channel: ChannelName, url: HookUrl },
    /// The user resumed an outgoing webhook.
    #[serde(rename = "hook.resumed")]
    HookResumed { at: u64, id: Uuid },
    /// The user created a token of a bot.
    #[serde(rename = "bot.token")]
    BotTokenCreated { at: u64, id: Uuid, name: UserName, scope: Scope, conversations: Vec<Target> },
    /// The token of the bot was used.
    #[serde(rename = "bot.used")]
    BotTokenUsed { at: u64, id: Uuid },
    /// The bot registered these slash commands.
    #[serde(rename = "bot.commands")]
    CommandsRegistered { at: u64, id: Uuid, commands: Vec<BotCommand> },
    /// An administrator gave the user a code for a new password.
    #[serde(rename = "password.code")]
    ResetCodeCreated { at: u64, by: UserName, expires: u64 },
    /// A client logged in for the first time.
    #[serde(rename = "client")]
    ClientKnown {
        at: u64,
        /// The public key of the client.
        key: ClientKey,
    },
    /// A conversation was read up to an event.
    #[serde(rename = "read")]
    Read {
        at: u64,
        /// The conversation, as the user addresses it.
        conversation: Target,
        /// The number of the last event that was read.
        n: u64,
    },
    /// The user went offline.
    #[serde(rename = "seen")]
    Seen {
        /// The time at which the user was last online.
        at: u64,
    },
    /// The user became an administrator, or is no longer an administrator.
    #[serde(rename = "account.role")]
    AdministratorSet { at: u64, administrator: bool },
    #[serde(rename = "account.disabled")]
    DisabledSet { at: u64, disabled: bool },
    #[serde(rename = "account.deleted")]
    AccountDeleted { at: u64, erase: bool },
    #[serde(rename = "account.deletion_finished")]
    DeletionFinished { at: u64 },
    #[serde(rename = "user.set")]
    DisplayNameSet { at: u64, display_name: DisplayName },
    #[serde(rename = "user.shares_reads")]
    ReadsShared { at: u64, shared: bool },
    #[serde(rename = "user.blocked")]
    BlockSet { at: u64, other: UserName, blocked: bool },
    #[serde(rename = "notify")]
    LevelSet {
        at: u64,
        #[serde(skip_serializing_if = "Option::is_none")]
        conversation: Option<Target>,
        level: Level,
    },
    /// A browser subscribed to pushes, or its subscription ended.
    #[serde(rename = "push")]
    PushSet {
        at: u64,
        session: Uuid,
        /// The push service of the browser's vendor.
        #[serde(skip_serializing_if = "Option::is_none")]
        host: Option<String>,
    },
}

/// The user's sessions by their token digests.
pub(super) type Sessions = HashMap<TokenDigest, Uuid>;

/// The exported form of a record about the user `wanted`; `None` if the record is about another user.
#[expect(clippy::too_many_lines, reason = "one row for each kind of record")]
pub(super) fn user_record(
    wanted: &UserName,
    record: ServerRecord,
    sessions: &mut Sessions,
) -> Option<UserRecord> {
    let (user, user_record) = match record {
        ServerRecord::Account { at, user, password: _, bot } => (user, UserRecord::Account { at, bot }),
        ServerRecord::SessionOpened { at, user, session, digest, expires } => {
            if user == *wanted {
                sessions.insert(digest, session);
            }
            (user, UserRecord::SessionOpened { at, session, expires })
        }
        ServerRecord::SessionEnded { at, user, digest } => {
            (user, UserRecord::SessionEnded { at, session: sessions.get(&digest).copied() })
        }
        ServerRecord::SessionsRevoked { at, user, digests } => {
            let known = digests.iter().filter_map(|digest| sessions.get(digest).copied()).collect();
            (user, UserRecord::SessionsRevoked { at, sessions: known })
        }
        ServerRecord::PasswordChanged { at, user, password: _ } => (user, UserRecord::PasswordChanged { at }),
        ServerRecord::JoinCodeCreated { at, id, code } => {
            let JoinCode { by, digest: _, uses, expires, note } = code;
            (by, UserRecord::JoinCodeCreated { at, id, uses, expires, note })
        }
        ServerRecord::JoinCodeUsed { at, user, id } => (user, UserRecord::JoinCodeUsed { at, id }),
        ServerRecord::JoinCodeRevoked { at, by, id } => (by, UserRecord::JoinCodeRevoked { at, id }),
        ServerRecord::HookCreated { at, id, hook } => {
            let Hook { by, user: name, channel, digest: _, unlocked: _, here: _, signed: _ } = hook;
            (by, UserRecord::HookCreated { at, id, name, channel })
        }
        ServerRecord::HookRevoked { at, by, id } => (by, UserRecord::HookRevoked { at, id }),
        ServerRecord::OutgoingHookCreated { at, id, hook } => {
            let OutgoingHook { by, user: name, channel, url, .. } = hook;
            (by, UserRecord::OutgoingHookCreated { at, id, name, channel, url })
        }
        ServerRecord::DeliveryChanged { at, id, step: Step::Resumed { by } } => {
            (by, UserRecord::HookResumed { at, id })
        }
        // These steps concern a webhook, not a user.
        ServerRecord::DeliveryChanged {
            step: Step::Delivered { .. } | Step::Failing { .. } | Step::Paused,
            ..
        } => return None,
        ServerRecord::BotTokenCreated { at, id, token } => {
            let BotToken { by, user: name, digest: _, scope, conversations } = token;
            (by, UserRecord::BotTokenCreated { at, id, name, scope, conversations })
        }
        ServerRecord::BotTokenUsed { at, user, id } => (user, UserRecord::BotTokenUsed { at, id }),
        ServerRecord::CommandsRegistered { at, user, id, commands } => {
            (user, UserRecord::CommandsRegistered { at, id, commands })
        }
        ServerRecord::ResetCodeCreated { at, by, user, code } => {
            (user, UserRecord::ResetCodeCreated { at, by, expires: code.expires })
        }
        ServerRecord::ClientKnown { at, user, key } => (user, UserRecord::ClientKnown { at, key }),
        ServerRecord::Read { at, user, conversation, n } => (user, UserRecord::Read { at, conversation, n }),
        ServerRecord::Seen { at, user } => (user, UserRecord::Seen { at }),
        ServerRecord::AdministratorSet { at, user, administrator } => {
            (user, UserRecord::AdministratorSet { at, administrator })
        }
        ServerRecord::DisabledSet { at, user, disabled } => (user, UserRecord::DisabledSet { at, disabled }),
        ServerRecord::AccountDeleted { at, user, by: _, erase } => {
            (user, UserRecord::AccountDeleted { at, erase })
        }
        ServerRecord::DeletionFinished { at, user } => (user, UserRecord::DeletionFinished { at }),
        ServerRecord::DisplayNameSet { at, user, display_name } => {
            (user, UserRecord::DisplayNameSet { at, display_name })
        }
        ServerRecord::ReadsShared { at, user, shared } => (user, UserRecord::ReadsShared { at, shared }),
        ServerRecord::BlockSet { at, user, other, blocked } => {
            (user, UserRecord::BlockSet { at, other, blocked })
        }
        ServerRecord::LevelSet { at, user, conversation, level } => {
            (user, UserRecord::LevelSet { at, conversation, level })
        }
        ServerRecord::PushSet { at, user, session, push } => {
            let host = push.map(|push| push.endpoint.host().to_owned());
            (user, UserRecord::PushSet { at, session, host })
        }
        // The position of a browser is no fact about its user.
        ServerRecord::PushSent { .. } => return None,
        // A redaction concerns a conversation, not a user.
        ServerRecord::Redacted { .. } => return None,
    };
    (user == *wanted).then_some(user_record)
}

/// The current facts about a user. `written_in` are the channels that have events of the user.
pub(super) fn current(state: &State, user: &UserName, written_in: &[Target]) -> Result<Vec<Fact>, Detail> {
    let State { users, channels, .. } = state;
    let account = users.accounts().get(user).ok_or_else(|| Detail::NoSuchUser { user: user.clone() })?;
    let mut facts = vec![Fact::Account {
        user: user.clone(),
        display_name: account.display_name.clone(),
        since: account.since,
        seen: account.seen,
        administrator: account.administrator,
        disabled: account.disabled,
    }];
    let sessions = account.sessions.values();
    facts.extend(sessions.map(|session| Fact::Session {
        session: session.session,
        opened: session.opened,
        expires: session.expires,
    }));
    let mut all: Vec<_> = channels.conversations(user).chain(written_in).collect();
    all.sort_unstable();
    all.dedup();
    for target in all {
        let Target::Channel(name) = target else { continue };
        // A channel that was deleted has no members.
        let Ok(channel) = channels.channel(name) else { continue };
        let role = channel.members.get(user).copied();
        let may_read = !account.disabled && history::readable(state, user, target).is_ok();
        let names = channel.names.clone();
        facts.push(Fact::Channel { channel: target.clone(), names, role, may_read });
    }
    facts.extend(reads::list(state, user, None).map(|reading| Fact::Reading {
        conversation: reading.conversation,
        n: reading.n,
        unread: reading.unread,
        mentions: reading.mentions,
    }));
    Ok(facts)
}

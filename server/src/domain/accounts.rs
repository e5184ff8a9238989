//! Accounts and sessions.

use std::collections::{BTreeMap, HashMap};

use common::accounts::UserInfo;
use common::limits::SESSIONS_PER_USER_MAX;
use common::mentions::can_be_mentioned;
use common::{Detail, UserName, pages};
use foldhash::fast::RandomState;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::State;
use crate::domain::records::{Record, ServerRecord, TokenDigest};

/// All accounts and sessions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Users {
    /// The number of the newest record that is part of this.
    pub applied: u64,
    accounts: BTreeMap<UserName, Account>,
    /// Whose session a token opens; derived from the accounts.
    owners: HashMap<TokenDigest, UserName, RandomState>,
    /// The sum of all epochs; derived from the accounts.
    shared_epoch: u64,
}

/// An account, as `users.json` holds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// When it was made, in Unix milliseconds.
    pub since: u64,
    /// The hash of the password as a PHC string.
    pub password: Box<str>,
    /// The open sessions.
    pub sessions: BTreeMap<TokenDigest, Session>,
    /// How often the topic of what is meant for this user has moved.
    pub epoch: u64,
    /// When its owner was there last and went, in Unix milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen: Option<u64>,
    /// Whether it is an administrator's.
    #[serde(default, skip_serializing_if = "is_false")]
    pub administrator: bool,
    /// Whether it is shut out.
    #[serde(default, skip_serializing_if = "is_false")]
    pub disabled: bool,
}

fn is_false(flag: &bool) -> bool {
    !flag
}

/// A session that somebody has open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// The token's own identity.
    pub session: Uuid,
    /// When it was opened, in Unix milliseconds.
    pub opened: u64,
    /// When it ends, in Unix milliseconds.
    pub expires: u64,
}

impl Users {
    /// Whether there is such an account.
    #[must_use]
    pub fn exists(&self, user: &UserName) -> bool {
        self.accounts.contains_key(user)
    }

    /// Whether an administrator has shut the user out.
    #[must_use]
    pub fn is_disabled(&self, user: &UserName) -> bool {
        self.accounts.get(user).is_some_and(|account| account.disabled)
    }

    /// The hash of a user's password.
    #[must_use]
    pub fn password(&self, user: &UserName) -> Option<&str> {
        self.accounts.get(user).map(|account| &*account.password)
    }

    /// Whose session a token opens, unless it is unknown, revoked or over.
    #[must_use]
    pub fn owner(&self, digest: &TokenDigest, now_ms: u64) -> Option<&UserName> {
        let user = self.owners.get(digest)?;
        let session = self.accounts.get(user)?.sessions.get(digest)?;
        (now_ms < session.expires).then_some(user)
    }

    /// Whether this is an administrator.
    #[must_use]
    pub fn is_administrator(&self, user: &UserName) -> bool {
        self.accounts.get(user).is_some_and(|account| account.administrator)
    }

    /// The open sessions of a user.
    pub fn sessions(&self, user: &UserName) -> impl Iterator<Item = (&TokenDigest, &Session)> {
        self.accounts.get(user).into_iter().flat_map(|account| &account.sessions)
    }

    /// How often the topic of what is meant for this user has moved.
    #[must_use]
    pub fn epoch(&self, user: &UserName) -> u64 {
        self.accounts.get(user).map_or(0, |account| account.epoch)
    }

    /// How often the topics that everybody knows have moved: with every topic of a user.
    #[must_use]
    pub fn shared_epoch(&self) -> u64 {
        self.shared_epoch
    }

    /// Users in alphabetical order, those after `after`.
    pub fn list(&self, after: Option<&str>) -> impl Iterator<Item = UserInfo> {
        self.after(after).map(|(user, account)| UserInfo {
            user: user.clone(),
            since: account.since,
            state: None,
            seen: account.seen,
        })
    }

    /// Accounts in alphabetical order, those after `after`.
    pub fn after(&self, after: Option<&str>) -> impl Iterator<Item = (&UserName, &Account)> {
        self.accounts.range(pages::after(after, UserName::new))
    }

    /// All accounts, for the snapshot.
    #[must_use]
    pub fn accounts(&self) -> &BTreeMap<UserName, Account> {
        &self.accounts
    }

    /// Puts back the accounts of a snapshot. One from before there were administrators knows none: the first
    /// account is, as the log would say.
    pub fn restore(&mut self, mut accounts: BTreeMap<UserName, Account>) {
        if !accounts.values().any(|account| account.administrator)
            && let Some(first) = accounts.values_mut().min_by_key(|account| account.since)
        {
            first.administrator = true;
        }
        for (user, account) in &accounts {
            self.owners.extend(account.sessions.keys().map(|digest| (*digest, user.clone())));
        }
        self.shared_epoch = accounts.values().map(|account| account.epoch).sum();
        self.accounts = accounts;
    }

    pub(super) fn apply(&mut self, record: &ServerRecord) {
        match record {
            ServerRecord::Account { at, user, password } => {
                let sessions = BTreeMap::new();
                let (epoch, seen, disabled, administrator) = (0, None, false, self.accounts.is_empty());
                let password = password.clone();
                let account =
                    Account { since: *at, password, sessions, epoch, seen, administrator, disabled };
                self.accounts.insert(user.clone(), account);
            }
            ServerRecord::SessionOpened { at, user, session, digest, expires } => {
                if let Some(account) = self.accounts.get_mut(user) {
                    make_room(&mut account.sessions, &mut self.owners, *at);
                    let session = Session { session: *session, opened: *at, expires: *expires };
                    account.sessions.insert(*digest, session);
                    self.owners.insert(*digest, user.clone());
                }
            }
            ServerRecord::SessionEnded { user, digest, .. } => {
                self.owners.remove(digest);
                if let Some(account) = self.accounts.get_mut(user) {
                    account.sessions.remove(digest);
                }
            }
            ServerRecord::SessionsRevoked { user, digests, .. } => {
                digests.iter().for_each(|digest| drop(self.owners.remove(digest)));
                if let Some(account) = self.accounts.get_mut(user) {
                    account.sessions.retain(|digest, _| !digests.contains(digest));
                    account.epoch += 1;
                    self.shared_epoch += 1;
                }
            }
            ServerRecord::PasswordChanged { user, password, .. } => {
                if let Some(account) = self.accounts.get_mut(user) {
                    account.password = password.clone();
                }
            }
            ServerRecord::Seen { at, user } => {
                if let Some(account) = self.accounts.get_mut(user) {
                    account.seen = Some(*at);
                }
            }
            ServerRecord::Read { .. } | ServerRecord::Redacted { .. } => {}
            ServerRecord::AdministratorSet { user, administrator, .. } => {
                if let Some(account) = self.accounts.get_mut(user) {
                    account.administrator = *administrator;
                }
            }
            ServerRecord::DisabledSet { user, disabled, .. } => {
                if let Some(account) = self.accounts.get_mut(user) {
                    account.disabled = *disabled;
                    account.epoch += u64::from(*disabled);
                    self.shared_epoch += u64::from(*disabled);
                    for digest in std::mem::take(&mut account.sessions).keys() {
                        self.owners.remove(digest);
                    }
                }
            }
        }
    }
}

/// Forgets the sessions that are over, and the oldest if there are as many as may be.
fn make_room(
    sessions: &mut BTreeMap<TokenDigest, Session>,
    owners: &mut HashMap<TokenDigest, UserName, RandomState>,
    now_ms: u64,
) {
    let over = sessions.extract_if(.., |_, session| session.expires <= now_ms).map(|(digest, _)| digest);
    over.for_each(|digest| drop(owners.remove(&digest)));
    if sessions.len() >= SESSIONS_PER_USER_MAX {
        let oldest = sessions.iter().min_by_key(|(_, session)| session.opened).map(|(digest, _)| *digest);
        if let Some(digest) = oldest {
            sessions.remove(&digest);
            owners.remove(&digest);
        }
    }
}

/// Whether somebody may make a new account of this name.
///
/// # Errors
///
/// One that is there, and a name that nobody could mention. Whoever is taken over from an older chat keeps theirs.
pub fn may_register(state: &State, user: &UserName) -> Result<(), Detail> {
    must_be_free(state, user)?;
    if can_be_mentioned(user) { Ok(()) } else { Err(Detail::NotMentionable { user: user.clone() }) }
}

fn must_be_free(state: &State, user: &UserName) -> Result<(), Detail> {
    if state.users.exists(user) { Err(Detail::NameTaken { user: user.clone() }) } else { Ok(()) }
}

pub(super) fn register<'a>(
    state: &State,
    user: UserName,
    password: Box<str>,
    at: u64,
) -> Result<Record<'a>, Detail> {
    must_be_free(state, &user)?;
    Ok(Record::Server(ServerRecord::Account { at, user, password }))
}

pub(super) fn open_session<'a>(
    state: &State,
    user: UserName,
    session: Uuid,
    digest: TokenDigest,
    expires: u64,
    at: u64,
) -> Result<Record<'a>, Detail> {
    match state.users.accounts.get(&user) {
        None => return Err(Detail::NoSuchUser { user }),
        Some(account) if account.disabled => return Err(Detail::Disabled),
        Some(_) => {}
    }
    Ok(Record::Server(ServerRecord::SessionOpened { at, user, session, digest, expires }))
}

pub(super) fn end_session<'a>(
    state: &State,
    user: UserName,
    digest: TokenDigest,
    at: u64,
) -> Option<Record<'a>> {
    let open = state.users.owners.contains_key(&digest);
    open.then_some(Record::Server(ServerRecord::SessionEnded { at, user, digest }))
}

pub(super) fn revoke<'a>(
    state: &State,
    user: UserName,
    which: impl Fn(&TokenDigest, &Session) -> bool,
    at: u64,
) -> Option<Record<'a>> {
    let open = state.users.sessions(&user).filter(|(digest, session)| which(digest, session));
    let digests: Vec<_> = open.map(|(digest, _)| *digest).collect();
    (!digests.is_empty()).then_some(Record::Server(ServerRecord::SessionsRevoked { at, user, digests }))
}

pub(super) fn change_password<'a>(
    state: &State,
    user: UserName,
    password: Box<str>,
    at: u64,
) -> Result<Record<'a>, Detail> {
    if !state.users.exists(&user) {
        return Err(Detail::NoSuchUser { user });
    }
    Ok(Record::Server(ServerRecord::PasswordChanged { at, user, password }))
}

pub(super) fn seen<'a>(state: &State, user: UserName, at: u64) -> Option<Record<'a>> {
    let account = state.users.accounts.get(&user)?;
    (account.seen != Some(at)).then_some(Record::Server(ServerRecord::Seen { at, user }))
}

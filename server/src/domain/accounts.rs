//! Accounts and sessions.

use std::collections::{BTreeMap, HashMap};

use common::accounts::UserInfo;
use common::limits::{CLIENTS_PER_USER_MAX, SESSIONS_PER_USER_MAX};
use common::mentions::can_be_mentioned;
use common::{Detail, UserName, pages};
use foldhash::fast::RandomState;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::join_codes::{JoinCodes, ResetCode};
use super::{State, confusable};
use crate::domain::records::{ClientKey, Record, ServerRecord, TokenDigest};

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Users {
    /// The number of the newest applied record.
    pub applied: u64,
    accounts: BTreeMap<UserName, Account>,
    /// The user of each session token; derived from the accounts.
    owners: HashMap<TokenDigest, UserName, RandomState>,
    /// The sum of the epochs of all accounts; derived from them.
    shared_epoch: u64,
    /// The first name of each skeleton; derived from the accounts.
    skeletons: HashMap<Box<str>, UserName, RandomState>,
    pub join_codes: JoinCodes,
}

/// An account, as `users.json` stores it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// The time of registration in Unix milliseconds.
    pub since: u64,
    /// The password hash as a PHC string.
    pub password: Box<str>,
    pub sessions: BTreeMap<TokenDigest, Session>,
    /// How often the key of the user's topic has changed.
    pub epoch: u64,
    /// When the user was last seen, in Unix milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen: Option<u64>,
    #[serde(default, skip_serializing_if = "is_false")]
    pub administrator: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    pub disabled: bool,
    /// The keys of the clients that have logged in, the newest last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub clients: Vec<ClientKey>,
    /// The code with which the user can set a new password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reset_code: Option<ResetCode>,
}

fn is_false(flag: &bool) -> bool {
    !flag
}

/// An open session. Times are Unix milliseconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// The public id of the session.
    pub session: Uuid,
    pub opened: u64,
    pub expires: u64,
}

impl Users {
    #[must_use]
    pub fn exists(&self, user: &UserName) -> bool {
        self.accounts.contains_key(user)
    }

    #[must_use]
    pub fn is_disabled(&self, user: &UserName) -> bool {
        self.accounts.get(user).is_some_and(|account| account.disabled)
    }

    #[must_use]
    pub fn password(&self, user: &UserName) -> Option<&str> {
        self.accounts.get(user).map(|account| &*account.password)
    }

    /// The user of a session token; `None` if it is unknown, revoked or expired.
    #[must_use]
    pub fn owner(&self, digest: &TokenDigest, now_ms: u64) -> Option<&UserName> {
        let user = self.owners.get(digest)?;
        let session = self.accounts.get(user)?.sessions.get(digest)?;
        (now_ms < session.expires).then_some(user)
    }

    #[must_use]
    pub fn is_administrator(&self, user: &UserName) -> bool {
        self.accounts.get(user).is_some_and(|account| account.administrator)
    }

    /// Whether this client has logged in to the account since the last change of its password.
    #[must_use]
    pub fn is_known_client(&self, user: &UserName, key: &ClientKey) -> bool {
        self.accounts.get(user).is_some_and(|account| account.clients.contains(key))
    }

    pub fn sessions(&self, user: &UserName) -> impl Iterator<Item = (&TokenDigest, &Session)> {
        self.accounts.get(user).into_iter().flat_map(|account| &account.sessions)
    }

    /// How often the key of the user's topic has changed.
    #[must_use]
    pub fn epoch(&self, user: &UserName) -> u64 {
        self.accounts.get(user).map_or(0, |account| account.epoch)
    }

    /// How often the keys of shared topics have changed. They change with the key of any user's topic.
    #[must_use]
    pub fn shared_epoch(&self) -> u64 {
        self.shared_epoch
    }

    /// The users after `after`, in alphabetical order.
    pub fn list(&self, after: Option<&str>) -> impl Iterator<Item = UserInfo> {
        self.accounts_after(after).map(|(user, account)| UserInfo {
            user: user.clone(),
            since: account.since,
            state: None,
            seen: account.seen,
        })
    }

    /// The accounts after `after`, in alphabetical order.
    pub fn accounts_after(&self, after: Option<&str>) -> impl Iterator<Item = (&UserName, &Account)> {
        self.accounts.range(pages::range(after, UserName::new))
    }

    /// All accounts, for the snapshot.
    #[must_use]
    pub fn accounts(&self) -> &BTreeMap<UserName, Account> {
        &self.accounts
    }

    /// Restores the accounts of a snapshot. If it has no administrator, an older version wrote it: the oldest
    /// account becomes administrator, as in replay.
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
        accounts.keys().for_each(|user| self.add_skeleton(user));
        self.accounts = accounts;
    }

    fn add_skeleton(&mut self, user: &UserName) {
        let first = self.skeletons.entry(confusable::skeleton_of(user)).or_insert_with(|| user.clone());
        if user < first {
            *first = user.clone();
        }
    }

    /// The user of another script whose name can be confused with this one.
    fn confusable_with(&self, user: &UserName) -> Option<&UserName> {
        let known = self.skeletons.get(&confusable::skeleton_of(user))?;
        confusable::differ_in_script(known, user).then_some(known)
    }

    pub(super) fn apply(&mut self, record: &ServerRecord) {
        match record {
            ServerRecord::Account { at, user, password } => {
                let sessions = BTreeMap::new();
                let (epoch, seen, disabled, administrator) = (0, None, false, self.accounts.is_empty());
                let password = password.clone();
                let (since, clients, reset_code) = (*at, Vec::new(), None);
                let account = Account {
                    since,
                    password,
                    sessions,
                    epoch,
                    seen,
                    administrator,
                    disabled,
                    clients,
                    reset_code,
                };
                self.add_skeleton(user);
                self.accounts.insert(user.clone(), account);
            }
            ServerRecord::SessionOpened { at, user, session, digest, expires } => {
                if let Some(account) = self.accounts.get_mut(user) {
                    remove_old_sessions(&mut account.sessions, &mut self.owners, *at);
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
                    account.clients.clear();
                    account.reset_code = None;
                }
            }
            ServerRecord::JoinCodeCreated { at, id, code } => self.join_codes.insert(*id, code.clone(), *at),
            ServerRecord::JoinCodeUsed { id, .. } => self.join_codes.take_use(*id),
            ServerRecord::JoinCodeRevoked { id, .. } => self.join_codes.remove(*id),
            ServerRecord::ResetCodeCreated { user, code, .. } => {
                if let Some(account) = self.accounts.get_mut(user) {
                    account.reset_code = Some(code.clone());
                }
            }
            ServerRecord::ClientKnown { user, key, .. } => {
                if let Some(account) = self.accounts.get_mut(user) {
                    let surplus = (account.clients.len() + 1).saturating_sub(CLIENTS_PER_USER_MAX);
                    account.clients.drain(..surplus);
                    account.clients.push(*key);
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

/// Removes expired sessions, and the oldest one if the limit is reached.
fn remove_old_sessions(
    sessions: &mut BTreeMap<TokenDigest, Session>,
    owners: &mut HashMap<TokenDigest, UserName, RandomState>,
    now_ms: u64,
) {
    let expired = sessions.extract_if(.., |_, session| session.expires <= now_ms).map(|(digest, _)| digest);
    expired.for_each(|digest| drop(owners.remove(&digest)));
    if sessions.len() >= SESSIONS_PER_USER_MAX {
        let oldest = sessions.iter().min_by_key(|(_, session)| session.opened).map(|(digest, _)| *digest);
        if let Some(digest) = oldest {
            sessions.remove(&digest);
            owners.remove(&digest);
        }
    }
}

/// Checks that a new account may have this name: it is free, it can be mentioned, and it looks like no name of
/// another script. Accounts imported from another chat may have other names.
pub fn may_register(state: &State, user: &UserName) -> Result<(), Detail> {
    check_name_is_free(state, user)?;
    if !can_be_mentioned(user) {
        return Err(Detail::NotMentionable { user: user.clone() });
    }
    confusable::check_script(user)?;
    match state.users.confusable_with(user) {
        Some(known) => Err(Detail::NameConfusable { user: user.clone(), known: known.clone() }),
        None => Ok(()),
    }
}

fn check_name_is_free(state: &State, user: &UserName) -> Result<(), Detail> {
    if state.users.exists(user) { Err(Detail::NameTaken { user: user.clone() }) } else { Ok(()) }
}

pub(super) fn register<'a>(
    state: &State,
    user: UserName,
    password: Box<str>,
    at: u64,
) -> Result<Record<'a>, Detail> {
    check_name_is_free(state, &user)?;
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

/// Remembers a client that has logged in.
pub(super) fn know_client<'a>(state: &State, user: UserName, key: ClientKey, at: u64) -> Option<Record<'a>> {
    let account = state.users.accounts.get(&user)?;
    (!account.clients.contains(&key)).then_some(Record::Server(ServerRecord::ClientKnown { at, user, key }))
}

pub(super) fn seen<'a>(state: &State, user: UserName, at: u64) -> Option<Record<'a>> {
    let account = state.users.accounts.get(&user)?;
    (account.seen != Some(at)).then_some(Record::Server(ServerRecord::Seen { at, user }))
}

//! Accounts and sessions.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use common::accounts::UserInfo;
use common::mentions::can_be_mentioned;
use common::{Detail, DisplayName, UserName, pages};
use foldhash::fast::RandomState;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::State;
use super::bot_tokens::BotTokens;
use super::confusable::{self, Skeletons};
use super::deletion::Deletion;
use super::hooks::Hooks;
use super::join_codes::JoinCodes;
use super::levels::NotifyLevels;
use super::reset_codes::ResetCodes;
use super::sessions::{self, Session};
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
    /// The deleted accounts that still have memberships or messages to erase; derived from the accounts.
    unfinished_deletions: BTreeSet<UserName>,
    /// The users with a browser that receives pushes; derived from the accounts.
    subscribers: BTreeSet<UserName>,
    /// Derived from the accounts.
    skeletons: Skeletons,
    pub join_codes: JoinCodes,
    pub hooks: Hooks,
    pub bots: BotTokens,
    pub reset_codes: ResetCodes,
}

/// An account, as `users.json` stores it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// The time of registration in Unix milliseconds.
    pub since: u64,
    /// The password hash as a PHC string. Empty for a bot.
    pub password: Box<str>,
    #[serde(default, skip_serializing_if = "DisplayName::is_empty")]
    pub display_name: DisplayName,
    /// Whether others see the user's read marks in direct conversations.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub shares_reads: bool,
    /// The owner of a bot; `None` for a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bot: Option<UserName>,
    pub sessions: BTreeMap<TokenDigest, Session>,
    /// How often the key of the user's topic has changed.
    pub epoch: u64,
    /// When the user was last seen, in Unix milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen: Option<u64>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub administrator: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub disabled: bool,
    /// The keys of the clients that have logged in, the newest last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub clients: Vec<ClientKey>,
    /// The users whom the user blocks, each with the time in Unix milliseconds.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub blocks: BTreeMap<UserName, u64>,
    #[serde(default, skip_serializing_if = "NotifyLevels::is_default")]
    pub levels: NotifyLevels,
    /// The deletion of the account. The account remains, so that its name is not given again, and is also
    /// disabled, so that earlier versions of papo refuse it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted: Option<Deletion>,
}

impl Users {
    /// Whether the name is or was that of an account.
    #[must_use]
    pub fn exists(&self, user: &UserName) -> bool {
        self.accounts.contains_key(user)
    }

    /// The account of this name, unless it was deleted.
    pub fn active(&self, user: &UserName) -> Result<&Account, Detail> {
        match self.accounts.get(user) {
            None => Err(Detail::NoSuchUser { user: user.clone() }),
            Some(account) if account.deleted.is_some() => Err(Detail::UserDeleted { user: user.clone() }),
            Some(account) => Ok(account),
        }
    }

    /// Whether the account exists and is not disabled.
    pub fn may_act(&self, user: &UserName) -> bool {
        self.active(user).is_ok_and(|account| !account.disabled)
    }

    pub fn must_be_active(&self, user: &UserName) -> Result<(), Detail> {
        self.active(user).map(drop)
    }

    /// The deletion of an account; `None` if it was not deleted.
    #[must_use]
    pub fn deletion(&self, user: &UserName) -> Option<&Deletion> {
        self.accounts.get(user)?.deleted.as_ref()
    }

    /// The deleted accounts that still have memberships or messages to erase.
    pub fn unfinished_deletions(&self) -> impl Iterator<Item = &UserName> {
        self.unfinished_deletions.iter()
    }

    /// The users with a browser that receives pushes.
    #[must_use]
    pub fn subscribers(&self) -> &BTreeSet<UserName> {
        &self.subscribers
    }

    #[must_use]
    pub fn password(&self, user: &UserName) -> Option<&str> {
        self.active(user).ok().map(|account| &*account.password)
    }

    /// The user of a token; `None` if it is unknown, revoked or expired.
    #[must_use]
    pub fn owner(&self, digest: &TokenDigest, now_ms: u64) -> Option<&UserName> {
        let Some(user) = self.owners.get(digest) else { return self.bots.user(digest) };
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

    pub fn sessions<'a>(
        &'a self,
        user: &UserName,
    ) -> impl Iterator<Item = (&'a TokenDigest, &'a Session)> + use<'a> {
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
            display_name: account.display_name.clone(),
            since: account.since,
            bot: account.bot.is_some(),
            state: None,
            seen: account.seen,
        })
    }

    /// The accounts after `after` that were not deleted, in alphabetical order.
    pub fn accounts_after(&self, after: Option<&str>) -> impl Iterator<Item = (&UserName, &Account)> {
        let accounts = self.accounts.range(pages::range(after, UserName::new));
        accounts.filter(|(_, account)| account.deleted.is_none())
    }

    /// All accounts, also deleted ones, for the snapshot.
    #[must_use]
    pub fn accounts(&self) -> &BTreeMap<UserName, Account> {
        &self.accounts
    }

    /// Restores the accounts of a snapshot. If no account is an administrator, an older version wrote the
    /// snapshot, and the oldest account becomes administrator, as in replay.
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
        let is_unfinished =
            |account: &Account| account.deleted.as_ref().is_some_and(|deletion| !deletion.finished);
        let unfinished = accounts.iter().filter(|(_, account)| is_unfinished(account));
        self.unfinished_deletions = unfinished.map(|(user, _)| user.clone()).collect();
        let subscribers = accounts.iter().filter(|(_, account)| account.has_subscription());
        self.subscribers = subscribers.map(|(user, _)| user.clone()).collect();
        accounts.keys().for_each(|user| self.skeletons.add(user));
        self.accounts = accounts;
    }

    #[expect(clippy::too_many_lines, reason = "one row for each kind of record")]
    pub(super) fn apply(&mut self, record: &ServerRecord) {
        self.join_codes.apply(record);
        self.hooks.apply(record);
        self.bots.apply(record);
        self.reset_codes.apply(record);
        match record {
            ServerRecord::Account { at, user, password, bot } => {
                let is_first = self.accounts.is_empty();
                let account = Account { bot: bot.clone(), ..Account::new(*at, password.clone(), is_first) };
                self.skeletons.add(user);
                self.accounts.insert(user.clone(), account);
            }
            ServerRecord::SessionOpened { at, user, session, digest, expires } => {
                if let Some(account) = self.accounts.get_mut(user) {
                    sessions::remove_old(&mut account.sessions, &mut self.owners, *at);
                    let session = Session { session: *session, opened: *at, expires: *expires, push: None };
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
            ServerRecord::PasswordChanged { user, .. }
            | ServerRecord::ClientKnown { user, .. }
            | ServerRecord::Seen { user, .. }
            | ServerRecord::DisplayNameSet { user, .. }
            | ServerRecord::ReadsShared { user, .. }
            | ServerRecord::BlockSet { user, .. }
            | ServerRecord::LevelSet { user, .. }
            | ServerRecord::PushSet { user, .. }
            | ServerRecord::PushSent { user, .. }
            | ServerRecord::AdministratorSet { user, .. } => {
                if let Some(account) = self.accounts.get_mut(user) {
                    account.apply(record);
                }
            }
            ServerRecord::JoinCodeCreated { .. }
            | ServerRecord::JoinCodeUsed { .. }
            | ServerRecord::JoinCodeRevoked { .. }
            | ServerRecord::BotTokenCreated { .. }
            | ServerRecord::BotTokenUsed { .. }
            | ServerRecord::CommandsRegistered { .. }
            | ServerRecord::HookCreated { .. }
            | ServerRecord::HookRevoked { .. }
            | ServerRecord::OutgoingHookCreated { .. }
            | ServerRecord::DeliveryChanged { .. }
            | ServerRecord::ResetCodeCreated { .. }
            | ServerRecord::Read { .. }
            | ServerRecord::Redacted { .. } => {}
            ServerRecord::AccountDeleted { at, user, erase, .. } => self.delete(user, *at, *erase),
            ServerRecord::DeletionFinished { user, .. } => {
                self.unfinished_deletions.remove(user);
                let account = self.accounts.get_mut(user);
                if let Some(deletion) = account.and_then(|account| account.deleted.as_mut()) {
                    deletion.finished = true;
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
        if let Some(user) = sessions::user_of_change(record) {
            self.index_subscriber(user);
        }
    }
}

impl Users {
    /// Removes everything of an account except its name, the time of its registration, and its epoch.
    fn delete(&mut self, user: &UserName, at: u64, erase: bool) {
        let Some(account) = self.accounts.get_mut(user) else { return };
        account.sessions.keys().for_each(|digest| drop(self.owners.remove(digest)));
        *account = Account {
            bot: account.bot.take(),
            epoch: account.epoch + 1,
            disabled: true,
            deleted: Some(Deletion { at, erase, finished: false }),
            ..Account::new(account.since, Box::default(), false)
        };
        self.shared_epoch += 1;
        self.unfinished_deletions.insert(user.clone());
    }

    fn index_subscriber(&mut self, user: &UserName) {
        if self.accounts.get(user).is_some_and(Account::has_subscription) {
            self.subscribers.insert(user.clone());
        } else {
            self.subscribers.remove(user);
        }
    }
}

/// Checks that a new account may have this name: it is free, it can be mentioned, and it looks like no name
/// of another script. Accounts that exist or were imported from another chat may have other names.
pub fn may_register(state: &State, user: &UserName) -> Result<(), Detail> {
    check_name_is_free(state, user)?;
    if !can_be_mentioned(user) {
        return Err(Detail::NotMentionable { user: user.clone() });
    }
    confusable::check_script(user)?;
    match state.users.skeletons.confusable_with(user) {
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
    Ok(Record::Server(ServerRecord::Account { at, user, password, bot: None }))
}

pub(super) fn open_session<'a>(
    state: &State,
    user: UserName,
    session: Uuid,
    digest: TokenDigest,
    expires: u64,
    at: u64,
) -> Result<Record<'a>, Detail> {
    if state.users.active(&user)?.disabled {
        return Err(Detail::Disabled);
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
    state.users.must_be_active(&user)?;
    Ok(Record::Server(ServerRecord::PasswordChanged { at, user, password }))
}

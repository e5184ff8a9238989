//! The records that change only one account. `accounts.rs` applies all other records of accounts.

use std::collections::BTreeMap;

use common::limits::CLIENTS_PER_USER_MAX;
use common::{DisplayName, UserName};
use uuid::Uuid;

use super::State;
use super::accounts::Account;
use super::levels::NotifyLevels;
use super::sessions::Session;
use crate::domain::records::{ClientKey, Record, ServerRecord};

impl Account {
    /// A registered account without sessions.
    pub(super) fn new(since: u64, password: Box<str>, administrator: bool) -> Self {
        Self {
            since,
            bot: None,
            password,
            display_name: DisplayName::default(),
            shares_reads: false,
            sessions: BTreeMap::new(),
            epoch: 0,
            seen: None,
            administrator,
            disabled: false,
            clients: Vec::new(),
            blocks: BTreeMap::new(),
            levels: NotifyLevels::default(),
            deleted: None,
        }
    }

    pub(super) fn has_subscription(&self) -> bool {
        self.sessions.values().any(|session| session.push.is_some())
    }

    fn session_mut(&mut self, session: Uuid) -> Option<&mut Session> {
        self.sessions.values_mut().find(|known| known.session == session)
    }

    /// Applies a record of this account. Ignores records that change more than the account.
    pub(super) fn apply(&mut self, record: &ServerRecord) {
        match record {
            ServerRecord::PasswordChanged { password, .. } => {
                self.password = password.clone();
                self.clients.clear();
            }
            ServerRecord::ClientKnown { key, .. } => {
                let surplus = (self.clients.len() + 1).saturating_sub(CLIENTS_PER_USER_MAX);
                self.clients.drain(..surplus);
                self.clients.push(*key);
            }
            ServerRecord::Seen { at, .. } => self.seen = Some(*at),
            ServerRecord::DisplayNameSet { display_name, .. } => self.display_name = display_name.clone(),
            ServerRecord::ReadsShared { shared, .. } => self.shares_reads = *shared,
            ServerRecord::BlockSet { at, other, blocked: true, .. } => {
                self.blocks.insert(other.clone(), *at);
            }
            ServerRecord::BlockSet { other, blocked: false, .. } => {
                self.blocks.remove(other);
            }
            ServerRecord::LevelSet { conversation, level, .. } => {
                self.levels.set(conversation.as_ref(), *level);
            }
            ServerRecord::PushSet { session, push, .. } => {
                if let Some(known) = self.session_mut(*session) {
                    known.push.clone_from(push);
                }
            }
            ServerRecord::PushSent { session, record, .. } => {
                if let Some(push) = self.session_mut(*session).and_then(|known| known.push.as_mut()) {
                    push.record = push.record.max(*record);
                }
            }
            ServerRecord::AdministratorSet { administrator, .. } => self.administrator = *administrator,
            ServerRecord::Account { .. }
            | ServerRecord::SessionOpened { .. }
            | ServerRecord::SessionEnded { .. }
            | ServerRecord::SessionsRevoked { .. }
            | ServerRecord::JoinCodeCreated { .. }
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
            | ServerRecord::Redacted { .. }
            | ServerRecord::AccountDeleted { .. }
            | ServerRecord::DeletionFinished { .. }
            | ServerRecord::DisabledSet { .. } => {}
        }
    }
}

/// Remembers a client that has logged in.
pub(super) fn know_client<'a>(state: &State, user: UserName, key: ClientKey, at: u64) -> Option<Record<'a>> {
    let account = state.users.active(&user).ok()?;
    (!account.clients.contains(&key)).then_some(Record::Server(ServerRecord::ClientKnown { at, user, key }))
}

pub(super) fn seen<'a>(state: &State, user: UserName, at: u64) -> Option<Record<'a>> {
    let account = state.users.active(&user).ok()?;
    (account.seen != Some(at)).then_some(Record::Server(ServerRecord::Seen { at, user }))
}

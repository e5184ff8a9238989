//! The accounts of bots and their tokens. A bot has an owner instead of a password. The state holds the
//! digests of the tokens, never the tokens.

use std::collections::{BTreeMap, HashMap};

use common::bots::Scope;
use common::commands::BotCommand;
use common::limits::{BOT_CONVERSATIONS_MAX, BOT_TOKENS_MAX, BOT_TOKENS_PER_USER_MAX};
use common::{Detail, Target, UserName};
use foldhash::fast::RandomState;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::accounts::may_register;
use super::hooks::may_manage;
use super::{State, admin};
use crate::domain::records::{BotToken, Record, ServerRecord, TokenDigest};

/// The minimum milliseconds between two records of the use of a token: a day.
const USED_INTERVAL_MS: u64 = 24 * 60 * 60 * 1_000;

/// A token that was not revoked, as `users.json` stores it. Times are Unix milliseconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownToken {
    #[serde(flatten)]
    pub token: BotToken,
    pub created: u64,
    /// The time of the last recorded use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used: Option<u64>,
    /// The slash commands that the bot registered with the token.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub commands: Vec<BotCommand>,
}

/// The tokens of bots by their ids, which begin with the time of their creation.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "BTreeMap<Uuid, KnownToken>", into = "BTreeMap<Uuid, KnownToken>")]
pub struct BotTokens {
    all: BTreeMap<Uuid, KnownToken>,
    /// The id of each token; derived from `all`.
    by_digest: HashMap<TokenDigest, Uuid, RandomState>,
}

impl From<BTreeMap<Uuid, KnownToken>> for BotTokens {
    fn from(all: BTreeMap<Uuid, KnownToken>) -> Self {
        let by_digest = all.iter().map(|(id, known)| (known.token.digest, *id)).collect();
        Self { all, by_digest }
    }
}

impl From<BotTokens> for BTreeMap<Uuid, KnownToken> {
    fn from(tokens: BotTokens) -> Self {
        tokens.all
    }
}

impl BotTokens {
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// The token with this digest, and its id.
    #[must_use]
    pub fn find(&self, digest: &TokenDigest) -> Option<(Uuid, &KnownToken)> {
        let id = self.by_digest.get(digest)?;
        Some((*id, self.all.get(id)?))
    }

    #[must_use]
    pub fn get(&self, id: Uuid) -> Option<&KnownToken> {
        self.all.get(&id)
    }

    pub(super) fn all(&self) -> impl Iterator<Item = (&Uuid, &KnownToken)> {
        self.all.iter()
    }

    /// The bot of a token.
    pub(super) fn user(&self, digest: &TokenDigest) -> Option<&UserName> {
        self.find(digest).map(|(_, known)| &known.token.user)
    }

    /// The tokens that a user created, the newest last.
    pub fn created_by<'a>(&'a self, by: &UserName) -> impl Iterator<Item = (&'a Uuid, &'a KnownToken)> {
        self.all.iter().filter(move |(_, known)| known.token.by == *by)
    }

    /// The tokens that `user` may list and revoke: all for an administrator, otherwise the user's own.
    pub fn of<'a>(
        state: &'a State,
        user: &'a UserName,
    ) -> impl Iterator<Item = (&'a Uuid, &'a KnownToken)> + 'a {
        let is_administrator = state.users.is_administrator(user);
        state.users.bots.all.iter().filter(move |(_, known)| is_administrator || known.token.by == *user)
    }

    pub(super) fn apply(&mut self, record: &ServerRecord) {
        if let ServerRecord::BotTokenCreated { at, id, token } = record {
            self.by_digest.insert(token.digest, *id);
            self.all.insert(
                *id,
                KnownToken { token: token.clone(), created: *at, used: None, commands: Vec::new() },
            );
        } else if let ServerRecord::BotTokenUsed { at, id, .. } = record {
            if let Some(known) = self.all.get_mut(id) {
                known.used = Some(*at);
            }
        } else if let ServerRecord::CommandsRegistered { id, commands, .. } = record {
            if let Some(known) = self.all.get_mut(id) {
                known.commands.clone_from(commands);
            }
        } else if let ServerRecord::SessionsRevoked { digests, .. } = record {
            self.retain(|token| !digests.contains(&token.digest));
        } else if let ServerRecord::AccountDeleted { user, .. }
        | ServerRecord::DisabledSet { user, disabled: true, .. } = record
        {
            self.retain(|token| token.user != *user);
        }
    }

    fn retain(&mut self, stays: impl Fn(&BotToken) -> bool) {
        let removed = self.all.extract_if(.., |_, known| !stays(&known.token));
        for (_, known) in removed {
            self.by_digest.remove(&known.token.digest);
        }
    }
}

/// Checks that `by` may create an account for a bot with this name, or owns such an account.
pub fn may_own(state: &State, user: &UserName, by: &UserName) -> Result<(), Detail> {
    match state.users.active(user) {
        Ok(account) if account.bot.as_ref() == Some(by) && !account.disabled => Ok(()),
        Ok(_) | Err(_) => may_register(state, user),
    }
}

/// Creates the account of a bot. The owner may use an account that exists.
pub(super) fn register_bot<'a>(
    state: &State,
    user: UserName,
    by: UserName,
    at: u64,
) -> Result<Option<Record<'a>>, Detail> {
    may_own(state, &user, &by)?;
    if state.users.exists(&user) {
        return Ok(None);
    }
    let account = ServerRecord::Account { at, user, password: Box::default(), bot: Some(by) };
    Ok(Some(Record::Server(account)))
}

/// Checks that `by` may create a token for these conversations. `by` must moderate the channels.
pub fn may_create_token(state: &State, by: &UserName, conversations: &[Target]) -> Result<(), Detail> {
    if conversations.is_empty() || conversations.len() > BOT_CONVERSATIONS_MAX {
        return Err(Detail::BotConversations { max: BOT_CONVERSATIONS_MAX });
    }
    let tokens = &state.users.bots;
    for (count, max) in
        [(tokens.created_by(by).count(), BOT_TOKENS_PER_USER_MAX), (tokens.all.len(), BOT_TOKENS_MAX)]
    {
        if count >= max {
            return Err(Detail::TooManyBotTokens { max });
        }
    }
    for conversation in conversations {
        match conversation {
            Target::Channel(channel) => may_manage(state, channel, by)?,
            Target::User(user) => state.users.must_be_active(user)?,
        }
    }
    Ok(())
}

pub(super) fn create_token<'a>(
    state: &State,
    id: Uuid,
    token: BotToken,
    at: u64,
) -> Result<Record<'a>, Detail> {
    may_create_token(state, &token.by, &token.conversations)?;
    if state.users.active(&token.user)?.bot.as_ref() != Some(&token.by) {
        return Err(Detail::NameTaken { user: token.user });
    }
    Ok(Record::Server(ServerRecord::BotTokenCreated { at, id, token }))
}

/// Records the use of a token, at most once a day.
pub(super) fn use_token<'a>(state: &State, user: UserName, id: Uuid, at: u64) -> Option<Record<'a>> {
    let known = state.users.bots.all.get(&id).filter(|known| known.token.user == user)?;
    let is_due = known.used.is_none_or(|used| used.saturating_add(USED_INTERVAL_MS) <= at);
    is_due.then_some(Record::Server(ServerRecord::BotTokenUsed { at, user, id }))
}

/// Revokes a token like a session: the topics of the bot move, because the token gave access to them.
pub(super) fn revoke_token<'a>(
    state: &State,
    by: &UserName,
    id: Uuid,
    at: u64,
) -> Result<Record<'a>, Detail> {
    let known = state.users.bots.all.get(&id).ok_or(Detail::NoSuchBot)?;
    if known.token.by != *by {
        admin::check(state, by).map_err(|_not_administrator| Detail::NoSuchBot)?;
    }
    let (user, digests) = (known.token.user.clone(), vec![known.token.digest]);
    Ok(Record::Server(ServerRecord::SessionsRevoked { at, user, digests }))
}

impl BotToken {
    /// Whether the token permits a method that needs `scope`, in a conversation.
    #[must_use]
    pub fn permits(&self, scope: Scope, conversation: Option<&Target>) -> bool {
        scope <= self.scope && conversation.is_none_or(|conversation| self.permits_in(conversation))
    }

    /// Whether the token permits requests about a conversation.
    #[must_use]
    pub fn permits_in(&self, conversation: &Target) -> bool {
        self.conversations.binary_search(conversation).is_ok()
    }
}

//! The tokens of bots. The state holds the digests of the tokens, never the tokens.

use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;

use common::bots::Scope;
use common::commands::BotCommand;
use common::{Target, UserName};
use foldhash::fast::RandomState;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::State;
use crate::domain::records::{BotToken, ServerRecord, TokenDigest};

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

    #[must_use]
    pub fn len(&self) -> usize {
        self.all.len()
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

    /// The tokens that a user created, oldest first.
    pub fn created_by<'a>(&'a self, by: &UserName) -> impl Iterator<Item = (&'a Uuid, &'a KnownToken)> {
        self.all.iter().filter(move |(_, known)| known.token.by == *by)
    }

    /// The tokens that `user` may list and revoke: all for an administrator, otherwise the user's own.
    pub fn of<'a>(
        state: &'a State,
        user: &'a UserName,
        ids: (Bound<Uuid>, Bound<Uuid>),
    ) -> impl Iterator<Item = (&'a Uuid, &'a KnownToken)> + 'a {
        let is_administrator = state.users.is_administrator(user);
        state.users.bots.all.range(ids).filter(move |(_, known)| is_administrator || known.token.by == *user)
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

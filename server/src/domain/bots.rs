//! The accounts of bots, and who may create and revoke their tokens. A bot has an owner instead of a
//! password.

use common::limits::{BOT_CONVERSATIONS_MAX, BOT_TOKENS_MAX, BOT_TOKENS_PER_USER_MAX};
use common::{Detail, Target, UserName};
use uuid::Uuid;

use super::accounts::may_register;
use super::hooks::may_manage;
use super::{State, admin};
use crate::domain::records::{BotToken, Record, ServerRecord};

/// The minimum milliseconds between two records of the use of a token: a day.
const USED_INTERVAL_MS: u64 = 24 * 60 * 60 * 1_000;

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
        [(tokens.created_by(by).count(), BOT_TOKENS_PER_USER_MAX), (tokens.len(), BOT_TOKENS_MAX)]
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
    let known = state.users.bots.get(id).filter(|known| known.token.user == user)?;
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
    let known = state.users.bots.get(id).ok_or(Detail::NoSuchBot)?;
    if known.token.by != *by {
        admin::check(state, by).map_err(|_not_administrator| Detail::NoSuchBot)?;
    }
    let (user, digests) = (known.token.user.clone(), vec![known.token.digest]);
    Ok(Record::Server(ServerRecord::SessionsRevoked { at, user, digests }))
}

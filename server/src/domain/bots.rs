//! The tokens of bots: sessions that do not expire, with a scope.

use common::bots::Scope;
use common::{Detail, Target, UserName};
use uuid::Uuid;

use super::State;
use super::accounts::Session;
use super::hooks::{may_manage, may_own};
use crate::domain::records::{Record, ServerRecord, TokenDigest, TokenScope};

/// The minimum milliseconds between two records of the last use of a token.
const USED_INTERVAL_MS: u64 = 60 * 60 * 1_000;

/// The tokens of the bots of `user`: bot, owner, session and scope. An administrator gets those of all bots.
pub fn tokens<'a>(
    state: &'a State,
    user: &'a UserName,
) -> impl Iterator<Item = (&'a UserName, &'a UserName, &'a Session, &'a TokenScope)> {
    let is_administrator = state.users.is_administrator(user);
    let bots = state.users.accounts_after(None).filter_map(|(name, account)| Some((name, account, account.bot.as_ref()?)));
    bots.filter(move |(_, _, owner)| is_administrator || *owner == user).flat_map(|(name, account, owner)| {
        let sessions = account.sessions.values();
        sessions.filter_map(move |session| Some((name, owner, session, session.scope.as_deref()?)))
    })
}

/// The bot of a token that `user` may revoke.
pub fn owned(state: &State, user: &UserName, id: Uuid) -> Result<UserName, Detail> {
    let mut tokens = tokens(state, user);
    tokens.find(|(_, _, session, _)| session.session == id).map(|(bot, ..)| bot.clone()).ok_or(Detail::NoSuchBotToken)
}

pub(super) fn create_token<'a>(
    state: &State,
    by: &UserName,
    (user, session, digest): (UserName, Uuid, TokenDigest),
    scope: TokenScope,
    at: u64,
) -> Result<Record<'a>, Detail> {
    may_own(state, &user, by)?;
    for conversation in &scope.conversations {
        if let Target::Channel(channel) = conversation {
            may_manage(state, channel, by)?;
        }
    }
    Ok(Record::Server(ServerRecord::BotTokenCreated { at, user, session, digest, scope }))
}

/// Records the use of a token, at most once an hour.
pub(super) fn use_token<'a>(state: &State, user: UserName, session: Uuid, at: u64) -> Option<Record<'a>> {
    let (_, known) = state.users.sessions(&user).find(|(_, known)| known.session == session)?;
    let is_due = known.scope.as_ref()?.used.is_none_or(|used| used + USED_INTERVAL_MS <= at);
    is_due.then_some(Record::Server(ServerRecord::BotTokenUsed { at, user, session }))
}

/// Checks that a token permits a request.
pub fn check(
    token: &TokenScope,
    scope: Option<Scope>,
    conversation: Option<&Target>,
) -> Result<(), Detail> {
    let has_scope = scope.is_some_and(|scope| scope <= token.scope);
    let is_inside = conversation.is_none_or(|conversation| token.conversations.contains(conversation));
    if has_scope && is_inside { Ok(()) } else { Err(Detail::OutOfScope) }
}

//! `bot.create`, `bot.list` and `bot.revoke`.

use common::accounts::{Done, SessionOnly};
use common::bots::{BotToken, Bots, CreateBot, CreatedBot, RevokeBot};
use common::limits::{BOT_CONVERSATIONS_MAX, SESSIONS_PER_USER_MAX};
use common::{Detail, Error, Target};

use super::RequestContext;
use super::hooks::admit_bot;
use super::presence::remove_ended_sessions;
use crate::domain::records::{TokenDigest, TokenScope};
use crate::domain::{Actor, Command, bots, hooks};

pub(super) fn create(context: &mut RequestContext<'_>, params: CreateBot<'_>) -> Result<CreatedBot, Error> {
    let CreateBot { token, name, scope, conversations } = params;
    let by = context.authenticate(&token)?;
    if conversations.is_empty() || conversations.len() > BOT_CONVERSATIONS_MAX {
        return Err(Detail::BotConversations { max: BOT_CONVERSATIONS_MAX }.into());
    }
    let state = context.ledger.state();
    hooks::may_own(state, &name, &by)?;
    if state.users.sessions(&name).count() >= SESSIONS_PER_USER_MAX {
        return Err(Detail::TooManyBotTokens { max: SESSIONS_PER_USER_MAX }.into());
    }
    for conversation in &conversations {
        if let Target::Channel(channel) = conversation {
            hooks::may_manage(state, channel, &by)?;
        }
    }
    context.record(Command::RegisterBot { user: name.clone(), by: by.clone() })?;
    for conversation in &conversations {
        if let Target::Channel(channel) = conversation {
            admit_bot(context, &by, Actor { user: name.clone(), channel: channel.clone() })?;
        }
    }
    let issued = context.tokens.issue_lasting(&name, context.now_ms).map_err(|_| Detail::OutOfMemory)?;
    let digest = TokenDigest::of(&issued.token);
    let scope = TokenScope { scope, conversations, used: None };
    context.record(Command::CreateBotToken { by, user: name, session: issued.session, digest, scope })?;
    Ok(CreatedBot { id: issued.session, token: issued.token })
}

/// Lists the tokens of the user's own bots; for an administrator, of all bots.
pub(super) fn list(context: &mut RequestContext<'_>, params: &SessionOnly<'_>) -> Result<Bots, Error> {
    let user = context.authenticate(&params.token)?;
    let tokens = bots::tokens(context.ledger.state(), &user).map(|(name, by, session, scope)| BotToken {
        id: session.session,
        name: name.clone(),
        by: by.clone(),
        scope: scope.scope,
        conversations: scope.conversations.clone(),
        created: session.opened,
        used: scope.used,
    });
    Ok(Bots { tokens: tokens.collect() })
}

pub(super) fn revoke(context: &mut RequestContext<'_>, params: &RevokeBot<'_>) -> Result<Done, Error> {
    let by = context.authenticate(&params.token)?;
    let bot = bots::owned(context.ledger.state(), &by, params.id)?;
    // The token is the only session to end, so no session is the current one.
    let current = TokenDigest::of("");
    context.record(Command::Revoke { user: bot.clone(), current, session: Some(params.id) })?;
    remove_ended_sessions(context, &bot);
    Ok(Done {})
}

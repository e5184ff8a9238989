//! `bot.create`, `bot.list` and `bot.revoke`, and the scope of a bot's token in every request.

use common::accounts::{Done, ListNames};
use common::bots::{Bot, Bots, CreateBot, CreatedBot, RevokeBot, Scope};
use common::limits::{BOT_TOKENS_PER_PAGE, MEMBERSHIPS_MAX};
use common::{Call, Detail, Error, Target, UserName, pages};
use uuid::Uuid;

use super::RequestContext;
use super::channel_names::{channel, replace};
use super::hooks::admit_bot;
use super::places::Place;
use super::presence::remove_ended_sessions;
use crate::domain::bot_tokens::BotTokens;
use crate::domain::bots::{may_create_token, may_own};
use crate::domain::channels::decide::may_invite;
use crate::domain::hooks::may_manage;
use crate::domain::records::{BotToken, TokenDigest};
use crate::domain::{Actor, Command};

/// The permission that a request needs from the token of a bot.
pub struct Needed {
    method: &'static str,
    scope: Scope,
    /// The conversation of the request, with its first name.
    conversation: Option<Target>,
}

impl Needed {
    pub(super) fn of(call: &mut Call<'_>) -> Self {
        let row = call.method().description();
        let needed = Self { method: row.name, scope: row.scope, conversation: None };
        match Place::of(call) {
            Place::Channel(channel) => {
                Self { conversation: Some(Target::Channel(channel.clone())), ..needed }
            }
            Place::Conversation(conversation) => Self { conversation: Some(conversation.clone()), ..needed },
            // No token of a bot permits requests about all conversations.
            Place::Everywhere => Self { scope: Scope::Person, ..needed },
            Place::Nowhere => needed,
        }
    }
}

/// Checks the scope of a bot's token, and records its use. The tokens of sessions have no scope.
pub(super) fn check_scope(
    context: &mut RequestContext<'_>,
    user: &UserName,
    digest: &TokenDigest,
) -> Result<(), Error> {
    let Some((id, known)) = context.ledger.state().users.bots.find(digest) else { return Ok(()) };
    let is_permitted = context
        .needed
        .as_ref()
        .is_some_and(|needed| known.token.permits(needed.scope, needed.conversation.as_ref()));
    if !is_permitted {
        let method = context.needed.as_ref().map_or_else(String::new, |needed| needed.method.to_owned());
        return Err(Detail::OutOfScope { method }.into());
    }
    context.bot_token = Some(id);
    // A request that only reads succeeds even if its use cannot be recorded, for example on a full disk.
    if let Err(error) = context.record(Command::UseBotToken { user: user.clone(), id }) {
        tracing::debug!(%user, %error, "the use of a bot's token was not recorded");
    }
    Ok(())
}

pub(super) fn create(context: &mut RequestContext<'_>, params: CreateBot<'_>) -> Result<CreatedBot, Error> {
    let CreateBot { token, name, scope, mut conversations } = params;
    let by = context.authenticate(&token)?;
    let state = context.ledger.state();
    for channel in conversations.iter_mut().filter_map(channel) {
        let renamed = replace(channel, &state.channels);
        if let Err(error) = may_manage(state, channel, &by) {
            context.renamed = renamed;
            return Err(error.into());
        }
    }
    conversations.sort_unstable();
    conversations.dedup();
    may_own(state, &name, &by)?;
    may_create_token(state, &by, &conversations)?;
    let channels = conversations.iter_mut().filter_map(channel);
    let memberships: Vec<_> =
        channels.map(|channel| Actor { user: name.clone(), channel: channel.clone() }).collect();
    let new = memberships.iter().filter(|bot| state.channels.membership(&bot.channel, &bot.user).is_err());
    if state.channels.membership_count(&name, MEMBERSHIPS_MAX) + new.count() > MEMBERSHIPS_MAX {
        return Err(Detail::TooManyMemberships { max: MEMBERSHIPS_MAX }.into());
    }
    for bot in &memberships {
        may_invite(state, &Actor { user: by.clone(), channel: bot.channel.clone() }, &bot.user)?;
    }
    context.record(Command::RegisterBot { user: name.clone(), by: by.clone() })?;
    for bot in memberships {
        admit_bot(context, &by, bot)?;
    }
    let id = Uuid::now_v7();
    let issued = context.tokens.issue_for_bot(&name, id, context.now_ms);
    let issued = issued.map_err(|_unsigned| Detail::OutOfMemory)?;
    let digest = TokenDigest::of(&issued);
    let stored = BotToken { by, user: name, digest, scope, conversations };
    context.record(Command::CreateBotToken { id, token: stored })?;
    Ok(CreatedBot { id, token: issued })
}

pub(super) fn list(context: &mut RequestContext<'_>, params: &ListNames<'_>) -> Result<Bots, Error> {
    let user = context.authenticate(&params.token)?;
    let range = pages::range(params.after.as_deref(), Uuid::parse_str);
    let mut tokens = BotTokens::of(context.ledger.state(), &user, range).map(|(id, known)| Bot {
        id: *id,
        name: known.token.user.clone(),
        by: known.token.by.clone(),
        scope: known.token.scope,
        conversations: known.token.conversations.clone(),
        created: known.created,
        used: known.used,
    });
    let bots = tokens.by_ref().take(BOT_TOKENS_PER_PAGE).collect();
    Ok(Bots { bots, more: tokens.next().is_some() })
}

pub(super) fn revoke(context: &mut RequestContext<'_>, params: &RevokeBot<'_>) -> Result<Done, Error> {
    let by = context.authenticate(&params.token)?;
    revoke_token(context, by, params.id)?;
    Ok(Done {})
}

fn revoke_token(context: &mut RequestContext<'_>, by: UserName, id: Uuid) -> Result<(), Error> {
    let bot = context.ledger.state().users.bots.get(id).map(|known| known.token.user.clone());
    context.record(Command::RevokeBotToken { by, id })?;
    if let Some(bot) = bot {
        remove_ended_sessions(context, &bot);
    }
    Ok(())
}

/// Revokes the tokens that `user` created, because the account of `user` is deleted or disabled.
pub(super) fn revoke_all_of(
    context: &mut RequestContext<'_>,
    by: &UserName,
    user: &UserName,
) -> Result<(), Error> {
    let ids: Vec<_> = context.ledger.state().users.bots.created_by(user).map(|(id, _)| *id).collect();
    for id in ids {
        revoke_token(context, by.clone(), id)?;
    }
    Ok(())
}

//! `hook.create`, `hook.list`, `hook.revoke` and `hook.post`.

use common::accounts::Done;
use common::hooks::{CreateHook, CreatedHook, Hook, Hooks, ListHooks, OneHook, Post, PosterName, Via};
use common::mentions::without_here;
use common::messages::Sent;
use common::{Body, Conversation, Detail, Error, Target, Text, UserName};
use uuid::Uuid;

use super::{RequestContext, deliveries, id_at};
use crate::domain::channels::decide::{may_invite, may_join};
use crate::domain::records::{self, TokenDigest};
use crate::domain::{Actor, Change, Command, Original, bots, hooks};
use crate::services::codes;
use crate::services::limiters::guesses::Guesser;
use crate::services::limiters::rates::RateKind;
use crate::storage::ledger::Receipt;

pub(super) fn create(context: &mut RequestContext<'_>, params: CreateHook<'_>) -> Result<CreatedHook, Error> {
    let CreateHook { token, channel, name, unlocked, here, signed, url } = params;
    if url.is_some() && context.leases.is_off {
        return Err(Detail::PlainWebhooks.into());
    }
    if url.is_some() && (unlocked || here || signed) {
        let error = "\"unlocked\", \"here\" and \"signed\" are for webhooks without a \"url\"".to_owned();
        return Err(Detail::BadParams { method: "hook.create".to_owned(), error }.into());
    }
    let by = context.authenticate(&token)?;
    let state = context.ledger.state();
    hooks::may_manage(state, &channel, &by)?;
    hooks::may_add(state, &channel)?;
    let hook = codes::random_token().map_err(|_no_random_bytes| Detail::OutOfMemory)?;
    admit_bot(context, &by, Actor { user: name.clone(), channel: channel.clone() })?;
    if let Some(url) = url {
        return deliveries::create(context, (by, name), channel, url);
    }
    let (id, digest) = (Uuid::now_v7(), TokenDigest::of(&hook));
    let stored = records::Hook { by, user: name, channel, digest, unlocked, here, signed };
    context.record(Command::CreateHook { id, hook: stored })?;
    let secret = signed.then(|| context.ledger.state().channels.hook_secret(id));
    Ok(CreatedHook { id, hook: Some(hook), secret })
}

/// Creates the account of a bot, and makes it a member of a channel. `by` needs the right to invite users to
/// the channel.
pub(super) fn admit_bot(context: &mut RequestContext<'_>, by: &UserName, bot: Actor) -> Result<(), Error> {
    let moderator = Actor { user: by.clone(), channel: bot.channel.clone() };
    bots::may_own(context.ledger.state(), &bot.user, by)?;
    may_join(context.ledger.state(), &bot)?;
    may_invite(context.ledger.state(), &moderator, &bot.user)?;
    context.record(Command::RegisterBot { user: bot.user.clone(), by: by.clone() })?;
    context.record(Command::Invite(moderator, bot.user.clone()))?;
    context.record(Command::Join(bot))?;
    Ok(())
}

pub(super) fn list(context: &mut RequestContext<'_>, params: &ListHooks<'_>) -> Result<Hooks, Error> {
    let user = context.authenticate(&params.token)?;
    let state = context.ledger.state();
    hooks::may_manage(state, &params.channel, &user)?;
    let hooks = state.users.hooks.of(&params.channel).map(|(id, hook)| Hook {
        id: *id,
        name: hook.user.clone(),
        by: hook.by.clone(),
        unlocked: hook.unlocked,
        here: hook.here,
        signed: hook.signed,
        delivery: None,
    });
    let outgoing = state.users.hooks.outgoing.of(&params.channel);
    let outgoing = outgoing.map(|(id, hook)| deliveries::describe(context, *id, hook));
    let mut hooks: Vec<_> = hooks.chain(outgoing).collect();
    hooks.sort_by_key(|hook| hook.id);
    Ok(Hooks { hooks })
}

pub(super) fn revoke(context: &mut RequestContext<'_>, params: &OneHook<'_>) -> Result<Done, Error> {
    let by = context.authenticate(&params.token)?;
    context.record(Command::RevokeHook { by, id: params.id })?;
    Ok(Done {})
}

pub(super) fn post(context: &mut RequestContext<'_>, params: Post<'_>) -> Result<Sent, Error> {
    let Post { hook, id, text, username, channel, edit, signature } = params;
    let digest = codes::token_digest(&hook).ok_or(Detail::NoSuchHook)?;
    let (hook_id, hook) = hooks::find(context.ledger.state(), &digest)?;
    let hook = hook.clone();
    if hook.signed {
        check_signature(context, hook_id, signature.as_deref())?;
    }
    context.take_rate(&hook.user, RateKind::Posts)?;
    let without_mention = if hook.here { None } else { without_here(text.as_str()) };
    let text = without_mention.map_or(Ok(text), Text::new)?;
    let channel = channel.filter(|_| hook.unlocked).unwrap_or(hook.channel);
    let to = Target::Channel(channel);
    if let Some(sent) = context.ledger.sent_before(id, &hook.user)? {
        return if edit { replace(context, hook.user, to, sent, text) } else { Ok(sent.into()) };
    }
    let via = Via { hook: hook.user.clone(), username: username.as_deref().and_then(PosterName::new) };
    let receipt = context.record(Command::Post { user: hook.user, to, id, text, via })?;
    Ok(receipt.ok_or(Detail::Internal)?.into())
}

/// Checks the signature of the bytes after the line. A wrong signature costs the server a hash of up to 256
/// KiB, so wrong signatures are limited like wrong codes, for each client and webhook. They do not count as
/// posts, because a stranger could then exhaust the rate of the webhook.
fn check_signature(
    context: &mut RequestContext<'_>,
    hook: Uuid,
    signature: Option<&str>,
) -> Result<(), Error> {
    let guesser = Guesser::Signature(hook, context.peer().id);
    let attempt = context.begin_attempt(guesser)?;
    let body = context.attached.bytes.as_ref().filter(|_| context.attached.is_single_line);
    let channels = &context.ledger.state().channels;
    let is_valid = body.zip(signature).is_some_and(|(body, signature)| {
        let code = signature.strip_prefix("sha256=").and_then(common::hex::from_hex::<32>);
        code.is_some_and(|code| channels.has_signed(hook, body, &code))
    });
    context.guesses.end(attempt, is_valid, context.now_ms);
    if is_valid { Ok(()) } else { Err(Detail::WrongSignature.into()) }
}

/// Replaces the text of a message of the hook. Idempotent.
fn replace(
    context: &mut RequestContext<'_>,
    user: UserName,
    conversation: Target,
    sent: Receipt,
    text: Text<'_>,
) -> Result<Sent, Error> {
    let readable = Conversation::of(&user, &conversation);
    let state = context.ledger.state();
    let amendment = state.channels.amendments(&readable).and_then(|all| all.of(sent.n));
    if amendment.is_some_and(|amendment| amendment.deleted) {
        return Err(Detail::NoSuchMessage { n: sent.n, conversation }.into());
    }
    let newest = amendment.and_then(|amendment| amendment.edits.last().copied()).unwrap_or(sent.n);
    if let Some(Body::Message { text: known, .. } | Body::Edited { text: known, .. }) =
        context.ledger.event(&readable, newest)?.map(|event| event.body)
        && known.as_str() == text.as_str()
    {
        return Ok(sent.into());
    }
    let original = context.ledger.event(&readable, sent.n)?;
    let original = original.as_ref().and_then(Original::of);
    let original =
        original.ok_or_else(|| Detail::NoSuchMessage { n: sent.n, conversation: conversation.clone() })?;
    let (id, change) = (id_at(context.now_ms), Change::Edit(text));
    let receipt = context.record(Command::Amend { user, conversation, original, id, change })?;
    Ok(receipt.ok_or(Detail::Internal)?.into())
}

impl From<Receipt> for Sent {
    fn from(Receipt { n, at }: Receipt) -> Self {
        Self::new(n, at)
    }
}

//! `message.edit`, `message.delete` and `message.react`, and the current form of messages for history and
//! search.

use common::accounts::Token;
use common::amendments::{AmendedFields, Delete, EarlierText, Edit, React, encode_amended, without_text};
use common::limits::EDITS_SHOWN_MAX;
use common::messages::Sent;
use common::{Body, Detail, Error, Event, Target};
use uuid::Uuid;

use super::{RequestContext, messages};
use crate::domain::amendments::Amendment;
use crate::domain::{Change, Command, Original, files, history};

pub(super) fn edit(context: &mut RequestContext<'_>, params: Edit<'_>) -> Result<Sent, Error> {
    let Edit { token, conversation, n, id, text } = params;
    amend(context, &token, conversation, n, id, Change::Edit(text))
}

pub(super) fn delete(context: &mut RequestContext<'_>, params: Delete<'_>) -> Result<Sent, Error> {
    let Delete { token, conversation, n, id } = params;
    let user = context.authenticate(&token)?;
    let file = files::find(context.ledger.state(), &user, &conversation, n).ok();
    let content = file.map(|shared| shared.sha256);
    let sent = amend(context, &token, conversation, n, id, Change::Delete)?;
    if let Some(sha256) = content {
        context.files.release(sha256, context.ledger.position());
    }
    Ok(sent)
}

pub(super) fn react(context: &mut RequestContext<'_>, params: React<'_>) -> Result<Sent, Error> {
    let React { token, conversation, n, id, emoji, remove } = params;
    let change = if remove { Change::Unreact(emoji) } else { Change::React(emoji) };
    amend(context, &token, conversation, n, id, change)
}

/// Finds the message, checks the rules, and records the change.
fn amend(
    context: &mut RequestContext<'_>,
    token: &Token<'_>,
    conversation: Target,
    n: u64,
    id: Uuid,
    change: Change<'_>,
) -> Result<Sent, Error> {
    messages::record_once(context, token, id, |context, user| {
        let readable = history::readable(context.ledger.state(), &user, &conversation)?;
        let event = context.ledger.event(&readable, n)?;
        let original = event.as_ref().and_then(Original::of);
        let original =
            original.ok_or_else(|| Detail::NoSuchMessage { n, conversation: conversation.clone() })?;
        Ok(Command::Amend { user, conversation, original, id, change })
    })
}

/// Writes a message with its reactions, and a newline. The text is the newest one, or empty if the message
/// was deleted. `edits` adds the earlier texts. `find` reads another event of the conversation.
pub(crate) fn write_current<E>(
    find: impl Fn(u64) -> Result<Option<Event<'static>>, E>,
    event: Event<'_>,
    amendment: &Amendment,
    edits: bool,
    out: &mut Vec<u8>,
) -> Result<(), E> {
    if amendment.deleted {
        encode_amended(out, &without_text(event), &AmendedFields::default());
        return Ok(());
    }
    let reactions = amendment.reactions.clone();
    let mut fields = AmendedFields { reactions, ..AmendedFields::default() };
    let Some(newest) = amendment.edits.last() else {
        encode_amended(out, &event, &fields);
        return Ok(());
    };
    if edits {
        fields.edits = earlier_texts(&find, &event, &amendment.edits)?;
    }
    let newest = find(*newest)?;
    let body = match (event.body, newest) {
        (
            Body::Message { id, reply, via, command, .. },
            Some(Event { at, body: Body::Edited { text, .. }, .. }),
        ) => {
            fields.edited = Some(at);
            Body::Message { id, text, reply, via, command }
        }
        (body, _) => body,
    };
    encode_amended(out, &Event { body, ..event }, &fields);
    Ok(())
}

/// The texts of a message before its last edit, at most the newest `EDITS_SHOWN_MAX`.
fn earlier_texts<E>(
    find: impl Fn(u64) -> Result<Option<Event<'static>>, E>,
    event: &Event<'_>,
    edits: &[u64],
) -> Result<Vec<EarlierText<'static>>, E> {
    let version = |event: &Event<'_>| {
        let (Body::Message { text, .. } | Body::Edited { text, .. }) = &event.body else { return None };
        Some(EarlierText { at: event.at, text: text.as_str().to_owned().into() })
    };
    let mut versions: Vec<_> = version(event).into_iter().collect();
    let (_newest, earlier) = edits.split_last().unwrap_or((&0, &[]));
    for n in earlier.iter().skip(earlier.len().saturating_sub(EDITS_SHOWN_MAX)) {
        versions.extend(find(*n)?.as_ref().and_then(version));
    }
    versions.drain(..versions.len().saturating_sub(EDITS_SHOWN_MAX));
    Ok(versions)
}

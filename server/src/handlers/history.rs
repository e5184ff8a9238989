//! `message.history`, `sync.heads`.

use common::history::{Heads, HeadsSince, History, PageLines};
use common::limits::{HISTORY_BYTES_MAX, HISTORY_EVENTS_DEFAULT};
use common::{Conversation, Error, Event};

use super::RequestContext;
use super::amendments::write_present;
use crate::domain::history::{self, Fill, PageRange};

/// Events read at once: a page that would get too large is found out after so many. A page of the ordinary size is read
/// in one go.
const CHUNK_EVENTS: u64 = 64;

const _: () = assert!(HISTORY_EVENTS_DEFAULT <= CHUNK_EVENTS);

pub(super) fn page(context: &mut RequestContext<'_>, params: &History<'_>) -> Result<PageLines, Error> {
    let user = context.user_of(&params.token)?;
    let History { before, after, limit, .. } = *params;
    let range = history::page(context.ledger.state(), &user, &params.conversation, before, after, limit)?;
    let edits = params.edits;
    let lines = match range.fill {
        Fill::Forward => read_forward(context, &range, edits)?,
        Fill::Backward => read_backward(context, &range, edits)?,
    };
    Ok(PageLines { conversation: params.conversation.clone(), head: range.head, lines })
}

/// Reads events as they are at present. Their lines are copied as they are, unless something became of one of them.
pub(super) fn read(
    context: &RequestContext<'_>,
    conversation: &Conversation,
    first: u64,
    last: u64,
    edits: bool,
    out: &mut Vec<u8>,
) -> Result<(), Error> {
    let amendments = context.ledger.state().channels.amendments(conversation);
    let Some(amendments) = amendments.filter(|amendments| amendments.touch(first..=last)) else {
        return context.ledger.read(conversation, first, last, out);
    };
    let mut lines = Vec::new();
    context.ledger.read(conversation, first, last, &mut lines)?;
    for (n, line) in (first..).zip(lines.split_inclusive(|byte| *byte == b'\n')) {
        match amendments.of(n) {
            None => out.extend_from_slice(line),
            Some(amendment) => {
                let event: Event<'_> =
                    serde_json::from_slice(line).map_err(crate::storage::ledger::internal)?;
                let find = |n| context.ledger.event(conversation, n);
                write_present(find, event, amendment, edits, out)?;
            }
        }
    }
    Ok(())
}

/// From the first event on, until the page is full.
fn read_forward(context: &RequestContext<'_>, range: &PageRange, edits: bool) -> Result<Vec<u8>, Error> {
    let (mut lines, end) = (Vec::new(), *range.numbers.end());
    let mut first = *range.numbers.start();
    while first <= end && lines.len() < HISTORY_BYTES_MAX {
        let last = end.min(first.saturating_add(CHUNK_EVENTS - 1));
        read(context, &range.conversation, first, last, edits, &mut lines)?;
        first = last + 1;
    }
    if lines.len() > HISTORY_BYTES_MAX {
        // At least one event, however long it is, so that every reader gets on.
        let first_end = lines.iter().position(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let fitting =
            lines.get(..HISTORY_BYTES_MAX).and_then(|fitting| fitting.iter().rposition(|b| *b == b'\n'));
        lines.truncate(fitting.map_or(first_end, |at| at + 1));
    }
    Ok(lines)
}

/// From the last event back, until the page is full.
fn read_backward(context: &RequestContext<'_>, range: &PageRange, edits: bool) -> Result<Vec<u8>, Error> {
    let (mut lines, start) = (Vec::new(), *range.numbers.start());
    let mut end = *range.numbers.end();
    while start <= end && end > 0 && lines.len() < HISTORY_BYTES_MAX {
        let first = start.max((end + 1).saturating_sub(CHUNK_EVENTS));
        let mut earlier = Vec::new();
        read(context, &range.conversation, first, end, edits, &mut earlier)?;
        earlier.append(&mut lines);
        lines = earlier;
        end = first - 1;
    }
    if let Some(surplus) = lines.len().checked_sub(HISTORY_BYTES_MAX).filter(|surplus| *surplus > 0) {
        // The page begins behind the first line that would make it too large, but keeps the last one.
        let last_start =
            lines.trim_ascii_end().iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let fitting = lines.get(surplus - 1..).and_then(|rest| rest.iter().position(|byte| *byte == b'\n'));
        lines.drain(..fitting.map_or(last_start, |at| surplus + at).min(last_start));
    }
    Ok(lines)
}

pub(super) fn heads(context: &mut RequestContext<'_>, params: &HeadsSince<'_>) -> Result<Heads, Error> {
    let user = context.user_of(&params.token)?;
    let since = params.since.unwrap_or(0);
    let heads = history::heads(context.ledger.state(), &user, since).collect();
    let topic = context.ledger.state().user_topic(&user);
    let (cursor, restored) = (context.ledger.position(), context.ledger.restored_ms());
    Ok(Heads { cursor, restored, topic, heads })
}

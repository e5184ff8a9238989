//! `message.history`, `sync.heads`.

use common::history::{Heads, HeadsSince, History, PageLines};
use common::limits::{HISTORY_BYTES_MAX, HISTORY_EVENTS_DEFAULT};
use common::{Conversation, Detail, Error, Event};

use super::RequestContext;
use super::amendments::write_current;
use crate::domain::history::{self, Bounds, Fill, PageRange};

/// The number of events in one read. A page of the default size needs one read.
const CHUNK_EVENTS: u64 = 64;

const _: () = assert!(HISTORY_EVENTS_DEFAULT <= CHUNK_EVENTS);

pub(super) fn page(context: &mut RequestContext<'_>, params: &History<'_>) -> Result<PageLines, Error> {
    let user = context.authenticate(&params.token)?;
    if let Some((one, other)) = params.conflict() {
        return Err(Detail::HistoryConflict { one: one.to_owned(), other: other.to_owned() }.into());
    }
    let conversation = history::readable(context.ledger.state(), &user, &params.conversation)?;
    let head = context.ledger.state().head(&conversation);
    let first_since = |at| {
        let time_of = |n| {
            let event = context.ledger.event(&conversation, n);
            event.map(|event| event.map_or(0, |event| event.at))
        };
        history::first_since(head, at, time_of)
    };
    let bounds = Bounds {
        before: params.before_at.map_or(Ok(params.before), |at| first_since(at).map(Some))?,
        after: params.after_at.map_or(Ok(params.after), |at| first_since(at).map(|first| Some(first - 1)))?,
        around: params.around,
        limit: params.limit,
    };
    let range = history::page(head, bounds);
    let page = PageReader { context, conversation: &conversation, edits: params.edits };
    Ok(PageLines { conversation: params.conversation.clone(), head, lines: page.read(&range)? })
}

/// Reads events with their amendments. Lines without amendments are copied without parsing.
pub(super) fn read(
    context: &RequestContext<'_>,
    conversation: &Conversation,
    first: u64,
    last: u64,
    edits: bool,
    out: &mut Vec<u8>,
) -> Result<(), Error> {
    let amendments = context.ledger.state().channels.amendments(conversation);
    let Some(amendments) = amendments.filter(|amendments| amendments.has_any_in(first..=last)) else {
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
                write_current(find, event, amendment, edits, out)?;
            }
        }
    }
    Ok(())
}

/// Reads events forward from `first` up to `last`, until the bytes exceed `bytes_max`. Reads at least one.
pub(super) fn read_forward(
    context: &RequestContext<'_>,
    conversation: &Conversation,
    first: u64,
    last: u64,
    bytes_max: usize,
) -> Result<Vec<u8>, Error> {
    PageReader { context, conversation, edits: false }.forward(first, last, bytes_max)
}

struct PageReader<'a> {
    context: &'a RequestContext<'a>,
    conversation: &'a Conversation,
    /// Whether edited messages include their earlier texts.
    edits: bool,
}

impl PageReader<'_> {
    fn read(&self, range: &PageRange) -> Result<Vec<u8>, Error> {
        if range.numbers.is_empty() {
            return Ok(Vec::new());
        }
        let (first, last) = (*range.numbers.start(), *range.numbers.end());
        match range.fill {
            Fill::Forward => self.forward(first, last, HISTORY_BYTES_MAX),
            Fill::Backward => self.backward(first, last, HISTORY_BYTES_MAX),
            Fill::Around(n) => {
                let mut lines = self.backward(first, n - 1, HISTORY_BYTES_MAX / 2)?;
                let following = self.forward(n, last, HISTORY_BYTES_MAX / 2)?;
                // One long line may exceed half of the page.
                if lines.len() + following.len() > HISTORY_BYTES_MAX {
                    lines.clear();
                }
                lines.extend(following);
                Ok(lines)
            }
        }
    }

    /// Reads forward from the first event until the page is full.
    fn forward(&self, mut first: u64, end: u64, bytes_max: usize) -> Result<Vec<u8>, Error> {
        let mut lines = Vec::new();
        while first <= end && lines.len() < bytes_max {
            let last = end.min(first.saturating_add(CHUNK_EVENTS - 1));
            read(self.context, self.conversation, first, last, self.edits, &mut lines)?;
            first = last + 1;
        }
        if lines.len() > bytes_max {
            // Keep at least one event, however long. Otherwise a client could never read past a long event.
            let first_end = lines.iter().position(|byte| *byte == b'\n').map_or(0, |at| at + 1);
            let fitting =
                lines.get(..bytes_max).and_then(|fitting| fitting.iter().rposition(|b| *b == b'\n'));
            lines.truncate(fitting.map_or(first_end, |at| at + 1));
        }
        Ok(lines)
    }

    /// Reads backward from the last event until the page is full.
    fn backward(&self, start: u64, mut end: u64, bytes_max: usize) -> Result<Vec<u8>, Error> {
        let mut lines = Vec::new();
        while start <= end && end > 0 && lines.len() < bytes_max {
            let first = start.max((end + 1).saturating_sub(CHUNK_EVENTS));
            let mut earlier = Vec::new();
            read(self.context, self.conversation, first, end, self.edits, &mut earlier)?;
            earlier.append(&mut lines);
            lines = earlier;
            end = first - 1;
        }
        if let Some(surplus) = lines.len().checked_sub(bytes_max).filter(|surplus| *surplus > 0) {
            // Remove the oldest lines until the page fits, but keep the last line.
            let last_start =
                lines.trim_ascii_end().iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
            let fitting =
                lines.get(surplus - 1..).and_then(|rest| rest.iter().position(|byte| *byte == b'\n'));
            lines.drain(..fitting.map_or(last_start, |at| surplus + at).min(last_start));
        }
        Ok(lines)
    }
}

pub(super) fn heads(context: &mut RequestContext<'_>, params: &HeadsSince<'_>) -> Result<Heads, Error> {
    let user = context.authenticate(&params.token)?;
    let since = params.since.unwrap_or(0);
    let state = context.ledger.state();
    let heads = history::heads(state, &user, since);
    let heads = heads.filter(|head| context.is_in_scope(&head.conversation));
    let (heads, topic) = (heads.collect(), state.user_topic(&user));
    let (cursor, restored) = (context.ledger.position(), context.ledger.restored_ms());
    Ok(Heads { cursor, restored, topic, heads })
}

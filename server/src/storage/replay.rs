//! Restores the state from the snapshots and the log: at server startup, and after a failed write, to discard
//! the records that are not on the disk.
//!
//! Single records are never undone. Every rule would need an inverse that rarely runs, so its bugs would stay
//! undetected. Replay takes less than a second.

use common::Target;

use crate::domain::State;
use crate::domain::records::Record;
use crate::journal::{Checkpoint, EventKey, Journal, JournalError, Opened, Options};
use crate::storage::data_folder::Store;
use crate::storage::error::LedgerError;
use crate::storage::snapshots;

/// Loads the snapshots and replays the records after them.
pub(crate) fn open(store: &Store, segments: Options) -> Result<(State, Opened), LedgerError> {
    let (mut state, from) = snapshots::load(store)?;
    let opened =
        Journal::open(store.disk(), segments, from, &mut |number, line| apply(&mut state, number, line))?;
    // No client is connected yet, so no client needs notices of moved topics.
    state.channels.take_moved();
    let (newest, head) = (state.users.applied.max(state.channels.applied), opened.recovery.head.record);
    if newest > head {
        let why = format!("the log ends at record {head}");
        return Err(JournalError::Checkpoint { record: newest, why }.into());
    }
    Ok((state, opened))
}

/// Restores the state at `durable`, the last durable record, and discards later records from the journal.
/// Writes nothing, because the disk may be full or read-only.
pub(crate) fn roll_back(
    store: &Store,
    journal: &mut Journal,
    durable: Checkpoint,
) -> Result<State, LedgerError> {
    let (mut state, from) = snapshots::load(store)?;
    journal.roll_back(from, durable, &mut |number, line| apply(&mut state, number, line))?;
    state.channels.take_moved();
    Ok(state)
}

fn apply(state: &mut State, number: u64, line: &[u8]) -> Result<Option<EventKey<'static>>, String> {
    let record = Record::decode(line).map_err(|error| error.to_string())?;
    state.apply(number, &record);

    let owned = |key: EventKey<'_>| EventKey { conversation: key.conversation.into_owned().into(), ..key };
    Ok(key_of(&record).map(owned))
}

/// The key of a record in the journal; `None` if the record is not an event.
pub(crate) fn key_of<'a>(record: &'a Record<'_>) -> Option<EventKey<'a>> {
    let Record::Event(event) = record else { return None };
    let id = event.body.id().map(|id| id.as_u128());
    let conversation = match &event.to {
        Target::Channel(name) => name.as_str().into(),
        Target::User(_) => event.conversation().key().into_owned().into(),
    };
    Some(EventKey { conversation, n: event.n, id })
}

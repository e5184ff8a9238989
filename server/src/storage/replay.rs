//! The state out of snapshots and log: when a server starts, and when the disk failed and what is not on it is taken
//! back.
//!
//! There is no other undoing. To have one, every rule would need its reverse, which is used once in a year and wrong;
//! reading again is what every start does. It takes as long as a start, well under a second, once for a full disk.

use common::Target;

use crate::domain::State;
use crate::domain::records::Record;
use crate::journal::{Checkpoint, EventKey, Journal, JournalError, Opened, Options};
use crate::storage::data_folder::Store;
use crate::storage::error::LedgerError;
use crate::storage::snapshots;

/// Loads the snapshots and replays what follows them.
pub(crate) fn open(store: &Store, segments: Options) -> Result<(State, Opened), LedgerError> {
    let (mut state, from) = snapshots::load(store)?;
    let opened =
        Journal::open(store.disk(), segments, from, &mut |number, line| apply(&mut state, number, line))?;
    // Who was connected then is not now.
    state.channels.take_moved();
    let (newest, head) = (state.users.applied.max(state.channels.applied), opened.recovery.head.record);
    if newest > head {
        let why = format!("the log ends at record {head}");
        return Err(JournalError::Checkpoint { record: newest, why }.into());
    }
    Ok((state, opened))
}

/// The state as it was at `durable`, the last record that is known to be on disk. The journal forgets what follows.
/// Only reads: the disk may be full or take nothing any more.
pub(crate) fn take_back(
    store: &Store,
    journal: &mut Journal,
    durable: Checkpoint,
) -> Result<State, LedgerError> {
    let (mut state, from) = snapshots::load(store)?;
    journal.take_back(from, durable, &mut |number, line| apply(&mut state, number, line))?;
    state.channels.take_moved();
    Ok(state)
}

fn apply(state: &mut State, number: u64, line: &[u8]) -> Result<Option<EventKey<'static>>, String> {
    let record = Record::decode(line).map_err(|error| error.to_string())?;
    state.apply(number, &record);
    // The record is gone before its key.
    let owned = |key: EventKey<'_>| EventKey { conversation: key.conversation.into_owned().into(), ..key };
    Ok(key_of(&record).map(owned))
}

/// Under which key the journal finds a record again.
pub(crate) fn key_of<'a>(record: &'a Record<'_>) -> Option<EventKey<'a>> {
    let Record::Event(event) = record else { return None };
    let id = event.body.id().map(|id| id.as_u128());
    let conversation = match &event.to {
        Target::Channel(name) => name.as_str().into(),
        Target::User(_) => event.conversation().key().into_owned().into(),
    };
    Some(EventKey { conversation, n: event.n, id })
}

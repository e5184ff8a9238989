//! Reads of stored events.

use common::{Conversation, Detail, Error, Event, UserName};

use super::{Ledger, Receipt, internal};
use crate::storage::error::unreadable;

impl Ledger {
    /// The receipt of the stored event with this id; `None` if there is no such event. Clients may send a
    /// message again.
    pub fn sent_before(&self, id: uuid::Uuid, by: &UserName) -> Result<Option<Receipt>, Error> {
        let Some(event) = self.event_by_id(id)? else { return Ok(None) };
        if event.from != *by {
            return Err(Detail::IdTaken.into());
        }
        Ok(Some(Receipt { n: event.n, at: event.at }))
    }

    /// The stored event with this id; `None` if there is no such event.
    pub fn event_by_id(&self, id: uuid::Uuid) -> Result<Option<Event<'static>>, Error> {
        let Some(line) = self.journal.line_by_id(id.as_u128()).map_err(unreadable)? else { return Ok(None) };
        serde_json::from_slice::<Event<'_>>(&line).map(|event| Some(event.into_owned())).map_err(internal)
    }

    /// Appends the lines of the events `first_n..=last_n` to `out`.
    pub fn read(
        &self,
        conversation: &Conversation,
        first_n: u64,
        last_n: u64,
        out: &mut Vec<u8>,
    ) -> Result<(), Error> {
        self.journal.read(&conversation.key(), first_n, last_n, out).map_err(unreadable)
    }

    /// The event with this number, durable or not.
    pub fn event(&self, conversation: &Conversation, n: u64) -> Result<Option<Event<'static>>, Error> {
        let mut line = Vec::new();
        if (1..=self.state.head(conversation)).contains(&n) {
            self.read(conversation, n, n, &mut line)?;
        }
        if line.is_empty() {
            return Ok(None);
        }
        serde_json::from_slice::<Event<'_>>(&line).map(|event| Some(event.into_owned())).map_err(internal)
    }
}

//! Typed requests. The row of a method in the table gives the parameters and the result.

use common::accounts::Token;
use common::history::History;
use common::methods::{MessageHistory, Request};
use common::{Paged, Reason, Target};
use serde_json::value::RawValue;

use crate::cli_error::CliError;
use crate::client_handle::ClientHandle;
use session::{Answer, Blocks, Command, Entry, Pager, PlainRequest};

impl ClientHandle {
    /// Sends a request of the method `R`, and waits for its result. The session adds the token.
    pub(crate) fn request<R: Request>(
        &mut self,
        params: impl FnOnce(Token<'static>) -> R::Params<'static>,
    ) -> Result<R::Result, CliError> {
        let answer = self.command(Command::Request(PlainRequest::of::<R>(params)))?;
        result::<R>(answer)
    }

    /// Requests all pages of a list.
    pub(crate) fn list<R: Paged>(
        &mut self,
        params: impl FnOnce(Token<'static>) -> R::Params<'static>,
    ) -> Result<Vec<R::Item>, CliError> {
        let mut pager = Pager::<R>::new(params);
        loop {
            let answer = self.command(Command::Request(pager.request()))?;
            if !pager.take(result::<R>(answer)?) {
                return Ok(pager.into_items());
            }
        }
    }

    /// Requests a page of history.
    pub(crate) fn history(
        &mut self,
        params: impl FnOnce(Token<'static>) -> History<'static>,
    ) -> Result<Vec<Entry>, CliError> {
        let page = self.request::<MessageHistory>(params)?;
        self.entries(&page.events)
    }

    /// The events of a page, as the user of this handle sees them. Messages of blocked users are hidden.
    pub(crate) fn entries(&mut self, events: &[Box<RawValue>]) -> Result<Vec<Entry>, CliError> {
        let lines = events.iter().map(|event| event.get());
        let entries: Vec<_> = lines.filter_map(|line| Entry::read_amended(self.user()?, line)).collect();
        let is_in_channel = |entry: &Entry| matches!(entry.conversation, Target::Channel(_));
        let blocks = if entries.iter().any(is_in_channel) { self.blocks()? } else { Blocks::default() };
        Ok(entries.into_iter().map(|entry| blocks.mark(entry)).collect())
    }

    /// Loads the users whom the user blocks. From then on, the session hides their messages in channels.
    pub(crate) fn blocks(&mut self) -> Result<Blocks, CliError> {
        match self.command(Command::ListBlocks) {
            Ok(Answer::Blocks(blocks)) => Ok(blocks),
            Ok(_other_answer) => Err(CliError::UnexpectedAnswer),
            // An earlier server has no blocks.
            Err(CliError::Server(error)) if error.reason() == Some(Reason::MethodNotFound) => {
                Ok(Blocks::default())
            }
            Err(error) => Err(error),
        }
    }
}

/// The result of a request of the method `R`.
pub(crate) fn result<R: Request>(answer: Answer) -> Result<R::Result, CliError> {
    let Answer::Result(result) = answer else { return Err(CliError::UnexpectedAnswer) };
    Ok(session::decode::<R>(&result)?)
}

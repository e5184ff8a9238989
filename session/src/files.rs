//! Parts of files: requests and replies that have bytes behind them, in frames of their own. The front end
//! reads and writes the file, and decides which part comes next.

use std::sync::Arc;

use common::files::{Chunk, Get, Have, Part};
use common::methods::{FileChunk, FileGet};
use common::{Detail, Error, Target};
use uuid::Uuid;

use super::api::Answer;
use super::context::Context;
use super::requests::{Frame, Origin, Pending, read};

/// A part of a file to be transferred.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Transfer {
    /// Upload a part; answered as [`Answer::Have`].
    Chunk {
        /// The upload.
        file: Uuid,
        /// Where the part begins.
        offset: u64,
        /// The part.
        bytes: Arc<[u8]>,
    },
    /// Download a part; answered as [`Answer::Part`].
    Get {
        /// The conversation of the file's event.
        conversation: Target,
        /// The number of the event.
        n: u64,
        /// Where the part begins.
        offset: u64,
        /// How long it is.
        length: u64,
    },
}

pub(crate) fn transfer(cx: &mut Context, ticket: u64, transfer: Transfer) {
    let origin = |pending| Origin::Command { ticket, pending };
    match transfer {
        Transfer::Chunk { file, offset, bytes } => {
            let params = |token| Chunk { token, file, offset };
            cx.ask_in::<FileChunk>(Frame::Alone(Some(bytes)), origin(Pending::Chunk), params);
        }
        Transfer::Get { conversation, n, offset, length } => {
            let params = |token| Get { token, conversation, n, offset, length: Some(length) };
            cx.ask_in::<FileGet>(Frame::Alone(None), origin(Pending::Part), params);
        }
    }
}

/// The answer to an uploaded part.
pub(crate) fn chunk_taken(outcome: Result<&str, Error>) -> Result<Answer, Error> {
    // An earlier part was lost, so that the server refused this one: continue from where the server is.
    if let Some(have) = outcome.as_ref().err().and_then(|error| error.data.have) {
        return Ok(Answer::Have(have));
    }
    read(outcome?).map(|Have { have }| Answer::Have(have))
}

/// The answer to a request for a part. `received` holds the bytes behind the reply.
pub(crate) fn part_read(result: &str, received: &mut Option<Vec<u8>>) -> Result<Answer, Error> {
    let Part { offset, length, .. } = read(result)?;
    let bytes = received.take().filter(|bytes| bytes.len() as u64 == length);
    Ok(Answer::Part(offset, bytes.ok_or(Detail::AnswerWithoutBytes)?))
}

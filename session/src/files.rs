//! Transfers of chunks of files. The bytes of a chunk are a second frame after the request or the reply.

use std::sync::Arc;

use common::files::{Chunk, Get, Have, Part};
use common::methods::{FileChunk, FileGet};
use common::{Detail, Error, Target};
use uuid::Uuid;

use super::api::Answer;
use super::context::Context;
use super::requests::{Frame, Origin, Pending, read};

/// The transfer of one chunk of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Transfer {
    /// Upload a chunk. The answer is [`Answer::Have`].
    Chunk {
        /// The id of the upload.
        file: Uuid,
        /// The position of the chunk in the file.
        offset: u64,
        /// The bytes of the chunk.
        bytes: Arc<[u8]>,
    },
    /// Download a chunk. The answer is [`Answer::Part`].
    Get {
        /// The conversation of the file's event.
        conversation: Target,
        /// The number of the event.
        n: u64,
        /// The position of the chunk in the file.
        offset: u64,
        /// The length of the chunk in bytes.
        length: u64,
    },
}

pub(crate) fn transfer(cx: &mut Context, ticket: u64, transfer: Transfer) {
    let origin = |pending| Origin::Command { ticket, pending };
    match transfer {
        Transfer::Chunk { file, offset, bytes } => {
            let params = |token| Chunk { token, file, offset };
            cx.request_in::<FileChunk>(Frame::Alone(Some(bytes)), origin(Pending::Chunk), params);
        }
        Transfer::Get { conversation, n, offset, length } => {
            let params = |token| Get { token, conversation, n, offset, length: Some(length) };
            cx.request_in::<FileGet>(Frame::Alone(None), origin(Pending::Part), params);
        }
    }
}

pub(crate) fn chunk_reply(outcome: Result<&str, Error>) -> Result<Answer, Error> {
    // After the loss of an earlier chunk, the error contains the position at which the front end must
    // continue.
    if let Some(have) = outcome.as_ref().err().and_then(|error| error.data.have) {
        return Ok(Answer::Have(have));
    }
    read(outcome?).map(|Have { have }| Answer::Have(have))
}

/// Returns the downloaded chunk. `received` has the frame of bytes after the reply line.
pub(crate) fn part_reply(result: &str, received: &mut Option<Vec<u8>>) -> Result<Answer, Error> {
    let Part { offset, length, .. } = read(result)?;
    let bytes = received.take().filter(|bytes| bytes.len() as u64 == length);
    Ok(Answer::Part(offset, bytes.ok_or(Detail::AnswerWithoutBytes)?))
}

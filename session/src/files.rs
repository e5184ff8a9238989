//! Files: the requests of a transfer. The front end reads and writes the file, and decides which step comes
//! next.

use std::sync::Arc;

use common::files::{Begin, Begun, Chunk, Commit, Get, Have, Part};
use common::messages::Sent;
use common::{Detail, Error, FileInfo, Method, Target};
use uuid::Uuid;

use super::api::Answer;
use super::context::Context;
use super::requests::{Frame, Origin, Pending, read};

/// A step of a transfer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Transfer {
    /// Begin to upload, or continue it.
    Begin {
        /// To whom.
        to: Target,
        /// Keeps it one file however often it is begun.
        id: Uuid,
        /// What.
        info: FileInfo,
    },
    /// Upload a part.
    Chunk {
        /// The upload.
        file: Uuid,
        /// Where the part begins.
        offset: u64,
        /// The part.
        bytes: Arc<[u8]>,
    },
    /// Send what is uploaded.
    Commit(Uuid),
    /// Download a part.
    Get {
        /// Where the file was sent.
        conversation: Target,
        /// The number of its event.
        n: u64,
        /// Where the part begins.
        offset: u64,
        /// How long it is.
        length: u64,
    },
}

/// What a step has led to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Transferred {
    /// How many bytes of the upload the server has.
    Have(u64),
    /// It is sent.
    Sent(Sent),
    /// A part of a file, from an offset on.
    Part(u64, Vec<u8>),
}

/// The step whose reply is pending.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Step {
    Begin,
    Chunk,
    Commit,
    Get,
}

/// Sends the request of a step. Those with bytes before or behind them have a frame of their own.
pub(crate) fn transfer(cx: &mut Context, ticket: u64, transfer: Transfer) {
    let origin = |step| Origin::Command { ticket, pending: Pending::File(step) };
    match transfer {
        Transfer::Begin { to, id, info } => {
            cx.ask(origin(Step::Begin), Method::FileBegin, |token| Begin { token, to, id, info });
        }
        Transfer::Commit(file) => {
            cx.ask(origin(Step::Commit), Method::FileCommit, |token| Commit { token, file });
        }
        Transfer::Chunk { file, offset, bytes } => {
            let params = |token| Chunk { token, file, offset };
            cx.ask_in(Frame::Alone(Some(bytes)), origin(Step::Chunk), Method::FileChunk, params);
        }
        Transfer::Get { conversation, n, offset, length } => {
            let params = |token| Get { token, conversation, n, offset, length: Some(length) };
            cx.ask_in(Frame::Alone(None), origin(Step::Get), Method::FileGet, params);
        }
    }
}

/// The answer to a step. `received` holds the bytes behind the reply.
pub(crate) fn transferred(
    step: Step,
    outcome: Result<&str, Error>,
    received: &mut Option<Vec<u8>>,
) -> Result<Answer, Error> {
    // An earlier chunk was lost, so that the server refused this one and says where it is: continue from
    // there.
    let have = outcome.as_ref().err().and_then(|error| error.data.have);
    if let (Step::Chunk, Some(have)) = (step, have) {
        return Ok(Answer::Transferred(Transferred::Have(have)));
    }
    let result = outcome?;
    let transferred = match step {
        Step::Begin => Transferred::Have(read::<Begun>(result)?.have),
        Step::Chunk => Transferred::Have(read::<Have>(result)?.have),
        Step::Commit => Transferred::Sent(read(result)?),
        Step::Get => {
            let Part { offset, length, .. } = read(result)?;
            let bytes = received.take().filter(|bytes| bytes.len() as u64 == length);
            Transferred::Part(offset, bytes.ok_or(Detail::AnswerWithoutBytes)?)
        }
    };
    Ok(Answer::Transferred(transferred))
}

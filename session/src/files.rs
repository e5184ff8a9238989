//! Files: the requests of a transfer. What is read and written, and in which order, is up to whoever drives it.

use std::sync::Arc;

use common::files::{Begin, Begun, Chunk, Commit, Get, Have, Part};
use common::messages::Sent;
use common::{Detail, Error, FileInfo, Method, Target};
use serde::Serialize;
use uuid::Uuid;

use super::Session;
use super::exchange::Answer;
use super::requests::{Purpose, Question, read};

/// A step of a transfer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Transfer {
    /// Begin to upload, or go on with it.
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
    /// So many bytes of the upload are there.
    Have(u64),
    /// It is sent.
    Sent(Sent),
    /// A part of a file, from an offset on.
    Part(u64, Vec<u8>),
}

/// Which step a reply answers.
#[derive(Debug, Clone, Copy)]
pub(super) enum Step {
    Begin,
    Chunk,
    Commit,
    Get,
}

impl Session {
    /// Takes a frame of reply lines that has bytes behind it.
    pub fn replies_with(&mut self, now_ms: u64, lines: &[u8], bytes: Vec<u8>) {
        self.received = Some(bytes);
        self.replies(now_ms, lines);
        self.received = None;
    }

    /// Asks for a step.
    pub(super) fn transfer(&mut self, now_ms: u64, ticket: u64, transfer: Transfer) {
        match transfer {
            Transfer::Begin { to, id, info } => {
                let question = Question::File(Step::Begin);
                let params = |token| Begin { token, to, id, info };
                self.ask_question(now_ms, ticket, question, Method::FileBegin, params);
            }
            Transfer::Commit(file) => {
                let question = Question::File(Step::Commit);
                self.ask_question(now_ms, ticket, question, Method::FileCommit, |token| Commit {
                    token,
                    file,
                });
            }
            Transfer::Chunk { file, offset, bytes } => {
                let Some(token) = self.token() else { return self.refuse_transfer(ticket) };
                let params = Chunk { token, file, offset };
                self.ask_alone(now_ms, ticket, Step::Chunk, Method::FileChunk, &params, Some(bytes));
            }
            Transfer::Get { conversation, n, offset, length } => {
                let Some(token) = self.token() else { return self.refuse_transfer(ticket) };
                let params = Get { token, conversation, n, offset, length: Some(length) };
                self.ask_alone(now_ms, ticket, Step::Get, Method::FileGet, &params, None);
            }
        }
    }

    /// What a step has led to.
    pub(super) fn transferred(&mut self, step: Step, outcome: Result<&str, Error>) -> Result<Answer, Error> {
        // A chunk came before an earlier one that was lost on the way: go on from where the server is.
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
                let bytes = self.received.take().filter(|bytes| bytes.len() as u64 == length);
                Transferred::Part(offset, bytes.ok_or(Detail::AnswerWithoutBytes)?)
            }
        };
        Ok(Answer::Transferred(transferred))
    }

    /// Makes a request that must be the only one of its frame.
    fn ask_alone(
        &mut self,
        now_ms: u64,
        ticket: u64,
        step: Step,
        method: Method,
        params: &impl Serialize,
        bytes: Option<Arc<[u8]>>,
    ) {
        let purpose = Purpose::Question { ticket, question: Question::File(step) };
        let request = self.requests.ask_alone(now_ms, &mut self.dice, purpose, method, params, bytes);
        self.effects.push(request);
    }

    fn token(&self) -> Option<common::accounts::Token<'static>> {
        self.account.as_ref().map(|account| account.token.clone().into())
    }

    fn refuse_transfer(&mut self, ticket: u64) {
        self.answer(ticket, Err(super::not_logged_in()));
    }
}

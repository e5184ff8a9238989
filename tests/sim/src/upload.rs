//! The upload of a file, in the steps of the real client. After a failure the upload restarts under the same
//! id.

use std::sync::Arc;

use common::files::{Begin, Begun, Commit};
use common::methods::{FileBegin, FileCommit};
use common::{ContentHash, Error, FileInfo, FileName, Reason, Target};
use session::{Answer, Command, PlainRequest, Transfer, decode};
use sha2::{Digest as _, Sha256};
use testkit::Rng;
use uuid::Uuid;

/// Bytes of one chunk. The longest file has several chunks.
const CHUNK_BYTES: usize = 300;

/// The number of files whose content several users send.
const SHARED_FILES: u64 = 3;

/// The next step of an upload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Send `file.begin`.
    Begin,
    /// Send the chunk at this offset, or `file.commit` at the end.
    Send(usize),
    /// Wait for the answer to the command with this ticket.
    Wait(u64),
    /// Wait for the user's next action, then send `file.begin` again.
    Paused,
}

pub(crate) struct Upload {
    pub(crate) id: Uuid,
    pub(crate) to: Target,
    content: Vec<u8>,
    info: FileInfo,
    stage: Stage,
}

/// The state of an upload after an answer.
pub(crate) enum Progress {
    Continues,
    /// The file is sent as this event.
    Sent(u64),
    Refused,
}

impl Upload {
    /// Creates an upload whose content is unique, or is also sent by other users.
    pub(crate) fn new(id: Uuid, to: Target, rng: &mut Rng) -> Self {
        let is_shared = rng.per_mille(400);
        let number = if is_shared { rng.below(SHARED_FILES) } else { rng.next_u64() };
        let length = if is_shared { 2 * CHUNK_BYTES } else { rng.pick(&[0, 1, 300, 1000]) };
        let name = FileName::new(&format!("{number}-{length}.bin")).expect("a name");
        let content = content_of(&name);
        let sha256 = ContentHash(Sha256::digest(&content).into());
        let info = FileInfo { name, bytes: content.len() as u64, sha256 };
        Self { id, to, content, info, stage: Stage::Begin }
    }

    /// The client was killed. The next client starts with `file.begin`.
    pub(crate) fn interrupt(&mut self) {
        self.stage = Stage::Begin;
    }

    pub(crate) fn resume(&mut self) {
        if self.stage == Stage::Paused {
            self.stage = Stage::Begin;
        }
    }

    /// The next command, to be sent under this ticket.
    pub(crate) fn next(&mut self, ticket: u64) -> Option<Command> {
        let step = match self.stage {
            Stage::Wait(_) | Stage::Paused => return None,
            Stage::Begin => {
                let (to, id, info) = (self.to.clone(), self.id, self.info.clone());
                Command::Request(PlainRequest::of::<FileBegin>(|token| Begin { token, to, id, info }))
            }
            Stage::Send(have) if have >= self.content.len() => {
                Command::Request(PlainRequest::of::<FileCommit>(|token| Commit { token, file: self.id }))
            }
            Stage::Send(have) => {
                let end = self.content.len().min(have + CHUNK_BYTES);
                let bytes: Arc<[u8]> = self.content[have..end].into();
                Command::Transfer(Transfer::Chunk { file: self.id, offset: have as u64, bytes })
            }
        };
        self.stage = Stage::Wait(ticket);
        Some(step)
    }

    /// Whether the upload is waiting for the answer with this ticket.
    pub(crate) fn waits_for(&self, ticket: u64) -> bool {
        self.stage == Stage::Wait(ticket)
    }

    pub(crate) fn answered(&mut self, outcome: &Result<Answer, Error>) -> Progress {
        match outcome {
            Ok(Answer::Have(have)) => self.stage = Stage::Send(usize::try_from(*have).expect("a length")),
            Ok(Answer::Result(result)) => match decode::<FileBegin>(result) {
                Ok(Begun { have, .. }) => self.stage = Stage::Send(usize::try_from(have).expect("a length")),
                Err(_) => return Progress::Sent(decode::<FileCommit>(result).expect("an event").n),
            },
            Err(error) if is_final(error) => return Progress::Refused,
            Ok(_) | Err(_) => self.stage = Stage::Paused,
        }
        Progress::Continues
    }
}

/// Whether a retry is useless: the user is no longer a member, or has used the quota.
fn is_final(error: &Error) -> bool {
    let reasons = [Reason::NotMember, Reason::NoSuchChannel, Reason::QuotaExceeded, Reason::IdTaken];
    error.reason().is_some_and(|reason| reasons.contains(&reason))
}

/// The content of the file with this name.
pub(crate) fn content_of(name: &FileName) -> Vec<u8> {
    let parts = name.as_str().strip_suffix(".bin").and_then(|name| name.split_once('-'));
    let (number, length) = parts.expect("a name from Upload::new");
    let mut rng = Rng::new(number.parse().expect("a number"));
    (0..length.parse().expect("a length")).map(|_: usize| rng.next_u64() as u8).collect()
}

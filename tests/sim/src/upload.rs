//! A file that a person sends: the steps of the real client, which begins anew under the same id after whatever happened.

use std::sync::Arc;

use common::{ContentHash, Error, FileInfo, FileName, Reason, Target};
use session::{Answer, Transfer, Transferred};
use sha2::{Digest as _, Sha256};
use testkit::Rng;
use uuid::Uuid;

/// Bytes that leave at a time: the longest file takes some of them.
const PART_BYTES: usize = 300;

/// Contents that several people send.
const SHARED_CONTENTS: u64 = 3;

/// What comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// To ask how much is there.
    Begin,
    /// To go on behind so many bytes.
    Send(usize),
    /// An answer, to the question with this ticket.
    Wait(u64),
    /// To try again, when the person looks at it next.
    Rest,
}

/// A file on its way up.
pub(crate) struct Upload {
    pub(crate) id: Uuid,
    pub(crate) to: Target,
    content: Vec<u8>,
    info: FileInfo,
    stage: Stage,
}

/// What an answer means.
pub(crate) enum Progress {
    /// It goes on.
    GoesOn,
    /// It is sent, as this event.
    Sent(u64),
    /// It was refused for good.
    Refused,
}

impl Upload {
    /// A file that nobody has sent, or that others may have sent, too.
    pub(crate) fn new(id: Uuid, to: Target, rng: &mut Rng) -> Self {
        let is_shared = rng.per_mille(400);
        let number = if is_shared { rng.below(SHARED_CONTENTS) } else { rng.next_u64() };
        let length = if is_shared { 2 * PART_BYTES } else { rng.pick(&[0, 1, 300, 1000]) };
        let name = FileName::new(&format!("{number}-{length}.bin")).expect("a name");
        let content = content_of(&name);
        let sha256 = ContentHash(Sha256::digest(&content).into());
        let info = FileInfo { name, bytes: content.len() as u64, sha256 };
        Self { id, to, content, info, stage: Stage::Begin }
    }

    /// The client was killed; another one begins anew.
    pub(crate) fn interrupt(&mut self) {
        self.stage = Stage::Begin;
    }

    /// The person looks at it again.
    pub(crate) fn wake(&mut self) {
        if self.stage == Stage::Rest {
            self.stage = Stage::Begin;
        }
    }

    /// What is to be asked now, under this ticket.
    pub(crate) fn next(&mut self, ticket: u64) -> Option<Transfer> {
        let step = match self.stage {
            Stage::Wait(_) | Stage::Rest => return None,
            Stage::Begin => Transfer::Begin { to: self.to.clone(), id: self.id, info: self.info.clone() },
            Stage::Send(have) if have >= self.content.len() => Transfer::Commit(self.id),
            Stage::Send(have) => {
                let end = self.content.len().min(have + PART_BYTES);
                let bytes: Arc<[u8]> = self.content[have..end].into();
                Transfer::Chunk { file: self.id, offset: have as u64, bytes }
            }
        };
        self.stage = Stage::Wait(ticket);
        Some(step)
    }

    /// Whether this answers its question.
    pub(crate) fn waits_for(&self, ticket: u64) -> bool {
        self.stage == Stage::Wait(ticket)
    }

    pub(crate) fn answered(&mut self, outcome: &Result<Answer, Error>) -> Progress {
        match outcome {
            Ok(Answer::Transferred(Transferred::Have(have))) => {
                self.stage = Stage::Send(usize::try_from(*have).expect("a length"));
            }
            Ok(Answer::Transferred(Transferred::Sent(sent))) => return Progress::Sent(sent.n),
            Err(error) if is_final(error) => return Progress::Refused,
            Ok(_) | Err(_) => self.stage = Stage::Rest,
        }
        Progress::GoesOn
    }
}

/// Whether it is of no use to try again: the person is no member any more, or has sent enough.
fn is_final(error: &Error) -> bool {
    let gone = [Reason::NotMember, Reason::NoSuchChannel, Reason::QuotaExceeded, Reason::IdTaken];
    error.reason().is_some_and(|reason| gone.contains(&reason))
}

/// What is in a file of this name.
pub(crate) fn content_of(name: &FileName) -> Vec<u8> {
    let parts = name.as_str().strip_suffix(".bin").and_then(|name| name.split_once('-'));
    let (number, length) = parts.expect("a name of ours");
    let mut rng = Rng::new(number.parse().expect("a number"));
    (0..length.parse().expect("a length")).map(|_: usize| rng.next_u64() as u8).collect()
}

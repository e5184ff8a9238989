//! Sending a file: it goes up in parts, from where an earlier attempt has come to.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use common::messages::Sent;
use common::{FileInfo, FileName, Reason, Target};
use transport::clock;
use uuid::Uuid;

use super::pace::Pace;
use super::{cannot, measure};
use crate::desk::{Desk, unexpected};
use crate::failure::Failure;
use crate::render::Progress;
use crate::session::{Answer, Command, Transfer, Transferred};

/// How often a file is begun anew when the server has lost what was uploaded.
const ATTEMPTS_MAX: u32 = 3;

/// A file to be sent.
pub(crate) struct Source {
    path: PathBuf,
    file: File,
    /// What is told of it.
    pub(crate) info: FileInfo,
}

impl Source {
    /// Opens a file, and reads it once to know what is in it.
    pub(crate) fn open(path: &Path) -> Result<Self, Failure> {
        let failed = |error| cannot("read", path, &error);
        let mut file = OpenOptions::new().read(true).open(path).map_err(failed)?;
        if !file.metadata().map_err(failed)?.is_file() {
            return Err(Failure::Usage(format!("{} is not a file", path.display())));
        }
        let (bytes, sha256) = measure(&mut file).map_err(failed)?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let name =
            FileName::new(&name).map_err(|error| Failure::Usage(format!("{}: {error}", path.display())))?;
        Ok(Self { path: path.to_owned(), file, info: FileInfo { name, bytes, sha256 } })
    }

    fn read(&self, offset: u64, length: u64) -> Result<Arc<[u8]>, Failure> {
        let mut bytes = vec![0; usize::try_from(length).unwrap_or_default()];
        let read = self.file.read_exact_at(&mut bytes, offset);
        read.map_err(|error| cannot("go on reading", &self.path, &error))?;
        Ok(bytes.into())
    }
}

/// Sends a file. When it is interrupted, the same call goes on with it, also in another process.
pub(crate) fn send(
    desk: &mut Desk,
    to: &Target,
    source: &Source,
    progress: &Progress,
) -> Result<Sent, Failure> {
    let user = desk.account()?.map(|user| user.to_string()).unwrap_or_default();
    let key = format!("{user} {to} {} {}", source.info.sha256, source.info.name.as_str());
    let id = desk.config.upload(&key)?;
    let mut attempt = 1;
    let sent = loop {
        match attempt_to_send(desk, to, id, source, progress) {
            Err(failure) if attempt < ATTEMPTS_MAX && begins_anew(&failure) => attempt += 1,
            outcome => break outcome?,
        }
    };
    desk.config.forget_upload(&key)?;
    Ok(sent)
}

fn attempt_to_send(
    desk: &mut Desk,
    to: &Target,
    id: Uuid,
    source: &Source,
    progress: &Progress,
) -> Result<Sent, Failure> {
    let info = source.info.clone();
    let (length, mut pace) = (info.bytes, Pace::new());
    let mut have = match ask(desk, Transfer::Begin { to: to.clone(), id, info })? {
        Transferred::Have(have) => have,
        Transferred::Sent(_) | Transferred::Part(..) => return Err(unexpected()),
    };
    progress.reached(have);
    while have < length {
        let chunks = pace.round(have, length).into_iter().map(|chunk| {
            let bytes = source.read(chunk.start, chunk.end - chunk.start)?;
            Ok(Command::Transfer(Transfer::Chunk { file: id, offset: chunk.start, bytes }))
        });
        let chunks: Vec<_> = chunks.collect::<Result<_, Failure>>()?;
        let begun = clock::now();
        have = 0;
        for answer in desk.ask_all(chunks)? {
            let Answer::Transferred(Transferred::Have(now)) = answer else { return Err(unexpected()) };
            have = have.max(now);
        }
        pace.took(begun.elapsed());
        progress.reached(have);
    }
    match ask(desk, Transfer::Commit(id))? {
        Transferred::Sent(sent) => Ok(sent),
        Transferred::Have(_) | Transferred::Part(..) => Err(unexpected()),
    }
}

fn ask(desk: &mut Desk, transfer: Transfer) -> Result<Transferred, Failure> {
    match desk.ask_all(vec![Command::Transfer(transfer)])?.pop() {
        Some(Answer::Transferred(transferred)) => Ok(transferred),
        Some(_) | None => Err(unexpected()),
    }
}

/// Whether the server has less than was thought, so that beginning again helps.
fn begins_anew(failure: &Failure) -> bool {
    let Failure::Server(error) = failure else { return false };
    matches!(error.reason(), Some(Reason::NoSuchUpload | Reason::WrongOffset | Reason::WrongContent))
}

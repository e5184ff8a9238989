//! Sending a file in chunks. Continues where an earlier attempt stopped.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use common::messages::Sent;
use common::{FileInfo, FileName, Reason, Target, UserName};
use disk::ReadFile;
use transport::clock;
use uuid::Uuid;

use super::chunk_window::ChunkWindow;
use super::measure;
use crate::cli_error::CliError;
use crate::client_handle::{ClientHandle, unexpected};
use crate::i18n::Words;
use crate::local_error::{FileAction, cannot};
use crate::render::Progress;
use session::{Answer, Command, Transfer, Transferred};

/// Attempts to send a file from the beginning, in case the server lost the uploaded chunks.
const ATTEMPTS_MAX: u32 = 3;

/// A file to send.
pub(crate) struct Chosen {
    pub(crate) path: PathBuf,
    file: ReadFile,
    pub(crate) name: FileName,
}

/// A file to send, with its length and SHA-256.
pub(crate) struct Source<'a> {
    chosen: &'a Chosen,
    /// The part of the event that describes the file.
    pub(crate) info: FileInfo,
}

impl Chosen {
    /// Opens a file.
    pub(crate) fn open(words: Words, path: &Path) -> Result<Self, CliError> {
        let failed = |error| cannot(FileAction::Read, path, error);
        let Some(file) = ReadFile::open_regular(path).map_err(failed)? else {
            return Err(CliError::Usage(words.is_not_a_file(&path.display().to_string())));
        };
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let name = FileName::new(&name)
            .map_err(|error| CliError::Usage(format!("{}: {}", path.display(), words.detail(&error))))?;
        Ok(Self { path: path.to_owned(), file, name })
    }

    /// Reads the whole file once, to compute its length and SHA-256.
    pub(crate) fn measure(&self) -> Result<Source<'_>, CliError> {
        let failed = |error| cannot(FileAction::Read, &self.path, error);
        let (bytes, sha256) = measure(&self.file).map_err(failed)?;
        Ok(Source { chosen: self, info: FileInfo { name: self.name.clone(), bytes, sha256 } })
    }
}

impl Source<'_> {
    fn read(&self, offset: u64, length: u64) -> Result<Arc<[u8]>, CliError> {
        let mut bytes = vec![0; usize::try_from(length).unwrap_or_default()];
        let read = self.chosen.file.read_exact_at(&mut bytes, offset);
        read.map_err(|error| cannot(FileAction::GoOnReading, &self.chosen.path, error))?;
        Ok(bytes.into())
    }
}

/// Sends a file. After an interruption the same call continues, also in another process.
pub(crate) fn send(
    handle: &mut ClientHandle,
    user: &UserName,
    to: &Target,
    source: &Source<'_>,
    progress: &Progress,
) -> Result<Sent, CliError> {
    let key = format!("{user} {to} {} {}", source.info.sha256, source.info.name.as_str());
    let id = handle.config.upload(&key)?;
    let mut attempt = 1;
    let sent = loop {
        match attempt_to_send(handle, to, id, source, progress) {
            Err(failure) if attempt < ATTEMPTS_MAX && lost_chunks(&failure) => attempt += 1,
            outcome => break outcome?,
        }
    };
    handle.config.forget_upload(&key)?;
    Ok(sent)
}

fn attempt_to_send(
    handle: &mut ClientHandle,
    to: &Target,
    id: Uuid,
    source: &Source<'_>,
    progress: &Progress,
) -> Result<Sent, CliError> {
    let info = source.info.clone();
    let (length, mut window) = (info.bytes, ChunkWindow::new());
    let mut have = match ask(handle, Transfer::Begin { to: to.clone(), id, info })? {
        Transferred::Have(have) => have,
        Transferred::Sent(_) | Transferred::Part(..) => return Err(unexpected()),
    };
    progress.reached(have);
    while have < length {
        let chunks = window.round(have, length).into_iter().map(|chunk| {
            let bytes = source.read(chunk.start, chunk.end - chunk.start)?;
            Ok(Command::Transfer(Transfer::Chunk { file: id, offset: chunk.start, bytes }))
        });
        let chunks: Vec<_> = chunks.collect::<Result<_, CliError>>()?;
        let begun = clock::now();
        have = 0;
        for answer in handle.ask_all(chunks)? {
            let Answer::Transferred(Transferred::Have(now)) = answer else { return Err(unexpected()) };
            have = have.max(now);
        }
        window.took(begun.elapsed());
        progress.reached(have);
    }
    match ask(handle, Transfer::Commit(id))? {
        Transferred::Sent(sent) => Ok(sent),
        Transferred::Have(_) | Transferred::Part(..) => Err(unexpected()),
    }
}

fn ask(handle: &mut ClientHandle, transfer: Transfer) -> Result<Transferred, CliError> {
    match handle.ask_all(vec![Command::Transfer(transfer)])?.pop() {
        Some(Answer::Transferred(transferred)) => Ok(transferred),
        Some(_) | None => Err(unexpected()),
    }
}

/// Whether the server holds fewer chunks than expected, so that another attempt helps.
fn lost_chunks(failure: &CliError) -> bool {
    let CliError::Server(error) = failure else { return false };
    matches!(error.reason(), Some(Reason::NoSuchUpload | Reason::WrongOffset | Reason::WrongContent))
}

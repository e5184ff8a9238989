//! Uploads a file in chunks, and continues an interrupted upload.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use common::files::{Begin, Commit};
use common::messages::Sent;
use common::methods::{FileBegin, FileCommit, Request};
use common::{FileInfo, FileName, Reason, Target, UserName};
use disk::ReadFile;
use transport::clock;
use uuid::Uuid;

use super::chunk_window::ChunkWindow;
use super::measure;
use crate::cli_error::CliError;
use crate::client_handle::ClientHandle;
use crate::i18n::Catalog;
use crate::local_error::{FileAction, file_error};
use crate::render::Progress;
use crate::requests::result;
use session::{Answer, Command, PlainRequest, Transfer};

/// The maximum number of attempts to upload a file. The server can lose uploaded chunks.
const ATTEMPTS_MAX: u32 = 3;

/// A file to send.
pub(crate) struct FileToSend {
    pub(crate) path: PathBuf,
    content: ReadFile,
    pub(crate) name: FileName,
}

/// A file to send, with its length and SHA-256.
pub(crate) struct MeasuredFile<'a> {
    file: &'a FileToSend,
    /// The part of the event that describes the file.
    pub(crate) info: FileInfo,
}

impl FileToSend {
    pub(crate) fn open(catalog: Catalog, path: &Path) -> Result<Self, CliError> {
        let failed = |error| file_error(FileAction::Read, path, error);
        let Some(content) = ReadFile::open_regular(path).map_err(failed)? else {
            return Err(CliError::Usage(catalog.not_a_file(&path.display().to_string())));
        };
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let name = FileName::new(&name)
            .map_err(|error| CliError::Usage(format!("{}: {}", path.display(), catalog.detail(&error))))?;
        Ok(Self { path: path.to_owned(), content, name })
    }

    /// Reads the whole file once, to compute its length and SHA-256.
    pub(crate) fn measure(&self) -> Result<MeasuredFile<'_>, CliError> {
        let failed = |error| file_error(FileAction::Read, &self.path, error);
        let (bytes, sha256) = measure(&self.content).map_err(failed)?;
        Ok(MeasuredFile { file: self, info: FileInfo { name: self.name.clone(), bytes, sha256 } })
    }
}

impl MeasuredFile<'_> {
    fn read(&self, offset: u64, length: u64) -> Result<Arc<[u8]>, CliError> {
        let mut bytes = vec![0; usize::try_from(length).unwrap_or_default()];
        let read = self.file.content.read_exact_at(&mut bytes, offset);
        read.map_err(|error| file_error(FileAction::ContinueReading, &self.file.path, error))?;
        Ok(bytes.into())
    }
}

/// Uploads a file. A repeated call continues an interrupted upload, even in another process.
pub(crate) fn send(
    handle: &mut ClientHandle,
    user: &UserName,
    to: &Target,
    source: &MeasuredFile<'_>,
    progress: &Progress,
) -> Result<Sent, CliError> {
    let key = format!("{user} {to} {} {}", source.info.sha256, source.info.name.as_str());
    let id = handle.config.upload_id(&key)?;
    let mut attempt = 1;
    let sent = loop {
        match attempt_to_send(handle, to, id, source, progress) {
            Err(error) if attempt < ATTEMPTS_MAX && lost_chunks(&error) => attempt += 1,
            outcome => break outcome?,
        }
    };
    handle.config.remove_upload(&key)?;
    Ok(sent)
}

fn attempt_to_send(
    handle: &mut ClientHandle,
    to: &Target,
    id: Uuid,
    source: &MeasuredFile<'_>,
    progress: &Progress,
) -> Result<Sent, CliError> {
    let info = source.info.clone();
    let (length, mut window) = (info.bytes, ChunkWindow::new());
    let begin = PlainRequest::of::<FileBegin>(|token| Begin { token, to: to.clone(), id, info });
    let mut have = request::<FileBegin>(handle, begin)?.have;
    progress.reached(have);
    while have < length {
        let chunks = window.round(have, length).into_iter().map(|chunk| {
            let bytes = source.read(chunk.start, chunk.end - chunk.start)?;
            Ok(Command::Transfer(Transfer::Chunk { file: id, offset: chunk.start, bytes }))
        });
        let chunks: Vec<_> = chunks.collect::<Result<_, CliError>>()?;
        let started = clock::now();
        have = 0;
        for answer in handle.command_all(chunks)? {
            let Answer::Have(now) = answer else { return Err(CliError::UnexpectedAnswer) };
            have = have.max(now);
        }
        window.adapt(started.elapsed());
        progress.reached(have);
    }
    request::<FileCommit>(handle, PlainRequest::of::<FileCommit>(|token| Commit { token, file: id }))
}

/// Sends a request, and waits for its result. An outage of the server may last up to a minute.
fn request<R: Request>(handle: &mut ClientHandle, request: PlainRequest) -> Result<R::Result, CliError> {
    let answer = handle.command_all(vec![Command::Request(request)])?.pop();
    result::<R>(answer.ok_or(CliError::UnexpectedAnswer)?)
}

/// Whether the server has lost chunks. Then another attempt can succeed.
fn lost_chunks(error: &CliError) -> bool {
    let CliError::Server(error) = error else { return false };
    matches!(error.reason(), Some(Reason::NoSuchUpload | Reason::WrongOffset | Reason::WrongContent))
}

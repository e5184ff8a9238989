//! Downloads a file in chunks, and continues an interrupted download. The file is renamed to its final name
//! after its SHA-256 is checked.

use std::io;
use std::path::{Path, PathBuf};

use common::history::History;
use common::{Body, Event, FileInfo, Target, UserName};
use disk::{PartFile, ReadFile};
use transport::clock;

use super::chunk_window::ChunkWindow;
use super::measure;
use super::names::{SAME_NAMES_MAX, local_name, numbered};
use crate::cli_error::CliError;
use crate::client_handle::ClientHandle;
use crate::i18n::Catalog;
use crate::local_error::{FileAction, file_error};
use crate::render::Progress;
use session::{Answer, Command, Entry, Transfer};

/// A file to download.
pub(crate) struct Download {
    pub(crate) conversation: Target,
    pub(crate) n: u64,
    from: UserName,
    /// The part of the event that describes the file.
    pub(crate) info: FileInfo,
}

impl Download {
    /// The file of event `n`, or the newest file of the newest page.
    pub(crate) fn find(
        catalog: Catalog,
        handle: &mut ClientHandle,
        conversation: &Target,
        n: Option<u64>,
    ) -> Result<Self, CliError> {
        let (before, limit) = match n {
            Some(n) => (Some(n.saturating_add(1)), Some(1)),
            None => (None, Some(common::limits::HISTORY_EVENTS_MAX)),
        };
        let entries = handle.history(|token| History {
            before,
            limit,
            ..History::newest(token, conversation.clone())
        })?;
        let found =
            entries.iter().rev().find_map(|entry| Self::of(entry).filter(|_| n.is_none_or(|n| n == entry.n)));
        found.ok_or_else(|| {
            CliError::Failed(match n {
                Some(n) => catalog.event_without_file(conversation, n),
                None => catalog.no_recent_file(conversation),
            })
        })
    }

    fn of(entry: &Entry) -> Option<Self> {
        let Event { n, from, body: Body::File { file, .. }, .. } = entry.event.as_deref()? else {
            return None;
        };
        let conversation = entry.conversation.clone();
        Some(Self { conversation, n: *n, from: from.clone(), info: (**file).clone() })
    }
}

/// Downloads a file into a folder, and returns the path. A repeated call continues an interrupted download,
/// even in another process.
pub(crate) fn fetch(
    catalog: Catalog,
    handle: &mut ClientHandle,
    download: &Download,
    folder: &Path,
    progress: &Progress,
) -> Result<PathBuf, CliError> {
    disk::make_shared_folder(folder).map_err(|error| file_error(FileAction::Create, folder, error))?;
    let part = folder.join(format!(".{}.part", download.info.sha256));
    let failed = |error: io::Error| file_error(FileAction::Write, &part, error);
    let Some(mut file) = PartFile::open(&part).map_err(failed)? else {
        return Err(CliError::Failed(catalog.already_downloading(download.info.name.as_str())));
    };
    let mut have = file.length().map_err(failed)?;
    if have > download.info.bytes {
        file.clear().map_err(failed)?;
        have = 0;
    }
    let mut window = ChunkWindow::new();
    while have < download.info.bytes {
        progress.reached(have);
        let started = clock::now();
        for bytes in request_chunks(handle, download, &window, have)? {
            file.append(&bytes).map_err(failed)?;
            have += bytes.len() as u64;
        }
        window.adapt(started.elapsed());
    }
    progress.reached(have);
    file.sync().map_err(failed)?;
    let measured = ReadFile::open(&part).and_then(|file| measure(&file)).map_err(failed)?;
    if measured != (download.info.bytes, download.info.sha256) {
        disk::remove(&part).map_err(failed)?;
        return Err(CliError::Failed(catalog.wrong_content(download.info.name.as_str())));
    }
    save(catalog, &file, folder, &local_name(&download.conversation, &download.from, &download.info.name))
}

/// Requests the next chunks. Returns them in order and without a gap.
fn request_chunks(
    handle: &mut ClientHandle,
    download: &Download,
    window: &ChunkWindow,
    have: u64,
) -> Result<Vec<Vec<u8>>, CliError> {
    let Download { conversation, n, .. } = download;
    let get = |chunk: std::ops::Range<u64>| {
        let (offset, length) = (chunk.start, chunk.end - chunk.start);
        Command::Transfer(Transfer::Get { conversation: conversation.clone(), n: *n, offset, length })
    };
    let chunks = window.round(have, download.info.bytes).into_iter().map(get).collect();
    let (mut received, mut next) = (Vec::new(), have);
    for answer in handle.command_all(chunks)? {
        let Answer::Part(offset, bytes) = answer else { return Err(CliError::UnexpectedAnswer) };
        if offset != next || bytes.is_empty() {
            break;
        }
        next += bytes.len() as u64;
        received.push(bytes);
    }
    if received.is_empty() { Err(CliError::UnexpectedAnswer) } else { Ok(received) }
}

/// Renames the file to its final name, with a number if the name is in use. Never replaces a file.
fn save(catalog: Catalog, part: &PartFile, folder: &Path, name: &str) -> Result<PathBuf, CliError> {
    for number in 1..=SAME_NAMES_MAX {
        let path = folder.join(numbered(name, number));
        match part.place_new(&path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(file_error(FileAction::Create, &path, error)),
            Ok(()) => return Ok(path),
        }
    }
    Err(CliError::Failed(catalog.too_many_same_names(SAME_NAMES_MAX, name, &folder.display().to_string())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "the test creates files with the same name")]
    fn a_download_never_replaces_a_file() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("alice_a.txt"), "mine").expect("written");
        std::os::unix::fs::symlink("/nowhere", folder.path().join("alice_a (2).txt")).expect("a link");
        let path = folder.path().join(".part");
        let mut part = PartFile::open(&path).expect("opened").expect("no other holder");
        part.append(b"new").expect("written");
        let saved =
            save(Catalog::ENGLISH, &part, folder.path(), "alice_a.txt").map_err(|error| error.to_string());
        assert_eq!(saved.expect("saved"), folder.path().join("alice_a (3).txt"));
        let text = |name: &str| disk::read_text(&folder.path().join(name)).expect("read");
        assert_eq!((&*text("alice_a.txt"), &*text("alice_a (3).txt")), ("mine", "new"));
        assert!(!path.exists());
    }
}

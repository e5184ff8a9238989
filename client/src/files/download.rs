//! Fetching a file: it comes down in parts, goes on where an earlier attempt was, is checked, and only then gets its name.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use common::{Body, Event, FileInfo, Target, UserName};
use transport::clock;

use super::chunk_window::ChunkWindow;
use super::measure;
use super::names::{SAME_NAMES_MAX, local, numbered};
use crate::cli_error::CliError;
use crate::client_handle::{ClientHandle, unexpected};
use crate::i18n::Words;
use crate::local_error::{FileAction, cannot};
use crate::render::Progress;
use session::{Answer, Command, Entry, Range, Transfer, Transferred};

/// A file that was sent.
pub(crate) struct Download {
    pub(crate) conversation: Target,
    pub(crate) n: u64,
    from: UserName,
    /// What is told of it.
    pub(crate) info: FileInfo,
}

/// A file that is here.
pub(crate) struct Fetched {
    /// Where.
    pub(crate) path: PathBuf,
}

impl Download {
    /// The file with a number, or the newest one of the newest page.
    pub(crate) fn find(
        words: Words,
        handle: &mut ClientHandle,
        conversation: &Target,
        n: Option<u64>,
    ) -> Result<Self, CliError> {
        let (before, limit) = match n {
            Some(n) => (Some(n.saturating_add(1)), Some(1)),
            None => (None, Some(common::limits::HISTORY_EVENTS_MAX)),
        };
        let range = Range { conversation: conversation.clone(), before, after: None, limit, edits: false };
        let Answer::History(entries) = handle.ask(Command::History(range))? else { return Err(unexpected()) };
        let found =
            entries.iter().rev().find_map(|entry| Self::of(entry).filter(|_| n.is_none_or(|n| n == entry.n)));
        found.ok_or_else(|| {
            CliError::Refused(match n {
                Some(n) => words.number_is_no_file(conversation, n),
                None => words.no_file_lately(conversation),
            })
        })
    }

    fn of(entry: &Entry) -> Option<Self> {
        let Event { n, from, body: Body::File { file, .. }, .. } = entry.event.as_ref()? else { return None };
        let conversation = entry.conversation.clone();
        Some(Self { conversation, n: *n, from: from.clone(), info: (**file).clone() })
    }
}

/// Fetches a file into a folder. When it is interrupted, the same call goes on with it, also in another process.
pub(crate) fn fetch(
    words: Words,
    handle: &mut ClientHandle,
    download: &Download,
    folder: &Path,
    progress: &Progress,
) -> Result<Fetched, CliError> {
    fs::create_dir_all(folder).map_err(|error| cannot(FileAction::Make, folder, error))?;
    let part = folder.join(format!(".{}.part", download.info.sha256));
    let failed = |error: io::Error| cannot(FileAction::Write, &part, error);
    let Some(mut file) = open_alone(&part).map_err(failed)? else {
        return Err(CliError::Refused(words.is_being_fetched(download.info.name.as_str())));
    };
    let mut have = file.metadata().map_err(failed)?.len();
    if have > download.info.bytes {
        file.set_len(0).map_err(failed)?;
        have = 0;
    }
    let mut window = ChunkWindow::new();
    while have < download.info.bytes {
        progress.reached(have);
        let begun = clock::now();
        for bytes in ask_round(handle, download, &window, have)? {
            file.write_all(&bytes).map_err(failed)?;
            have += bytes.len() as u64;
        }
        window.took(begun.elapsed());
    }
    progress.reached(have);
    file.sync_all().map_err(failed)?;
    let measured =
        OpenOptions::new().read(true).open(&part).and_then(|mut file| measure(&mut file)).map_err(failed)?;
    if measured != (download.info.bytes, download.info.sha256) {
        fs::remove_file(&part).map_err(failed)?;
        return Err(CliError::Refused(words.came_as_another(download.info.name.as_str())));
    }
    place(words, &part, folder, &local(&download.conversation, &download.from, &download.info.name))
}

/// Opens a part to go on with it; `None` when another process does. A crash between the two steps of [`place`] leaves the
/// name of the part to a file that is finished, and perhaps changed by its owner since: then the part is begun anew.
fn open_alone(part: &Path) -> io::Result<Option<File>> {
    let open = |options: &mut OpenOptions| {
        let file = options.append(true).mode(0o600).open(part)?;
        Ok::<_, io::Error>(file.try_lock().is_ok().then_some(file))
    };
    let Some(file) = open(OpenOptions::new().create(true))? else { return Ok(None) };
    let opened = file.metadata()?;
    match fs::symlink_metadata(part) {
        Ok(named) if opened.nlink() == 1 && named.ino() == opened.ino() => return Ok(Some(file)),
        Ok(_) => fs::remove_file(part)?,
        // Whoever had it has just finished it.
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    match open(OpenOptions::new().create_new(true)) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(None),
        opened => opened,
    }
}

/// The next parts, in order and without a hole.
fn ask_round(
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
    let (mut parts, mut next) = (Vec::new(), have);
    for answer in handle.ask_all(chunks)? {
        let Answer::Transferred(Transferred::Part(offset, bytes)) = answer else { return Err(unexpected()) };
        if offset != next || bytes.is_empty() {
            break;
        }
        next += bytes.len() as u64;
        parts.push(bytes);
    }
    if parts.is_empty() { Err(unexpected()) } else { Ok(parts) }
}

/// Gives the file its name, or the first one like it that is free. A link never replaces anything.
fn place(words: Words, part: &Path, folder: &Path, name: &str) -> Result<Fetched, CliError> {
    for number in 1..=SAME_NAMES_MAX {
        let path = folder.join(numbered(name, number));
        match fs::hard_link(part, &path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(cannot(FileAction::Make, &path, error)),
            Ok(()) => {
                fs::remove_file(part).map_err(|error| cannot(FileAction::Remove, part, error))?;
                return Ok(Fetched { path });
            }
        }
    }
    Err(CliError::Refused(words.too_many_alike(SAME_NAMES_MAX, name, &folder.display().to_string())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "a test makes the files that a crash leaves behind")]
    fn a_part_that_is_a_finished_file_is_begun_anew() {
        let folder = tempfile::tempdir().expect("a folder");
        let (part, finished) = (folder.path().join(".part"), folder.path().join("alice_a.txt"));
        let write = |bytes: &[u8]| {
            let mut file = open_alone(&part).expect("opened").expect("nobody else has it");
            file.write_all(bytes).expect("written");
            file.metadata().expect("metadata").len()
        };
        assert_eq!(write(b"he"), 2);
        assert_eq!(write(b"llo"), 5, "gone on with");
        fs::hard_link(&part, &finished).expect("a link");
        assert_eq!(write(b"new"), 3);
        assert_eq!(fs::read(&finished).expect("read"), b"hello");
        let held = open_alone(&part).expect("opened");
        assert!(held.is_some() && open_alone(&part).expect("opened").is_none());
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "a test makes the files that are in the way")]
    fn nothing_is_ever_replaced() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("alice_a.txt"), "mine").expect("written");
        std::os::unix::fs::symlink("/nowhere", folder.path().join("alice_a (2).txt")).expect("a link");
        let part = folder.path().join(".part");
        fs::write(&part, "new").expect("written");
        let placed =
            place(Words::ENGLISH, &part, folder.path(), "alice_a.txt").map_err(|failure| failure.to_string());
        assert_eq!(placed.expect("placed").path, folder.path().join("alice_a (3).txt"));
        assert_eq!(fs::read_to_string(folder.path().join("alice_a.txt")).expect("read"), "mine");
        assert!(!part.exists());
    }
}

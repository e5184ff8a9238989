//! Checks that the content of every file in the log exists, for `papo log verify` and for a backup. A running
//! server may remove the contents of deleted files meanwhile. The check then reads the log again, which
//! contains the deletions.

use std::collections::HashSet;
use std::io;
use std::ops::ControlFlow;

use common::ContentHash;
use thiserror::Error;

use super::Folder;
use super::folder::content;
use crate::domain::Files;
use crate::domain::files::SharedFile;
use crate::domain::records::Record;
use crate::journal::{JournalError, Report, for_each_line};
use disk::Disk;

/// Lines without one of these texts do not concern files, so they are not parsed.
const KINDS: [&str; 2] = [r#""kind":"file""#, r#""kind":"message.deleted""#];

/// The maximum number of times that the log is read. Usually, two readings are enough.
const READINGS_MAX: u32 = 10;

#[derive(Debug, Error)]
pub enum CheckError {
    #[error("{name} is missing: it is the content of {0}; restore it from a backup", name = content(&.0.sha256))]
    Missing(SharedFile),
    #[error("{name} is damaged: it is the content of {0}; restore it from a backup", name = content(&.0.sha256))]
    Damaged(SharedFile),
    #[error("cannot read {0}: {1}")]
    Io(String, #[source] io::Error),
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// Each reading of the log found other contents missing.
    #[error(
        "files are sent and deleted faster than they can be checked; try again when the server is less busy"
    )]
    TooBusy,
}

/// The result of a reading of the log.
pub struct LogReading {
    /// The end of the log, and its size.
    pub report: Report,
    /// The files that were sent and not deleted.
    pub files: Files,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ContentCounts {
    /// The number of undamaged file contents to which events refer.
    pub intact: u64,
    /// The number of file contents to which no event refers. They belong to uploads, or to deleted files that
    /// the server has not removed yet.
    pub unreferenced: u64,
}

/// Reads the whole log. Calls `visit` with each line.
pub fn read_log(disk: &dyn Disk, mut visit: impl FnMut(&[u8])) -> Result<LogReading, JournalError> {
    let mut files = Files::default();
    let report = for_each_line(disk, |_, line| {
        apply_line(&mut files, line);
        visit(line);
        ControlFlow::Continue(())
    })?;
    Ok(LogReading { report, files })
}

fn apply_line(files: &mut Files, line: &[u8]) {
    let is_about_files =
        std::str::from_utf8(line).is_ok_and(|line| KINDS.iter().any(|kind| line.contains(kind)));
    if is_about_files && let Ok(Record::Event(event)) = Record::decode(line) {
        files.apply(&event);
    }
}

/// Calls `visit` once for the content of every file in the log. `visit` returns whether the content exists.
/// If it does not, the file may have been deleted meanwhile, so the log is read again. The content is missing
/// if an event referred to it in both readings. Returns the last reading of the log, and the files whose
/// contents are missing.
pub fn visit_contents<E: From<CheckError>>(
    mut read: impl FnMut() -> Result<LogReading, E>,
    mut visit: impl FnMut(&SharedFile) -> Result<bool, E>,
) -> Result<(LogReading, Vec<SharedFile>), E> {
    let (mut seen, mut absent, mut missing) = (HashSet::new(), Vec::new(), HashSet::new());
    for _ in 0..READINGS_MAX {
        let reading = read()?;
        // The server removes a content only after the deletion of its last event is durable.
        missing.extend(absent.drain(..).filter(|shared| reading.files.contains(shared)));
        for shared in reading.files.all() {
            if seen.contains(&shared.sha256) || missing.contains(shared) {
                continue;
            }
            if visit(shared)? {
                seen.insert(shared.sha256);
            } else {
                absent.push(shared.clone());
            }
        }
        if absent.is_empty() {
            let missing = reading.files.all().filter(|shared| missing.contains(shared)).cloned().collect();
            return Ok((reading, missing));
        }
    }
    Err(CheckError::TooBusy.into())
}

/// Checks the contents of all files in the log. `read` must read the log.
pub fn check(
    folder: &Folder,
    read: impl FnMut() -> Result<LogReading, CheckError>,
) -> Result<(LogReading, ContentCounts), CheckError> {
    let visit = |shared: &SharedFile| match folder.is_intact(&shared.sha256, shared.bytes) {
        Ok(Some(false)) => Err(CheckError::Damaged(shared.clone())),
        Ok(exists) => Ok(exists.is_some()),
        Err(error) => Err(CheckError::Io(content(&shared.sha256), error)),
    };
    let (reading, missing) = visit_contents(read, visit)?;
    if let Some(shared) = missing.into_iter().next() {
        return Err(CheckError::Missing(shared));
    }
    let all = folder.contents().map_err(|error| CheckError::Io("files".to_owned(), error))?;
    let needed: HashSet<&ContentHash> = reading.files.contents().collect();
    let unreferenced = all.iter().filter(|sha256| !needed.contains(sha256)).count() as u64;
    let intact = needed.len() as u64;
    Ok((reading, ContentCounts { intact, unreferenced }))
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::collections::BTreeSet;

    use common::{Target, UserName};

    use super::*;
    use crate::journal::Checkpoint;

    /// A reading of a log with these files, each given as its event number and the first byte of its hash.
    fn reading(all: &[(u64, u8)]) -> LogReading {
        let mut files = Files::default();
        all.iter().for_each(|(n, content)| files.insert(file(*n, *content)));
        let head = Checkpoint { record: all.len() as u64, ..Checkpoint::GENESIS };
        LogReading { report: Report { batches: 0, bytes: 0, head, torn_bytes: 0 }, files }
    }

    fn file(n: u64, content: u8) -> SharedFile {
        let (to, from) = (Target::new("#a").expect("a target"), UserName::new("alice").expect("a name"));
        SharedFile { n, to, from, bytes: 1, sha256: ContentHash([content; 32]) }
    }

    /// Checks a folder against a log. `logs` and `folders` have one entry for each reading. Returns the
    /// contents that exist, and the numbers of the missing files.
    fn check_contents(logs: &[&[(u64, u8)]], folders: &[&[u8]]) -> Result<(Vec<u8>, Vec<u64>), String> {
        let (mut logs, mut folders) = (logs.iter(), folders.iter());
        let (folder, mut seen) = (RefCell::new(BTreeSet::new()), Vec::new());
        let read = || {
            folder.replace(folders.next().expect("a folder").iter().copied().collect());
            Ok(reading(logs.next().expect("the log is not read again")))
        };
        let visit = |shared: &SharedFile| {
            let [content, ..] = shared.sha256.0;
            let exists = folder.borrow().contains(&content);
            seen.extend(exists.then_some(content));
            Ok(exists)
        };
        let (_, missing) = visit_contents::<CheckError>(read, visit).map_err(|error| error.to_string())?;
        Ok((seen, missing.iter().map(|shared| shared.n).collect()))
    }

    #[test]
    fn content_is_missing_if_an_event_refers_to_it_in_both_readings() {
        assert_eq!(check_contents(&[&[(1, 1), (2, 2)]], &[&[1, 2]]), Ok((vec![1, 2], vec![])));
        let deleted: [&[(u64, u8)]; 2] = [&[(1, 1), (2, 2)], &[(2, 2)]];
        assert_eq!(check_contents(&deleted, &[&[2], &[2]]), Ok((vec![2], vec![])), "deleted meanwhile");
        let sent_again: [&[(u64, u8)]; 2] = [&[(1, 1)], &[(3, 1), (4, 4)]];
        assert_eq!(
            check_contents(&sent_again, &[&[], &[1, 4]]),
            Ok((vec![1, 4], vec![])),
            "deleted and sent again"
        );
        let lost: [&[(u64, u8)]; 2] = [&[(1, 1), (2, 2)], &[(1, 1), (2, 2), (3, 3)]];
        assert_eq!(
            check_contents(&lost, &[&[2], &[2, 3]]),
            Ok((vec![2, 3], vec![1])),
            "an event referred to it in both readings"
        );
    }

    #[test]
    fn the_number_of_readings_is_bounded() {
        let logs: Vec<_> = (0..=u64::from(READINGS_MAX)).map(|n| [(n, 1)]).collect();
        let logs: Vec<&[(u64, u8)]> = logs.iter().map(<[_; 1]>::as_slice).collect();
        let error =
            check_contents(&logs, &vec![&[][..]; logs.len()]).expect_err("different contents each time");
        assert_eq!(error, CheckError::TooBusy.to_string());
    }
}

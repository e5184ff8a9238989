//! Checks that the content of every file in the log exists, for `papo log verify` and for a backup. Changes
//! nothing. A server may run meanwhile: a content that it removes belongs to a deleted file, which the log
//! shows when it is read again.

use std::collections::HashSet;
use std::io;
use std::ops::ControlFlow;

use common::ContentHash;
use thiserror::Error;

use super::Folder;
use super::folder::content;
use crate::domain::Files;
use crate::domain::files::Shared;
use crate::domain::records::Record;
use crate::journal::{JournalError, Report, for_each_line};
use disk::Disk;

/// The parts of lines that concern files. Only lines with one of them are parsed.
const KINDS: [&str; 2] = [r#""kind":"file""#, r#""kind":"message.deleted""#];

/// The maximum of readings of the log. Each reading checks only the files that were sent since the previous
/// one, so two usually suffice.
const READINGS_MAX: u32 = 10;

/// Why a check failed.
#[derive(Debug, Error)]
pub enum CheckError {
    /// The content is missing.
    #[error("{name} is missing: {0} has it; restore it from a backup", name = content(&.0.sha256))]
    Missing(Shared),
    /// The content does not match its hash.
    #[error("{name} is damaged: {0} has it; restore it from a backup", name = content(&.0.sha256))]
    Damaged(Shared),
    /// A content cannot be read.
    #[error("cannot read {0}: {1}")]
    Io(String, #[source] io::Error),
    /// The log cannot be read.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// Every reading of the log found other missing contents.
    #[error(
        "files are sent and deleted faster than they can be checked; try again when the server is less busy"
    )]
    Restless,
}

/// The result of a reading of the log.
pub struct Told {
    /// The end of the log.
    pub report: Report,
    /// The files that were sent and not deleted.
    pub files: Files,
}

/// The contents that were found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    /// The number of undamaged contents of events.
    pub whole: u64,
    /// The number of contents without an event: those of deleted files, until the server removes them, and
    /// of uploads.
    pub others: u64,
}

/// Reads the whole log. Calls `also` with each line.
///
/// # Errors
///
/// When the log is damaged or cannot be read.
pub fn read_log(disk: &dyn Disk, mut also: impl FnMut(&[u8])) -> Result<Told, JournalError> {
    let mut files = Files::default();
    let report = for_each_line(disk, |_, line| {
        note(&mut files, line);
        also(line);
        ControlFlow::Continue(())
    })?;
    Ok(Told { report, files })
}

/// Applies a line of the log.
fn note(files: &mut Files, line: &[u8]) {
    let is_about_files =
        std::str::from_utf8(line).is_ok_and(|line| KINDS.iter().any(|kind| line.contains(kind)));
    if is_about_files && let Ok(Record::Event(event)) = Record::decode(line) {
        files.apply(&event);
    }
}

/// Calls `see` once for every content in the log; `see` returns whether the content exists. The file of a
/// missing content may have been deleted meanwhile, so the log is read again until no content is missing,
/// or the same ones are missing again. Returns the last reading of the log, and the files whose contents
/// are missing.
///
/// # Errors
///
/// [`CheckError::Restless`], and the errors of `read` and `see`.
pub fn visit_contents<E: From<CheckError>>(
    mut read: impl FnMut() -> Result<Told, E>,
    mut see: impl FnMut(&Shared) -> Result<bool, E>,
) -> Result<(Told, Vec<Shared>), E> {
    let (mut seen, mut gone, mut missing) = (HashSet::new(), Vec::new(), HashSet::new());
    for _ in 0..READINGS_MAX {
        let told = read()?;
        // A content is removed only after the deletion of its last event is durable. So a content is
        // missing if an event had it in both readings.
        missing.extend(gone.drain(..).filter(|shared| told.files.holds(shared)));
        for shared in told.files.all() {
            if seen.contains(&shared.sha256) || missing.contains(shared) {
                continue;
            }
            if see(shared)? {
                seen.insert(shared.sha256);
            } else {
                gone.push(shared.clone());
            }
        }
        if gone.is_empty() {
            let missing = told.files.all().filter(|shared| missing.contains(shared)).cloned().collect();
            return Ok((told, missing));
        }
    }
    Err(CheckError::Restless.into())
}

/// Reads all contents of events. `read` reads the log.
///
/// # Errors
///
/// When a content is missing, damaged or cannot be read.
pub fn check(
    folder: &Folder,
    read: impl FnMut() -> Result<Told, CheckError>,
) -> Result<(Told, Found), CheckError> {
    let see = |shared: &Shared| match folder.is_whole(&shared.sha256, shared.bytes) {
        Ok(Some(false)) => Err(CheckError::Damaged(shared.clone())),
        Ok(is_there) => Ok(is_there.is_some()),
        Err(error) => Err(CheckError::Io(content(&shared.sha256), error)),
    };
    let (told, missing) = visit_contents(read, see)?;
    if let Some(shared) = missing.into_iter().next() {
        return Err(CheckError::Missing(shared));
    }
    let all = folder.contents().map_err(|error| CheckError::Io("files".to_owned(), error))?;
    let needed: HashSet<&ContentHash> = told.files.contents().collect();
    let others = all.iter().filter(|sha256| !needed.contains(sha256)).count() as u64;
    let whole = needed.len() as u64;
    Ok((told, Found { whole, others }))
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::collections::BTreeSet;

    use common::{Target, UserName};

    use super::*;
    use crate::journal::Checkpoint;

    /// A reading of a log with these files, each a number and a content.
    fn told(all: &[(u64, u8)]) -> Told {
        let mut files = Files::default();
        all.iter().for_each(|(n, content)| files.insert(file(*n, *content)));
        let head = Checkpoint { record: all.len() as u64, ..Checkpoint::GENESIS };
        Told { report: Report { batches: 0, bytes: 0, head, torn_bytes: 0 }, files }
    }

    fn file(n: u64, content: u8) -> Shared {
        let (to, from) = (Target::new("#a").expect("a target"), UserName::new("alice").expect("a name"));
        Shared { n, to, from, bytes: 1, sha256: ContentHash([content; 32]) }
    }

    /// Checks a folder with changing contents against a changing log, one of each for every reading.
    /// Returns the contents that were seen, and the numbers of the missing files.
    fn look(logs: &[&[(u64, u8)]], there: &[&[u8]]) -> Result<(Vec<u8>, Vec<u64>), String> {
        let (mut logs, mut folders) = (logs.iter(), there.iter());
        let (folder, mut seen) = (RefCell::new(BTreeSet::new()), Vec::new());
        let read = || {
            folder.replace(folders.next().expect("a folder").iter().copied().collect());
            Ok(told(logs.next().expect("the log is not read again")))
        };
        let see = |shared: &Shared| {
            let [content, ..] = shared.sha256.0;
            let is_there = folder.borrow().contains(&content);
            seen.extend(is_there.then_some(content));
            Ok(is_there)
        };
        let (_, missing) = visit_contents::<CheckError>(read, see).map_err(|error| error.to_string())?;
        Ok((seen, missing.iter().map(|shared| shared.n).collect()))
    }

    #[test]
    fn a_content_that_is_gone_was_deleted_meanwhile_or_is_missing() {
        assert_eq!(look(&[&[(1, 1), (2, 2)]], &[&[1, 2]]), Ok((vec![1, 2], vec![])));
        let since: [&[(u64, u8)]; 2] = [&[(1, 1), (2, 2)], &[(2, 2)]];
        assert_eq!(look(&since, &[&[2], &[2]]), Ok((vec![2], vec![])), "deleted meanwhile");
        let again: [&[(u64, u8)]; 2] = [&[(1, 1)], &[(3, 1), (4, 4)]];
        assert_eq!(look(&again, &[&[], &[1, 4]]), Ok((vec![1, 4], vec![])), "deleted and sent again");
        let lost: [&[(u64, u8)]; 2] = [&[(1, 1), (2, 2)], &[(1, 1), (2, 2), (3, 3)]];
        assert_eq!(
            look(&lost, &[&[2], &[2, 3]]),
            Ok((vec![2, 3], vec![1])),
            "an event had it in both readings"
        );
    }

    #[test]
    fn the_number_of_readings_has_a_bound() {
        let logs: Vec<_> = (0..=u64::from(READINGS_MAX)).map(|n| [(n, 1)]).collect();
        let logs: Vec<&[(u64, u8)]> = logs.iter().map(<[_; 1]>::as_slice).collect();
        let error = look(&logs, &vec![&[][..]; logs.len()]).expect_err("other contents each time");
        assert_eq!(error, CheckError::Restless.to_string());
    }
}

//! Whether every file that the log tells of is there: for `papo log verify`, and for a backup. Nothing is changed, and
//! a server may work on the folder meanwhile: what it removes is what the log tells of no more, when it is read again.

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

/// How a line is recognised that may say something about files: only these are taken apart.
const KINDS: [&str; 2] = [r#""kind":"file""#, r#""kind":"message.deleted""#];

/// How often the log is read at most. Each time only those files are new that were sent since, so twice is the rule.
const READINGS_MAX: u32 = 10;

/// What is wrong with a file.
#[derive(Debug, Error)]
pub enum CheckError {
    /// It is not there.
    #[error("{name} is missing: {0} has it; restore it from a backup", name = content(&.0.sha256))]
    Missing(Shared),
    /// It is something else.
    #[error("{name} is damaged: {0} has it; restore it from a backup", name = content(&.0.sha256))]
    Damaged(Shared),
    /// It cannot be read.
    #[error("cannot read {0}: {1}")]
    Io(String, #[source] io::Error),
    /// The log.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// Whenever one looks, other files are gone.
    #[error("files are sent and deleted faster than they can be looked at; try again when less is going on")]
    Restless,
}

/// A log that was read to its end.
pub struct Told {
    /// Where it ends.
    pub report: Report,
    /// The files that it tells of.
    pub files: Files,
}

/// What was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    /// Contents that events have, each of them whole.
    pub whole: u64,
    /// Contents that no event has: those of deleted files, until the server removes them, and of uploads.
    pub others: u64,
}

/// Reads the whole log; `also` sees each of its lines.
///
/// # Errors
///
/// The first damage, or a failed read.
pub fn read_log(disk: &dyn Disk, mut also: impl FnMut(&[u8])) -> Result<Told, JournalError> {
    let mut files = Files::default();
    let report = for_each_line(disk, |_, line| {
        note(&mut files, line);
        also(line);
        ControlFlow::Continue(())
    })?;
    Ok(Told { report, files })
}

/// Takes a line of the log in.
fn note(files: &mut Files, line: &[u8]) {
    let says_something =
        std::str::from_utf8(line).is_ok_and(|line| KINDS.iter().any(|kind| line.contains(kind)));
    if says_something && let Ok(Record::Event(event)) = Record::decode(line) {
        files.apply(&event);
    }
}

/// Shows every content that the log tells of to `see`, once, which returns whether it is there. What is gone may have
/// been deleted since: the log is read again, until it tells of no file that is gone, or still of the same. Returns the
/// log as it was read last, and those of its files whose contents are missing.
///
/// # Errors
///
/// [`CheckError::Restless`], and whatever `read` and `see` return.
pub fn look_at_all<E: From<CheckError>>(
    mut read: impl FnMut() -> Result<Told, E>,
    mut see: impl FnMut(&Shared) -> Result<bool, E>,
) -> Result<(Told, Vec<Shared>), E> {
    let (mut seen, mut gone, mut missing) = (HashSet::new(), Vec::new(), HashSet::new());
    for _ in 0..READINGS_MAX {
        let told = read()?;
        // A content goes after the deletion of its last event is on disk. So what an event had all the time is missing.
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

/// Reads all contents that events have; `read` reads the log.
///
/// # Errors
///
/// The first that is missing, damaged or cannot be read.
pub fn check(
    folder: &Folder,
    read: impl FnMut() -> Result<Told, CheckError>,
) -> Result<(Told, Found), CheckError> {
    let see = |shared: &Shared| match folder.is_whole(&shared.sha256, shared.bytes) {
        Ok(Some(false)) => Err(CheckError::Damaged(shared.clone())),
        Ok(is_there) => Ok(is_there.is_some()),
        Err(error) => Err(CheckError::Io(content(&shared.sha256), error)),
    };
    let (told, missing) = look_at_all(read, see)?;
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

    /// A log that tells of these files: number and content.
    fn told(all: &[(u64, u8)]) -> Told {
        let mut files = Files::default();
        all.iter().for_each(|(n, content)| files.restore(file(*n, *content)));
        let head = Checkpoint { record: all.len() as u64, ..Checkpoint::GENESIS };
        Told { report: Report { batches: 0, bytes: 0, head, torn_bytes: 0 }, files }
    }

    fn file(n: u64, content: u8) -> Shared {
        let (to, from) = (Target::new("#a").expect("a target"), UserName::new("alice").expect("a name"));
        Shared { n, to, from, bytes: 1, sha256: ContentHash([content; 32]) }
    }

    /// Looks at a folder that holds these contents, while the log becomes one after the other. Returns which contents
    /// were seen, and what is missing.
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
        let (_, missing) = look_at_all::<CheckError>(read, see).map_err(|error| error.to_string())?;
        Ok((seen, missing.iter().map(|shared| shared.n).collect()))
    }

    #[test]
    fn what_is_gone_was_deleted_since_or_is_missing() {
        assert_eq!(look(&[&[(1, 1), (2, 2)]], &[&[1, 2]]), Ok((vec![1, 2], vec![])));
        let since: [&[(u64, u8)]; 2] = [&[(1, 1), (2, 2)], &[(2, 2)]];
        assert_eq!(look(&since, &[&[2], &[2]]), Ok((vec![2], vec![])), "deleted since");
        let again: [&[(u64, u8)]; 2] = [&[(1, 1)], &[(3, 1), (4, 4)]];
        assert_eq!(look(&again, &[&[], &[1, 4]]), Ok((vec![1, 4], vec![])), "deleted and sent once more");
        let lost: [&[(u64, u8)]; 2] = [&[(1, 1), (2, 2)], &[(1, 1), (2, 2), (3, 3)]];
        assert_eq!(look(&lost, &[&[2], &[2, 3]]), Ok((vec![2, 3], vec![1])), "an event has it all the time");
    }

    #[test]
    fn nobody_looks_for_ever() {
        let logs: Vec<_> = (0..=u64::from(READINGS_MAX)).map(|n| [(n, 1)]).collect();
        let logs: Vec<&[(u64, u8)]> = logs.iter().map(<[_; 1]>::as_slice).collect();
        let error = look(&logs, &vec![&[][..]; logs.len()]).expect_err("never the same");
        assert_eq!(error, CheckError::Restless.to_string());
    }
}

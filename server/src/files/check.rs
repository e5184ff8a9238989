//! Whether every file that the log tells of is there, whole: for `papo log verify`. Nothing is changed, and a server may
//! work on the folder meanwhile.

use std::collections::HashSet;
use std::io;

use common::ContentHash;
use thiserror::Error;

use super::Folder;
use super::folder::content;
use crate::domain::Files;
use crate::domain::files::Shared;
use crate::records::Record;

/// How a line is recognised that may say something about files: only these are taken apart.
const KINDS: [&str; 2] = [r#""kind":"file""#, r#""kind":"message.deleted""#];

/// What is wrong with a file.
#[derive(Debug, Error)]
pub enum CheckError {
    /// It is not there.
    #[error("{0} is missing: event {1} from {2} to {3} has it; restore it from a backup")]
    Missing(String, u64, String, String),
    /// It is something else.
    #[error("{0} is damaged: event {1} from {2} to {3} has it; restore it from a backup")]
    Damaged(String, u64, String, String),
    /// It cannot be read.
    #[error("cannot read {0}: {1}")]
    Io(String, #[source] io::Error),
}

/// What was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    /// Contents that events have, each of them whole.
    pub whole: u64,
    /// Contents that no event has: those of deleted files, until the server removes them, and of uploads.
    pub others: u64,
}

/// Takes a line of the log in.
pub fn note(files: &mut Files, line: &[u8]) {
    let says_something =
        std::str::from_utf8(line).is_ok_and(|line| KINDS.iter().any(|kind| line.contains(kind)));
    if says_something && let Ok(Record::Event(event)) = Record::decode(line) {
        files.apply(&event);
    }
}

/// Reads all contents that events have.
///
/// # Errors
///
/// The first that is missing, damaged or cannot be read.
pub fn check(folder: &Folder, files: &Files) -> Result<Found, CheckError> {
    let mut seen: HashSet<&ContentHash> = HashSet::new();
    for shared in files.all().filter(|shared| seen.insert(&shared.sha256)) {
        let Shared { n, from, to, bytes, sha256 } = shared;
        let name = content(sha256);
        let is_whole =
            folder.is_whole(sha256, *bytes).map_err(|error| CheckError::Io(name.clone(), error))?;
        let (from, to) = (from.to_string(), to.to_string());
        match is_whole {
            Some(true) => {}
            Some(false) => return Err(CheckError::Damaged(name, *n, from, to)),
            None => return Err(CheckError::Missing(name, *n, from, to)),
        }
    }
    let all = folder.contents().map_err(|error| CheckError::Io("files".to_owned(), error))?;
    let others = all.iter().filter(|sha256| !seen.contains(sha256)).count() as u64;
    Ok(Found { whole: seen.len() as u64, others })
}

//! Rewrites a log: changes some lines, appends one record, and recomputes the chain.
//!
//! The caller ensures that no other process uses the log. A crash is safe after each of these steps:
//!
//! 1. [`stage`] writes each changed segment to a new file `...log.staged`, and syncs it.
//! 2. [`decide`] creates the file `log/staged`, and syncs it. From here on the new log is valid, before it the old
//!    one.
//! 3. [`place`] removes the indexes of the old segments, renames the new segments over the old ones, and removes
//!    `log/staged`.
//!
//! At the next start, step 3 is repeated if [`is_decided`]; it is idempotent. Otherwise [`discard`] removes the
//! files of step 1.

use std::io;

use super::JournalError;
use super::format::{Chain, Checkpoint, CommitLine, LOG_FOLDER, first_record, index_name, log_name};
use super::segment::{self, Batches, WholeBatch};
use super::verify::torn_bytes;
use disk::Disk;

/// The extension of a new segment until it replaces the old one.
const STAGED: &str = ".log.staged";
/// The file that marks the new segments as valid.
const DECISION: &str = "log/staged";

/// Writes the changed segments to new files. `change` is called for every record, and returns its new line without
/// newline, or `None` to keep it. `last` is the line of the record to append.
///
/// Returns the end of the new log.
///
/// # Errors
///
/// Damage, a torn tail (opening the log cuts it), or a failed disk operation. The log is then unchanged.
pub fn stage(
    disk: &dyn Disk,
    mut change: impl FnMut(u64, &[u8]) -> Option<Vec<u8>>,
    last: &[u8],
) -> Result<Checkpoint, JournalError> {
    let (mut old, mut chain) = (Checkpoint::GENESIS, Chain::GENESIS);
    let segments = segment::list(disk)?;
    for first_record in &segments {
        segment::check_follows(*first_record, &old)?;
        let bytes = segment::read(disk, *first_record)?;
        let mut new = Vec::with_capacity(bytes.len());
        let mut batches = Batches::new(&bytes, old);
        while let Some(batch) = batches.next_whole() {
            old = batch.end;
            chain = seal(&mut new, &changed(&batch, &mut change), chain, records_of(&batch));
        }
        // No segment ends within a batch: opening the log has cut a torn tail.
        torn_bytes(*first_record, &bytes, batches.offset, false)?;
        if segments.last() == Some(first_record) {
            chain = seal(&mut new, &[last, b"\n"].concat(), chain, 1);
            old.record += 1;
        }
        if new != bytes {
            write(disk, &staged_name(*first_record), &new)?;
        }
    }
    sync(disk)?;
    Ok(Checkpoint { record: old.record, chain })
}

/// Makes the staged segments valid.
///
/// # Errors
///
/// A failed disk operation. The next start then determines which log is valid.
pub fn decide(disk: &dyn Disk) -> Result<(), JournalError> {
    write(disk, DECISION, b"")?;
    sync(disk)
}

/// Whether the staged segments are valid.
///
/// # Errors
///
/// The folder cannot be listed.
pub fn is_decided(disk: &dyn Disk) -> Result<bool, JournalError> {
    Ok(names(disk, LOG_FOLDER)?.iter().any(|name| DECISION.ends_with(&format!("/{name}"))))
}

/// Replaces the old segments with the staged ones. Idempotent.
///
/// # Errors
///
/// A failed disk operation; call it again.
pub fn place(disk: &dyn Disk) -> Result<(), JournalError> {
    let staged = staged(disk)?;
    for first_record in &staged {
        remove(disk, &index_name(*first_record))?;
    }
    // A crash must not leave an old index with a new segment.
    sync(disk)?;
    for first_record in &staged {
        let (from, to) = (staged_name(*first_record), log_name(*first_record));
        disk.rename(&from, &to).map_err(|error| JournalError::io("rename", &from, error))?;
    }
    sync(disk)?;
    remove(disk, DECISION)?;
    sync(disk)
}

/// Removes staged segments that are not valid.
///
/// # Errors
///
/// A failed disk operation.
pub fn discard(disk: &dyn Disk) -> Result<(), JournalError> {
    let staged = staged(disk)?;
    staged.iter().try_for_each(|first_record| remove(disk, &staged_name(*first_record)))?;
    if staged.is_empty() { Ok(()) } else { sync(disk) }
}

/// Removes a file, if it exists.
///
/// # Errors
///
/// A failed disk operation.
pub fn remove(disk: &dyn Disk, name: &str) -> Result<(), JournalError> {
    match disk.remove(name) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(JournalError::io("remove", name, error)),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// The names of the files in a folder; none if it does not exist.
///
/// # Errors
///
/// A failed disk operation.
pub fn names(disk: &dyn Disk, folder: &str) -> Result<Vec<String>, JournalError> {
    match disk.list(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        listed => listed.map_err(|error| JournalError::io("list", folder, error)),
    }
}

fn records_of(batch: &WholeBatch<'_>) -> u64 {
    batch.end.record + 1 - batch.first_record
}

/// The new lines of a batch, with their newlines.
fn changed(batch: &WholeBatch<'_>, change: &mut impl FnMut(u64, &[u8]) -> Option<Vec<u8>>) -> Vec<u8> {
    let mut lines = Vec::new();
    for (record, _, line) in batch.records() {
        match change(record, line) {
            Some(changed) => lines.extend_from_slice(&changed),
            None => lines.extend_from_slice(line),
        }
        lines.push(b'\n');
    }
    lines
}

/// Appends a batch and its commit line. Returns the chain after it.
fn seal(out: &mut Vec<u8>, lines: &[u8], before: Chain, records: u64) -> Chain {
    let chain = before.extended(lines);
    out.extend_from_slice(lines);
    out.extend_from_slice(CommitLine { records, bytes: lines.len() as u64, chain }.line().as_bytes());
    chain
}

fn staged_name(first_record: u64) -> String {
    format!("{LOG_FOLDER}/{first_record:020}{STAGED}")
}

fn staged(disk: &dyn Disk) -> Result<Vec<u64>, JournalError> {
    Ok(names(disk, LOG_FOLDER)?.iter().filter_map(|name| first_record(name, STAGED)).collect())
}

fn write(disk: &dyn Disk, name: &str, bytes: &[u8]) -> Result<(), JournalError> {
    let written = disk.create_new(name).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_data()
    });
    written.map_err(|error| JournalError::io("write", name, error))
}

fn sync(disk: &dyn Disk) -> Result<(), JournalError> {
    disk.sync_folder(LOG_FOLDER).map_err(|error| JournalError::io("sync", LOG_FOLDER, error))
}

//! Rewrites a log: changes some lines, appends one record, and recomputes the chain.
//!
//! No other process may use the log. The log is valid after a crash in any of these steps:
//!
//! 1. [`stage`] writes each changed segment to a new file `...log.staged`, and syncs it.
//! 2. [`activate`] creates the file `log/staged`, and syncs it. From now on, the new log is valid instead of
//!    the old log.
//! 3. [`install`] removes the indexes of the old segments, renames the new segments over the old ones, and
//!    removes `log/staged`.
//!
//! The next startup repeats step 3 if the new log [is active](is_activated). Otherwise it removes the files
//! of step 1 with [`discard`].

use std::io;

use super::JournalError;
use super::format::{Chain, Checkpoint, CommitLine, LOG_FOLDER, first_record, index_name, log_name};
use super::segment::{self, BatchReader, WholeBatch};
use super::verify::torn_bytes;
use disk::Disk;

/// The extension of a new segment until it replaces the old one.
const STAGED: &str = ".log.staged";
/// The file that marks the new segments as valid.
const ACTIVATED: &str = "log/staged";

/// Writes the changed segments to new files, and returns the end of the new log. `change` is called for every
/// record, and returns its new line without newline, or `None` to keep the line. `last` is the line of the
/// record to append.
///
/// Damage and a torn tail are errors. After an error, the log is unchanged.
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
        let mut batches = BatchReader::new(&bytes, old);
        while let Some(batch) = batches.next_whole() {
            old = batch.end;
            chain = append_batch(&mut new, &changed_lines(&batch, &mut change), chain, records_of(&batch));
        }
        // Opening the log has cut off a torn tail, so a torn tail is an error here.
        torn_bytes(*first_record, &bytes, batches.offset, false)?;
        if segments.last() == Some(first_record) {
            chain = append_batch(&mut new, &[last, b"\n"].concat(), chain, 1);
            old.record += 1;
        }
        if new != bytes {
            write(disk, &staged_name(*first_record), &new)?;
        }
    }
    sync(disk)?;
    Ok(Checkpoint { record: old.record, chain })
}

/// Makes the staged segments valid. After an error, the next startup determines which log is valid.
pub fn activate(disk: &dyn Disk) -> Result<(), JournalError> {
    write(disk, ACTIVATED, b"")?;
    sync(disk)
}

/// Whether the staged segments are valid.
pub fn is_activated(disk: &dyn Disk) -> Result<bool, JournalError> {
    Ok(names(disk, LOG_FOLDER)?.iter().any(|name| ACTIVATED.ends_with(&format!("/{name}"))))
}

/// Replaces the old segments with the staged ones. Idempotent.
pub fn install(disk: &dyn Disk) -> Result<(), JournalError> {
    let staged = staged_segments(disk)?;
    for first_record in &staged {
        remove(disk, &index_name(*first_record))?;
    }
    // Durably remove the old indexes before a new segment replaces an old one.
    sync(disk)?;
    for first_record in &staged {
        let (from, to) = (staged_name(*first_record), log_name(*first_record));
        disk.rename(&from, &to).map_err(|error| JournalError::io("rename", &from, error))?;
    }
    sync(disk)?;
    remove(disk, ACTIVATED)?;
    sync(disk)
}

/// Removes staged segments that are not valid.
pub fn discard(disk: &dyn Disk) -> Result<(), JournalError> {
    let staged = staged_segments(disk)?;
    staged.iter().try_for_each(|first_record| remove(disk, &staged_name(*first_record)))?;
    if staged.is_empty() { Ok(()) } else { sync(disk) }
}

/// Removes a file if it exists.
pub fn remove(disk: &dyn Disk, name: &str) -> Result<(), JournalError> {
    match disk.remove(name) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(JournalError::io("remove", name, error)),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// The names of the files in a folder; none if the folder does not exist.
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
fn changed_lines(batch: &WholeBatch<'_>, change: &mut impl FnMut(u64, &[u8]) -> Option<Vec<u8>>) -> Vec<u8> {
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
fn append_batch(out: &mut Vec<u8>, lines: &[u8], before: Chain, records: u64) -> Chain {
    let chain = before.extended(lines);
    out.extend_from_slice(lines);
    out.extend_from_slice(CommitLine { records, bytes: lines.len() as u64, chain }.line().as_bytes());
    chain
}

fn staged_name(first_record: u64) -> String {
    format!("{LOG_FOLDER}/{first_record:020}{STAGED}")
}

fn staged_segments(disk: &dyn Disk) -> Result<Vec<u64>, JournalError> {
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

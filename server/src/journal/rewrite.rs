//! Makes another log of a log: some lines changed, one record added at the end, and the chain computed anew.
//!
//! Nobody else works on the log meanwhile. In steps, each of which may be the last before a crash:
//!
//! 1. [`stage`] writes each segment that becomes another one beside the old one, as `...log.staged`, and syncs it.
//! 2. [`decide`] makes the file `log/staged`, and syncs it. From here on the new log counts, before it the old one.
//! 3. [`place`] removes the indexes of the old segments, renames the new segments over them, and removes `log/staged`.
//!
//! At the next start, step 3 is done again when [`is_decided`] says so, which harms nothing that was done already;
//! otherwise what step 1 has left is thrown away ([`discard`]).

use std::io;

use super::JournalError;
use super::format::{Chain, Checkpoint, CommitLine, LOG_FOLDER, first_record, index_name, log_name};
use super::segment::{self, Batches, WholeBatch};
use super::verify::torn_bytes;
use disk::Disk;

/// What a segment is called until it takes the place of the old one.
const STAGED: &str = ".log.staged";
/// Is there when the new segments count.
const DECISION: &str = "log/staged";

/// Writes the changed segments beside the old ones. `change` is asked for every record, and gives the line that takes
/// its place, without newline, or `None` to keep it. `last` is the line of a record that follows them all.
///
/// Returns the end of the new log.
///
/// # Errors
///
/// Damage, a torn tail (open the log before, which cuts it), and what the disk refuses. The log is as it was.
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
        // None of the segments ends within a batch: the last one's torn tail was cut.
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

/// From now on what was staged counts.
///
/// # Errors
///
/// What the disk refuses. Which log counts is then known at the next start.
pub fn decide(disk: &dyn Disk) -> Result<(), JournalError> {
    write(disk, DECISION, b"")?;
    sync(disk)
}

/// Whether what was staged counts.
///
/// # Errors
///
/// When the folder cannot be listed.
pub fn is_decided(disk: &dyn Disk) -> Result<bool, JournalError> {
    Ok(names(disk, LOG_FOLDER)?.iter().any(|name| DECISION.ends_with(&format!("/{name}"))))
}

/// Puts what was staged in its place, or what is left of it.
///
/// # Errors
///
/// What the disk refuses; call it again.
pub fn place(disk: &dyn Disk) -> Result<(), JournalError> {
    let staged = staged(disk)?;
    for first_record in &staged {
        remove(disk, &index_name(*first_record))?;
    }
    // An index must not be found again beside a segment that it is not of.
    sync(disk)?;
    for first_record in &staged {
        let (from, to) = (staged_name(*first_record), log_name(*first_record));
        disk.rename(&from, &to).map_err(|error| JournalError::io("rename", &from, error))?;
    }
    sync(disk)?;
    remove(disk, DECISION)?;
    sync(disk)
}

/// Throws away what was staged and does not count.
///
/// # Errors
///
/// What the disk refuses.
pub fn discard(disk: &dyn Disk) -> Result<(), JournalError> {
    let staged = staged(disk)?;
    staged.iter().try_for_each(|first_record| remove(disk, &staged_name(*first_record)))?;
    if staged.is_empty() { Ok(()) } else { sync(disk) }
}

/// Removes a file that may be gone already.
///
/// # Errors
///
/// What the disk refuses.
pub fn remove(disk: &dyn Disk, name: &str) -> Result<(), JournalError> {
    match disk.remove(name) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(JournalError::io("remove", name, error)),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// What is in a folder, which need not be there.
///
/// # Errors
///
/// What the disk refuses.
pub fn names(disk: &dyn Disk, folder: &str) -> Result<Vec<String>, JournalError> {
    match disk.list(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        listed => listed.map_err(|error| JournalError::io("list", folder, error)),
    }
}

fn records_of(batch: &WholeBatch<'_>) -> u64 {
    batch.end.record + 1 - batch.first_record
}

/// The lines of a batch as they are to be, with their newlines.
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

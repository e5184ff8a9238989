//! Follows the log as it grows, batch by batch, beside the server that writes it: for what is derived from it.
//!
//! It remembers a place and goes on from there, also after a restart, and needs no queue: what it has not read yet
//! waits in the log.

use std::io::{self, BufRead as _, BufReader, Read};
use std::sync::Arc;

use super::JournalError;
use super::format::{COMMIT_START, Checkpoint, CommitLine, log_name};
use super::segment::{self, Batches};
use disk::Disk;

/// How much is read at a time, in bytes, unless one batch is longer.
const PIECE_BYTES: usize = 1 << 20;

/// A place in the log, and the way on from there.
pub struct Follower {
    disk: Arc<dyn Disk>,
    segment: u64,
    offset: u64,
    at: Checkpoint,
}

impl Follower {
    /// Begins after the place `from`. `None` when the log does not have that place (any more).
    ///
    /// # Errors
    ///
    /// A failed read, or a log without its beginning.
    pub fn after(disk: Arc<dyn Disk>, from: Checkpoint) -> Result<Option<Self>, JournalError> {
        let segments = segment::list(&*disk)?;
        let first = segments.iter().rev().find(|first| **first <= from.record.max(1)).copied().unwrap_or(1);
        if from == Checkpoint::GENESIS {
            return Ok(Some(Self { disk, segment: first, offset: 0, at: from }));
        }
        let offset = offset_after(&*disk, first, from)
            .map_err(|error| JournalError::io("read", &log_name(first), error))?;
        Ok(offset.map(|offset| Self { disk, segment: first, offset, at: from }))
    }

    /// The place up to which it has read.
    #[must_use]
    pub fn at(&self) -> Checkpoint {
        self.at
    }

    /// Gives the records of the next batches to `visit`, number and line, up to the record `last` at most, which ends
    /// a batch, and not much more than a mebibyte at once. Returns whether there were any.
    ///
    /// # Errors
    ///
    /// A failed read; or a batch that is not whole, though it should be on the disk.
    pub fn read(&mut self, last: u64, mut visit: impl FnMut(u64, &[u8])) -> Result<bool, JournalError> {
        if self.at.record >= last {
            return Ok(false);
        }
        let mut size = PIECE_BYTES;
        loop {
            let name = log_name(self.segment);
            let mut bytes = vec![0; size];
            let read = fill(&*self.disk, &name, self.offset, &mut bytes);
            bytes.truncate(read.map_err(|error| JournalError::io("read", &name, error))?);
            let mut batches = Batches::new(&bytes, self.at);
            while batches.at.record < last
                && let Some(batch) = batches.next_whole()
            {
                batch.records().for_each(|(record, _, line)| visit(record, line));
            }
            if batches.offset > 0 {
                (self.offset, self.at) = (self.offset + batches.offset as u64, batches.at);
                return Ok(true);
            }
            if bytes.len() == size {
                size *= 2;
            } else if !bytes.is_empty() {
                let why = "a batch that is on the disk cannot be read".to_owned();
                return Err(JournalError::Damaged { file: name, offset: self.offset, why });
            } else {
                self.next_segment()?;
            }
        }
    }

    fn next_segment(&mut self) -> Result<(), JournalError> {
        let next = self.at.record + 1;
        if next == self.segment || self.disk.len(&log_name(next)).is_err() {
            return Err(JournalError::Missing { file: log_name(next) });
        }
        (self.segment, self.offset) = (next, 0);
        Ok(())
    }
}

/// Where in a segment the batch ends whose last record and chain these are.
fn offset_after(disk: &dyn Disk, segment: u64, place: Checkpoint) -> io::Result<Option<u64>> {
    let name = log_name(segment);
    let mut lines = BufReader::with_capacity(PIECE_BYTES / 16, FromDisk { disk, name: &name, offset: 0 });
    let (mut line, mut offset, mut record) = (Vec::new(), 0, segment - 1);
    while record < place.record && lines.read_until(b'\n', &mut line)? > 0 {
        offset += line.len() as u64;
        if line.starts_with(COMMIT_START.as_bytes())
            && let Some(commit) = CommitLine::parse(&line)
        {
            record += commit.records;
            if record == place.record && commit.chain == place.chain {
                return Ok(Some(offset));
            }
        }
        line.clear();
    }
    Ok(None)
}

/// Reads as much as there is, up to the buffer's length.
fn fill(disk: &dyn Disk, name: &str, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
    let mut length = 0;
    loop {
        let rest = buffer.get_mut(length..).unwrap_or_default();
        match disk.read_at(name, offset + length as u64, rest)? {
            0 => return Ok(length),
            read => length += read,
        }
    }
}

/// A file of a disk, from its beginning.
struct FromDisk<'a> {
    disk: &'a dyn Disk,
    name: &'a str,
    offset: u64,
}

impl Read for FromDisk<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.disk.read_at(self.name, self.offset, buffer)?;
        self.offset += read as u64;
        Ok(read)
    }
}

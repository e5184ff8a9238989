//! Reads the log batch by batch while the server writes it, to keep derived data up to date.
//!
//! A follower needs no queue, because unread records stay in the log.

use std::io::{self, BufRead as _, BufReader, Read};
use std::sync::Arc;

use super::JournalError;
use super::format::{COMMIT_START, Checkpoint, CommitLine, log_name};
use super::segment::{self, BatchReader, WholeBatch};
use disk::Disk;

/// The bytes of one read, unless a batch is longer.
const READ_BYTES: usize = 1 << 20;

/// A reader with a position in the log.
pub struct Follower {
    disk: Arc<dyn Disk>,
    segment: u64,
    offset: u64,
    at: Checkpoint,
}

impl Follower {
    /// Creates a follower at the position `from`; `None` if the log does not contain that position.
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

    /// The position after the last batch that was read.
    #[must_use]
    pub fn at(&self) -> Checkpoint {
        self.at
    }

    /// Passes the number and the line of each record of the next batches to `visit`. Stops after about one
    /// mebibyte, or at the record `last`, which must end a batch. Returns false if there were no records.
    pub fn read(&mut self, last: u64, mut visit: impl FnMut(u64, &[u8])) -> Result<bool, JournalError> {
        let visit =
            |batch: &WholeBatch<'_>| batch.records().for_each(|(record, _, line)| visit(record, line));
        Ok(self.next_batches(last, usize::MAX, visit)?.is_some())
    }

    /// The bytes of the next batches with their commit lines: about one mebibyte, or one longer batch. Stops
    /// at the record `last`, which must end a batch. `None` if there are no batches, or if the next batch is
    /// longer than `bytes_max`.
    pub fn read_bytes(&mut self, last: u64, bytes_max: usize) -> Result<Option<Vec<u8>>, JournalError> {
        self.next_batches(last, bytes_max, |_| {})
    }

    fn next_batches(
        &mut self,
        last: u64,
        bytes_max: usize,
        mut visit: impl FnMut(&WholeBatch<'_>),
    ) -> Result<Option<Vec<u8>>, JournalError> {
        if self.at.record >= last {
            return Ok(None);
        }
        let mut size = READ_BYTES;
        loop {
            let name = log_name(self.segment);
            let mut bytes = vec![0; size];
            let read = fill(&*self.disk, &name, self.offset, &mut bytes);
            bytes.truncate(read.map_err(|error| JournalError::io("read", &name, error))?);
            let mut batches = BatchReader::new(&bytes, self.at);
            while batches.at.record < last
                && let Some(batch) = batches.next_whole()
            {
                visit(&batch);
            }
            if batches.offset > 0 {
                let length = batches.offset;
                (self.offset, self.at) = (self.offset + length as u64, batches.at);
                bytes.truncate(length);
                return Ok(Some(bytes));
            }
            if bytes.len() == size && size >= bytes_max {
                return Ok(None);
            } else if bytes.len() == size {
                size *= 2;
            } else if !bytes.is_empty() {
                let why = "a batch is incomplete, although it is durable".to_owned();
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

/// The offset in a segment after the batch that ends at `checkpoint`.
fn offset_after(disk: &dyn Disk, segment: u64, checkpoint: Checkpoint) -> io::Result<Option<u64>> {
    let name = log_name(segment);
    let mut lines = BufReader::with_capacity(READ_BYTES / 16, FromDisk { disk, name: &name, offset: 0 });
    let (mut line, mut offset, mut record) = (Vec::new(), 0, segment - 1);
    while record < checkpoint.record && lines.read_until(b'\n', &mut line)? > 0 {
        offset += line.len() as u64;
        if line.starts_with(COMMIT_START.as_bytes())
            && let Some(commit) = CommitLine::parse(&line)
        {
            record += commit.records;
            if record == checkpoint.record && commit.chain == checkpoint.chain {
                return Ok(Some(offset));
            }
        }
        line.clear();
    }
    Ok(None)
}

/// Reads until the buffer is full or the file ends.
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

/// Reads a file of a disk sequentially.
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

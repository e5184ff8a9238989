//! The segment files: which there are, and the whole batches in one, read from its beginning.
//!
//! Nothing here judges what follows the last whole batch: that is for [`tail`](super::tail).

use super::JournalError;
use super::batch::newline;
use super::format::{COMMIT_START, Checkpoint, CommitLine, LOG_FOLDER, first_record, log_name};
use disk::Disk;

/// The first records of all segments, in order. An index without its segment is a segment that somebody removed.
pub(super) fn list(disk: &dyn Disk) -> Result<Vec<u64>, JournalError> {
    let names = disk.list(LOG_FOLDER).map_err(|error| JournalError::io("list", LOG_FOLDER, error))?;
    let all = |extension| names.iter().filter_map(move |name| first_record(name, extension));
    let mut segments: Vec<u64> = all(".log").collect();
    segments.sort_unstable();
    match all(".idx").find(|indexed| segments.binary_search(indexed).is_err()) {
        Some(indexed) => Err(JournalError::Missing { file: log_name(indexed) }),
        None => Ok(segments),
    }
}

/// Whether the segment can follow what ends `at`.
pub(super) fn check_follows(segment: u64, at: &Checkpoint) -> Result<(), JournalError> {
    let expected = at.record + 1;
    if segment > expected {
        return Err(JournalError::Missing { file: log_name(expected) });
    }
    if segment < expected {
        let why = format!(
            "by its name it begins with record {segment}, but the one before ends with {}",
            at.record
        );
        return Err(JournalError::Damaged { file: log_name(segment), offset: 0, why });
    }
    Ok(())
}

/// The content of a segment.
pub(super) fn read(disk: &dyn Disk, segment: u64) -> Result<Vec<u8>, JournalError> {
    let name = log_name(segment);
    disk.read(&name).map_err(|error| JournalError::io("read", &name, error))
}

/// Goes through the whole batches of a segment.
pub(super) struct Batches<'a> {
    bytes: &'a [u8],
    /// Where the next batch begins, in bytes.
    pub(super) offset: usize,
    /// The last record before it, and the chain.
    pub(super) at: Checkpoint,
}

/// A batch whose commit line is there and true.
pub(super) struct WholeBatch<'a> {
    /// The number of its first record.
    pub(super) first_record: u64,
    /// The last record, and the chain after it.
    pub(super) end: Checkpoint,
    /// Where it begins in the segment, in bytes.
    pub(super) offset: usize,
    lines: &'a [u8],
}

impl<'a> Batches<'a> {
    /// From the first byte of a segment that follows what ends `at`.
    pub(super) fn new(bytes: &'a [u8], at: Checkpoint) -> Self {
        Self { bytes, offset: 0, at }
    }

    /// The next batch; `None` at the end of the file, and where something else begins.
    pub(super) fn next_whole(&mut self) -> Option<WholeBatch<'a>> {
        let rest = self.bytes.get(self.offset..)?;
        let (mut records, mut length) = (0, 0);
        let commit_line = loop {
            let line = first_line(rest.get(length..)?)?;
            if line.starts_with(COMMIT_START.as_bytes()) {
                break line;
            }
            (records, length) = (records + 1, length + line.len());
        };
        let lines = rest.get(..length)?;
        let chain = self.at.chain.extended(lines);
        let commit = CommitLine { records, bytes: length as u64, chain };
        if records == 0 || CommitLine::parse(commit_line) != Some(commit) {
            return None;
        }
        let end = Checkpoint { record: self.at.record + records, chain };
        let batch = WholeBatch { first_record: self.at.record + 1, end, offset: self.offset, lines };
        self.at = end;
        self.offset += length + commit_line.len();
        Some(batch)
    }
}

impl<'a> WholeBatch<'a> {
    /// Each record: its number, where it begins in the segment, and its line without the newline.
    pub(super) fn records(&self) -> impl Iterator<Item = (u64, usize, &'a [u8])> + use<'a> {
        let (mut record, mut offset, mut rest) = (self.first_record, self.offset, self.lines);
        std::iter::from_fn(move || {
            let line = first_line(rest)?;
            let item = (record, offset, line.split_last()?.1);
            (record, offset) = (record + 1, offset + line.len());
            rest = rest.get(line.len()..)?;
            Some(item)
        })
    }
}

/// The first line of `bytes` with its newline.
fn first_line(bytes: &[u8]) -> Option<&[u8]> {
    bytes.get(..=newline(bytes)?)
}

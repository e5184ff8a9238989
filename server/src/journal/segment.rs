//! The segment files: their list, and the whole batches of each file. [`tail`](super::tail) classifies the
//! bytes after the last whole batch.

use super::JournalError;
use super::batch::newline;
use super::format::{COMMIT_START, Checkpoint, CommitLine, LOG_FOLDER, first_record, log_name};
use disk::Disk;

/// The first records of all segments, in order. Returns an error if an index has no segment, because the
/// segment must have been removed.
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

/// Checks that the segment follows the checkpoint `at`.
pub(super) fn check_follows(segment: u64, at: &Checkpoint) -> Result<(), JournalError> {
    let expected = at.record + 1;
    if segment > expected {
        return Err(JournalError::Missing { file: log_name(expected) });
    }
    if segment < expected {
        let why = format!(
            "its name says that it begins with record {segment}, but the previous segment ends with {}",
            at.record
        );
        return Err(JournalError::Damaged { file: log_name(segment), offset: 0, why });
    }
    Ok(())
}

pub(crate) fn read(disk: &dyn Disk, segment: u64) -> Result<Vec<u8>, JournalError> {
    let name = log_name(segment);
    disk.read(&name).map_err(|error| JournalError::io("read", &name, error))
}

/// Reads the whole batches of a segment, from its start.
pub(super) struct BatchReader<'a> {
    bytes: &'a [u8],
    /// The start of the next batch, in bytes.
    pub(super) offset: usize,
    /// The position in the log before the next batch.
    pub(super) at: Checkpoint,
}

/// A batch with a matching commit line.
pub(super) struct WholeBatch<'a> {
    /// The number of the first record.
    pub(super) first_record: u64,
    /// The last record, and the chain after it.
    pub(super) end: Checkpoint,
    /// The start of the batch in the segment, in bytes.
    pub(super) offset: usize,
    lines: &'a [u8],
}

impl<'a> BatchReader<'a> {
    /// Creates a reader of a segment that follows the checkpoint `at`.
    pub(super) fn new(bytes: &'a [u8], at: Checkpoint) -> Self {
        Self { bytes, offset: 0, at }
    }

    /// The next batch; `None` at the end of the file, or if the next bytes are not a whole batch.
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
    /// The number of each record, the start of its line in the segment, and the line without the newline.
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

/// The bytes of one batch with its commit line, and the position after it.
pub struct BatchBytes<'a> {
    pub end: Checkpoint,
    pub bytes: &'a [u8],
}

/// The batches in `bytes`, which follow the checkpoint `at`. Each chain is checked. `None` unless all bytes
/// belong to whole batches.
#[must_use]
pub fn whole_batches(bytes: &[u8], at: Checkpoint) -> Option<Vec<BatchBytes<'_>>> {
    let (mut reader, mut batches) = (BatchReader::new(bytes, at), Vec::new());
    while let Some(WholeBatch { end, offset, .. }) = reader.next_whole() {
        batches.push(BatchBytes { end, bytes: bytes.get(offset..reader.offset)? });
    }
    (reader.offset == bytes.len()).then_some(batches)
}

/// The record lines of one batch that ends with its commit line, without their newlines. The chain is checked
/// when the batch is written.
pub fn record_lines(batch: &[u8]) -> impl Iterator<Item = &[u8]> {
    let lines = batch.split_inclusive(|byte| *byte == b'\n').filter_map(|line| line.strip_suffix(b"\n"));
    lines.take_while(|line| !line.starts_with(COMMIT_START.as_bytes()))
}

/// The first line of `bytes` with its newline.
fn first_line(bytes: &[u8]) -> Option<&[u8]> {
    bytes.get(..=newline(bytes)?)
}

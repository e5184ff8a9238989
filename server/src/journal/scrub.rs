//! Rereads the sealed segments in chunks, and checks every batch against the chain.
//!
//! Server startup does not read sealed segments. Without the scrub, a changed byte would be detected only
//! when a user reads the message. The scrub detects the damage while a backup with the correct byte still
//! exists. It changes nothing, and keeps one chunk and one line in memory. The caller controls its speed.

use sha2::{Digest as _, Sha256};

use super::JournalError;
use super::batch::newline;
use super::format::{COMMIT_START, Chain, CommitLine, log_name};
use super::segment;
use disk::Disk;

/// The bytes of one read.
const CHUNK_BYTES: usize = 1 << 20;

/// The maximum length of a line. The limit bounds the memory for a damaged segment without newlines.
const LINE_BYTES_MAX: usize = 4 << 20;

/// One pass over the sealed segments.
pub struct Scrub {
    /// The unread segments, newest first: the first record of each, and the first record of the segment after
    /// it.
    segments: Vec<(u64, u64)>,
    reading: Option<OpenSegment>,
    /// The chain before the next batch; `None` after an unreadable commit line.
    chain: Option<Chain>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScrubStep {
    /// The number of bytes that were read. They contain no damage.
    Sound(usize),
    /// A batch has changed. The scrub continues after it.
    Damaged {
        /// The file, relative to the data folder.
        file: String,
        /// The start of the batch, in bytes.
        offset: u64,
    },
    /// All segments were read.
    End,
}

struct OpenSegment {
    file: String,
    /// The first record of the next segment.
    end_record: u64,
    /// The next record of this segment.
    next_record: u64,
    /// The start of the next chunk, in bytes.
    offset: u64,
    /// The bytes of an incomplete line.
    rest: Vec<u8>,
    batch: PartialBatch,
}

/// A batch that is not completely read.
struct PartialBatch {
    /// The start of the batch, in bytes.
    offset: u64,
    records: u64,
    bytes: u64,
    hasher: Option<Sha256>,
}

impl Scrub {
    /// Begins a pass at the oldest segment. The pass excludes the last segment, because every startup reads
    /// it.
    pub fn begin(disk: &dyn Disk) -> Result<Self, JournalError> {
        let all = segment::list(disk)?;
        let segments = all.iter().copied().zip(all.iter().copied().skip(1)).rev().collect();
        Ok(Self { segments, reading: None, chain: Some(Chain::GENESIS) })
    }

    /// Reads and checks the next chunk. After a failed read, the next step continues with the next segment.
    pub fn step(&mut self, disk: &dyn Disk) -> Result<ScrubStep, JournalError> {
        let Some(mut reading) = self.reading.take().or_else(|| self.next_segment()) else {
            return Ok(ScrubStep::End);
        };
        let mut chunk = vec![0; CHUNK_BYTES];
        let read = disk.read_at(&reading.file, reading.offset, &mut chunk).map_err(|error| {
            self.chain = None;
            JournalError::io("read", &reading.file, error)
        })?;
        let damaged_at = if read == 0 {
            reading.damage_at_end()
        } else {
            reading.offset += read as u64;
            reading.rest.extend_from_slice(chunk.get(..read).unwrap_or_default());
            reading.check_lines(&mut self.chain)
        };
        let file = reading.file.clone();
        if read > 0 {
            self.reading = Some(reading);
        }
        Ok(damaged_at.map_or(ScrubStep::Sound(read), |offset| ScrubStep::Damaged { file, offset }))
    }

    fn next_segment(&mut self) -> Option<OpenSegment> {
        let (first_record, end_record) = self.segments.pop()?;
        let batch = PartialBatch::begin(0, self.chain);
        let (file, next_record) = (log_name(first_record), first_record);
        Some(OpenSegment { file, end_record, next_record, offset: 0, rest: Vec::new(), batch })
    }
}

impl PartialBatch {
    fn begin(offset: u64, chain: Option<Chain>) -> Self {
        let hasher = chain.map(|chain| Sha256::new_with_prefix(chain.0));
        Self { offset, records: 0, bytes: 0, hasher }
    }

    fn add(&mut self, line: &[u8]) {
        self.records += 1;
        self.bytes += line.len() as u64;
        if let Some(hasher) = &mut self.hasher {
            hasher.update(line);
        }
    }

    /// Whether the commit line matches the batch. If the previous chain is unknown, the chain is not
    /// compared.
    fn matches(self, commit: CommitLine) -> bool {
        let Self { records, bytes, hasher, .. } = self;
        let chain = hasher.map_or(commit.chain, |hasher| Chain(hasher.finalize().into()));
        commit == CommitLine { records, bytes, chain }
    }
}

impl OpenSegment {
    /// Checks the complete lines that were read. Returns the start of the first damaged batch.
    fn check_lines(&mut self, chain: &mut Option<Chain>) -> Option<u64> {
        let rest = std::mem::take(&mut self.rest);
        let (mut lines, mut damaged_at) = (&rest[..], None);
        let mut offset = self.offset - rest.len() as u64;
        while let Some((line, others)) = newline(lines).and_then(|at| lines.split_at_checked(at + 1)) {
            lines = others;
            offset += line.len() as u64;
            if !line.starts_with(COMMIT_START.as_bytes()) {
                self.batch.add(line);
                continue;
            }
            // The next batch must continue the chain of this commit line, even if this batch is damaged.
            let commit = CommitLine::parse(line);
            *chain = commit.map(|commit| commit.chain);
            let batch = std::mem::replace(&mut self.batch, PartialBatch::begin(offset, *chain));
            let (start, records) = (batch.offset, batch.records);
            self.next_record += commit.map_or(records, |commit| commit.records);
            if !commit.is_some_and(|commit| batch.matches(commit)) {
                damaged_at = damaged_at.or(Some(start));
            }
        }
        if lines.len() > LINE_BYTES_MAX {
            *chain = None;
            let batch = std::mem::replace(&mut self.batch, PartialBatch::begin(self.offset, None));
            return damaged_at.or(Some(batch.offset));
        }
        self.rest = lines.to_vec();
        damaged_at
    }

    /// Returns the start of the damage if the segment does not end with a commit line, or lacks records
    /// before the next segment.
    fn damage_at_end(&self) -> Option<u64> {
        let is_whole = self.rest.is_empty() && self.batch.records == 0 && self.next_record == self.end_record;
        (!is_whole).then_some(self.batch.offset)
    }
}

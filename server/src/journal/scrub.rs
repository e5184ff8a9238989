//! Reads the sealed segments again, a piece at a time, and checks every batch against the chain.
//!
//! A start does not read them, so a byte that changed there since would be found only by who reads it. This finds it
//! while a backup is still there that has it. It holds one piece and one line in memory, changes nothing, and knows no
//! time: whoever calls it decides how fast it goes.

use sha2::{Digest as _, Sha256};

use super::JournalError;
use super::batch::newline;
use super::format::{COMMIT_START, Chain, CommitLine, log_name};
use super::segment;
use disk::Disk;

/// Bytes read at once.
const PIECE_BYTES: usize = 1 << 20;

/// A longer line cannot be one; without this bound a segment without newlines would be held whole.
const LINE_BYTES_MAX: usize = 4 << 20;

/// Goes through the sealed segments, once.
pub struct Scrub {
    /// Those still to be read, each with the one after it, the next one last.
    segments: Vec<(u64, u64)>,
    reading: Option<Reading>,
    /// The chain where the next batch begins; `None` behind a commit line that cannot be read.
    chain: Option<Chain>,
}

/// What a step showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scrubbed {
    /// So many bytes were read, and were sound.
    Sound(usize),
    /// A batch is not what was written. The rest is looked at all the same.
    Damaged {
        /// The file, relative to the data folder.
        file: String,
        /// Where the batch begins, in bytes.
        offset: u64,
    },
    /// Everything was read.
    End,
}

/// A segment that is being read.
struct Reading {
    file: String,
    next_segment: u64,
    /// The number of the next record.
    record: u64,
    /// Where the next piece begins.
    offset: u64,
    /// What was read and is no whole line yet.
    rest: Vec<u8>,
    batch: Summing,
}

/// A batch of which not all has been read.
struct Summing {
    /// Where it begins.
    offset: u64,
    records: u64,
    bytes: u64,
    sum: Option<Sha256>,
}

impl Scrub {
    /// Begins with the oldest segment. The last one is still being written, and every start reads it.
    ///
    /// # Errors
    ///
    /// When the folder cannot be listed, or a segment is missing.
    pub fn begin(disk: &dyn Disk) -> Result<Self, JournalError> {
        let all = segment::list(disk)?;
        let segments = all.iter().copied().zip(all.iter().copied().skip(1)).rev().collect();
        Ok(Self { segments, reading: None, chain: Some(Chain::GENESIS) })
    }

    /// Reads and checks the next piece.
    ///
    /// # Errors
    ///
    /// A failed read; the next step goes on with the next segment.
    pub fn step(&mut self, disk: &dyn Disk) -> Result<Scrubbed, JournalError> {
        let Some(mut reading) = self.reading.take().or_else(|| self.next_segment()) else {
            return Ok(Scrubbed::End);
        };
        let mut piece = vec![0; PIECE_BYTES];
        let read = disk.read_at(&reading.file, reading.offset, &mut piece).map_err(|error| {
            self.chain = None;
            JournalError::io("read", &reading.file, error)
        })?;
        let damaged_at = if read == 0 {
            reading.ends_amiss()
        } else {
            reading.offset += read as u64;
            reading.rest.extend_from_slice(piece.get(..read).unwrap_or_default());
            reading.take_lines(&mut self.chain)
        };
        let file = reading.file.clone();
        if read > 0 {
            self.reading = Some(reading);
        }
        Ok(damaged_at.map_or(Scrubbed::Sound(read), |offset| Scrubbed::Damaged { file, offset }))
    }

    fn next_segment(&mut self) -> Option<Reading> {
        let (record, next_segment) = self.segments.pop()?;
        let batch = Summing::begin(0, self.chain);
        Some(Reading { file: log_name(record), next_segment, record, offset: 0, rest: Vec::new(), batch })
    }
}

impl Summing {
    fn begin(offset: u64, chain: Option<Chain>) -> Self {
        let sum = chain.map(|chain| Sha256::new_with_prefix(chain.0));
        Self { offset, records: 0, bytes: 0, sum }
    }

    fn take(&mut self, line: &[u8]) {
        self.records += 1;
        self.bytes += line.len() as u64;
        if let Some(sum) = &mut self.sum {
            sum.update(line);
        }
    }

    /// Whether the commit line is true of what was taken. Without a chain before it there is nothing to compare.
    fn fits(self, commit: CommitLine) -> bool {
        let Self { records, bytes, sum, .. } = self;
        let chain = sum.map_or(commit.chain, |sum| Chain(sum.finalize().into()));
        commit == CommitLine { records, bytes, chain }
    }
}

impl Reading {
    /// Takes the whole lines that were read. Where the first batch begins that is damaged.
    fn take_lines(&mut self, chain: &mut Option<Chain>) -> Option<u64> {
        let rest = std::mem::take(&mut self.rest);
        let (mut lines, mut damaged_at) = (&rest[..], None);
        let mut offset = self.offset - rest.len() as u64;
        while let Some((line, others)) = newline(lines).and_then(|at| lines.split_at_checked(at + 1)) {
            lines = others;
            offset += line.len() as u64;
            if !line.starts_with(COMMIT_START.as_bytes()) {
                self.batch.take(line);
                continue;
            }
            // Behind a damaged batch the chain goes on from what its commit line says.
            let commit = CommitLine::parse(line);
            *chain = commit.map(|commit| commit.chain);
            let batch = std::mem::replace(&mut self.batch, Summing::begin(offset, *chain));
            let (begins, records) = (batch.offset, batch.records);
            self.record += commit.map_or(records, |commit| commit.records);
            if !commit.is_some_and(|commit| batch.fits(commit)) {
                damaged_at = damaged_at.or(Some(begins));
            }
        }
        if lines.len() > LINE_BYTES_MAX {
            *chain = None;
            let batch = std::mem::replace(&mut self.batch, Summing::begin(self.offset, None));
            return damaged_at.or(Some(batch.offset));
        }
        self.rest = lines.to_vec();
        damaged_at
    }

    /// A segment ends behind a commit line, and with the record before the next segment's first.
    fn ends_amiss(&self) -> Option<u64> {
        let is_whole = self.rest.is_empty() && self.batch.records == 0 && self.record == self.next_segment;
        (!is_whole).then_some(self.batch.offset)
    }
}

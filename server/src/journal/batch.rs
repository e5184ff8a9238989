//! The record lines that are not on the disk yet: the batch that gathers, and those handed to the writer.
//!
//! It does not write. It is the only memory of these lines, so whoever reads an event asks here first.

use std::collections::VecDeque;
use std::sync::Arc;

use super::active::ActiveIndex;
use super::format::CommitLine;

/// Where a line lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    /// The first record of the segment, which names it.
    pub(super) segment: u64,
    /// Where in the segment the line begins, in bytes.
    pub(super) offset: u32,
}

/// What the writer makes durable in one go.
#[derive(Debug)]
pub struct Batch {
    /// The record lines with their newlines.
    pub(super) bytes: Arc<Vec<u8>>,
    /// How many lines; never 0.
    pub(super) records: u64,
    /// The number of the last one.
    pub(super) last_record: u64,
    /// The index of the segment that is full, when this batch is the first of the next.
    pub(super) seals: Option<Arc<ActiveIndex>>,
}

/// A buffer larger than this is given back to the system, not kept for the next batch: one burst must not hold
/// memory for good.
const SPARE_BYTES_MAX: usize = 4 << 20;

/// The gathering batch and those in flight.
#[derive(Debug)]
pub(super) struct Batches {
    gathering: OpenBatch,
    records: u64,
    in_flight: VecDeque<OpenBatch>,
    spare: Vec<u8>,
}

/// Record lines and where the first of them will lie.
#[derive(Debug)]
struct OpenBatch {
    segment: u64,
    offset: u64,
    last_record: u64,
    bytes: Arc<Vec<u8>>,
}

impl OpenBatch {
    fn line(&self, place: Place) -> Option<&[u8]> {
        let start =
            u64::from(place.offset).checked_sub(self.offset).filter(|_| place.segment == self.segment)?;
        let rest = self.bytes.get(usize::try_from(start).ok()?..)?;
        rest.get(..newline(rest)?)
    }
}

/// Where the first newline is.
pub(super) fn newline(bytes: &[u8]) -> Option<usize> {
    memchr::memchr(b'\n', bytes)
}

impl Batches {
    /// Nothing gathered; the next line will lie at `offset` of `segment`.
    pub(super) fn new(segment: u64, offset: u64, last_record: u64) -> Self {
        let gathering = OpenBatch { segment, offset, last_record, bytes: Arc::default() };
        Self { gathering, records: 0, in_flight: VecDeque::new(), spare: Vec::new() }
    }

    /// The number of the last record appended.
    pub(super) fn last_record(&self) -> u64 {
        self.gathering.last_record
    }

    /// How many bytes have gathered.
    pub(super) fn gathered_bytes(&self) -> usize {
        self.gathering.bytes.len()
    }

    /// Where in the segment the next batch begins.
    pub(super) fn offset(&self) -> u64 {
        self.gathering.offset
    }

    /// Appends one line that `write` puts into the buffer, and its newline. Returns where it begins in the segment,
    /// and the line. When `write` fails, nothing has changed.
    pub(super) fn append<E>(
        &mut self,
        write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
    ) -> Result<(u64, &[u8]), E> {
        // Never shared: the writer gets the buffer only when the next one gathers. So this does not copy.
        let buffer = Arc::make_mut(&mut self.gathering.bytes);
        let start = buffer.len();
        if let Err(error) = write(buffer) {
            buffer.truncate(start);
            return Err(error);
        }
        let end = buffer.len();
        buffer.push(b'\n');
        self.records += 1;
        self.gathering.last_record += 1;
        Ok((self.gathering.offset + start as u64, buffer.get(start..end).unwrap_or_default()))
    }

    /// Closes the gathering batch and begins the next; `None` when nothing gathered.
    pub(super) fn seal(&mut self, seals: &mut Option<Arc<ActiveIndex>>) -> Option<Batch> {
        if self.records == 0 {
            return None;
        }
        let bytes = self.gathering.bytes.len() as u64;
        let records = std::mem::take(&mut self.records);
        let OpenBatch { segment, offset, last_record, .. } = self.gathering;
        let next = OpenBatch {
            segment,
            offset: offset + bytes + CommitLine::line_bytes(records, bytes),
            last_record,
            bytes: Arc::new(std::mem::take(&mut self.spare)),
        };
        let sealed = std::mem::replace(&mut self.gathering, next);
        let batch = Batch { bytes: Arc::clone(&sealed.bytes), records, last_record, seals: seals.take() };
        self.in_flight.push_back(sealed);
        Some(batch)
    }

    /// The next batch begins a new segment. Only between two batches.
    pub(super) fn rotate(&mut self) {
        debug_assert_eq!(self.records, 0, "a batch lies in one segment");
        self.gathering.segment = self.gathering.last_record + 1;
        self.gathering.offset = 0;
    }

    /// Forgets the batches up to this record, and keeps one buffer for later.
    pub(super) fn committed(&mut self, last_record: u64) {
        while let Some(held) = self.in_flight.pop_front_if(|held| held.last_record <= last_record) {
            if let Some(mut bytes) =
                Arc::into_inner(held.bytes).filter(|bytes| bytes.capacity() <= SPARE_BYTES_MAX)
            {
                bytes.clear();
                self.spare = bytes;
            }
        }
    }

    /// A line that is not known to be on the disk yet, without its newline; `None` when it is there.
    pub(super) fn line(&self, place: Place) -> Option<&[u8]> {
        let held = std::iter::once(&self.gathering).chain(self.in_flight.iter().rev());
        held.filter_map(|held| held.line(place)).next()
    }
}

//! The record lines that are not on the disk yet: the open batch, and the batches in flight to the writer.
//!
//! This module holds the only copy of these lines, so every read of an event searches it first.

use std::collections::VecDeque;
use std::sync::Arc;

use super::active::ActiveIndex;
use super::format::{Chain, CommitLine};

/// The position of a line in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LinePosition {
    /// The number of the segment's first record, which identifies the segment.
    pub(super) segment: u64,
    /// The start of the line in the segment, in bytes.
    pub(super) offset: u32,
}

/// The records that the writer makes durable with one sync.
#[derive(Debug)]
pub struct Batch {
    /// The record lines with their newlines.
    pub(super) bytes: Arc<Vec<u8>>,
    /// The number of lines; never 0.
    pub(super) records: u64,
    /// The number of the last record.
    pub(super) last_record: u64,
    /// The index of the previous segment, if this batch is the first of a new segment.
    pub(super) sealed_index: Option<Arc<ActiveIndex>>,
    /// The chain that the shared log has after this batch; `None` if the batch is not in a shared log yet.
    pub(super) shared_chain: Option<Chain>,
}

impl Batch {
    /// Marks a batch that was received from the shared log, which has this chain after it. The writer refuses
    /// the batch if its chain differs.
    #[must_use]
    pub fn received(self, chain: Chain) -> Self {
        Self { shared_chain: Some(chain), ..self }
    }

    /// The size of the record lines.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// Whether the batch was received from the shared log.
    #[must_use]
    pub fn is_received(&self) -> bool {
        self.shared_chain.is_some()
    }
}

/// The maximum size of a buffer that is reused for the next batch. Larger buffers are freed, so a burst does
/// not occupy memory permanently.
const SPARE_BYTES_MAX: usize = 4 << 20;

/// The open batch and the batches in flight.
#[derive(Debug)]
pub(super) struct PendingBatches {
    open: BufferedBatch,
    /// The number of records in the open batch.
    records: u64,
    in_flight: VecDeque<BufferedBatch>,
    spare: Vec<u8>,
}

/// The lines of a batch, and the position of the first line.
#[derive(Debug)]
struct BufferedBatch {
    segment: u64,
    offset: u64,
    last_record: u64,
    bytes: Arc<Vec<u8>>,
}

impl BufferedBatch {
    fn line(&self, position: LinePosition) -> Option<&[u8]> {
        let start = u64::from(position.offset)
            .checked_sub(self.offset)
            .filter(|_| position.segment == self.segment)?;
        let rest = self.bytes.get(usize::try_from(start).ok()?..)?;
        rest.get(..newline(rest)?)
    }
}

/// The position of the first newline.
pub(super) fn newline(bytes: &[u8]) -> Option<usize> {
    memchr::memchr(b'\n', bytes)
}

impl PendingBatches {
    /// Creates an empty open batch. Its first line will be at `offset` of `segment`.
    pub(super) fn new(segment: u64, offset: u64, last_record: u64) -> Self {
        let open = BufferedBatch { segment, offset, last_record, bytes: Arc::default() };
        Self { open, records: 0, in_flight: VecDeque::new(), spare: Vec::new() }
    }

    /// The number of the last record appended.
    pub(super) fn last_record(&self) -> u64 {
        self.open.last_record
    }

    /// The size of the open batch in bytes.
    pub(super) fn open_bytes(&self) -> usize {
        self.open.bytes.len()
    }

    /// The position in the segment after the closed batches, where the open batch will be written.
    pub(super) fn offset(&self) -> u64 {
        self.open.offset
    }

    /// Calls `write`, which must append one line to the buffer, and appends a newline. Returns the position
    /// of the line in the segment, and the line. If `write` fails, nothing changes.
    pub(super) fn append<E>(
        &mut self,
        write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
    ) -> Result<(u64, &[u8]), E> {
        // `make_mut` copies nothing here, because the writer shares only the buffers of closed batches.
        let buffer = Arc::make_mut(&mut self.open.bytes);
        let start = buffer.len();
        if let Err(error) = write(buffer) {
            buffer.truncate(start);
            return Err(error);
        }
        let end = buffer.len();
        buffer.push(b'\n');
        self.records += 1;
        self.open.last_record += 1;
        Ok((self.open.offset + start as u64, buffer.get(start..end).unwrap_or_default()))
    }

    /// Closes the open batch and begins the next one; `None` if the open batch is empty.
    pub(super) fn close(&mut self, sealed_index: &mut Option<Arc<ActiveIndex>>) -> Option<Batch> {
        if self.records == 0 {
            return None;
        }
        let bytes = self.open.bytes.len() as u64;
        let records = std::mem::take(&mut self.records);
        let BufferedBatch { segment, offset, last_record, .. } = self.open;
        let next = BufferedBatch {
            segment,
            offset: offset + bytes + CommitLine::line_bytes(records, bytes),
            last_record,
            bytes: Arc::new(std::mem::take(&mut self.spare)),
        };
        let closed = std::mem::replace(&mut self.open, next);
        let (bytes, sealed_index) = (Arc::clone(&closed.bytes), sealed_index.take());
        self.in_flight.push_back(closed);
        Some(Batch { bytes, records, last_record, sealed_index, shared_chain: None })
    }

    /// Makes the open batch the first of a new segment. The open batch must be empty.
    pub(super) fn rotate(&mut self) {
        debug_assert_eq!(self.records, 0, "a batch belongs to one segment");
        self.open.segment = self.open.last_record + 1;
        self.open.offset = 0;
    }

    /// Frees the batches up to this record. Keeps one buffer for reuse.
    pub(super) fn committed(&mut self, last_record: u64) {
        while let Some(batch) = self.in_flight.pop_front_if(|batch| batch.last_record <= last_record) {
            if let Some(mut bytes) =
                Arc::into_inner(batch.bytes).filter(|bytes| bytes.capacity() <= SPARE_BYTES_MAX)
            {
                bytes.clear();
                self.spare = bytes;
            }
        }
    }

    /// The line at `position` without its newline; `None` if the line is not in memory.
    pub(super) fn line(&self, position: LinePosition) -> Option<&[u8]> {
        let mut batches = std::iter::once(&self.open).chain(self.in_flight.iter().rev());
        batches.find_map(|batch| batch.line(position))
    }
}

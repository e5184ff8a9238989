//! The journal: the ordered, durable, tamper-evident log under `<data>/log/`.
//!
//! The journal stores lines of bytes and indexes the events among them. It does not depend on JSON-RPC,
//! users, sockets or a clock. It takes no lock: the caller ensures that a data folder has only one writer.
//!
//! The path of a record:
//!
//! ```text
//! event loop:  Journal::append .. append, Journal::close_batch -> Batch --> commit log:
//!                                                                           Writer::commit: write, fdatasync
//!              Journal::committed <- CommitAck <---------------------------'
//!              replies and events up to CommitAck::head.record
//! ```
//!
//! Lines that are not durable yet are read from memory, all other lines from the files. `format` and `index`
//! describe the file formats. `tail` explains which bytes are cut off after a crash, and which are damage.
//! `sealed` and `active` state the memory per stored message.

mod active;
mod batch;
mod error;
mod follower;
mod format;
mod index;
mod lines;
mod recovery;
mod reserve;
pub mod rewrite;
mod scrub;
mod sealed;
mod segment;
mod tail;
mod verify;
mod writer;

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;

use disk::Disk;

use self::active::{ActiveIndex, LineRef};
use self::index::Extent;
use self::lines::LineReader;
use self::sealed::Sealed;

pub use self::batch::Batch;
use self::batch::{LinePosition, PendingBatches};
pub use self::error::JournalError;
pub use self::follower::Follower;
pub use self::format::{Chain, ChainSyntax, Checkpoint, LOG_FOLDER};
pub use self::recovery::{Opened, Recovery, Replay};
pub use self::reserve::RESERVE_FILE;
pub use self::scrub::{Scrub, ScrubStep};
#[cfg(test)]
pub(crate) use self::segment::read as segment_bytes;
pub use self::segment::{BatchBytes, record_lines, whole_batches};
pub use self::verify::{Report, for_each_line, for_each_segment, verify};
pub use self::writer::{CommitAck, Writer};

/// An open batch of this size, in bytes, must be closed before the next append. A batch belongs to one
/// segment, and a disk needs tenths of a second to write a batch of this size.
pub const BATCH_BYTES_MAX: usize = 64 << 20;

/// The maximum of [`Options::segment_bytes`], because offsets have 32 bits. The last batch of a segment may
/// exceed the maximum.
const SEGMENT_BYTES_MAX: u64 = 1 << 30;

const _: () = assert!(SEGMENT_BYTES_MAX + 2 * (BATCH_BYTES_MAX as u64) < u32::MAX as u64);

#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// The size in bytes at which a segment is sealed and the next one begins.
    pub segment_bytes: u64,
}

impl Default for Options {
    /// 64 MiB: about 200,000 messages. Server startup reads them in less than a second.
    fn default() -> Self {
        Self { segment_bytes: 64 << 20 }
    }
}

/// The keys by which an event can be looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventKey<'a> {
    /// The canonical name of the conversation, such as `#general` or `@alice @bob`.
    pub conversation: Cow<'a, str>,
    /// The event's number in the conversation: the number of the previous event plus one.
    pub n: u64,
    /// The id that the sender chose. The caller ensures that it is unique.
    pub id: Option<u128>,
}

/// A record that was appended.
#[derive(Debug)]
pub struct Appended<'a> {
    /// The number of the record: its position in the log, from 1.
    pub record: u64,
    /// The line of the record in the log, without the newline.
    pub line: &'a [u8],
}

/// Orders the records and looks up events. [`Writer`] writes the records.
pub struct Journal {
    disk: Arc<dyn Disk>,
    segment_bytes: u64,
    sealed: Sealed,
    /// The last records and the indexes of full segments whose index files are not durable yet.
    sealing: VecDeque<(u64, Arc<ActiveIndex>)>,
    active: ActiveIndex,
    batches: PendingBatches,
    /// The index of a full segment. The next batch passes it to the writer.
    sealed_index: Option<Arc<ActiveIndex>>,
}

impl Journal {
    /// Opens the log, or creates an empty one.
    ///
    /// `from` is the checkpoint of the snapshots. The journal checks each batch and then calls `replay` for
    /// each of its records, in order. `replay` returns the key of the record; `None` if the record is not an
    /// event. `replay` must apply only records after `from`. Earlier records are parsed for their keys, if
    /// they are in the last segment or in a segment without an index.
    ///
    /// After an error, the files are unchanged, except that indexes may have been rebuilt. An error of
    /// `replay` is [`JournalError::Record`].
    pub fn open(
        disk: Arc<dyn Disk>,
        options: Options,
        from: Checkpoint,
        replay: &mut Replay<'_>,
    ) -> Result<Opened, JournalError> {
        recovery::open(disk, options, from, replay)
    }

    /// Discards all records that are not on the disk, by reading the log again up to the durable record
    /// `until`. Writes nothing, so it works even on a full or read-only disk. See [`open`](Self::open) for
    /// `from` and `replay`. After an error, the journal is unchanged.
    pub fn roll_back(
        &mut self,
        from: Checkpoint,
        until: Checkpoint,
        replay: &mut Replay<'_>,
    ) -> Result<(), JournalError> {
        let options = Options { segment_bytes: self.segment_bytes };
        *self = recovery::reread(Arc::clone(&self.disk), options, (from, until), replay)?;
        Ok(())
    }

    /// Continues at the end of the last segment.
    fn resume(
        disk: Arc<dyn Disk>,
        options: Options,
        sealed: Sealed,
        active: ActiveIndex,
        last: &Extent,
    ) -> Self {
        let segment_bytes = options.segment_bytes.clamp(1, SEGMENT_BYTES_MAX);
        let batches = PendingBatches::new(last.first_record, last.log_bytes, last.end.record);
        let mut journal = Self {
            disk,
            segment_bytes,
            sealed,
            sealing: VecDeque::new(),
            active,
            batches,
            sealed_index: None,
        };
        journal.rotate_when_full();
        journal
    }

    /// Appends one record to the open batch. `write` must append the line, without a newline, to the buffer.
    /// If `write` fails, the batch is unchanged.
    ///
    /// The line is JSON without newlines. None of its objects has a key `commit` or `chain`, because these
    /// keys identify commit lines. If the batch [is full](Journal::is_full), close it first.
    pub fn append_with<E>(
        &mut self,
        key: Option<&EventKey<'_>>,
        write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
    ) -> Result<Appended<'_>, E> {
        let (record, segment) = (self.last() + 1, &mut self.active);
        let (offset, line) = self.batches.append(write)?;
        debug_assert!(
            !line.contains(&b'\n') && !line.starts_with(format::COMMIT_START.as_bytes()),
            "the line of a record is not a commit line and has no newline"
        );
        if let Some(key) = key {
            let follows = segment.insert(key, LineRef::new(offset_u32(offset), line));
            debug_assert!(follows, "the events of a conversation are numbered without gaps");
        }
        Ok(Appended { record, line })
    }

    /// Appends one record with this line. Returns its number.
    pub fn append(&mut self, line: &[u8], key: Option<&EventKey<'_>>) -> u64 {
        let write = |buffer: &mut Vec<u8>| {
            buffer.extend_from_slice(line);
            Ok::<(), Infallible>(())
        };
        let Ok(appended) = self.append_with(key, write);
        appended.record
    }

    pub fn is_full(&self) -> bool {
        self.batches.open_bytes() >= BATCH_BYTES_MAX
    }

    /// The size of the open batch in bytes.
    pub fn open_batch_bytes(&self) -> usize {
        self.batches.open_bytes()
    }

    /// Closes the open batch, for [`Writer::commit`]; `None` if it is empty. The caller must commit every
    /// batch, in order.
    pub fn close_batch(&mut self) -> Option<Batch> {
        let batch = self.batches.close(&mut self.sealed_index)?;
        self.rotate_when_full();
        Some(batch)
    }

    /// The number of the last appended record, durable or not; 0 if there is none.
    pub fn last(&self) -> u64 {
        self.batches.last_record()
    }

    /// The size of the log in bytes. A segment whose index is not durable yet counts as a full one.
    pub fn log_bytes(&self) -> u64 {
        self.sealed.log_bytes() + self.sealing.len() as u64 * self.segment_bytes + self.batches.offset()
    }

    /// Frees the lines of a batch that is durable.
    pub fn committed(&mut self, committed: &CommitAck) {
        let record = committed.head.record;
        self.batches.committed(record);
        // The index of a segment is written before the first batch of the next one.
        while self.sealing.front().is_some_and(|(last_record, _)| *last_record < record) {
            let segment = self.sealing.front().map_or(0, |(_, index)| index.segment);
            // If the index file is unreadable, the index in memory stays in use.
            let Some((index, runs)) = index::load(&*self.disk, segment) else { return };
            let continues = self.sealed.push(index, runs);
            debug_assert_eq!(continues, Ok(()), "the index was made from numbers without gaps");
            self.sealing.pop_front();
        }
    }

    /// The line of the event with this id, without its newline, durable or not.
    ///
    /// An unknown id costs one read of 4 KiB for each sealed segment whose range of ids contains the id. The
    /// id of a new message is greater than these ranges, so its lookup reads nothing.
    pub fn line_by_id(&self, id: u128) -> Result<Option<Vec<u8>>, JournalError> {
        let in_memory = self
            .in_memory()
            .find_map(|index| index.find(id).map(|offset| LinePosition { segment: index.segment, offset }));
        let position = match in_memory {
            Some(position) => Some(position),
            None => self.sealed.find(&*self.disk, id)?,
        };
        let Some(position) = position else { return Ok(None) };
        let mut line = Vec::new();
        self.copy_line(position, &mut LineReader::new(&*self.disk), &mut line)?;
        Ok(Some(line))
    }

    /// Appends the lines of the events `first_n..=last_n` of a conversation to `out`, in order and each with
    /// a newline, durable or not. Numbers without an event are skipped. A line that does not match its
    /// checksum is an error. After an error, `out` is unchanged.
    pub fn read(
        &self,
        conversation: &str,
        first_n: u64,
        last_n: u64,
        out: &mut Vec<u8>,
    ) -> Result<(), JournalError> {
        let before = out.len();
        let result = self.read_into(conversation, (first_n, last_n), out);
        result.inspect_err(|_| out.truncate(before))
    }

    fn read_into(
        &self,
        conversation: &str,
        range: (u64, u64),
        out: &mut Vec<u8>,
    ) -> Result<(), JournalError> {
        let mut reader = LineReader::new(&*self.disk);
        let mut copy = |segment, line_refs: &[LineRef]| {
            out.reserve(reader.plan_reads(line_refs));
            line_refs.iter().try_for_each(|line_ref| {
                let start = out.len();
                self.copy_line(LinePosition { segment, offset: line_ref.offset }, &mut reader, out)?;
                if !line_ref.matches(out.get(start..).unwrap_or_default()) {
                    return Err(damaged_line(segment, line_ref.offset));
                }
                out.push(b'\n');
                Ok(())
            })
        };
        self.sealed.line_refs(&*self.disk, conversation, range, &mut copy)?;
        for index in self.in_memory() {
            copy(index.segment, index.line_refs(conversation, range.0, range.1))?;
        }
        Ok(())
    }

    /// The indexes of the segments after the sealed ones, in order.
    fn in_memory(&self) -> impl Iterator<Item = &ActiveIndex> {
        self.sealing.iter().map(|(_, index)| &**index).chain([&self.active])
    }

    fn copy_line(
        &self,
        position: LinePosition,
        reader: &mut LineReader<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), JournalError> {
        let line = match self.batches.line(position) {
            Some(line) => line,
            None => reader.line(position)?,
        };
        out.extend_from_slice(line);
        Ok(())
    }

    /// Begins the next segment if the current one is full. The open batch must be empty.
    fn rotate_when_full(&mut self) {
        if self.batches.offset() < self.segment_bytes {
            return;
        }
        self.batches.rotate();
        let next = ActiveIndex::new(self.last() + 1, self.active.ids().len());
        let full = Arc::new(std::mem::replace(&mut self.active, next));
        self.sealing.push_back((self.last(), Arc::clone(&full)));
        self.sealed_index = Some(full);
    }
}

fn damaged_line(segment: u64, offset: u32) -> JournalError {
    let why = "the line at this offset has changed since it was written".to_owned();
    JournalError::Damaged { file: format::log_name(segment), offset: offset.into(), why }
}

/// Converts an offset within a segment. The offset fits, because segments and batches are bounded
/// ([`SEGMENT_BYTES_MAX`]).
fn offset_u32(offset: u64) -> u32 {
    debug_assert!(u32::try_from(offset).is_ok(), "segments and batches are bounded");
    u32::try_from(offset).unwrap_or(u32::MAX)
}

//! The journal: the ordered, durable, tamper-evident log under `<data>/log/`.
//!
//! It knows lines of bytes and where the events among them lie. It knows nothing of JSON-RPC, users or sockets, and
//! reads no clock. It takes no lock: the caller sees to it that a data folder has one writer.
//!
//! The path of a record:
//!
//! ```text
//! event loop:  Journal::append .. append, Journal::seal -> Batch ----> commit log:
//!                                                                        Writer::commit: write, fdatasync
//!              Journal::committed <- CommitAck <------------------------'
//!              replies and events up to CommitAck::head.record
//! ```
//!
//! Appending copies the line once and notes its offset. Lines not known to be on the disk are read from memory, all
//! others from the files. What the files look like stands in `format` and `index`; what is cut and
//! what is refused after a crash, and why, in `tail`; memory per stored message in `sealed` and `active`.

mod active;
mod batch;
mod error;
mod follower;
mod format;
mod index;
mod lines;
mod recovery;
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

use self::active::{ActiveIndex, Spot};
use self::batch::Batches;
use self::index::Extent;
use self::lines::LineReader;
use self::sealed::Sealed;

pub use self::batch::Batch;
use self::batch::Place;
pub use self::error::JournalError;
pub use self::follower::Follower;
pub use self::format::{Chain, ChainSyntax, Checkpoint, LOG_FOLDER};
pub use self::recovery::{Opened, Recovery, Replay};
pub use self::scrub::{Scrub, Scrubbed};
pub use self::verify::{Report, for_each_line, for_each_segment, verify};
pub use self::writer::{CommitAck, Writer};

/// When the gathering batch is this large, in bytes, it must be sealed before more is appended. A batch lies in one
/// segment, and one this large already takes a disk tenths of a second.
pub const BATCH_BYTES_MAX: usize = 64 << 20;

/// A segment is never made longer than this, in bytes, but for its last batch: offsets are 32 bits wide.
const SEGMENT_BYTES_MAX: u64 = 1 << 30;

const _: () = assert!(SEGMENT_BYTES_MAX + 2 * (BATCH_BYTES_MAX as u64) < u32::MAX as u64);

/// How the log is kept.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// A segment this long, in bytes, is sealed, and the next begun.
    pub segment_bytes: u64,
}

impl Default for Options {
    /// 64 MiB: a fifth of a million messages, which are read in well under a second when starting, and a file that
    /// is easily copied.
    fn default() -> Self {
        Self { segment_bytes: 64 << 20 }
    }
}

/// By what an event is found again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventKey<'a> {
    /// The conversation's one name, such as `#general` or `@alice @bob`.
    pub conversation: Cow<'a, str>,
    /// The event's number in the conversation: one more than that of the event before.
    pub n: u64,
    /// The sender's id. The caller has made sure that no event has it yet.
    pub id: Option<u128>,
}

/// A record that was appended.
#[derive(Debug)]
pub struct Appended<'a> {
    /// Its number: its position in the log, from 1.
    pub record: u64,
    /// Its line without the newline, as it will stand in the log.
    pub line: &'a [u8],
}

/// Orders the records and finds the events. It writes nothing: see [`Writer`].
pub struct Journal {
    disk: Arc<dyn Disk>,
    segment_bytes: u64,
    sealed: Sealed,
    /// Full segments whose index is not known to be on the disk yet, with their last record.
    sealing: VecDeque<(u64, Arc<ActiveIndex>)>,
    active: ActiveIndex,
    batches: Batches,
    /// The index that the next batch takes to the writer, when it begins a segment.
    seals: Option<Arc<ActiveIndex>>,
}

impl Journal {
    /// Opens the log, or begins one.
    ///
    /// `from` is what the snapshots stand for. `replay` is called in order for every record that is parsed, after its
    /// batch was checked, and says under which key the record is found (`None`: it is not an event). It must apply
    /// only records after `from`: earlier ones are parsed too, for their keys, where they lie in the last segment or
    /// in one whose index is missing. Its error stops the opening.
    ///
    /// # Errors
    ///
    /// Any [`JournalError`]. The files are then as they were, but for indexes that may have been rebuilt.
    pub fn open(
        disk: Arc<dyn Disk>,
        options: Options,
        from: Checkpoint,
        replay: &mut Replay<'_>,
    ) -> Result<Opened, JournalError> {
        recovery::open(disk, options, from, replay)
    }

    /// Takes back everything that is not on the disk: reads the log again, up to the record that `until` names and that
    /// is known to be there. It writes nothing, so it works on a full disk and on one that takes nothing any more.
    /// `from` and `replay` are those of [`open`](Self::open).
    ///
    /// # Errors
    ///
    /// Any [`JournalError`]; the journal is then as it was.
    pub fn take_back(
        &mut self,
        from: Checkpoint,
        until: Checkpoint,
        replay: &mut Replay<'_>,
    ) -> Result<(), JournalError> {
        let options = Options { segment_bytes: self.segment_bytes };
        *self = recovery::reread(Arc::clone(&self.disk), options, (from, until), replay)?;
        Ok(())
    }

    /// Goes on at the end of the last segment.
    fn resume(
        disk: Arc<dyn Disk>,
        options: Options,
        sealed: Sealed,
        active: ActiveIndex,
        last: &Extent,
    ) -> Self {
        let segment_bytes = options.segment_bytes.clamp(1, SEGMENT_BYTES_MAX);
        let batches = Batches::new(last.first_record, last.log_bytes, last.end.record);
        let mut journal =
            Self { disk, segment_bytes, sealed, sealing: VecDeque::new(), active, batches, seals: None };
        journal.rotate_when_full();
        journal
    }

    /// Appends one record to the gathering batch: `write` puts its line, without newline, at the end of the buffer.
    ///
    /// The line is JSON on one line, and none of its objects has a key `commit` or `chain`: by these the commit lines
    /// are recognised. When the batch [is full](Journal::is_full), seal it first.
    ///
    /// # Errors
    ///
    /// Only that of `write`; nothing has changed then.
    pub fn append_with<E>(
        &mut self,
        key: Option<&EventKey<'_>>,
        write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
    ) -> Result<Appended<'_>, E> {
        let (record, segment) = (self.last() + 1, &mut self.active);
        let (offset, line) = self.batches.append(write)?;
        debug_assert!(
            !line.contains(&b'\n') && !line.starts_with(format::COMMIT_START.as_bytes()),
            "a record line"
        );
        if let Some(key) = key {
            let follows = segment.insert(key, Spot::new(offset_u32(offset), line));
            debug_assert!(follows, "the events of a conversation are numbered without a hole");
        }
        Ok(Appended { record, line })
    }

    /// Appends one record whose line is there already. Returns its number.
    pub fn append(&mut self, line: &[u8], key: Option<&EventKey<'_>>) -> u64 {
        let write = |buffer: &mut Vec<u8>| {
            buffer.extend_from_slice(line);
            Ok::<(), Infallible>(())
        };
        let Ok(appended) = self.append_with(key, write);
        appended.record
    }

    /// Whether the gathering batch must be sealed before more is appended.
    pub fn is_full(&self) -> bool {
        self.batches.gathered_bytes() >= BATCH_BYTES_MAX
    }

    /// Closes the gathering batch, for [`Writer::commit`]; `None` when nothing gathered. Every batch must be
    /// committed, in this order.
    pub fn seal(&mut self) -> Option<Batch> {
        let batch = self.batches.seal(&mut self.seals)?;
        self.rotate_when_full();
        Some(batch)
    }

    /// The number of the last record appended, durable or not; 0 when there is none.
    pub fn last(&self) -> u64 {
        self.batches.last_record()
    }

    /// A batch is on the disk: its lines need not be kept in memory.
    pub fn committed(&mut self, committed: &CommitAck) {
        let record = committed.head.record;
        self.batches.committed(record);
        // A batch of a later segment is on the disk, so the index of this one is, too.
        while self.sealing.front().is_some_and(|(last_record, _)| *last_record < record) {
            let segment = self.sealing.front().map_or(0, |(_, index)| index.segment);
            // Should it not be readable, then memory goes on to serve.
            let Some((index, runs)) = index::load(&*self.disk, segment) else { return };
            let continues = self.sealed.push(index, runs);
            debug_assert_eq!(continues, Ok(()), "the index was made from numbers without a hole");
            self.sealing.pop_front();
        }
    }

    /// The line of the event with this id, without its newline, durable or not.
    ///
    /// An id that no event has costs one read of 4 KiB for each sealed segment whose lowest and highest id it lies
    /// between: nothing for the time-ordered ids of new messages, as long as ids far in the future are refused.
    ///
    /// # Errors
    ///
    /// A failed read, or damage.
    pub fn line_by_id(&self, id: u128) -> Result<Option<Vec<u8>>, JournalError> {
        let in_memory = self
            .in_memory()
            .find_map(|index| index.find(id).map(|offset| Place { segment: index.segment, offset }));
        let place = match in_memory {
            Some(place) => Some(place),
            None => self.sealed.find(&*self.disk, id)?,
        };
        let Some(place) = place else { return Ok(None) };
        let mut line = Vec::new();
        self.copy_line(place, &mut LineReader::new(&*self.disk), &mut line)?;
        Ok(Some(line))
    }

    /// Appends the events `first_n..=last_n` of a conversation to `out`, in order, each line as it was appended and
    /// a newline; durable or not. Numbers that no event has are passed over.
    ///
    /// # Errors
    ///
    /// A failed read, or damage, also of a line itself: nobody gets a text that was not said. `out` is then as it was.
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
        let mut copy = |segment, spots: &[Spot]| {
            out.reserve(reader.expect(spots));
            spots.iter().try_for_each(|spot| {
                let start = out.len();
                self.copy_line(Place { segment, offset: spot.offset }, &mut reader, out)?;
                if !spot.is_of(out.get(start..).unwrap_or_default()) {
                    return Err(damaged_line(segment, spot.offset));
                }
                out.push(b'\n');
                Ok(())
            })
        };
        self.sealed.spots(&*self.disk, conversation, range, &mut copy)?;
        for index in self.in_memory() {
            copy(index.segment, index.spots(conversation, range.0, range.1))?;
        }
        Ok(())
    }

    /// The indexes of the segments after the sealed ones, in order.
    fn in_memory(&self) -> impl Iterator<Item = &ActiveIndex> {
        self.sealing.iter().map(|(_, index)| &**index).chain([&self.active])
    }

    fn copy_line(
        &self,
        place: Place,
        reader: &mut LineReader<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), JournalError> {
        let line = match self.batches.line(place) {
            Some(line) => line,
            None => reader.line(place)?,
        };
        out.extend_from_slice(line);
        Ok(())
    }

    /// Begins the next segment when this one is long enough. Only between two batches.
    fn rotate_when_full(&mut self) {
        if self.batches.offset() < self.segment_bytes {
            return;
        }
        self.batches.rotate();
        let next = ActiveIndex::new(self.last() + 1, self.active.ids().len());
        let full = Arc::new(std::mem::replace(&mut self.active, next));
        self.sealing.push_back((self.last(), Arc::clone(&full)));
        self.seals = Some(full);
    }
}

fn damaged_line(segment: u64, offset: u32) -> JournalError {
    let why = "the line that begins there is not what was written".to_owned();
    JournalError::Damaged { file: format::log_name(segment), offset: offset.into(), why }
}

/// An offset within a segment. It fits, because segments and batches are bounded ([`SEGMENT_BYTES_MAX`]); a caller
/// that ignores [`Journal::is_full`] gets events that cannot be read back before a restart, never wrong ones.
fn offset_u32(offset: u64) -> u32 {
    debug_assert!(u32::try_from(offset).is_ok(), "segments and batches are bounded");
    u32::try_from(offset).unwrap_or(u32::MAX)
}

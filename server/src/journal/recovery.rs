//! Opens a log: checks that it is complete, replays the records after the snapshots, and cuts a torn tail.
//!
//! For a sealed segment that the snapshots cover, only the head of its index is read. All other segments are
//! read and checked against the chain. The last segment is always read, because its index is not on the disk.
//! Until all checks have passed, nothing on the disk changes except missing indexes, which are derived.
//!
//! Before the server answers requests, the last batch is rewritten and synced. If an earlier process was
//! killed or its sync failed, the batch may exist only in the page cache. A sync alone is not enough: after a
//! failed sync, the kernel may treat unwritten pages as clean. The rewrite does not change the bytes, so a
//! crash during the rewrite does no harm.

use std::sync::Arc;

use super::active::{ActiveIndex, LineRef};
use super::format::{Checkpoint, LOG_FOLDER, index_name, log_name};
use super::index::{self, Extent};
use super::sealed::Sealed;
use super::segment::{self, BatchReader, WholeBatch};
use super::verify::torn_bytes;
use super::writer::{ROOM_FILE, Writer, create_segment};
use super::{EventKey, Journal, JournalError, Options, offset_u32};
use disk::{AppendFile, Disk};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recovery {
    /// The last record of the log, and the chain after it.
    pub head: Checkpoint,
    /// The size of the torn, unacknowledged batch that was cut off the last segment; 0 if the log ended with
    /// a whole batch.
    pub bytes_cut: u64,
    /// The number of indexes of sealed segments that were missing or damaged, and were rebuilt.
    pub indexes_rebuilt: u64,
}

pub struct Opened {
    pub journal: Journal,
    pub writer: Writer,
    pub recovery: Recovery,
}

/// The callback for each parsed record; see [`Journal::open`].
pub type Replay<'a> = dyn for<'line> FnMut(u64, &'line [u8]) -> Result<Option<EventKey<'line>>, String> + 'a;

pub(super) fn open(
    disk: Arc<dyn Disk>,
    options: Options,
    from: Checkpoint,
    replay: &mut Replay<'_>,
) -> Result<Opened, JournalError> {
    disk.create_folder(LOG_FOLDER).map_err(|error| JournalError::io("create", LOG_FOLDER, error))?;
    disk.sync_folder("").map_err(|error| JournalError::unavailable("sync", "the data folder", error))?;
    remove_room_file(&*disk)?;
    let mut scan = Scan::new(&*disk, from, END, replay);
    scan.check_checkpoint(0)?;
    let mut segments = segment::list(&*disk)?;
    if segments.is_empty() {
        scan.check_length()?;
        create_segment(&*disk, 1)?;
        segments.push(1);
    }
    let last = scan.read_all(segments)?;
    let Scan { at: head, sealed, indexes_rebuilt, .. } = scan;

    let recovery = Recovery { head, bytes_cut: last.torn_bytes, indexes_rebuilt };
    let file = make_durable(&*disk, &last)?;
    let writer = Writer::new(Arc::clone(&disk), file, last.extent, options);
    let journal = Journal::resume(disk, options, sealed, last.index, &last.extent);
    Ok(Opened { journal, writer, recovery })
}

/// Reads an open log again up to `until`, the end of a durable batch, and ignores later bytes. Writes
/// nothing, because the disk may be full or read-only.
pub(super) fn reread(
    disk: Arc<dyn Disk>,
    options: Options,
    (from, until): (Checkpoint, Checkpoint),
    replay: &mut Replay<'_>,
) -> Result<Journal, JournalError> {
    let mut scan = Scan::new(&*disk, from, until.record, replay);
    scan.check_checkpoint(0)?;
    let last = scan.read_all(segment::list(&*disk)?)?;
    let Scan { at, sealed, .. } = scan;
    if at != until {
        let (file, offset) = (log_name(last.extent.first_record), last.extent.log_bytes);
        let why =
            format!("record {} was on the disk, but the log ends with record {}", until.record, at.record);
        return Err(JournalError::Damaged { file, offset, why });
    }
    Ok(Journal::resume(disk, options, sealed, last.index, &last.extent))
}

/// The value of [`Scan::until`] for the whole log.
const END: u64 = u64::MAX;

/// Removes the file of [`Writer::find_room`], which exists if the process crashed in that function.
fn remove_room_file(disk: &dyn Disk) -> Result<(), JournalError> {
    let names = disk.list(LOG_FOLDER).map_err(|error| JournalError::io("list", LOG_FOLDER, error))?;
    match names.iter().any(|name| ROOM_FILE.ends_with(&format!("/{name}"))) {
        true => disk.remove(ROOM_FILE).map_err(|error| JournalError::io("remove", ROOM_FILE, error)),
        false => Ok(()),
    }
}

/// Cuts the torn tail, and rewrites the last batch, which may exist only in the page cache.
fn make_durable(disk: &dyn Disk, last: &Parsed) -> Result<Box<dyn AppendFile>, JournalError> {
    let name = log_name(last.extent.first_record);
    let failed = |action, error| JournalError::io(action, &name, error);
    if last.torn_bytes > 0 {
        disk.truncate(&name, last.extent.log_bytes).map_err(|error| failed("cut", error))?;
    }
    disk.rewrite(&name, last.last_batch_offset, &last.last_batch)
        .map_err(|error| failed("rewrite", error))?;
    let mut file = disk.open_append(&name).map_err(|error| failed("open", error))?;
    file.sync_data().map_err(|error| JournalError::unavailable("sync", &name, error))?;
    disk.sync_folder(LOG_FOLDER).map_err(|error| JournalError::unavailable("sync", LOG_FOLDER, error))?;
    Ok(file)
}

/// Reads the segments in order.
struct Scan<'a, 'b> {
    disk: &'a dyn Disk,
    from: Checkpoint,
    /// The last record to read; [`END`] when the log is opened.
    until: u64,
    replay: &'a mut Replay<'b>,
    /// The position before the next segment.
    at: Checkpoint,
    sealed: Sealed,
    indexes_rebuilt: u64,
}

/// A segment that was read completely.
struct Parsed {
    index: ActiveIndex,
    extent: Extent,
    torn_bytes: u64,
    /// The start of the last whole batch, in bytes.
    last_batch_offset: u64,
    /// The last whole batch with its commit line.
    last_batch: Vec<u8>,
}

impl<'a, 'b> Scan<'a, 'b> {
    fn new(disk: &'a dyn Disk, from: Checkpoint, until: u64, replay: &'a mut Replay<'b>) -> Self {
        let (at, sealed) = (Checkpoint::GENESIS, Sealed::default());
        Self { disk, from, until, replay, at, sealed, indexes_rebuilt: 0 }
    }

    /// Reads all segments. Returns the last one.
    fn read_all(&mut self, mut segments: Vec<u64>) -> Result<Parsed, JournalError> {
        let last = segments.pop().unwrap_or(1);
        for full in segments {
            self.read_full_segment(full)?;
        }
        let parsed = self.read_last_segment(last)?;
        self.check_length()?;
        Ok(parsed)
    }

    /// Reads or skips a segment that is not the last one.
    fn read_full_segment(&mut self, segment: u64) -> Result<(), JournalError> {
        segment::check_follows(segment, &self.at)?;
        let log = log_name(segment);
        let log_bytes = self.disk.len(&log).map_err(|error| JournalError::io("read", &log, error))?;
        let before = self.at.chain;
        let fits = |extent: &Extent| extent.chain_before == before && extent.log_bytes == log_bytes;

        let mut indexed = index::load(self.disk, segment).filter(|(index, _)| fits(&index.extent));
        let end = indexed.as_ref().map(|(index, _)| index.extent.end);
        if let Some(end) = end.filter(|end| end.record <= self.from.record) {
            self.at = end;
            self.check_checkpoint(segment)?;
        } else {
            let parsed = self.parse(segment, false)?;
            if indexed.is_none() && self.until == END {
                index::write(self.disk, &parsed.index, &parsed.extent)?;
                self.indexes_rebuilt += 1;
                indexed = index::load(self.disk, segment);
            }
        }
        let why = "papo cannot read the file after writing it";
        let (index, runs) =
            indexed.ok_or_else(|| JournalError::IndexDamaged { file: index_name(segment), why })?;
        self.sealed.push(index, runs).map_err(|conversation| numbering_gap(segment, 0, &conversation))
    }

    /// Reads the last segment, to which the writer will append.
    fn read_last_segment(&mut self, segment: u64) -> Result<Parsed, JournalError> {
        segment::check_follows(segment, &self.at)?;
        let parsed = self.parse(segment, true)?;
        let mut runs = parsed.index.conversations.iter();
        match runs.find(|(conversation, run)| !self.sealed.continues(conversation, run.first_n)) {
            Some((conversation, _)) => Err(numbering_gap(segment, 0, conversation)),
            None => Ok(parsed),
        }
    }

    fn parse(&mut self, segment: u64, is_last: bool) -> Result<Parsed, JournalError> {
        let bytes = segment::read(self.disk, segment)?;
        let chain_before = self.at.chain;
        // Reserves the whole capacity now, because a growing table fragments the memory.
        let mut index = ActiveIndex::new(segment, memchr::memchr_iter(b'\n', &bytes).count());
        let mut batches = BatchReader::new(&bytes, self.at);
        let mut last_batch_offset = 0;
        while self.at.record < self.until
            && let Some(batch) = batches.next_whole()
        {
            last_batch_offset = batch.offset;
            self.at = batch.end;
            self.check_checkpoint(batch.first_record)?;
            self.replay_batch(segment, &batch, &mut index)?;
        }
        let torn_bytes = match self.at.record < self.until {
            true => torn_bytes(segment, &bytes, batches.offset, is_last)?,
            false => 0,
        };
        let log_bytes = batches.offset as u64;
        let extent = Extent { first_record: segment, log_bytes, chain_before, end: self.at };
        let last_batch = bytes.get(last_batch_offset..batches.offset).unwrap_or_default().to_vec();
        Ok(Parsed { index, extent, torn_bytes, last_batch_offset: last_batch_offset as u64, last_batch })
    }

    fn replay_batch(
        &mut self,
        segment: u64,
        batch: &WholeBatch<'_>,
        index: &mut ActiveIndex,
    ) -> Result<(), JournalError> {
        for (record, offset, line) in batch.records() {
            let key = (self.replay)(record, line).map_err(|why| JournalError::Record {
                record,
                file: log_name(segment),
                why,
            })?;
            if let Some(key) = key
                && !index.insert(&key, LineRef::new(offset_u32(offset as u64), line))
            {
                return Err(numbering_gap(segment, offset as u64, &key.conversation));
            }
        }
        Ok(())
    }

    /// Checks that the checkpoint of the snapshots is the current position, if it lies between `first_record`
    /// and this position.
    fn check_checkpoint(&self, first_record: u64) -> Result<(), JournalError> {
        if !(first_record..=self.at.record).contains(&self.from.record) || self.at == self.from {
            return Ok(());
        }
        let why =
            format!("the log differs there (its chain is {} after record {})", self.at.chain, self.at.record);
        Err(JournalError::Checkpoint { record: self.from.record, why })
    }

    /// Checks that the log is not shorter than the snapshots.
    fn check_length(&self) -> Result<(), JournalError> {
        if self.from.record <= self.at.record {
            return Ok(());
        }
        let why = format!("the log ends with record {}: later records are missing", self.at.record);
        Err(JournalError::Checkpoint { record: self.from.record, why })
    }
}

fn numbering_gap(segment: u64, offset: u64, conversation: &str) -> JournalError {
    let why = format!("the events of {conversation} are not numbered consecutively");
    JournalError::Damaged { file: log_name(segment), offset, why }
}

//! Writes batches to the open segment and syncs them: the only place that appends to the log.
//!
//! It blocks; a commit log calls it off the event loop. There are two kinds of failures:
//!
//! - The disk is full, seen before anything of the batch was synced. What was written of it is cut off and the cut is
//!   synced, so the log is what it was before, and a batch may be tried again when there [is room](Writer::find_room).
//! - Anything else poisons it: it touches nothing more. After a failed `fdatasync` the kernel may have dropped the
//!   dirty pages and marked them clean, so a second try can succeed without anything on the disk ("Can applications
//!   recover from fsync failures?", USENIX ATC 2020). This holds for a sync that fails for want of space, too.

use std::io;
use std::sync::Arc;

use super::batch::Batch;
use super::format::{Checkpoint, CommitLine, LOG_FOLDER, log_name};
use super::index::{self, Extent};
use super::{JournalError, Options};
use disk::{AppendFile, Disk};

/// What is written and removed again to see whether there is room.
pub(super) const ROOM_FILE: &str = "log/room";

/// So large is it in relation to a segment: 1 MiB, which is some thousand messages, for one of 64 MiB.
const ROOM_SHARE: u64 = 64;

/// The open segment and the head of the chain.
pub struct Writer {
    disk: Arc<dyn Disk>,
    file: Box<dyn AppendFile>,
    segment: Extent,
    room_bytes: usize,
    failure: Option<JournalError>,
}

/// A batch that is on the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CommitAck {
    /// The last record of the batch, and the chain after it: what a snapshot taken here stands for.
    pub head: Checkpoint,
    /// What was written, in bytes, with the commit line.
    pub bytes: u64,
}

impl Writer {
    /// Goes on in this segment, of which everything is on the disk.
    pub(super) fn new(
        disk: Arc<dyn Disk>,
        file: Box<dyn AppendFile>,
        segment: Extent,
        options: Options,
    ) -> Self {
        let room_bytes = usize::try_from(options.segment_bytes / ROOM_SHARE).unwrap_or(usize::MAX);
        Self { disk, file, segment, room_bytes, failure: None }
    }

    /// Writes a batch and returns when it is on the disk.
    ///
    /// The first batch of a segment also makes the file, and writes the index of the segment before.
    ///
    /// # Errors
    ///
    /// [`JournalError::StorageFull`]: the log is as before, and the same is said to every batch until there [is
    /// room](Self::find_room). Or [`JournalError::Unavailable`], for good.
    pub fn commit(&mut self, batch: Batch) -> Result<CommitAck, JournalError> {
        if let Some(failure) = &self.failure {
            return Err(failure.clone());
        }
        self.write(&batch).map_err(|error| {
            let error = if is_full(&error) { self.cut().err().unwrap_or(error) } else { error };
            self.failure.insert(error).clone()
        })
    }

    /// Whether the disk was full and is not known to have room again.
    pub fn is_full(&self) -> bool {
        self.failure.as_ref().is_some_and(is_full)
    }

    /// Looks whether a full disk has room again, by taking some: asking the system how much there is would not tell of
    /// a quota. From then on it writes again.
    pub fn find_room(&mut self) -> bool {
        if !self.is_full() || take_room(&*self.disk, self.room_bytes).is_err() {
            return false;
        }
        self.failure = None;
        true
    }

    fn write(&mut self, batch: &Batch) -> Result<CommitAck, JournalError> {
        if let Some(index) = &batch.seals {
            index::write(&*self.disk, index, &self.segment)?;
            self.next_segment()?;
        }
        let end = &mut self.segment.end;
        debug_assert_eq!(end.record + batch.records, batch.last_record, "batches come in order");
        let chain = end.chain.extended(&batch.bytes);
        let bytes = batch.bytes.len() as u64;
        let commit_line = CommitLine { records: batch.records, bytes, chain }.line();

        let written =
            self.file.write_all(&batch.bytes).and_then(|()| self.file.write_all(commit_line.as_bytes()));
        written.map_err(|error| self.error("write", error))?;
        self.sync()?;

        let bytes = bytes + commit_line.len() as u64;
        self.segment.log_bytes += bytes;
        self.segment.end = Checkpoint { record: batch.last_record, chain };
        Ok(CommitAck { head: self.segment.end, bytes })
    }

    /// Nothing has changed when it fails.
    fn next_segment(&mut self) -> Result<(), JournalError> {
        let end = self.segment.end;
        self.file = create_segment(&*self.disk, end.record + 1)?;
        self.segment = Extent { first_record: end.record + 1, log_bytes: 0, chain_before: end.chain, end };
        Ok(())
    }

    /// Takes back what was written of a batch. Synced at once: otherwise a crash during the next batch could leave bytes
    /// of this one in its place.
    fn cut(&mut self) -> Result<(), JournalError> {
        let name = log_name(self.segment.first_record);
        let cut = self.disk.truncate(&name, self.segment.log_bytes);
        cut.map_err(|error| JournalError::unsure("cut", &name, error))?;
        self.sync()
    }

    fn sync(&mut self) -> Result<(), JournalError> {
        let name = || log_name(self.segment.first_record);
        self.file.sync_data().map_err(|error| JournalError::unsure("sync", &name(), error))
    }

    fn error(&self, action: &'static str, error: io::Error) -> JournalError {
        JournalError::io(action, &log_name(self.segment.first_record), error)
    }
}

fn is_full(error: &JournalError) -> bool {
    matches!(error, JournalError::StorageFull { .. })
}

/// Writes a file that nobody needs, and removes it.
fn take_room(disk: &dyn Disk, bytes: usize) -> io::Result<()> {
    // What a crash may have left.
    let _there_or_not = disk.remove(ROOM_FILE);
    let mut file = disk.create_new(ROOM_FILE)?;
    let written = file.write_all(&vec![0; bytes]).and_then(|()| file.sync_data());
    written.and(disk.remove(ROOM_FILE))
}

/// Makes an empty segment whose name is on the disk.
pub(super) fn create_segment(disk: &dyn Disk, segment: u64) -> Result<Box<dyn AppendFile>, JournalError> {
    let name = log_name(segment);
    let file = disk.create_new(&name).map_err(|error| JournalError::io("create", &name, error))?;
    disk.sync_folder(LOG_FOLDER).map_err(|error| JournalError::unsure("sync", LOG_FOLDER, error))?;
    Ok(file)
}

//! Writes batches to the open segment and syncs them. No other code appends to the log.
//!
//! The writer blocks, so the [commit log](crate::storage::commit_log) calls it outside the event loop. There
//! are two kinds of failures:
//!
//! - The disk is full before the sync. The writer cuts off the partial batch and syncs the cut, so the log is
//!   unchanged. It accepts batches again when the disk [has room](Writer::find_room).
//! - Any other failure, including a sync that fails because the disk is full, poisons the writer: it no
//!   longer writes. After a failed `fdatasync` the kernel may have dropped the dirty pages and marked them
//!   clean, so a second sync can succeed without writing them ("Can applications recover from fsync
//!   failures?", USENIX ATC 2020).

use std::io;
use std::sync::Arc;

use super::active::ActiveIndex;
use super::batch::Batch;
use super::format::{Checkpoint, CommitLine, LOG_FOLDER, log_name};
use super::index::{self, Extent};
use super::reserve::Reserve;
use super::{JournalError, Options};
use cluster::SharedBatch;
use disk::{AppendFile, Disk};
use tracing::warn;
use transport::clock;
use transport::metrics::Histogram;

/// The file that [`Writer::find_room`] writes and removes.
pub(super) const ROOM_FILE: &str = "log/room";

/// The size of a segment divided by the size of [`ROOM_FILE`]. For a segment of 64 MiB, the file has 1 MiB:
/// a few thousand messages.
const ROOM_SHARE: u64 = 64;

/// The open segment and the head of the chain.
pub struct Writer {
    disk: Arc<dyn Disk>,
    file: Box<dyn AppendFile>,
    segment: Extent,
    room_bytes: usize,
    reserve: Reserve,
    failure: Option<JournalError>,
    sync_times: Arc<Histogram>,
}

/// A batch that is on the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CommitAck {
    /// The last record of the batch, and the chain after it.
    pub head: Checkpoint,
    /// The size of the batch in bytes, with the commit line.
    pub bytes: u64,
}

impl Writer {
    /// Creates a writer that appends to this durable segment.
    pub(super) fn new(
        disk: Arc<dyn Disk>,
        file: Box<dyn AppendFile>,
        segment: Extent,
        options: Options,
    ) -> Self {
        let room_bytes = usize::try_from(options.segment_bytes / ROOM_SHARE).unwrap_or(usize::MAX);
        let reserve = Reserve::new(Arc::clone(&disk), 0);
        Self { disk, file, segment, room_bytes, reserve, failure: None, sync_times: Arc::default() }
    }

    /// Reserves space for batches that are written while the disk is full. The default is no reserve.
    #[must_use]
    pub fn with_reserve(self, bytes: u64) -> Self {
        let reserve = Reserve::new(Arc::clone(&self.disk), bytes);
        let writer = Self { reserve, ..self };
        writer.fill_reserve();
        writer
    }

    /// The durations of the calls of `fdatasync`.
    pub fn sync_times(&self) -> Arc<Histogram> {
        Arc::clone(&self.sync_times)
    }

    fn fill_reserve(&self) {
        if let Err(error) = self.reserve.fill(self.room_bytes as u64) {
            warn!(%error, "the disk has no room for the whole reserve: free space");
        }
    }

    /// Writes a batch and returns when it is on the disk.
    ///
    /// The first batch of a segment also creates the file, and writes the index of the previous segment.
    ///
    /// After [`JournalError::StorageFull`], the log is unchanged. Until [`find_room`](Self::find_room)
    /// succeeds, each further batch uses the reserve, and fails when the reserve is empty. Meanwhile, the
    /// ledger submits only commands that may use the reserve. After [`JournalError::Unavailable`], every
    /// batch fails until a restart.
    pub fn commit(&mut self, batch: Batch) -> Result<CommitAck, JournalError> {
        let uses_reserve = self.is_full();
        if let Some(failure) = self.failure.as_ref().filter(|_| !uses_reserve) {
            return Err(failure.clone());
        }
        // A repeated write does not seal the segment again.
        let mut sealed_index = batch.sealed_index.as_deref();
        loop {
            let error = match self.write(&batch, &mut sealed_index) {
                Ok(ack) => return Ok(ack),
                Err(error) if is_full(&error) => self.cut().err().unwrap_or(error),
                Err(error) => error,
            };
            if !(uses_reserve && is_full(&error) && self.reserve.release()) {
                return Err(self.failure.insert(error).clone());
            }
        }
    }

    /// The batch as the shared log stores it. The batch must be the next one to commit.
    pub fn shared(&self, batch: &Batch) -> SharedBatch {
        let before = self.segment.end;
        let after = Checkpoint { record: batch.last_record, chain: before.chain.extended(&batch.bytes) };
        let bytes = batch.bytes.len() as u64;
        let commit_line = CommitLine { records: batch.records, bytes, chain: after.chain }.line();
        let bytes = [&**batch.bytes, commit_line.as_bytes()].concat();
        SharedBatch { before: before.into(), after: after.into(), bytes }
    }

    /// Whether the disk was full and [`find_room`](Self::find_room) has not succeeded since.
    pub fn is_full(&self) -> bool {
        self.failure.as_ref().is_some_and(is_full)
    }

    /// Tests whether a full disk has room again. If it has, the writer accepts batches again. The test writes
    /// a file, because the free space that the system reports ignores quotas.
    pub fn find_room(&mut self) -> bool {
        if !self.is_full() || probe_room(&*self.disk, self.room_bytes).is_err() {
            return false;
        }
        self.fill_reserve();
        self.failure = None;
        true
    }

    fn write(
        &mut self,
        batch: &Batch,
        sealed_index: &mut Option<&ActiveIndex>,
    ) -> Result<CommitAck, JournalError> {
        if let Some(index) = *sealed_index {
            index::write(&*self.disk, index, &self.segment)?;
            self.next_segment()?;
            *sealed_index = None;
        }
        let end = &mut self.segment.end;
        debug_assert_eq!(end.record + batch.records, batch.last_record, "batches are committed in order");
        let chain = end.chain.extended(&batch.bytes);
        if batch.shared_chain.is_some_and(|shared| shared != chain) {
            return Err(JournalError::OtherChain { record: batch.last_record });
        }
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

    /// Begins the next segment. After an error, nothing has changed.
    fn next_segment(&mut self) -> Result<(), JournalError> {
        let end = self.segment.end;
        self.file = create_segment(&*self.disk, end.record + 1)?;
        self.segment = Extent { first_record: end.record + 1, log_bytes: 0, chain_before: end.chain, end };
        Ok(())
    }

    /// Cuts off a partial batch and syncs the cut. Without the sync, a crash during the next batch could
    /// restore the bytes of this batch.
    fn cut(&mut self) -> Result<(), JournalError> {
        let name = log_name(self.segment.first_record);
        let cut = self.disk.truncate(&name, self.segment.log_bytes);
        cut.map_err(|error| JournalError::unavailable("cut", &name, error))?;
        self.sync()
    }

    fn sync(&mut self) -> Result<(), JournalError> {
        let name = || log_name(self.segment.first_record);
        let started = clock::now();
        let synced = self.file.sync_data();
        self.sync_times.observe(clock::now().duration_since(started));
        synced.map_err(|error| JournalError::unavailable("sync", &name(), error))
    }

    fn error(&self, action: &'static str, error: io::Error) -> JournalError {
        JournalError::io(action, &log_name(self.segment.first_record), error)
    }
}

fn is_full(error: &JournalError) -> bool {
    matches!(error, JournalError::StorageFull { .. })
}

fn probe_room(disk: &dyn Disk, bytes: usize) -> io::Result<()> {
    // The file exists if an earlier process crashed in this function.
    let _removed = disk.remove(ROOM_FILE);
    let mut file = disk.create_new(ROOM_FILE)?;
    let written = file.write_all(&vec![0; bytes]).and_then(|()| file.sync_data());
    written.and(disk.remove(ROOM_FILE))
}

/// Creates an empty segment, and makes its name durable.
pub(super) fn create_segment(disk: &dyn Disk, segment: u64) -> Result<Box<dyn AppendFile>, JournalError> {
    let name = log_name(segment);
    let file = disk.create_new(&name).map_err(|error| JournalError::io("create", &name, error))?;
    disk.sync_folder(LOG_FOLDER).map_err(|error| JournalError::unavailable("sync", LOG_FOLDER, error))?;
    Ok(file)
}

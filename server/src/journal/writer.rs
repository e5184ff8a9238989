//! Writes batches to the open segment and syncs them: the only place that appends to the log.
//!
//! It is synchronous; [`Syncer`](super::Syncer) is the thread around it. After the first failure it is poisoned and
//! touches nothing more: after a failed `fdatasync` the kernel may have dropped the dirty pages and marked them
//! clean, so a second try can succeed without anything on the disk.

use std::io;
use std::sync::Arc;

use super::JournalError;
use super::batch::Batch;
use super::disk::{AppendFile, Disk};
use super::format::{Checkpoint, Commit, LOG_FOLDER, log_name};
use super::index::{self, Extent};

/// The open segment and the head of the chain.
pub struct Writer {
    disk: Arc<dyn Disk>,
    file: Box<dyn AppendFile>,
    segment: Extent,
    poison: Option<JournalError>,
}

/// A batch that is on the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Committed {
    /// The last record of the batch, and the chain after it: what a snapshot taken here stands for.
    pub head: Checkpoint,
    /// What was written, in bytes, with the commit line.
    pub bytes: u64,
}

impl Writer {
    /// Goes on in this segment, of which everything is on the disk.
    pub(super) fn new(disk: Arc<dyn Disk>, file: Box<dyn AppendFile>, segment: Extent) -> Self {
        Self { disk, file, segment, poison: None }
    }

    /// Writes a batch and returns when it is on the disk.
    ///
    /// The first batch of a segment also makes the file, and writes the index of the segment before.
    ///
    /// # Errors
    ///
    /// [`JournalError::StorageFull`] or [`JournalError::Unavailable`]; the same one for every later batch.
    pub fn commit(&mut self, batch: Batch) -> Result<Committed, JournalError> {
        if let Some(poison) = &self.poison {
            return Err(poison.clone());
        }
        self.write(&batch).inspect_err(|error| self.poison = Some(error.clone()))
    }

    fn write(&mut self, batch: &Batch) -> Result<Committed, JournalError> {
        if let Some(index) = &batch.seals {
            index::write(&*self.disk, index, &self.segment)?;
            self.next_segment()?;
        }
        let end = &mut self.segment.end;
        debug_assert_eq!(end.record + batch.records, batch.last_record, "batches come in order");
        let chain = end.chain.extended(&batch.bytes);
        let bytes = batch.bytes.len() as u64;
        let commit_line = Commit { records: batch.records, bytes, chain }.line();

        let written =
            self.file.write_all(&batch.bytes).and_then(|()| self.file.write_all(commit_line.as_bytes()));
        written.map_err(|error| self.error("write", error))?;
        self.file.sync_data().map_err(|error| self.error("sync", error))?;

        let bytes = bytes + commit_line.len() as u64;
        self.segment.log_bytes += bytes;
        self.segment.end = Checkpoint { record: batch.last_record, chain };
        Ok(Committed { head: self.segment.end, bytes })
    }

    fn next_segment(&mut self) -> Result<(), JournalError> {
        let end = self.segment.end;
        self.segment = Extent { first_record: end.record + 1, log_bytes: 0, chain_before: end.chain, end };
        self.file = create_segment(&*self.disk, end.record + 1)?;
        Ok(())
    }

    fn error(&self, action: &'static str, error: io::Error) -> JournalError {
        JournalError::io(action, &log_name(self.segment.first_record), error)
    }
}

/// Makes an empty segment whose name is on the disk.
pub(super) fn create_segment(disk: &dyn Disk, segment: u64) -> Result<Box<dyn AppendFile>, JournalError> {
    let name = log_name(segment);
    let file = disk.create_new(&name).map_err(|error| JournalError::io("create", &name, error))?;
    disk.sync_folder(LOG_FOLDER).map_err(|error| JournalError::io("sync", LOG_FOLDER, error))?;
    Ok(file)
}

//! Files: open uploads, and complete file contents.
//!
//! [`folder`] reads and writes the disk, in jobs. [`uploads`] is the state in the event loop. One thread
//! reads and writes chunks, in the order of the requests. Another thread commits uploads and removes file
//! contents, because hashing and syncing are slow. [`domain::files`](crate::domain::files) has the list of
//! the sent files, and the right to read them.

pub mod folder;
pub mod uploads;
mod garbage;
pub mod check;

use std::collections::HashSet;
use std::io;
use std::sync::Arc;

use common::ContentHash;
use uuid::Uuid;

use self::garbage::Garbage;
use crate::services::jobs::kind::Kind;
use crate::storage::ledger::Ledger;
use disk::Disk;
pub use folder::Folder;
pub use uploads::{Upload, Uploads};

/// The limits of files that the operator can change. [`common::limits`] has the other limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileLimits {
    pub file_bytes_max: u64,
    /// The maximum size of all files of one user, including open uploads. Files with the same content count
    /// once.
    pub user_bytes_max: u64,
}

impl Default for FileLimits {
    /// 100 MiB for a file, and 1 GiB for a user. The files of 50 users fit a small disk.
    fn default() -> Self {
        Self { file_bytes_max: 100 << 20, user_bytes_max: 1 << 30 }
    }
}

/// The time between two removals of abandoned uploads and unused file contents.
const CLEAN_UP_INTERVAL_MS: u64 = 60 * 60 * 1000;

/// The folder `files/` and its open uploads.
pub struct Files {
    pub folder: Folder,
    pub uploads: Uploads,
    garbage: Garbage,
    /// The time of the next removal of abandoned uploads, in Unix milliseconds.
    next_clean_up_ms: u64,
    /// Whether the sweep of all unused contents is submitted. If not, `clean_up` submits it.
    is_sweep_submitted: bool,
}

impl Files {
    /// Opens the folder `files/` of a data folder whose ledger is open.
    pub fn open(disk: Arc<dyn Disk>, limits: FileLimits, ledger: &Ledger) -> io::Result<Self> {
        let folder = Folder::new(disk);
        let mut unrecorded = Vec::new();
        for upload in folder.load()? {
            // The files of a recorded upload remain if the process is killed before it removes them.
            if ledger.sent_before(upload.id, &upload.user).is_ok_and(|sent| sent.is_none()) {
                unrecorded.push(upload);
            } else {
                folder.discard(upload.id)?;
            }
        }
        let uploads = Uploads::new(limits, unrecorded);
        Ok(Self {
            folder,
            uploads,
            garbage: Garbage::default(),
            next_clean_up_ms: 0,
            is_sweep_submitted: false,
        })
    }

    /// The time of the next removal of abandoned uploads, in Unix milliseconds.
    #[must_use]
    pub fn deadline(&self) -> u64 {
        self.next_clean_up_ms
    }

    /// Ends an upload that was not recorded as an event. `record` is the newest record.
    pub fn discard_upload(&mut self, id: Uuid, record: u64) {
        if let Some(upload) = self.uploads.forget(id) {
            self.garbage.add_upload(id);
            self.release(upload.sha256, record);
        }
    }

    /// Marks a file content as possibly unused once the record `record` is durable.
    pub fn release(&mut self, sha256: ContentHash, record: u64) {
        if !self.garbage.add_content(sha256, record) {
            self.is_sweep_submitted = false;
        }
    }

    /// Undoes the changes of all records after `durable`, which were discarded.
    pub fn roll_back(&mut self, durable: u64) {
        self.uploads.roll_back(durable);
        self.garbage.roll_back(durable);
    }

    /// Removes recorded and abandoned uploads, and the contents of deleted files.
    pub fn clean_up(&mut self, ledger: &Ledger, now_ms: u64, submit: Submit<'_>) {
        for id in self.uploads.take_recorded(ledger.durable()) {
            self.garbage.add_upload(id);
        }
        if now_ms >= self.next_clean_up_ms {
            self.next_clean_up_ms = now_ms.saturating_add(CLEAN_UP_INTERVAL_MS);
            for id in self.uploads.abandoned(now_ms) {
                self.discard_upload(id, ledger.position());
            }
            self.is_sweep_submitted = false;
        }
        self.discard(submit);
        self.remove(ledger, submit);
        if !self.is_sweep_submitted && ledger.is_quiet() {
            self.sweep(ledger, submit);
        }
    }

    fn discard(&mut self, submit: Submit<'_>) {
        // A new upload with the same id has already removed the files of the old upload.
        let ids = self.garbage.uploads().iter().filter(|id| !self.uploads.contains(**id));
        let ids: Vec<_> = ids.copied().collect();
        let folder = self.folder.clone();
        let is_empty = ids.is_empty();
        let discard = move || {
            let discarded = ids.into_iter().try_for_each(|id| folder.discard(id));
            discarded.map(|()| Outcome::Finished).map_err(Failure::from).into()
        };
        // `clean_up` submits a rejected job again.
        if is_empty || submit(Kind::Transfers, Box::new(discard)) {
            self.garbage.clear_uploads();
        }
    }

    /// Removes the released file contents that no event and no upload needs. A new upload of the same content
    /// is safe, because a later job of the same thread commits it.
    fn remove(&mut self, ledger: &Ledger, submit: Submit<'_>) {
        let (durable, files) = (ledger.durable(), &ledger.state().files);
        let mut contents = self.garbage.due(durable);
        contents.retain(|sha256| !files.has_content(sha256) && !self.uploads.needs_content(sha256));
        let (folder, is_empty) = (self.folder.clone(), contents.is_empty());
        let remove =
            move || folder.remove(&contents).map(|()| Outcome::Finished).map_err(Failure::from).into();
        if is_empty || submit(Kind::Contents, Box::new(remove)) {
            self.garbage.clear_due(durable);
        }
    }

    /// Removes all file contents that no event and no upload needs.
    fn sweep(&mut self, ledger: &Ledger, submit: Submit<'_>) {
        let state = &ledger.state().files;
        let needed: HashSet<_> = state.contents().chain(self.uploads.contents()).copied().collect();
        let folder = self.folder.clone();
        let sweep = move || folder.sweep(&needed).map(|_| Outcome::Finished).map_err(Failure::from).into();
        self.is_sweep_submitted = submit(Kind::Contents, Box::new(sweep));
    }
}

/// Submits a job without a request. Returns `false` if too many jobs are unfinished.
pub type Submit<'a> = &'a mut dyn FnMut(Kind, Work) -> bool;

pub type Work = Box<dyn FnOnce() -> Outcome + Send>;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The number of bytes of an upload that are on the disk.
    Have(u64),
    /// The job succeeded, and its changes are durable.
    Finished,
    /// A part of a file content.
    Bytes(Vec<u8>),
    Failed(Failure),
}

/// The reason why a job on the folder failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// A chunk begins after the end of the stored bytes, or the upload is incomplete. The field is the number
    /// of stored bytes.
    WrongOffset(u64),
    /// The content does not match its SHA-256. The upload was discarded.
    WrongContent,
    StorageFull,
    /// The disk failed. A retry may succeed.
    Unavailable,
    /// The disk failed and lost the upload.
    Lost,
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        tracing::error!(%error, "cannot read or write a file or an upload");
        let is_full = matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded);
        if is_full { Self::StorageFull } else { Self::Unavailable }
    }
}

impl From<Result<Self, Failure>> for Outcome {
    fn from(result: Result<Self, Failure>) -> Self {
        result.unwrap_or_else(Self::Failed)
    }
}

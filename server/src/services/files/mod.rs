//! Files: open uploads, and complete contents.
//!
//! [`folder`] works on the disk, in jobs; [`uploads`] is the view of the event loop meanwhile. One thread
//! writes chunks and reads contents, in the order of the requests. Another thread completes and removes
//! contents, because hashing and syncing take long. The log holds which file was sent to whom, and
//! [`domain::files`](crate::domain::files) decides who may read it.

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

/// The limits of files that the operator can change; the others are in [`common::limits`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileLimits {
    /// Bytes of one file.
    pub file_bytes_max: u64,
    /// Bytes of all files of one user, open uploads included. Each content counts once.
    pub user_bytes_max: u64,
}

impl Default for FileLimits {
    /// 100 MiB for a file, because mail refuses such files. 1 GiB for a user, so that a team of 50 fits a
    /// small disk.
    fn default() -> Self {
        Self { file_bytes_max: 100 << 20, user_bytes_max: 1 << 30 }
    }
}

/// Milliseconds between two looks for abandoned uploads, and for files that a failed disk did not remove.
const TIDY_EVERY_MS: u64 = 60 * 60 * 1000;

/// The folder of files, and the uploads into it.
pub struct Files {
    /// The folder on the disk.
    pub folder: Folder,
    /// The open uploads.
    pub uploads: Uploads,
    garbage: Garbage,
    /// The time of the next look for abandoned uploads, in Unix milliseconds.
    tidy_at: u64,
    /// Whether the last sweep that was due has been submitted.
    is_swept: bool,
}

impl Files {
    /// Opens the folder of a data folder whose log has been read.
    pub fn open(disk: Arc<dyn Disk>, limits: FileLimits, ledger: &Ledger) -> io::Result<Self> {
        let folder = Folder::new(disk);
        let mut found = Vec::new();
        for upload in folder.load()? {
            // The note outlives its event if the machine fails right after the event is durable.
            if ledger.sent_before(upload.id, &upload.user).is_ok_and(|sent| sent.is_none()) {
                found.push(upload);
            } else {
                folder.discard(upload.id)?;
            }
        }
        let uploads = Uploads::new(limits, found);
        Ok(Self { folder, uploads, garbage: Garbage::default(), tidy_at: 0, is_swept: false })
    }

    /// The time of the next look for abandoned uploads, in Unix milliseconds.
    #[must_use]
    pub fn deadline(&self) -> u64 {
        self.tidy_at
    }

    /// Ends an upload that did not become an event. `record` is the newest record.
    pub fn throw_away(&mut self, id: Uuid, record: u64) {
        if let Some(upload) = self.uploads.forget(id) {
            self.garbage.add_upload(id);
            self.release(upload.sha256, record);
        }
    }

    /// Notes that an event or an upload no longer needs this content, as of this record.
    pub fn release(&mut self, sha256: ContentHash, record: u64) {
        if !self.garbage.add_content(sha256, record) {
            self.is_swept = false;
        }
    }

    /// Undoes the changes of all records after `durable`, which were discarded.
    pub fn take_back(&mut self, durable: u64) {
        self.uploads.take_back(durable);
        self.garbage.take_back(durable);
    }

    /// Removes what is no longer needed: uploads that have become events or were given up, and contents of
    /// deleted files.
    pub fn tidy(&mut self, ledger: &Ledger, now_ms: u64, submit: Submit<'_>) {
        for id in self.uploads.take_recorded(ledger.durable()) {
            self.garbage.add_upload(id);
        }
        if now_ms >= self.tidy_at {
            self.tidy_at = now_ms.saturating_add(TIDY_EVERY_MS);
            for id in self.uploads.abandoned(now_ms) {
                self.throw_away(id, ledger.position());
            }
            self.is_swept = false;
        }
        self.discard(submit);
        self.remove(ledger, submit);
        if !self.is_swept && ledger.is_quiet() {
            self.sweep(ledger, submit);
        }
    }

    /// Removes the uploads that ended.
    fn discard(&mut self, submit: Submit<'_>) {
        // An upload that began again with the same id has removed the old one.
        let ids = self.garbage.uploads().iter().filter(|id| !self.uploads.has(**id));
        let ids: Vec<_> = ids.copied().collect();
        let folder = self.folder.clone();
        let is_empty = ids.is_empty();
        let discard = move || {
            let discarded = ids.into_iter().try_for_each(|id| folder.discard(id));
            discarded.map(|()| Outcome::Finished).map_err(Failure::from).into()
        };
        // A rejected job is submitted again at the next step.
        if is_empty || submit(Kind::Transfers, Box::new(discard)) {
            self.garbage.clear_uploads();
        }
    }

    /// Removes the contents that were let go and that no event and no upload needs. An upload that needs one
    /// from now on is completed by a later job of the same thread.
    fn remove(&mut self, ledger: &Ledger, submit: Submit<'_>) {
        let (durable, files) = (ledger.durable(), &ledger.state().files);
        let mut contents = self.garbage.due(durable);
        contents.retain(|sha256| !files.has_content(sha256) && !self.uploads.need(sha256));
        let (folder, is_empty) = (self.folder.clone(), contents.is_empty());
        let remove =
            move || folder.remove(&contents).map(|()| Outcome::Finished).map_err(Failure::from).into();
        if is_empty || submit(Kind::Contents, Box::new(remove)) {
            self.garbage.clear_due(durable);
        }
    }

    /// Removes all contents that no event and no upload needs. An upload that needs one from now on is
    /// completed by a later job of the same thread.
    fn sweep(&mut self, ledger: &Ledger, submit: Submit<'_>) {
        let state = &ledger.state().files;
        let needed: HashSet<_> = state.contents().chain(self.uploads.contents()).copied().collect();
        let folder = self.folder.clone();
        let sweep = move || folder.sweep(&needed).map(|_| Outcome::Finished).map_err(Failure::from).into();
        self.is_swept = submit(Kind::Contents, Box::new(sweep));
    }
}

/// Submits work as a job that no request waits for. Returns `false` when too many jobs wait.
pub type Submit<'a> = &'a mut dyn FnMut(Kind, Work) -> bool;

/// Work on the folder, to be run off the event loop.
pub type Work = Box<dyn FnOnce() -> Outcome + Send>;

/// The result of work on the folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The number of bytes of an upload that are on the disk.
    Have(u64),
    /// The content is complete and durable.
    Finished,
    /// A part of a content.
    Bytes(Vec<u8>),
    /// The work failed.
    Failed(Failure),
}

/// Why work on the folder failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// A chunk begins after the end of the upload, or the upload is incomplete. Holds the bytes on the disk.
    WrongOffset(u64),
    /// The content does not match its SHA-256. The upload is gone.
    WrongContent,
    /// The disk is full.
    StorageFull,
    /// The disk failed, as the log says. A later try may succeed.
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

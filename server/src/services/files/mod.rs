//! Files: open uploads, and complete file contents.
//!
//! [`folder`] reads and writes the disk, in jobs. [`uploads`] is the state in the event loop. One thread
//! reads and writes chunks, in the order of the requests. Another thread commits uploads and removes file
//! contents, because hashing and syncing are slow. [`copies`] writes contents that other nodes of a cluster
//! send. [`domain::files`](crate::domain::files) has the list of
//! the sent files, and the right to read them.

pub mod folder;
pub mod uploads;
mod garbage;
pub mod copies;
pub mod check;

use std::collections::{HashMap, HashSet};
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

/// The time for which a node keeps a content for another node without an event. The other node records the
/// event within seconds, or no longer leads.
const KEPT_MS: u64 = 10 * 60 * 1000;

/// The maximum number of contents that a node keeps without an event.
const KEPT_MAX: usize = 10_000;

/// The time after a deletion by another node until unused contents are removed.
const SWEEP_DELAY_MS: u64 = 60 * 1000;

/// The folder `files/` and its open uploads.
pub struct Files {
    pub folder: Folder,
    pub uploads: Uploads,
    garbage: Garbage,
    /// The time of the next removal of abandoned uploads, in Unix milliseconds.
    next_clean_up_ms: u64,
    /// Whether the sweep of all unused contents is submitted. If not, `clean_up` submits it.
    is_sweep_submitted: bool,
    /// Contents that this node keeps for another node until a time in Unix milliseconds. Their events may not
    /// be in the log of this node yet.
    kept: HashMap<ContentHash, u64>,
    /// The time before which no content is removed, in Unix milliseconds.
    no_removal_before_ms: u64,
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
            kept: HashMap::new(),
            no_removal_before_ms: 0,
        })
    }

    /// Removes no content for a while. A node of a cluster calls this function when it starts: it may have
    /// promised, before it started, to keep a content whose event is not in its log yet.
    pub fn postpone_removals(&mut self, now_ms: u64) {
        self.no_removal_before_ms = now_ms.saturating_add(KEPT_MS);
    }

    /// Keeps a content for a while without an event. Returns false if the node keeps too many contents.
    #[must_use]
    pub fn keep(&mut self, sha256: ContentHash, now_ms: u64) -> bool {
        self.kept.retain(|_, until_ms| *until_ms > now_ms);
        if self.kept.len() >= KEPT_MAX && !self.kept.contains_key(&sha256) {
            return false;
        }
        self.kept.insert(sha256, now_ms.saturating_add(KEPT_MS));
        true
    }

    /// Removes unused contents soon: the log of another node has deleted a file.
    pub fn sweep_soon(&mut self, now_ms: u64) {
        self.next_clean_up_ms = self.next_clean_up_ms.min(now_ms.saturating_add(SWEEP_DELAY_MS));
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
        self.kept.retain(|_, until_ms| *until_ms > now_ms);
        if now_ms < self.no_removal_before_ms {
            return;
        }
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
        let is_needed = |sha256: &ContentHash| {
            files.has_content(sha256) || self.uploads.needs_content(sha256) || self.kept.contains_key(sha256)
        };
        contents.retain(|sha256| !is_needed(sha256));
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
        let needed: HashSet<_> =
            state.contents().chain(self.uploads.contents()).chain(self.kept.keys()).copied().collect();
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
    /// Another node of the cluster has a durable copy of the content.
    Copied,
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
    /// This node does not have the content. In a cluster, another node may have it.
    Missing,
    /// No node of the cluster sent the content.
    NotFound,
    /// No other node of the cluster has stored the content.
    NotCopied,
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

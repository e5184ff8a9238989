//! Files: uploads that are under way, and the contents that are complete.
//!
//! [`folder`] is what is done on the disk, as [jobs](crate::jobs); [`uploads`] is what the event loop knows meanwhile.
//! Chunks are written and contents are read by one thread, in the order in which they were asked for; contents are
//! completed and swept by another, because hashing and syncing take long. What a file is to whom, stands in the log
//! and is decided in [`crate::domain::files`].

pub mod folder;
pub mod uploads;
pub mod check;

use std::collections::HashSet;
use std::io;
use std::sync::Arc;

use crate::jobs::{Job, Jobs, Kind};
use crate::journal::Disk;
use crate::ledger::Ledger;
pub use folder::Folder;
pub use uploads::{Upload, Uploads};

/// How much users may send; see [`common::limits`] for what does not depend on the operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileLimits {
    /// Bytes of one file.
    pub file_bytes_max: u64,
    /// Bytes of all files of one user, those that are being uploaded included, each content counted once.
    pub user_bytes_max: u64,
}

impl Default for FileLimits {
    /// 100 MiB for a file, which is what mail refuses; 1 GiB for a user, so that a team of 50 fits a small disk.
    fn default() -> Self {
        Self { file_bytes_max: 100 << 20, user_bytes_max: 1 << 30 }
    }
}

/// Milliseconds between two looks for what nobody needs any more.
const TIDY_EVERY_MS: u64 = 60 * 60 * 1000;

/// The folder, and what is going on in it.
pub struct Files {
    /// On the disk.
    pub folder: Folder,
    /// In memory.
    pub uploads: Uploads,
    /// When to look for what was abandoned, in Unix milliseconds.
    tidy_at: u64,
    /// How many files had been deleted when the contents were last swept; `None`: they are to be swept.
    swept_at: Option<u64>,
}

impl Files {
    /// Opens the folder of a data folder whose log has been read.
    pub fn open(disk: Arc<dyn Disk>, limits: FileLimits, ledger: &Ledger) -> io::Result<Self> {
        let folder = Folder::new(disk);
        let mut found = Vec::new();
        for upload in folder.load()? {
            // Its note outlived it, when the power went off right behind the event.
            if ledger.sent_before(upload.id, &upload.user).is_ok_and(|sent| sent.is_none()) {
                found.push(upload);
            } else {
                folder.discard(upload.id)?;
            }
        }
        Ok(Self { folder, uploads: Uploads::new(limits, found), tidy_at: 0, swept_at: None })
    }

    /// When to look for what was abandoned, in Unix milliseconds.
    #[must_use]
    pub fn deadline(&self) -> u64 {
        self.tidy_at
    }

    /// Has removed what nobody needs: uploads that have become events or were abandoned, and contents of deleted files.
    pub fn tidy(&mut self, ledger: &Ledger, jobs: &mut Jobs, now_ms: u64) {
        let mut ended = self.uploads.take_recorded(ledger.durable());
        if now_ms >= self.tidy_at {
            self.tidy_at = now_ms.saturating_add(TIDY_EVERY_MS);
            let abandoned = self.uploads.take_abandoned(now_ms);
            self.swept_at = self
                .swept_at
                .filter(|deleted| abandoned.is_empty() && *deleted == ledger.state().files.deleted());
            ended.extend(abandoned);
        }
        if !ended.is_empty() {
            let folder = self.folder.clone();
            let discard = move || {
                let discarded = ended.into_iter().try_for_each(|id| folder.discard(id));
                discarded.map(|()| Outcome::Finished).map_err(Failure::from).into()
            };
            // Should too much wait, the next start removes them.
            let _accepted = jobs.submit(u64::MAX, Job::file(Kind::Transfers, discard));
        }
        if self.swept_at.is_none() && ledger.is_quiet() {
            self.sweep(ledger, jobs);
        }
    }

    /// Has removed the contents that no event on disk and no upload needs. Whoever begins to need one from now on waits
    /// behind the job for their own.
    fn sweep(&mut self, ledger: &Ledger, jobs: &mut Jobs) {
        let state = &ledger.state().files;
        let needed: HashSet<_> = state.contents().chain(self.uploads.contents()).copied().collect();
        let folder = self.folder.clone();
        let sweep = move || folder.sweep(&needed).map(|_| Outcome::Finished).map_err(Failure::from).into();
        if jobs.submit(u64::MAX, Job::file(Kind::Contents, sweep)) {
            self.swept_at = Some(state.deleted());
        }
    }
}

/// What came out of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// So many of an upload's first bytes are there.
    Have(u64),
    /// The content is whole and on disk.
    Finished,
    /// A part of a content.
    Bytes(Vec<u8>),
    /// It could not be done.
    Failed(Failure),
}

/// Why a job could not be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// A chunk begins behind what is there, or an upload is not complete: so many bytes are there.
    WrongOffset(u64),
    /// Not what was announced. The upload is gone.
    WrongContent,
    /// There is no room on the disk.
    StorageFull,
    /// The disk failed; the log says how. It may go better next time.
    Unavailable,
    /// The disk failed, and what was uploaded is gone.
    Lost,
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        tracing::error!(%error, "cannot read or write a file that somebody sends");
        let is_full = matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded);
        if is_full { Self::StorageFull } else { Self::Unavailable }
    }
}

impl From<Result<Self, Failure>> for Outcome {
    fn from(result: Result<Self, Failure>) -> Self {
        result.unwrap_or_else(Self::Failed)
    }
}

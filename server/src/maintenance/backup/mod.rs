//! Backups: [`write`](fn@write) copies a data folder into one file while a server runs, and
//! [`restore`](fn@restore) checks such a file and makes a data folder from it.
//!
//! The file is a tar archive, which `tar x` can unpack. It contains the snapshots, the sent files, the log
//! and the keys. Its last member is a table of contents with the end of the log. An archive without this
//! table is incomplete. The archive contains no indexes, because indexes are derived.
//!
//! [`node`] makes backups while the server runs, on a schedule and for administrators.

mod members;
mod archive_disk;
mod check;
mod restore;
mod write;
pub mod node;

use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::domain::files::SharedFile;
use crate::journal::JournalError;
use crate::services::files::check::CheckError;
use crate::services::files::folder::content_path;
use crate::storage::data_folder::StoreError;
use crate::storage::ledger::LedgerError;

pub use self::check::check_archive;
pub(crate) use self::members::Hashing;
pub use self::restore::restore;
pub use self::write::{write, write_to};

/// The format of the archive. papo refuses an archive with a newer format.
pub const FORMAT: u32 = 1;
/// The table of contents, which is the last member of the archive.
const CONTENTS_FILE: &str = "papo-backup.json";

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableOfContents {
    format: u32,
    /// The time of the backup in Unix milliseconds.
    pub at: u64,
    /// The number of the last record of the log.
    pub records: u64,
    /// The chain after that record, in hexadecimal digits.
    pub chain: String,
    pub files: u64,
    /// Whether the archive holds the node's keys.
    pub keys: bool,
    /// The time at which the data folder was itself restored from a backup.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restored: Option<u64>,
}

#[derive(Debug, Error)]
pub enum BackupError {
    #[error("cannot {action} {path}: {source}")]
    Io {
        /// The failed operation, as a verb.
        action: &'static str,
        path: PathBuf,
        source: io::Error,
    },
    #[error(transparent)]
    Journal(#[from] JournalError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    #[error(
        "{0} belongs to another log: if you have just redacted the log, take the backup again; otherwise move \
         users.json and channels.json away, and the server rebuilds them from the log the next time it starts"
    )]
    SnapshotOfOtherLog(&'static str),
    #[error("{0} is damaged: its content does not match its name; restore it from an older backup")]
    FileDamaged(String),
    #[error(
        "{0}; no backup was written. Restore the file from an older backup, or leave out missing files with \
         --without-missing-files"
    )]
    FileMissing(String),
    #[error(
        "{0}, and the archive does not contain it; nothing was restored. Use another backup, or leave out missing \
         files with --without-missing-files"
    )]
    FileNotInArchive(String),
    #[error(transparent)]
    Check(#[from] CheckError),
    #[error("the log was redacted during the backup: take the backup again")]
    Redacted,
    #[error("the archive contains {0:?}, which is not part of a papo backup; nothing was restored")]
    UnknownMember(String),
    #[error("the archive is incomplete: its last member, {CONTENTS_FILE}, is missing; nothing was restored")]
    Incomplete,
    #[error("the archive has format {0}, which this papo cannot read: restore it with a newer papo")]
    NewerFormat(u32),
    /// The unpacked files differ from the table of contents.
    #[error(
        "the archive is damaged: its table of contents lists {expected}, but it contains {found}; nothing was restored"
    )]
    ContentsDiffer { expected: String, found: String },
    #[error(
        "the snapshots in the archive differ from its log; nothing was restored. The log is intact: unpack the archive \
         with tar, without users.json and channels.json, and the server rebuilds the state from the log when it starts"
    )]
    SnapshotsDiffer,
    #[error("{0} is used by another node for its backups: choose another folder with --backups")]
    FolderInUse(PathBuf),
    #[error(
        "{folder} has {free} bytes of free space, but the backup and its node need {needed}: free some space, or \
         choose a folder on another disk with --backups"
    )]
    NoRoom { folder: PathBuf, free: u64, needed: u64 },
    #[error("the server has ended during the backup")]
    Cancelled,
    #[error("{0} is not empty: choose a new or empty folder with --data")]
    NotEmpty(PathBuf),
}

/// Decides whether to continue without a file whose content is missing. The argument is a sentence about the
/// file.
pub type MaySkip<'a> = &'a mut dyn FnMut(&str) -> bool;

/// A sentence with the name of a missing file and its event.
fn describe_missing(shared: &SharedFile) -> String {
    format!("{} is missing: it is the content of {shared}", content_path(&shared.sha256))
}

fn io_error(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> BackupError + use<> {
    let path = path.to_owned();
    move |source| BackupError::Io { action, path, source }
}

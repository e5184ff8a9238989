//! Backups: [`write`](fn@write) copies a data folder into one file while a server runs, and
//! [`restore`](fn@restore) checks such a file and makes a data folder from it.
//!
//! The file is a tar archive that `tar x` understands. It holds the snapshots, the attachments, the log, the
//! keys, and last a table of contents that names the end of the log. An archive without this table is
//! incomplete. Indexes are not in the archive, because they are derived.

mod members;
mod restore;
mod write;

use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::domain::files::Shared;
use crate::journal::JournalError;
use crate::services::files::check::CheckError;
use crate::services::files::folder::content;
use crate::storage::data_folder::StoreError;
use crate::storage::ledger::LedgerError;

pub(crate) use self::members::Hashing;
pub use self::restore::restore;
pub use self::write::write;

/// The format of the archive. An older papo refuses a newer one.
const FORMAT: u32 = 1;
/// The table of contents, the archive's last member.
const CONTENTS: &str = "papo-backup.json";

/// The table of contents of an archive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contents {
    /// The version of this table.
    format: u32,
    /// The time of the backup in Unix milliseconds.
    pub at: u64,
    /// The number of the last record of the log.
    pub records: u64,
    /// The chain after that record, in hexadecimal digits.
    pub chain: String,
    /// The number of attachments.
    pub files: u64,
    /// Whether the archive holds the node's keys.
    pub keys: bool,
}

/// Why a backup or a restore failed.
#[derive(Debug, Error)]
pub enum BackupError {
    /// A file cannot be read or written.
    #[error("cannot {action} {path}: {source}")]
    Io {
        /// The failed operation, as a verb.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
    /// The log cannot be read.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The data folder cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The state cannot be rebuilt.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// A snapshot belongs to another log.
    #[error(
        "{0} does not belong to the log beside it: if the log was redacted just now, take the backup again; otherwise \
         move the snapshots away, and the next start makes them again"
    )]
    SnapshotElsewhere(&'static str),
    /// The content of an attachment does not match its name.
    #[error("{0} is damaged: its content is not what its name says; restore it from an older backup")]
    FileDamaged(String),
    /// The content of an attachment is missing.
    #[error(
        "{0}; there is no new backup. Put the file back from an older one, or back up all else with \
         --without-missing-files"
    )]
    FileMissing(String),
    /// The archive does not hold the content of an attachment.
    #[error(
        "{0}, and the archive does not hold it; nothing was restored. Use another backup, or restore all else with \
         --without-missing-files"
    )]
    FileNotInArchive(String),
    /// The attachments cannot be checked.
    #[error(transparent)]
    Check(#[from] CheckError),
    /// The log was redacted while it was copied.
    #[error("the log was redacted just now: take the backup again")]
    Redacted,
    /// The archive has a member that no backup has.
    #[error("the archive holds {0:?}, which no papo backup does; nothing was restored")]
    Stranger(String),
    /// The archive has no table of contents.
    #[error("the archive is not whole: its last member, {CONTENTS}, is missing; nothing was restored")]
    NotWhole,
    /// A newer papo wrote the archive.
    #[error("the archive is of format {0}, which this papo does not know: restore it with a newer papo")]
    Newer(u32),
    /// The unpacked files differ from the table of contents.
    #[error(
        "the archive is damaged: by its table of contents it holds {expected}, but there is {found}; nothing was restored"
    )]
    Contents {
        /// According to the table.
        expected: String,
        /// In the archive.
        found: String,
    },
    /// The snapshots differ from the log.
    #[error(
        "the snapshots in the archive do not say what its log says; nothing was restored. The log is whole: unpack the \
         archive with tar, leave users.json and channels.json out, and the state is rebuilt from the log"
    )]
    SnapshotsDiffer,
    /// The data folder is not empty.
    #[error("{0} is not empty: a backup is restored into a new or empty folder (--data)")]
    NotEmpty(PathBuf),
}

/// Decides whether to continue without an attachment whose content is missing. Gets a sentence that names it.
pub type MaySkip<'a> = &'a mut dyn FnMut(&str) -> bool;

/// The sentence for an attachment whose content is missing: names it and its event.
fn missing(shared: &Shared) -> String {
    format!("{} is missing: {shared} has it", content(&shared.sha256))
}

/// The error for a failed operation on a path.
fn io_error(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> BackupError + use<> {
    let path = path.to_owned();
    move |source| BackupError::Io { action, path, source }
}

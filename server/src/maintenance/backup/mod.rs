//! A data folder as one file, taken while a server works on it ([`write`](fn@write)), and a data folder made of such
//! a file, after all of it was checked ([`restore`](fn@restore)).
//!
//! The file is a tar archive that `tar x` understands: the snapshots, the attachments that the log tells of, the log up
//! to there, keys, and last a table of contents, which says where the log ends. Without it the archive is not whole. What is
//! derived (indexes) is not in it.

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

/// What an archive holds: its table of contents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contents {
    /// The version of this table.
    format: u32,
    /// When it was taken, in Unix milliseconds.
    pub at: u64,
    /// The number of the last record of the log.
    pub records: u64,
    /// The chain after it, in hexadecimal digits.
    pub chain: String,
    /// How many contents of attachments there are.
    pub files: u64,
    /// Whether the node's keys are in it.
    pub keys: bool,
}

/// Why there is no backup, or no folder made of it.
#[derive(Debug, Error)]
pub enum BackupError {
    /// A file cannot be read or written.
    #[error("cannot {action} {path}: {source}")]
    Io {
        /// What was being done, as a verb.
        action: &'static str,
        /// Where.
        path: PathBuf,
        /// The operating system's own words.
        source: io::Error,
    },
    /// The log.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The data folder.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The data in it.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The log is not the one that the snapshots were made of.
    #[error(
        "{0} does not belong to the log beside it: if the log was redacted just now, take the backup again; otherwise \
         move the snapshots away, and the next start makes them anew"
    )]
    SnapshotElsewhere(&'static str),
    /// The content of an attachment is not what its name says.
    #[error("{0} is damaged: its content is not what its name says; restore it from an older backup")]
    FileDamaged(String),
    /// The content of an attachment is not there.
    #[error(
        "{0}; there is no new backup. Put the file back from an older one, or back up all else with \
         --without-missing-files"
    )]
    FileMissing(String),
    /// The content of an attachment is not in the archive.
    #[error(
        "{0}, and the archive does not hold it; nothing was restored. Use another backup, or restore all else with \
         --without-missing-files"
    )]
    FileNotInArchive(String),
    /// What is wrong with the attachments, or with the log that tells of them.
    #[error(transparent)]
    Check(#[from] CheckError),
    /// The log is not the one that was read before.
    #[error("the log was redacted just now: take the backup again")]
    Redacted,
    /// Something that no backup holds.
    #[error("the archive holds {0:?}, which no papo backup does; nothing was restored")]
    Stranger(String),
    /// The end is missing.
    #[error("the archive is not whole: its last member, {CONTENTS}, is missing; nothing was restored")]
    NotWhole,
    /// A newer papo wrote it.
    #[error("the archive is of format {0}, which this papo does not know: restore it with a newer papo")]
    Newer(u32),
    /// What was unpacked is not what the table of contents says.
    #[error(
        "the archive is damaged: by its table of contents it holds {expected}, but there is {found}; nothing was restored"
    )]
    Contents {
        /// What the table says.
        expected: String,
        /// What was found.
        found: String,
    },
    /// A snapshot was changed by hand, or is damaged.
    #[error(
        "the snapshots in the archive do not say what its log says; nothing was restored. The log is whole: unpack the \
         archive with tar, leave users.json and channels.json out, and the state is rebuilt from the log"
    )]
    SnapshotsDiffer,
    /// There is something in the way.
    #[error("{0} is not empty: a backup is restored into a new or empty folder (--data)")]
    NotEmpty(PathBuf),
}

/// Asked for each attachment whose content is missing, with a sentence that names it: whether to go on without it.
pub type GoOn<'a> = &'a mut dyn FnMut(&str) -> bool;

/// Names an attachment whose content is missing, and the event that has it.
fn missing(shared: &Shared) -> String {
    format!("{} is missing: {shared} has it", content(&shared.sha256))
}

/// The error for a failed operation on a path.
fn io_error(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> BackupError + use<> {
    let path = path.to_owned();
    move |source| BackupError::Io { action, path, source }
}

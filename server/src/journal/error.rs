//! The errors of the log. The message of each tells the operator what to do.

use std::io;
use std::sync::Arc;

/// Why the journal could not be opened, written or read.
///
/// It can be cloned because a poisoned [`Writer`](super::Writer) answers every later commit with the first error.
#[derive(Debug, Clone, thiserror::Error)]
pub enum JournalError {
    /// The disk or the quota is full. The file does not contain any part of the failed write.
    #[error("no space left to {action} {file}: free some space")]
    StorageFull {
        /// The failed operation, as a verb.
        action: &'static str,
        /// The file, relative to the data folder.
        file: String,
        /// The error of the operating system.
        source: Arc<io::Error>,
    },
    /// The disk refused an operation for any other reason.
    #[error("cannot {action} {file}: check the disk, then restart")]
    Unavailable {
        /// The failed operation, as a verb.
        action: &'static str,
        /// The file, relative to the data folder.
        file: String,
        /// The error of the operating system.
        source: Arc<io::Error>,
    },
    /// The log contains bytes that the journal did not write, or that have changed since.
    #[error(
        "{file} is damaged at byte {offset}: {why}. Nothing was changed. \
         Run `papo log verify`, and restore the file from a backup"
    )]
    Damaged {
        /// The file, relative to the data folder.
        file: String,
        /// The start of the first damaged batch, in bytes.
        offset: u64,
        /// The damage.
        why: String,
    },
    /// An index is damaged. It is derived, so no message is lost.
    #[error("{file} is damaged ({why}). It is derived: stop the server, remove this file, and start again")]
    IndexDamaged {
        /// The file, relative to the data folder.
        file: String,
        /// The damage.
        why: &'static str,
    },
    /// A segment is missing: another segment or an index proves that it existed.
    #[error("{file} is missing: the log is incomplete without it. Restore it from a backup")]
    Missing {
        /// The file, relative to the data folder.
        file: String,
    },
    /// The snapshots do not belong to this log.
    #[error(
        "the snapshots were made at record {record}, but {why}. The snapshots and the log must come from the same \
        backup; without the snapshots the state is rebuilt from the whole log"
    )]
    Checkpoint {
        /// The number of the last record in the snapshots.
        record: u64,
        /// The contradiction in the log.
        why: String,
    },
    /// The state machine rejected a record whose chain is valid.
    #[error(
        "record {record} in {file} is intact but cannot be applied: {why}. A newer papo may have written it"
    )]
    Record {
        /// The number of the record.
        record: u64,
        /// The file, relative to the data folder.
        file: String,
        /// The error of the state machine.
        why: String,
    },
}

impl JournalError {
    /// The error for a failed file operation: [`StorageFull`](Self::StorageFull) or [`Unavailable`](Self::Unavailable).
    /// For a sync see [`unsure`](Self::unsure).
    pub(crate) fn io(action: &'static str, file: &str, source: io::Error) -> Self {
        let full = matches!(source.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded);
        let (file, source) = (file.to_owned(), Arc::new(source));
        if full {
            Self::StorageFull { action, file, source }
        } else {
            Self::Unavailable { action, file, source }
        }
    }

    /// The error for a failed sync, or another operation that must not fail. It is never
    /// [`StorageFull`](Self::StorageFull), even if the disk is full: the written bytes may be on the disk or not, and
    /// a later sync cannot prove either. See [`writer`](super::writer).
    pub(crate) fn unsure(action: &'static str, file: &str, source: io::Error) -> Self {
        Self::Unavailable { action, file: file.to_owned(), source: Arc::new(source) }
    }
}

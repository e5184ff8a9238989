//! The errors of the log. Each message tells the operator what to do.

use std::io;
use std::sync::Arc;

/// A failure to open, write or read the journal. `file` is relative to the data folder. `action` is the
/// failed operation, as a verb.
///
/// A poisoned [`Writer`](super::Writer) returns a clone of its first error for every later commit.
#[derive(Debug, Clone, thiserror::Error)]
pub enum JournalError {
    /// The disk or the quota is full. The file does not contain any part of the failed write.
    #[error("no space left to {action} {file}: free some space")]
    StorageFull { action: &'static str, file: String, source: Arc<io::Error> },
    /// The disk refused an operation for any other reason.
    #[error("cannot {action} {file}: check the disk, then restart")]
    Unavailable { action: &'static str, file: String, source: Arc<io::Error> },
    /// The log contains bytes that the journal did not write, or bytes that have changed.
    #[error(
        "{file} is damaged at byte {offset}: {why}. Nothing was changed. \
         Run `papo log verify`, and restore the file from a backup"
    )]
    Damaged {
        file: String,
        /// The start of the first damaged batch, in bytes.
        offset: u64,
        why: String,
    },
    /// An index is damaged. Indexes are derived, so no message is lost.
    #[error(
        "{file} is damaged ({why}), but no message is lost: stop the server, remove this file, and start the server"
    )]
    IndexDamaged { file: String, why: &'static str },
    /// A segment is missing: another segment or an index proves that it existed.
    #[error("{file} is missing: the log is incomplete without it. Restore it from a backup")]
    Missing { file: String },
    /// The snapshots do not belong to this log.
    #[error(
        "the snapshots were made at record {record}, but {why}. Restore the snapshots and the log from the same \
         backup, or remove the snapshots: the server then rebuilds the state from the log"
    )]
    Checkpoint {
        /// The number of the last record in the snapshots.
        record: u64,
        why: String,
    },
    /// The node's log and the shared log of its cluster are different.
    #[error(
        "the log of this node differs from the log of its cluster at record {record}. Nothing was written. \
         Move the data folder away, and run `papo cluster join`"
    )]
    OtherChain { record: u64 },
    /// The shared log did not accept a batch of this node.
    #[error("the cluster did not store a batch: {0}")]
    NotShared(cluster::Refused),
    /// The state machine rejected a record whose chain is valid.
    #[error(
        "record {record} in {file} is intact but cannot be applied: {why}. \
         If a newer papo wrote it, start that version"
    )]
    Record { record: u64, file: String, why: String },
}

impl JournalError {
    /// The error for a failed file operation: [`StorageFull`](Self::StorageFull) or
    /// [`Unavailable`](Self::Unavailable). For a failed sync see [`unavailable`](Self::unavailable).
    pub(crate) fn io(action: &'static str, file: &str, source: io::Error) -> Self {
        let full = matches!(source.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded);
        let (file, source) = (file.to_owned(), Arc::new(source));
        if full {
            Self::StorageFull { action, file, source }
        } else {
            Self::Unavailable { action, file, source }
        }
    }

    /// The error for a failed sync, even if the disk is full. After a failed sync, the written bytes may be
    /// missing on the disk even if a later sync succeeds. See [`writer`](super::writer).
    pub(crate) fn unavailable(action: &'static str, file: &str, source: io::Error) -> Self {
        Self::Unavailable { action, file: file.to_owned(), source: Arc::new(source) }
    }
}

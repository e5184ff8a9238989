//! What can go wrong with the log, each with what the operator can do about it.

use std::io;
use std::sync::Arc;

/// Why the journal could not be opened, written or read.
///
/// It can be cloned because a poisoned [`Writer`](super::Writer) answers every later commit with the first error.
#[derive(Debug, Clone, thiserror::Error)]
pub enum JournalError {
    /// The disk or the quota is full; nothing of what was to be written is there.
    #[error("no space left to {action} {file}: free some space")]
    StorageFull {
        /// What was being done, as a verb.
        action: &'static str,
        /// The file, relative to the data folder.
        file: String,
        /// The operating system's own words.
        source: Arc<io::Error>,
    },
    /// The disk refused an operation for any other reason.
    #[error("cannot {action} {file}: check the disk, then restart")]
    Unavailable {
        /// What was being done, as a verb.
        action: &'static str,
        /// The file, relative to the data folder.
        file: String,
        /// The operating system's own words.
        source: Arc<io::Error>,
    },
    /// The log holds bytes that were not written by the journal, or no longer are what was written.
    #[error(
        "{file} is damaged at byte {offset}: {why}. Nothing was changed. \
         Run `papo log verify`, and restore the file from a backup"
    )]
    Damaged {
        /// The file, relative to the data folder.
        file: String,
        /// Where the first batch begins that is not sound, in bytes.
        offset: u64,
        /// What was found there.
        why: String,
    },
    /// A derived index is damaged; the messages are not.
    #[error("{file} is damaged ({why}). It is derived: stop the server, remove this file, and start again")]
    IndexDamaged {
        /// The file, relative to the data folder.
        file: String,
        /// What was found there.
        why: &'static str,
    },
    /// A segment is not there, though others say it must be.
    #[error("{file} is missing: the log is not whole without it. Restore it from a backup")]
    Missing {
        /// The file, relative to the data folder.
        file: String,
    },
    /// The snapshots do not belong to this log.
    #[error(
        "the snapshots stand for record {record}, but {why}. The snapshots and the log must come from the same \
         backup; without the snapshots the state is rebuilt from the whole log"
    )]
    Checkpoint {
        /// The record number the snapshots stand for.
        record: u64,
        /// What the log says instead.
        why: String,
    },
    /// A record whose chain is sound was not understood by the state machine.
    #[error("record {record} in {file} is sound but was refused: {why}. A newer papo may have written it")]
    Record {
        /// The record's number.
        record: u64,
        /// The file, relative to the data folder.
        file: String,
        /// The state machine's own words.
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

    /// The error for a failed sync, or whatever else must not fail: never [`StorageFull`](Self::StorageFull), even where
    /// the system says that there is no space. What was written may be on the medium or not, and no later sync tells:
    /// see [`writer`](super::writer).
    pub(crate) fn unsure(action: &'static str, file: &str, source: io::Error) -> Self {
        Self::Unavailable { action, file: file.to_owned(), source: Arc::new(source) }
    }
}

//! The errors of the ledger.

use std::io;

use common::{Detail, Error};
use thiserror::Error as ThisError;
use tracing::error;

use crate::journal::JournalError;
use crate::storage::data_folder::StoreError;

#[derive(Debug, ThisError)]
pub enum LedgerError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The system cannot start a thread.
    #[error("cannot start a thread: {0}")]
    Thread(#[from] io::Error),
}

/// The error for a failed read of the log.
pub(super) fn unreadable(error: JournalError) -> Error {
    error!(%error, "the log cannot be read");
    // Damage is permanent until a backup is restored.
    match error {
        JournalError::Damaged { file, offset, .. } => Detail::ConversationDamaged { file, offset },
        JournalError::StorageFull { .. }
        | JournalError::Unavailable { .. }
        | JournalError::IndexDamaged { .. }
        | JournalError::Missing { .. }
        | JournalError::Checkpoint { .. }
        | JournalError::OtherChain { .. }
        | JournalError::NotShared(_)
        | JournalError::Record { .. } => Detail::LogUnreadable,
    }
    .into()
}

/// The error for a batch that could not be written.
pub(super) fn unwritable(error: &JournalError) -> Error {
    match error {
        JournalError::StorageFull { .. } => Detail::StorageFull,
        JournalError::NotShared(_) => Detail::NoLeader,
        JournalError::Unavailable { .. }
        | JournalError::Damaged { .. }
        | JournalError::IndexDamaged { .. }
        | JournalError::Missing { .. }
        | JournalError::Checkpoint { .. }
        | JournalError::OtherChain { .. }
        | JournalError::Record { .. } => Detail::LogUnwritable,
    }
    .into()
}

//! The errors of the ledger.

use std::io;

use thiserror::Error;

use crate::journal::JournalError;
use crate::storage::data_folder::StoreError;

#[derive(Debug, Error)]
pub enum LedgerError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The system cannot start a thread.
    #[error("cannot start a thread: {0}")]
    Thread(#[from] io::Error),
}

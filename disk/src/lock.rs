//! The lock of a file, which has one holder at a time, across processes. The lock ends when the holder closes
//! the file or the holder's process exits.

use std::fs::{self, File, Metadata, TryLockError};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

/// The outcome of an attempt to lock a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lock {
    /// The caller holds the lock.
    Held,
    /// Another process, or another open file of this process, holds the lock.
    Busy,
    /// The file was removed after the caller opened it, so the lock protects nothing.
    Gone,
}

/// Locks a file that was opened at `path`.
pub(crate) fn lock(file: &File, path: &Path) -> io::Result<Lock> {
    match file.try_lock() {
        Ok(()) => Ok(if is_named(file, path) { Lock::Held } else { Lock::Gone }),
        Err(TryLockError::WouldBlock) => Ok(Lock::Busy),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Whether `path` is still the path of the open file.
fn is_named(file: &File, path: &Path) -> bool {
    let identity = |metadata: Metadata| (metadata.dev(), metadata.ino());
    file.metadata()
        .is_ok_and(|opened| fs::metadata(path).is_ok_and(|named| identity(named) == identity(opened)))
}

//! The lock of a file: one holder at a time, across processes. It ends when the holder closes the file or the
//! holder's process ends.

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
    /// The last holder removed the file between opening and locking, so the lock protects nothing.
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

/// Whether `path` still leads to the open file.
fn is_named(file: &File, path: &Path) -> bool {
    let identity = |metadata: Metadata| (metadata.dev(), metadata.ino());
    file.metadata()
        .is_ok_and(|opened| fs::metadata(path).is_ok_and(|named| identity(named) == identity(opened)))
}

//! The lock of a file: one holder at a time, across processes, until the holder closes the file or ends,
//! however it ends.

use std::fs::{self, File, Metadata, TryLockError};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

/// The outcome of an attempt to lock a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lock {
    /// This process holds the file.
    Held,
    /// Another holder has the file.
    Busy,
    /// The file lost its name between opening and locking: its last holder removed it. Its lock protects
    /// nothing.
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

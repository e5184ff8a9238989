//! Access to files. Only this crate uses `std::fs`.
//!
//! A [`Disk`] is one folder with the few operations that papo needs. Tests and the simulation make each
//! operation fail ([`faulty`]). Names are relative to the folder and use `/`. Files from the command line are
//! read and written by path ([`ReadFile`], [`PartFile`], [`read`], [`replace_file`]). Both kinds of access
//! share the atomic replacement ([`replace`]) and the locks ([`Lock`]).

#![expect(clippy::disallowed_methods, reason = "only this crate uses std::fs")]

mod real;
pub mod faulty;
pub mod replace;
mod lock;
mod paths;
mod part;
mod process;
mod scratch;
mod slow;

use std::io::{self, Read};

pub use lock::Lock;
pub use part::PartFile;
pub use paths::{
    ReadFile, create_file, exists, free_bytes, is_folder, is_private, link, list, make_folder,
    make_shared_folder, read, read_text, remove, remove_folder, remove_tree, replace_file, replaceable,
    sync_folder,
};
pub use process::ProcessStats;
pub use real::RealDisk;
pub use scratch::Scratch;

/// The bytes of one read in [`AppendFile::append_all`].
const COPY_BYTES: usize = 64 << 10;

/// Who can read a new file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Only the owner: mode 0600.
    Owner,
    /// Every user of the machine: mode 0644.
    Everyone,
}

impl Access {
    #[must_use]
    pub fn mode(self) -> u32 {
        match self {
            Self::Owner => 0o600,
            Self::Everyone => 0o644,
        }
    }
}

/// The operations on the files of one folder.
pub trait Disk: Send + Sync {
    /// Creates a folder and its parents, for their owner only. Idempotent.
    fn create_folder(&self, folder: &str) -> io::Result<()>;
    /// The names of a folder's entries, without the folder, in any order.
    fn list(&self, folder: &str) -> io::Result<Vec<String>>;
    /// Creates a file that does not exist yet, and opens it for appending.
    fn create_for(&self, name: &str, access: Access) -> io::Result<Box<dyn AppendFile>>;
    /// Opens an existing file for appending.
    fn open_append(&self, name: &str) -> io::Result<Box<dyn AppendFile>>;
    /// The length of a file in bytes.
    fn len(&self, name: &str) -> io::Result<u64>;
    /// Reads at most `buffer.len()` bytes at `offset`. Returns 0 at the end of the file.
    fn read_at(&self, name: &str, offset: u64, buffer: &mut [u8]) -> io::Result<usize>;
    /// Cuts a file to `length` bytes. The cut is durable after the next `sync_data` of the file.
    fn truncate(&self, name: &str, length: u64) -> io::Result<()>;
    /// Rewrites bytes that the file already contains at `offset`. The next `sync_data` then makes these bytes
    /// durable, even if an earlier sync has failed.
    fn rewrite(&self, name: &str, offset: u64, bytes: &[u8]) -> io::Result<()>;
    /// Renames a file. Replaces the file `to` if it exists.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;
    /// Renames a file. Fails with `AlreadyExists` if `to` exists.
    fn rename_new(&self, from: &str, to: &str) -> io::Result<()>;
    fn remove(&self, name: &str) -> io::Result<()>;
    /// Makes created, renamed and removed names of a folder durable. `""` is the folder of the disk.
    fn sync_folder(&self, folder: &str) -> io::Result<()>;

    /// Creates a file that does not exist yet, readable only by its owner, and opens it for appending.
    fn create_new(&self, name: &str) -> io::Result<Box<dyn AppendFile>> {
        self.create_for(name, Access::Owner)
    }

    /// Reads `buffer.len()` bytes at `offset`, or fails with `UnexpectedEof`.
    fn read_exact_at(&self, name: &str, mut offset: u64, mut buffer: &mut [u8]) -> io::Result<()> {
        while !buffer.is_empty() {
            let read = self.read_at(name, offset, buffer)?;
            if read == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            offset += read as u64;
            buffer = buffer.get_mut(read..).unwrap_or_default();
        }
        Ok(())
    }

    /// Reads a whole file. Does not read bytes that are appended during the call.
    fn read(&self, name: &str) -> io::Result<Vec<u8>> {
        let length = usize::try_from(self.len(name)?).map_err(io::Error::other)?;
        let mut bytes = vec![0; length];
        self.read_exact_at(name, 0, &mut bytes)?;
        Ok(bytes)
    }

    /// Extends an existing file with zeros to `length` bytes, which reserves their space on the disk. On a
    /// full disk the file may become shorter than `length`. A longer file is not changed.
    fn allocate(&self, name: &str, length: u64) -> io::Result<()> {
        let mut file = self.open_append(name)?;
        let (mut have, zeros) = (self.len(name)?, vec![0; COPY_BYTES]);
        while have < length {
            let part = usize::try_from(length - have).unwrap_or(COPY_BYTES).min(COPY_BYTES);
            file.write_all(zeros.get(..part).unwrap_or_default())?;
            have += part as u64;
        }
        file.sync_data()
    }

    /// Replaces a file atomically, in a folder with one writer ([`replace::by_only_writer`]).
    fn replace_atomically(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        replace::by_only_writer(self, name, bytes)
    }
}

/// A file that is open for appending.
pub trait AppendFile: Send {
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()>;
    /// Makes the content and the length durable (`fdatasync`).
    fn sync_data(&mut self) -> io::Result<()>;
    /// Tries to lock the file until it is dropped or the process ends.
    fn lock(&mut self) -> io::Result<Lock>;

    /// Appends all remaining bytes of a reader. Returns their number.
    fn append_all(&mut self, from: &mut dyn Read) -> io::Result<u64> {
        let (mut length, mut chunk) = (0, vec![0; COPY_BYTES]);
        loop {
            let read = match from.read(&mut chunk) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                read => read?,
            };
            if read == 0 {
                return Ok(length);
            }
            self.write_all(chunk.get(..read).unwrap_or_default())?;
            length += read as u64;
        }
    }
}

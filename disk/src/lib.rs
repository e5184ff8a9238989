//! Files: the only crate that names `std::fs`.
//!
//! A [`Disk`] is one folder with the few file operations that papo needs, so that tests and the simulation can fail
//! them. Names are relative to the folder and use `/`. It is not a general file system: no reading of whole folders
//! into trees, no permissions but the owner's, no overwriting in place.

mod real;
pub mod faulty;

use std::io;

pub use real::RealDisk;

/// A data folder.
pub trait Disk: Send + Sync {
    /// Makes a folder, with those above it; fine when it is there.
    fn create_folder(&self, folder: &str) -> io::Result<()>;
    /// The names of the entries of a folder, without the folder, in any order.
    fn list(&self, folder: &str) -> io::Result<Vec<String>>;
    /// Makes a file that was not there, readable by the owner only, and opens it for appending.
    fn create_new(&self, name: &str) -> io::Result<Box<dyn AppendFile>>;
    /// Opens a file that is there for appending.
    fn open_append(&self, name: &str) -> io::Result<Box<dyn AppendFile>>;
    /// The length of a file in bytes.
    fn len(&self, name: &str) -> io::Result<u64>;
    /// Reads at most `buffer.len()` bytes from `offset` on; 0 is the end of the file.
    fn read_at(&self, name: &str, offset: u64, buffer: &mut [u8]) -> io::Result<usize>;
    /// Cuts a file to `length` bytes. The next `sync_data` of the file makes it last.
    fn truncate(&self, name: &str, length: u64) -> io::Result<()>;
    /// Writes what a file holds from `offset` on once more, so that the next `sync_data` brings it to the medium even
    /// if an earlier one has failed and the system has taken it for written since.
    fn rewrite(&self, name: &str, offset: u64, bytes: &[u8]) -> io::Result<()>;
    /// Renames a file, in place of one that may be there.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;
    /// Removes a file.
    fn remove(&self, name: &str) -> io::Result<()>;
    /// Makes created, renamed and removed names in a folder last; `""` is the data folder itself.
    fn sync_folder(&self, folder: &str) -> io::Result<()>;

    /// Fills `buffer` from `offset` on, or fails with `UnexpectedEof`.
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

    /// A whole file, as long as it is now; what a running server appends meanwhile is not read.
    fn read(&self, name: &str) -> io::Result<Vec<u8>> {
        let length = usize::try_from(self.len(name)?).map_err(io::Error::other)?;
        let mut bytes = vec![0; length];
        self.read_exact_at(name, 0, &mut bytes)?;
        Ok(bytes)
    }

    /// Puts `bytes` in place of a file, so that after a crash there is the old content or the new, never a mixture:
    /// a temporary file beside it, synced, renamed, and the folder synced. When it fails, for want of space maybe, the
    /// temporary file takes none.
    fn replace_atomically(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let temporary = format!("{name}.tmp");
        match self.remove(&temporary) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            // A leftover of a crash is gone, or there was none.
            Ok(()) | Err(_) => {}
        }
        let mut file = self.create_new(&temporary)?;
        let written = file.write_all(bytes).and_then(|()| file.sync_data());
        written.inspect_err(|_| {
            // Where not even this is possible, the next time tries it again.
            let _is_gone = self.remove(&temporary);
        })?;
        self.rename(&temporary, name)?;
        self.sync_folder(name.rsplit_once('/').map_or("", |(folder, _)| folder))
    }
}

/// A file that only grows.
pub trait AppendFile: Send {
    /// Appends all of `bytes`.
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()>;
    /// Returns when the content and length are on the medium (`fdatasync`).
    fn sync_data(&mut self) -> io::Result<()>;
}

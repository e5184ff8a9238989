//! The few file operations that the journal and the snapshots need, so that tests and the simulation can fail them.
//!
//! Names are relative to the data folder and use `/`. It is not a general file system: no reading of whole folders
//! into trees, no permissions but the owner's, no overwriting in place.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, FileExt as _, OpenOptionsExt as _};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

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

/// Files kept open for reading: 128 segments with their indexes, which are 20 million messages of 300 bytes. Of a larger log
/// the segments read last.
const READERS_MAX: usize = 256;

/// A folder of the operating system.
#[derive(Debug)]
pub struct RealDisk {
    folder: PathBuf,
    readers: Mutex<Readers>,
}

/// Files that are open.
#[derive(Debug, Default)]
struct Readers {
    files: HashMap<String, Reader>,
    /// How often one was asked for.
    uses: u64,
}

#[derive(Debug)]
struct Reader {
    file: Arc<File>,
    /// When it was asked for last, in uses of all.
    used: u64,
}

impl Readers {
    fn get(&mut self, name: &str) -> Option<Arc<File>> {
        self.uses += 1;
        let reader = self.files.get_mut(name)?;
        reader.used = self.uses;
        Some(Arc::clone(&reader.file))
    }

    /// Keeps a file in place of the one that was not asked for longest.
    fn keep(&mut self, name: &str, file: Arc<File>) {
        if self.files.len() >= READERS_MAX
            && let Some((oldest, _)) = self.files.iter().min_by_key(|(_, reader)| reader.used)
        {
            let oldest = oldest.clone();
            self.files.remove(&oldest);
        }
        self.files.insert(name.to_owned(), Reader { file, used: self.uses });
    }
}

impl RealDisk {
    /// The data folder; it need not be there yet.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into(), readers: Mutex::default() }
    }

    /// A file opened for reading, now or before.
    fn reader(&self, name: &str) -> io::Result<Arc<File>> {
        let mut readers = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(file) = readers.get(name) {
            return Ok(file);
        }
        let file = Arc::new(self.open(name)?);
        readers.keep(name, Arc::clone(&file));
        Ok(file)
    }

    /// A name is about to mean another file, or none.
    fn forget_readers(&self) {
        self.readers.lock().unwrap_or_else(PoisonError::into_inner).files.clear();
    }

    /// `""` is the data folder itself, without the slash that joining an empty name would add.
    fn path(&self, name: &str) -> PathBuf {
        if name.is_empty() { self.folder.clone() } else { self.folder.join(name) }
    }

    fn open(&self, name: &str) -> io::Result<File> {
        OpenOptions::new().read(true).open(self.path(name))
    }
}

impl Disk for RealDisk {
    fn create_folder(&self, folder: &str) -> io::Result<()> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(self.path(folder))
    }

    fn list(&self, folder: &str) -> io::Result<Vec<String>> {
        let name = |entry: io::Result<fs::DirEntry>| Ok(entry?.file_name().to_string_lossy().into_owned());
        fs::read_dir(self.path(folder))?.map(name).collect()
    }

    fn create_new(&self, name: &str) -> io::Result<Box<dyn AppendFile>> {
        let file = OpenOptions::new().append(true).create_new(true).mode(0o600).open(self.path(name))?;
        Ok(Box::new(file))
    }

    fn open_append(&self, name: &str) -> io::Result<Box<dyn AppendFile>> {
        Ok(Box::new(OpenOptions::new().append(true).open(self.path(name))?))
    }

    fn len(&self, name: &str) -> io::Result<u64> {
        Ok(fs::metadata(self.path(name))?.len())
    }

    fn read_at(&self, name: &str, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        self.reader(name)?.read_at(buffer, offset)
    }

    fn truncate(&self, name: &str, length: u64) -> io::Result<()> {
        OpenOptions::new().write(true).open(self.path(name))?.set_len(length)
    }

    fn rewrite(&self, name: &str, offset: u64, bytes: &[u8]) -> io::Result<()> {
        OpenOptions::new().write(true).open(self.path(name))?.write_all_at(bytes, offset)
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        fs::rename(self.path(from), self.path(to)).inspect(|()| self.forget_readers())
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        fs::remove_file(self.path(name)).inspect(|()| self.forget_readers())
    }

    fn sync_folder(&self, folder: &str) -> io::Result<()> {
        self.open(folder)?.sync_all()
    }
}

impl AppendFile for File {
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        io::Write::write_all(self, bytes)
    }

    fn sync_data(&mut self) -> io::Result<()> {
        File::sync_data(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_that_was_not_read_longest_is_closed() {
        let folder = tempfile::tempdir().expect("a folder");
        let disk = RealDisk::new(folder.path());
        let name = |number: usize| format!("{number}.log");
        for number in 0..=READERS_MAX {
            disk.create_new(&name(number)).and_then(|mut file| file.write_all(b"x")).expect("a file");
        }
        let read = |number| disk.read(&name(number)).expect("content");
        (0..READERS_MAX).chain([0, READERS_MAX]).for_each(|number| assert_eq!(read(number), b"x"));
        let readers = disk.readers.lock().expect("readers");
        assert_eq!(readers.files.len(), READERS_MAX);
        let is_open = |number| readers.files.contains_key(&name(number));
        assert_eq!([0, 1, READERS_MAX].map(is_open), [true, false, true]);
    }
}

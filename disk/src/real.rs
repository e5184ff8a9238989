//! A folder of the operating system.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, FileExt as _, OpenOptionsExt as _};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use super::{AppendFile, Disk};

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

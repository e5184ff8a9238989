//! A folder of the operating system.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rustix::fs::{FallocateFlags, fallocate};
use rustix::io::Errno;

use super::{Access, AppendFile, COPY_BYTES, Disk, Lock, lock, paths, slow};

/// The maximum number of files that stay open for reading: 128 segments with their indexes, which contain 20
/// million messages of 300 bytes.
const READERS_MAX: usize = 256;

/// A folder of the operating system.
#[derive(Debug)]
pub struct RealDisk {
    folder: PathBuf,
    readers: Mutex<Readers>,
    /// A readable name and the real name, which may not be UTF-8 ([`RealDisk::parent_of`]).
    alias: Option<(String, OsString)>,
}

/// The files that are open for reading.
#[derive(Debug, Default)]
struct Readers {
    files: HashMap<String, Reader>,
    /// The number of reads so far.
    uses: u64,
}

#[derive(Debug)]
struct Reader {
    file: Arc<File>,
    /// The value of `uses` at the last read.
    used: u64,
}

impl Readers {
    fn get(&mut self, name: &str) -> Option<Arc<File>> {
        self.uses += 1;
        let reader = self.files.get_mut(name)?;
        reader.used = self.uses;
        Some(Arc::clone(&reader.file))
    }

    /// Keeps a file open. If the limit is reached, closes the file that was not read for the longest time.
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
    /// The folder may not exist yet.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into(), readers: Mutex::default(), alias: None }
    }

    /// The folder of a file, and the name of the file. If the name is not UTF-8, returns a readable name that
    /// the disk translates to the real name. Fails with `InvalidInput` if the path has no file name.
    pub fn parent_of(file: &Path) -> io::Result<(Self, String)> {
        let name = file.file_name().ok_or(io::ErrorKind::InvalidInput)?;
        let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let readable = name.to_string_lossy().into_owned();
        let alias = Some((readable.clone(), name.to_owned()));
        Ok((Self { alias, ..Self::new(folder) }, readable))
    }

    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Opens a file for appending. If the file does not exist, creates it for its owner.
    pub fn open_or_create(&self, name: &str) -> io::Result<Box<dyn AppendFile>> {
        self.append(name, OpenOptions::new().create(true).mode(0o600))
    }

    fn append(&self, name: &str, options: &mut OpenOptions) -> io::Result<Box<dyn AppendFile>> {
        let path = self.path(name);
        Ok(Box::new(RealFile { file: options.append(true).open(&path)?, path }))
    }

    /// A file that is open for reading.
    fn reader(&self, name: &str) -> io::Result<Arc<File>> {
        let mut readers = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(file) = readers.get(name) {
            return Ok(file);
        }
        let file = Arc::new(OpenOptions::new().read(true).open(self.path(name))?);
        readers.keep(name, Arc::clone(&file));
        Ok(file)
    }

    /// Closes the readers after a file was renamed or removed.
    fn close_readers(&self) {
        self.readers.lock().unwrap_or_else(PoisonError::into_inner).files.clear();
    }

    /// The path of a name. `""` is the folder of the disk; joining an empty name would add a slash.
    fn path(&self, name: &str) -> PathBuf {
        match &self.alias {
            Some((readable, real)) if readable == name => self.folder.join(real),
            Some(_) | None if name.is_empty() => self.folder.clone(),
            Some(_) | None => self.folder.join(name),
        }
    }
}

fn write_zeros(file: &File, mut have: u64, length: u64) -> io::Result<()> {
    let zeros = vec![0; COPY_BYTES];
    while have < length {
        let part = usize::try_from(length - have).unwrap_or(COPY_BYTES).min(COPY_BYTES);
        file.write_all_at(zeros.get(..part).unwrap_or_default(), have)?;
        have += part as u64;
    }
    file.sync_data()
}

impl Disk for RealDisk {
    fn create_folder(&self, folder: &str) -> io::Result<()> {
        paths::make_folder(&self.path(folder))
    }

    fn list(&self, folder: &str) -> io::Result<Vec<String>> {
        paths::list(&self.path(folder))
    }

    fn create_for(&self, name: &str, access: Access) -> io::Result<Box<dyn AppendFile>> {
        self.append(name, OpenOptions::new().create_new(true).mode(access.mode()))
    }

    fn open_append(&self, name: &str) -> io::Result<Box<dyn AppendFile>> {
        self.append(name, &mut OpenOptions::new())
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

    fn allocate(&self, name: &str, length: u64) -> io::Result<()> {
        let have = self.len(name)?;
        if have >= length {
            return Ok(());
        }
        let file = OpenOptions::new().write(true).open(self.path(name))?;
        match fallocate(&file, FallocateFlags::empty(), have, length - have) {
            Ok(()) => file.sync_data(),
            // The file system cannot allocate, so zeros are written.
            Err(Errno::OPNOTSUPP | Errno::NOSYS) => write_zeros(&file, have, length),
            Err(error) => Err(error.into()),
        }
    }

    fn rewrite(&self, name: &str, offset: u64, bytes: &[u8]) -> io::Result<()> {
        OpenOptions::new().write(true).open(self.path(name))?.write_all_at(bytes, offset)
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        fs::rename(self.path(from), self.path(to)).inspect(|()| self.close_readers())
    }

    fn rename_new(&self, from: &str, to: &str) -> io::Result<()> {
        paths::rename_new(&self.path(from), &self.path(to)).inspect(|()| self.close_readers())
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        fs::remove_file(self.path(name)).inspect(|()| self.close_readers())
    }

    fn sync_folder(&self, folder: &str) -> io::Result<()> {
        paths::sync_folder(&self.path(folder))
    }
}

struct RealFile {
    file: File,
    path: PathBuf,
}

impl AppendFile for RealFile {
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        io::Write::write_all(&mut self.file, bytes)
    }

    fn sync_data(&mut self) -> io::Result<()> {
        slow::delay_sync();
        self.file.sync_data()
    }

    fn lock(&mut self) -> io::Result<Lock> {
        lock::lock(&self.file, &self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_that_was_not_read_for_the_longest_time_is_closed() {
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

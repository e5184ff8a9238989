//! The few file operations that the outbox needs, so that tests can fail them.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::PathBuf;

use uuid::Uuid;

/// How often a new file is tried: another process may take it for an abandoned one before it is locked.
const CREATE_ATTEMPTS_MAX: u32 = 3;

/// A folder whose files are each held by at most one process.
pub(crate) trait Folder: Send {
    /// The names of all files; none when there is no folder.
    fn list(&self) -> io::Result<Vec<String>>;
    /// Makes a file under a name that is greater than all earlier ones, and holds it.
    fn create(&self) -> io::Result<(String, Box<dyn LockedFile>)>;
    /// Holds a file; nothing when another process does, or when it is gone.
    fn lock(&self, name: &str) -> io::Result<Option<Box<dyn LockedFile>>>;
    /// Removes a file that this process holds.
    fn remove(&self, name: &str) -> io::Result<()>;
    /// Returns when the names of new files are on the medium.
    fn sync(&self) -> io::Result<()>;
}

/// A file that this process holds, until it is dropped or the process ends.
pub(crate) trait LockedFile: Send {
    /// All of it.
    fn read(&mut self) -> io::Result<Vec<u8>>;
    /// Writes at its end.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()>;
    /// Cuts it.
    fn truncate(&mut self, length: u64) -> io::Result<()>;
    /// Returns when it is on the medium.
    fn sync(&mut self) -> io::Result<()>;
}

/// A folder of the person's own, of mode 0700, with files of mode 0600.
pub(crate) struct OwnFolder(PathBuf);

impl OwnFolder {
    /// It is made when first needed.
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self(folder)
    }
}

impl Folder for OwnFolder {
    fn list(&self) -> io::Result<Vec<String>> {
        let entries = match fs::read_dir(&self.0) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect()
    }

    fn create(&self) -> io::Result<(String, Box<dyn LockedFile>)> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.0)?;
        for _ in 0..CREATE_ATTEMPTS_MAX {
            let name = format!("{}.jsonl", Uuid::now_v7());
            OpenOptions::new().write(true).create_new(true).mode(0o600).open(self.0.join(&name))?;
            if let Some(file) = self.lock(&name)? {
                return Ok((name, file));
            }
        }
        Err(io::Error::other("another process takes the files away"))
    }

    fn lock(&self, name: &str) -> io::Result<Option<Box<dyn LockedFile>>> {
        let path = self.0.join(name);
        let file = match OpenOptions::new().read(true).append(true).open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(error),
        }
        // Whoever held it may have removed it between our opening and locking it.
        let is_there = fs::metadata(&path).is_ok_and(|named| {
            file.metadata().is_ok_and(|ours| (named.dev(), named.ino()) == (ours.dev(), ours.ino()))
        });
        Ok(is_there.then(|| Box::new(file) as Box<dyn LockedFile>))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        fs::remove_file(self.0.join(name))
    }

    fn sync(&self) -> io::Result<()> {
        OpenOptions::new().read(true).open(&self.0)?.sync_all()
    }
}

impl LockedFile for File {
    fn read(&mut self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.rewind()?;
        self.read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.write_all(bytes)
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        self.set_len(length)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.sync_data()
    }
}

//! Functions for files at any path: files that users name, and files that a simulation does not contain.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, FileExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;

use crate::replace::Temporary;
use crate::{Access, RealDisk};

/// A file that is open for reading.
#[derive(Debug)]
pub struct ReadFile(File);

impl ReadFile {
    pub fn open(path: &Path) -> io::Result<Self> {
        OpenOptions::new().read(true).open(path).map(Self)
    }

    /// Opens a regular file; `None` if the path is not a regular file. The type is checked before the file is
    /// opened, because opening a FIFO waits for its writer.
    pub fn open_regular(path: &Path) -> io::Result<Option<Self>> {
        if fs::metadata(path)?.is_file() { Self::open(path).map(Some) } else { Ok(None) }
    }

    /// The length in bytes.
    pub fn length(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }

    /// Reads at most `buffer.len()` bytes at `offset`. Returns 0 at the end of the file.
    pub fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.0.read_at(buffer, offset)
    }

    /// Reads `buffer.len()` bytes at `offset`, or fails with `UnexpectedEof`.
    pub fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        self.0.read_exact_at(buffer, offset)
    }
}

impl Read for ReadFile {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

pub fn read(path: &Path) -> io::Result<Vec<u8>> {
    fs::read(path)
}

/// Reads a text file. Fails with `InvalidData` if it is not UTF-8.
pub fn read_text(path: &Path) -> io::Result<String> {
    fs::read_to_string(path)
}

/// Whether a file or a folder exists at a path.
#[must_use]
pub fn exists(path: &Path) -> bool {
    path.exists()
}

#[must_use]
pub fn is_folder(path: &Path) -> bool {
    path.is_dir()
}

/// Whether only the owner can read or write a file.
pub fn is_private(path: &Path) -> io::Result<bool> {
    Ok(fs::metadata(path)?.permissions().mode() & 0o077 == 0)
}

/// Creates a folder and its parents with mode 0700, for their owner only. Idempotent.
pub fn make_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Creates a folder and its parents with default permissions. Idempotent.
pub fn make_shared_folder(path: &Path) -> io::Result<()> {
    fs::create_dir_all(path)
}

/// The names of a folder's entries, in any order.
pub fn list(path: &Path) -> io::Result<Vec<String>> {
    let name = |entry: io::Result<fs::DirEntry>| Ok(entry?.file_name().to_string_lossy().into_owned());
    fs::read_dir(path)?.map(name).collect()
}

pub fn remove(path: &Path) -> io::Result<()> {
    fs::remove_file(path)
}

/// Removes an empty folder.
pub fn remove_folder(path: &Path) -> io::Result<()> {
    fs::remove_dir(path)
}

/// Removes a folder and everything in it. Idempotent.
pub fn remove_tree(path: &Path) -> io::Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Gives a file a second name. Fails with `AlreadyExists` if the second name is taken.
pub fn link(from: &Path, to: &Path) -> io::Result<()> {
    fs::hard_link(from, to)
}

/// Renames a file. Fails with `AlreadyExists` if `to` exists.
pub(crate) fn rename_new(from: &Path, to: &Path) -> io::Result<()> {
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        // The file system does not support the flag. `link` also fails if the name is taken.
        Err(Errno::INVAL | Errno::NOSYS) => link(from, to).and_then(|()| remove(from)),
        renamed => Ok(renamed?),
    }
}

/// Makes created, renamed and removed names of a folder durable.
pub fn sync_folder(path: &Path) -> io::Result<()> {
    OpenOptions::new().read(true).open(path)?.sync_all()
}

/// The bytes that a process of this user can still write to the file system of a path.
pub fn free_bytes(path: &Path) -> io::Result<u64> {
    let system = rustix::fs::statvfs(path)?;
    Ok(system.f_bavail.saturating_mul(system.f_frsize))
}

/// The regular file that a write to `path` replaces; it may not exist yet. Follows links, because a rename
/// would replace the link. Fails if another kind of file, such as a FIFO or a device, has this path.
///
/// Another process can create or replace the file at any moment, so the name is looked up once.
pub fn replaceable(path: &Path) -> io::Result<PathBuf> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(path.to_owned()),
        Err(error) => Err(error),
        Ok(metadata) if metadata.is_symlink() => replaceable_target(path),
        Ok(metadata) => regular_file(path.to_owned(), &metadata),
    }
}

fn replaceable_target(link: &Path) -> io::Result<PathBuf> {
    let target = fs::canonicalize(link).map_err(|error| {
        if error.kind() != io::ErrorKind::NotFound {
            return error;
        }
        io::Error::new(io::ErrorKind::InvalidInput, "it is a link to a file that does not exist")
    })?;
    let metadata = fs::metadata(&target)?;
    regular_file(target, &metadata)
}

fn regular_file(path: PathBuf, metadata: &fs::Metadata) -> io::Result<PathBuf> {
    if metadata.is_file() {
        return Ok(path);
    }
    Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file"))
}

/// Replaces a [`replaceable`] file atomically, in a folder to which other threads and processes may write.
pub fn replace_file(path: &Path, bytes: &[u8], access: Access) -> io::Result<()> {
    let (disk, name) = RealDisk::parent_of(&replaceable(path)?)?;
    let mut temporary = Temporary::create(&disk, "", access)?;
    temporary.write_all(bytes)?;
    temporary.replace(&name)
}

/// Creates a file atomically. Fails with `AlreadyExists` if the name is taken.
pub fn create_file(path: &Path, bytes: &[u8], access: Access) -> io::Result<()> {
    let (disk, name) = RealDisk::parent_of(path)?;
    let mut temporary = Temporary::create(&disk, "", access)?;
    temporary.write_all(bytes)?;
    temporary.place_new(&name)
}

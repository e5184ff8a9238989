//! Atomic replacement of a file. After a crash, the file has its old content or its new content, never a
//! mixture.
//!
//! 1. Write a temporary file in the same folder.
//! 2. Sync it.
//! 3. Rename it to the final name.
//! 4. Sync the folder.
//!
//! If step 1, 2 or 3 fails, the temporary file is removed.

use std::io::{self, Write};

use crate::{Access, AppendFile, Disk};

/// A file under a temporary name. Dropping the value removes the file if it has no final name.
pub struct Temporary<'d, D: Disk + ?Sized> {
    disk: &'d D,
    name: String,
    file: Box<dyn AppendFile>,
    is_placed: bool,
}

impl<'d, D: Disk + ?Sized> Temporary<'d, D> {
    /// Creates a file in a folder to which other threads and processes write. The temporary name is random,
    /// because process ids are not unique: in containers, the id is usually 1.
    pub fn create(disk: &'d D, folder: &str, access: Access) -> io::Result<Self> {
        let mut random = [0; 8];
        getrandom::fill(&mut random).map_err(io::Error::other)?;
        let name = format!(".{:016x}.tmp", u64::from_ne_bytes(random));
        let name = if folder.is_empty() { name } else { format!("{folder}/{name}") };
        Self::named(disk, name, access)
    }

    /// Creates a file with this temporary name, in a folder to which no other thread or process writes.
    /// Removes a temporary file that a crash left.
    pub fn of_only_writer(disk: &'d D, name: &str, access: Access) -> io::Result<Self> {
        match disk.remove(name) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
        Self::named(disk, name.to_owned(), access)
    }

    /// Makes the content durable under the temporary name, so that it can be read and checked.
    pub fn sync(&mut self) -> io::Result<()> {
        self.file.sync_data()
    }

    fn named(disk: &'d D, name: String, access: Access) -> io::Result<Self> {
        let file = disk.create_for(&name, access)?;
        Ok(Self { disk, name, file, is_placed: false })
    }

    /// Gives the file its final name. Replaces an existing file with this name.
    pub fn replace(mut self, name: &str) -> io::Result<()> {
        self.file.sync_data()?;
        self.disk.rename(&self.name, name)?;
        self.finish(name)
    }

    /// Gives the file its final name. Fails with `AlreadyExists` if the name is taken. The caller can then
    /// try another name.
    pub fn place_new(&mut self, name: &str) -> io::Result<()> {
        self.file.sync_data()?;
        self.disk.rename_new(&self.name, name)?;
        self.finish(name)
    }

    fn finish(&mut self, name: &str) -> io::Result<()> {
        self.is_placed = true;
        self.disk.sync_folder(name.rsplit_once('/').map_or("", |(folder, _)| folder))
    }
}

impl<D: Disk + ?Sized> Write for Temporary<'_, D> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write_all(bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<D: Disk + ?Sized> Drop for Temporary<'_, D> {
    fn drop(&mut self) {
        if !self.is_placed {
            // A remaining temporary file is never read.
            let _removed = self.disk.remove(&self.name);
        }
    }
}

/// Replaces a file atomically, in a folder to which no other thread or process writes. The name of the
/// temporary file is fixed, so the next replacement removes a temporary file that a crash left.
pub fn by_only_writer<D: Disk + ?Sized>(disk: &D, name: &str, bytes: &[u8]) -> io::Result<()> {
    let mut temporary = Temporary::of_only_writer(disk, &format!("{name}.tmp"), Access::Owner)?;
    temporary.write_all(bytes)?;
    temporary.replace(name)
}

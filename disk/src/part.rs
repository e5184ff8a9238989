//! An incomplete file. One process at a time appends to the file, until the file gets its final name.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use crate::lock::{Lock, lock};
use crate::paths::rename_new;

/// An incomplete file that this process has locked, readable only by its owner.
#[derive(Debug)]
pub struct PartFile {
    file: File,
    path: PathBuf,
}

impl PartFile {
    /// Opens an incomplete file, or creates an empty file. Returns `None` if another process holds the lock.
    ///
    /// If the file has a second name, or the path is a symbolic link, the file is complete: an earlier
    /// process crashed after it had linked the final name. The path then gets a new empty file.
    pub fn open(path: &Path) -> io::Result<Option<Self>> {
        let part = Self::open_with(OpenOptions::new().create(true), path)?;
        match lock(&part.file, path).unwrap_or(Lock::Busy) {
            Lock::Busy => return Ok(None),
            Lock::Held if part.has_no_other_name()? => return Ok(Some(part)),
            Lock::Held => fs::remove_file(path)?,
            Lock::Gone => {}
        }
        match Self::open_with(OpenOptions::new().create_new(true), path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(None),
            Err(error) => Err(error),
            Ok(part) => {
                let is_held = lock(&part.file, path).is_ok_and(|outcome| outcome == Lock::Held);
                Ok(is_held.then_some(part))
            }
        }
    }

    fn open_with(options: &mut OpenOptions, path: &Path) -> io::Result<Self> {
        let file = options.append(true).mode(0o600).open(path)?;
        Ok(Self { file, path: path.to_owned() })
    }

    fn has_no_other_name(&self) -> io::Result<bool> {
        let (opened, named) = (self.file.metadata()?, fs::symlink_metadata(&self.path)?);
        Ok(opened.nlink() == 1 && named.ino() == opened.ino())
    }

    /// The length in bytes.
    pub fn length(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    pub fn clear(&self) -> io::Result<()> {
        self.file.set_len(0)
    }

    pub fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)
    }

    /// Makes the content durable.
    pub fn sync(&self) -> io::Result<()> {
        self.file.sync_all()
    }

    /// Gives the file its final name. Fails with `AlreadyExists` if the name is taken. The caller can then
    /// try another name.
    pub fn place_new(&self, path: &Path) -> io::Result<()> {
        rename_new(&self.path, path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_with_its_final_name_is_not_changed_and_a_new_part_file_is_empty() {
        let folder = tempfile::tempdir().expect("a folder");
        let (path, complete) = (folder.path().join(".part"), folder.path().join("alice_a.txt"));
        let write = |bytes: &[u8]| {
            let mut part = PartFile::open(&path).expect("opened").expect("no other holder");
            part.append(bytes).expect("written");
            part.length().expect("a length")
        };
        assert_eq!(write(b"he"), 2);
        assert_eq!(write(b"llo"), 5, "the second process continues");
        fs::hard_link(&path, &complete).expect("a link");
        assert_eq!(write(b"new"), 3);
        assert_eq!(crate::read(&complete).expect("read"), b"hello");
        fs::remove_file(&path).expect("removed");
        std::os::unix::fs::symlink(&complete, &path).expect("a symbolic link");
        assert_eq!(write(b"newer"), 5);
        assert_eq!(crate::read(&complete).expect("read"), b"hello");
    }

    #[test]
    fn only_one_holder_can_open_a_part_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(".part");
        let first = PartFile::open(&path).expect("opened");
        assert!(first.is_some() && PartFile::open(&path).expect("opened").is_none());
        drop(first);
        assert!(PartFile::open(&path).expect("opened").is_some());
    }

    #[test]
    fn the_final_name_never_replaces_a_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let (path, taken) = (folder.path().join(".part"), folder.path().join("taken"));
        crate::replace_file(&taken, b"mine", crate::Access::Owner).expect("written");
        let dangling = folder.path().join("dangling");
        std::os::unix::fs::symlink("/nowhere", &dangling).expect("a symbolic link");
        let part = PartFile::open(&path).expect("opened").expect("no other holder");
        for name in [&taken, &dangling] {
            let error = part.place_new(name).expect_err("the name is taken");
            assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
        }
        assert_eq!(crate::read(&taken).expect("read"), b"mine");
        part.place_new(&folder.path().join("free")).expect("placed");
        assert!(!crate::exists(&path));
    }
}

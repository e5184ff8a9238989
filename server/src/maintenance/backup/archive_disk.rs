//! The members of an archive as a folder that can be read. So the code that reads a data folder also checks
//! an archive, without unpacking it.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::sync::Arc;

use disk::{Access, AppendFile, Disk};

/// A part of a file, from its beginning to its end, for readers of a stream.
pub(super) struct Stream<'d> {
    disk: &'d dyn Disk,
    name: &'d str,
    offset: u64,
}

impl<'d> Stream<'d> {
    pub(super) fn new(disk: &'d dyn Disk, name: &'d str) -> Self {
        Self { disk, name, offset: 0 }
    }
}

impl Read for Stream<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.disk.read_at(self.name, self.offset, buffer)?;
        self.offset += read as u64;
        Ok(read)
    }
}

/// A member of an archive.
#[derive(Debug, Clone, Copy)]
pub(super) struct Extent {
    /// The position of its first byte in the archive.
    pub(super) offset: u64,
    pub(super) length: u64,
}

/// The members of an archive, which cannot be changed.
pub(super) struct ArchiveDisk {
    disk: Arc<dyn Disk>,
    /// The name of the archive.
    archive: String,
    members: BTreeMap<String, Extent>,
}

impl ArchiveDisk {
    pub(super) fn new(disk: Arc<dyn Disk>, archive: &str, members: BTreeMap<String, Extent>) -> Self {
        Self { disk, archive: archive.to_owned(), members }
    }

    fn extent(&self, name: &str) -> io::Result<Extent> {
        self.members.get(name).copied().ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

fn read_only<T>() -> io::Result<T> {
    Err(io::ErrorKind::ReadOnlyFilesystem.into())
}

impl Disk for ArchiveDisk {
    fn list(&self, folder: &str) -> io::Result<Vec<String>> {
        let inside = |name: &String| {
            let name = if folder.is_empty() { name } else { name.strip_prefix(folder)?.strip_prefix('/')? };
            name.split('/').next().map(str::to_owned)
        };
        let mut names: Vec<_> = self.members.keys().filter_map(inside).collect();
        names.dedup();
        Ok(names)
    }

    fn len(&self, name: &str) -> io::Result<u64> {
        Ok(self.extent(name)?.length)
    }

    fn read_at(&self, name: &str, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let extent = self.extent(name)?;
        let left = usize::try_from(extent.length.saturating_sub(offset)).unwrap_or(usize::MAX);
        let length = left.min(buffer.len());
        let part = buffer.get_mut(..length).unwrap_or_default();
        self.disk.read_at(&self.archive, extent.offset.saturating_add(offset), part)
    }

    fn create_folder(&self, _: &str) -> io::Result<()> {
        read_only()
    }

    fn create_for(&self, _: &str, _: Access) -> io::Result<Box<dyn AppendFile>> {
        read_only()
    }

    fn open_append(&self, _: &str) -> io::Result<Box<dyn AppendFile>> {
        read_only()
    }

    fn truncate(&self, _: &str, _: u64) -> io::Result<()> {
        read_only()
    }

    fn rewrite(&self, _: &str, _: u64, _: &[u8]) -> io::Result<()> {
        read_only()
    }

    fn rename(&self, _: &str, _: &str) -> io::Result<()> {
        read_only()
    }

    fn rename_new(&self, _: &str, _: &str) -> io::Result<()> {
        read_only()
    }

    fn remove(&self, _: &str) -> io::Result<()> {
        read_only()
    }

    fn sync_folder(&self, _: &str) -> io::Result<()> {
        read_only()
    }
}

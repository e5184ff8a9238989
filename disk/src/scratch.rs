//! A temporary file without a name.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::Path;

/// A file that only this process can reach. The system removes its content when the value is dropped or the
/// process ends, also after a crash.
#[derive(Debug)]
pub struct Scratch(File);

impl Scratch {
    /// Creates an empty file on the file system of a folder.
    pub fn create(folder: &Path) -> io::Result<Self> {
        let mut random = [0; 8];
        getrandom::fill(&mut random).map_err(io::Error::other)?;
        let path = folder.join(format!(".{:016x}.scratch", u64::from_ne_bytes(random)));
        let file = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(&path)?;
        fs::remove_file(&path)?;
        Ok(Self(file))
    }

    pub fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.0.write_all_at(bytes, offset)
    }

    /// Reads `buffer.len()` bytes at `offset`, or fails with `UnexpectedEof`.
    pub fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        self.0.read_exact_at(buffer, offset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_has_no_name_and_keeps_its_bytes() {
        let folder = tempfile::tempdir().expect("a folder");
        let scratch = Scratch::create(folder.path()).expect("created");
        scratch.write_at(b"world", 6).expect("written");
        scratch.write_at(b"hello ", 0).expect("written");
        let mut read = [0; 11];
        scratch.read_exact_at(&mut read, 0).expect("read");
        assert_eq!(&read, b"hello world");
        assert_eq!(crate::list(folder.path()).expect("a list").len(), 0);
        let beyond = scratch.read_exact_at(&mut read, 1).expect_err("beyond the end");
        assert_eq!(beyond.kind(), io::ErrorKind::UnexpectedEof);
    }
}

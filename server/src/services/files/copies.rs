//! Copies of file contents from other nodes of the cluster. A content arrives in parts, which are appended to
//! a file next to the uploads. The complete file is synced, hashed, and renamed to its hash, like an upload.

use std::io;

use common::ContentHash;

use super::folder::{Folder, UPLOADS, content_path, none_if_missing};
use crate::storage::data_folder::FILES_FOLDER;

/// What a request needs from the other nodes of the cluster before it can be answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// The content on this disk.
    Here(Content),
    /// The content on the disk of one other node.
    Elsewhere(Content),
}

/// A file content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Content {
    pub sha256: ContentHash,
    pub bytes: u64,
}

impl Folder {
    /// Whether a content with the right length exists. Its name is durable afterwards.
    pub fn has_copy(&self, content: Content) -> io::Result<bool> {
        let path = content_path(&content.sha256);
        if none_if_missing(self.disk().len(&path))? != Some(content.bytes) {
            return Ok(false);
        }
        self.disk().sync_folder(folder_of(&path))?;
        Ok(true)
    }

    /// Appends a part of a content from another node. The first part begins the file again.
    pub fn append_copy(&self, sha256: &ContentHash, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let path = copy_path(sha256);
        if offset == 0 {
            none_if_missing(self.disk().remove(&path))?;
            return self.disk().create_new(&path)?.write_all(bytes);
        }
        if self.disk().len(&path)? != offset {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.disk().open_append(&path)?.write_all(bytes)
    }

    /// Makes a complete copy durable. Returns false, and discards the copy, if it has another hash.
    pub fn finish_copy(&self, content: Content) -> io::Result<bool> {
        let (part, path) = (copy_path(&content.sha256), content_path(&content.sha256));
        self.disk().open_append(&part)?.sync_data()?;
        if self.hash(&part, content.bytes)? != content.sha256 {
            self.disk().remove(&part)?;
            return Ok(false);
        }
        let folder = folder_of(&path);
        self.disk().create_folder(folder)?;
        self.disk().sync_folder(FILES_FOLDER)?;
        self.disk().rename(&part, &path)?;
        self.disk().sync_folder(folder)?;
        Ok(true)
    }

    /// Reads a part of a content for another node; `None` if this node does not have it.
    pub fn read_copy(&self, sha256: &ContentHash, offset: u64, length: usize) -> io::Result<Option<Vec<u8>>> {
        let path = content_path(sha256);
        if none_if_missing(self.disk().len(&path))?.is_none() {
            return Ok(None);
        }
        let mut bytes = vec![0; length];
        let read = self.disk().read_exact_at(&path, offset, &mut bytes);
        Ok(none_if_missing(read)?.map(|()| bytes))
    }
}

fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or(FILES_FOLDER, |(folder, _)| folder)
}

/// The path of an incomplete copy. The next startup removes it, because it belongs to no upload.
fn copy_path(sha256: &ContentHash) -> String {
    format!("{UPLOADS}/{sha256}.copy")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use disk::RealDisk;
    use sha2::{Digest as _, Sha256};

    use super::*;

    fn content(bytes: &[u8]) -> Content {
        Content { sha256: ContentHash(Sha256::digest(bytes).into()), bytes: bytes.len() as u64 }
    }

    #[test]
    fn a_copy_is_complete_when_its_hash_is_right() {
        let root = tempfile::tempdir().unwrap();
        let folder = Folder::new(Arc::new(RealDisk::new(root.path())));
        folder.load().unwrap();
        let (text, empty) = (content(b"hello"), content(b""));
        for attempt in 0..2 {
            folder.append_copy(&text.sha256, 0, b"hel").unwrap();
            folder.append_copy(&text.sha256, 3, if attempt == 0 { b"p!" } else { b"lo" }).unwrap();
            assert!(folder.append_copy(&text.sha256, 9, b"x").is_err(), "a part is missing");
            assert_eq!(folder.finish_copy(text).unwrap(), attempt == 1);
            assert_eq!(folder.has_copy(text).unwrap(), attempt == 1);
        }
        assert!(!folder.has_copy(Content { bytes: 6, ..text }).unwrap());
        assert_eq!(folder.read_copy(&text.sha256, 1, 3).unwrap().as_deref(), Some(&b"ell"[..]));
        assert_eq!(folder.read_copy(&empty.sha256, 0, 0).unwrap(), None);
        folder.append_copy(&empty.sha256, 0, b"").unwrap();
        assert!(folder.finish_copy(empty).unwrap() && folder.has_copy(empty).unwrap());
        folder.append_copy(&text.sha256, 0, b"hel").unwrap();
        assert!(folder.load().unwrap().is_empty());
        assert!(folder.append_copy(&text.sha256, 3, b"lo").is_err(), "a startup removes incomplete copies");
    }
}

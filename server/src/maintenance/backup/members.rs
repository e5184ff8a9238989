//! The members of an archive: their permitted names and file modes. A member with any other name is refused.

use std::io;

use common::hex::to_hex;
use disk::Access;
use sha2::{Digest as _, Sha256};

use super::CONTENTS_FILE;
use crate::journal::LOG_FOLDER;
use crate::storage::data_folder::{FILES_FOLDER, KEYS_FOLDER, SNAPSHOTS};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Member<'n> {
    Snapshot,
    Segment,
    /// A sent file. Its name is the SHA-256 of its content.
    File(&'n str),
    Key {
        public: bool,
    },
    TableOfContents,
}

impl<'n> Member<'n> {
    /// The member with this name, relative to the data folder. `None` if the name is not permitted. No
    /// permitted name refers to a file outside the folder.
    pub(super) fn named(name: &'n str) -> Option<Self> {
        match name.split_once('/') {
            None if name == CONTENTS_FILE => Some(Self::TableOfContents),
            None => SNAPSHOTS.contains(&name).then_some(Self::Snapshot),
            Some((LOG_FOLDER, file)) => {
                let digits = file.strip_suffix(".log")?;
                (digits.len() == 20 && digits.bytes().all(|byte| byte.is_ascii_digit()))
                    .then_some(Self::Segment)
            }
            Some((FILES_FOLDER, path)) => {
                let (folder, digest) = path.split_once('/')?;
                let is_digest = digest.len() == 64 && digest.bytes().all(is_lower_hex);
                (is_digest && folder.len() == 2 && digest.starts_with(folder)).then_some(Self::File(digest))
            }
            Some((KEYS_FOLDER, file)) => {
                let is_permitted = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
                (file.bytes().all(is_permitted)
                    && file.starts_with(|first: char| first != '.')
                    && !file.ends_with(".tmp"))
                .then_some(Self::Key { public: file.ends_with(".public") })
            }
            Some(_) => None,
        }
    }

    /// The users who can read the unpacked file.
    pub(super) fn access(self) -> Access {
        match self {
            Self::Key { public: true } => Access::Everyone,
            Self::Snapshot | Self::Segment | Self::File(_) | Self::Key { .. } | Self::TableOfContents => {
                Access::Owner
            }
        }
    }
}

fn is_lower_hex(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'f')
}

/// A reader that computes the SHA-256 of the bytes that it reads.
pub(crate) struct Hashing<T> {
    inner: T,
    hash: Sha256,
}

impl<T> Hashing<T> {
    pub(crate) fn new(inner: T) -> Self {
        Self { inner, hash: Sha256::new() }
    }

    /// The SHA-256 in lowercase hexadecimal digits.
    pub(crate) fn digest(self) -> String {
        to_hex(&self.hash.finalize())
    }
}

impl<T: io::Read> io::Read for Hashing<T> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.hash.update(buffer.get(..read).unwrap_or_default());
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_that_papo_writes_are_members() {
        let digest = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
        let file = format!("files/9f/{digest}");
        assert_eq!(Member::named("users.json"), Some(Member::Snapshot));
        assert_eq!(Member::named("log/00000000000000000001.log"), Some(Member::Segment));
        assert_eq!(Member::named(&file), Some(Member::File(digest)));
        assert_eq!(Member::named("keys/node.secret").map(Member::access), Some(Access::Owner));
        assert_eq!(Member::named("keys/node.public").map(Member::access), Some(Access::Everyone));
        for other in [
            "lock",
            "../users.json",
            "/users.json",
            "log/../keys/node.secret",
            "log/1.log",
            "log/00000000000000000001.idx",
            &format!("files/00/{digest}"),
            "files/uploads/x.part",
            "keys/../lock",
            "keys/a/b",
            "keys/..",
            "keys/.hidden",
            "keys/node.secret.12.tmp",
            "",
        ] {
            assert_eq!(Member::named(other), None, "{other}");
        }
    }
}

//! The folder `files/`: uploads with their metadata, and complete file contents by their hash.
//!
//! ```text
//! files/uploads/<id>.json   the metadata: user, conversation, file
//! files/uploads/<id>.part   the bytes uploaded so far
//! files/ab/abcdef...        a complete file content
//! ```
//!
//! To commit an upload, its `.part` file is synced, hashed, and renamed to its hash, and its folder is
//! synced. Only then is the event recorded, so a power cut never loses the content of a recorded file.
//! `tests/files/steps.rs` simulates a failure of each of these steps.

use std::collections::{BTreeSet, HashSet};
use std::io;
use std::sync::Arc;

use common::ContentHash;
use common::hex::from_hex;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::{Failure, Outcome, Upload};
use crate::storage::data_folder::FILES_FOLDER as FILES;
use disk::Disk;

pub(super) const UPLOADS: &str = "files/uploads";

/// The size of one read.
const READ_BYTES: usize = 1 << 20;

/// The folder `files/`. Clones refer to the same folder.
#[derive(Clone)]
pub struct Folder {
    disk: Arc<dyn Disk>,
}

impl Folder {
    pub fn new(disk: Arc<dyn Disk>) -> Self {
        Self { disk }
    }

    pub(super) fn disk(&self) -> &dyn Disk {
        &*self.disk
    }

    /// Loads the uploads that clients can continue. Removes files that belong to no upload.
    pub fn load(&self) -> io::Result<Vec<Upload>> {
        self.disk.create_folder(UPLOADS)?;
        self.disk.sync_folder(FILES)?;
        self.disk.sync_folder("")?;
        let names = self.disk.list(UPLOADS)?;
        let mut uploads = Vec::new();
        for id in names.iter().filter_map(|name| name.strip_suffix(".json")) {
            let metadata = self.disk.read(&format!("{UPLOADS}/{id}.json"))?;
            // Metadata is replaced atomically, so papo did not write a file that cannot be parsed.
            let upload =
                serde_json::from_slice::<Upload>(&metadata).ok().filter(|upload| upload.id.to_string() == id);
            uploads.extend(upload.map(|upload| Upload { is_from_earlier_run: true, ..upload }));
        }
        let known: HashSet<String> = uploads.iter().map(|upload| upload.id.to_string()).collect();
        for name in &names {
            let is_known =
                name.split_once('.').is_some_and(|(id, end)| known.contains(id) && end != "json.tmp");
            if !is_known {
                self.disk.remove(&format!("{UPLOADS}/{name}"))?;
            }
        }
        Ok(uploads)
    }

    /// Begins or continues an upload. Returns the number of stored bytes. A new upload first removes old
    /// files with its id, because an earlier removal may have failed.
    pub fn begin(&self, upload: &Upload, is_new: bool) -> Outcome {
        let begin = || -> Result<Outcome, Failure> {
            if is_new || none_if_missing(self.disk.len(&metadata_path(upload.id)))?.is_none() {
                self.discard(upload.id)?;
                if !upload.is_verified {
                    drop(self.disk.create_new(&part_path(upload.id))?);
                }
                // `replace_atomically` also makes the name of the `.part` file durable.
                self.disk.replace_atomically(&metadata_path(upload.id), &upload.encode())?;
            }
            self.stored_bytes(upload)?.map(Outcome::Have).ok_or_else(|| self.discard_lost(upload.id))
        };
        begin().into()
    }

    /// Appends a chunk. Skips bytes that are already stored.
    pub fn append(&self, upload: &Upload, offset: u64, bytes: &[u8]) -> Outcome {
        let append = || -> Result<Outcome, Failure> {
            let have = self.stored_bytes(upload)?.ok_or_else(|| self.discard_lost(upload.id))?;
            let known = have.checked_sub(offset).ok_or(Failure::WrongOffset(have))?;
            let new = usize::try_from(known).ok().and_then(|known| bytes.get(known..)).unwrap_or_default();
            if !new.is_empty() {
                self.disk.open_append(&part_path(upload.id))?.write_all(new)?;
            }
            Ok(Outcome::Have(have + new.len() as u64))
        };
        append().into()
    }

    /// Checks the content of an upload and makes it durable. Can be retried after any failure except
    /// [`Failure::WrongContent`].
    pub fn commit(&self, upload: &Upload) -> Outcome {
        let commit = || -> Result<Outcome, Failure> {
            if !upload.is_verified {
                self.verify(upload)?;
            }
            let (part, content) = (part_path(upload.id), content_path(&upload.sha256));
            let folder = content.rsplit_once('/').map_or(FILES, |(folder, _)| folder);
            if none_if_missing(self.disk.len(&part))?.is_some() {
                self.disk.create_folder(folder)?;
                self.disk.sync_folder(FILES)?;
                // Rename even if the content exists, so the duration does not reveal whether it existed.
                self.disk.rename(&part, &content)?;
            }
            self.disk.sync_folder(folder)?;
            match none_if_missing(self.disk.len(&content))? {
                Some(length) if length == upload.bytes => Ok(Outcome::Finished),
                Some(_) | None => Err(Failure::Unavailable),
            }
        };
        commit().into()
    }

    /// Checks the length and the hash of a `.part` file, makes the file durable, and marks the upload as
    /// verified. Discards an upload with a wrong hash.
    fn verify(&self, upload: &Upload) -> Result<(), Failure> {
        let length = self.disk.len(&part_path(upload.id))?;
        if length < upload.bytes {
            return Err(Failure::WrongOffset(length));
        }
        // The file is synced before it is hashed, because the hash must cover the bytes on the disk. After a
        // failed sync, the page cache may differ from the disk, so the upload is lost. A sync may have failed
        // in an earlier run, so a file from an earlier run is rewritten.
        if upload.is_from_earlier_run {
            self.rewrite(&part_path(upload.id), length)?;
        }
        self.disk
            .open_append(&part_path(upload.id))?
            .sync_data()
            .map_err(|_| self.discard_lost(upload.id))?;
        if length > upload.bytes || self.hash(&part_path(upload.id), length)? != upload.sha256 {
            self.discard(upload.id)?;
            return Err(Failure::WrongContent);
        }
        let verified = Upload { is_verified: true, ..upload.clone() };
        Ok(self.disk.replace_atomically(&metadata_path(upload.id), &verified.encode())?)
    }

    /// Rewrites the first `length` bytes of a file.
    fn rewrite(&self, name: &str, length: u64) -> io::Result<()> {
        self.for_each_read(name, length, |offset, bytes| self.disk.rewrite(name, offset, bytes))
    }

    /// Discards an upload whose stored bytes are lost.
    fn discard_lost(&self, id: Uuid) -> Failure {
        tracing::error!(%id, "the disk lost an upload; its client must send it again");
        // The next startup removes remaining files.
        let _best_effort = self.discard(id);
        Failure::Lost
    }

    /// The SHA-256 of the first `length` bytes of a file.
    pub(super) fn hash(&self, name: &str, length: u64) -> io::Result<ContentHash> {
        let mut hasher = Sha256::new();
        self.for_each_read(name, length, |_, bytes| {
            hasher.update(bytes);
            Ok(())
        })?;
        Ok(ContentHash(hasher.finalize().into()))
    }

    /// Reads the first `length` bytes of a file. Calls `visit` with the offset and the bytes of each read.
    fn for_each_read(
        &self,
        name: &str,
        length: u64,
        mut visit: impl FnMut(u64, &[u8]) -> io::Result<()>,
    ) -> io::Result<()> {
        let (mut offset, mut buffer) = (0, vec![0; READ_BYTES]);
        while offset < length {
            let read = self.disk.read_at(name, offset, &mut buffer)?;
            if read == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            visit(offset, buffer.get(..read).unwrap_or_default())?;
            offset += read as u64;
        }
        Ok(())
    }

    pub fn read(&self, sha256: &ContentHash, offset: u64, length: usize) -> Outcome {
        let read = || -> Result<Outcome, Failure> {
            let mut bytes = vec![0; length];
            let read = self.disk.read_exact_at(&content_path(sha256), offset, &mut bytes);
            none_if_missing(read)?.map(|()| Outcome::Bytes(bytes)).ok_or(Failure::Missing)
        };
        read().into()
    }

    /// Removes an upload. Removes the metadata first: a `.part` file without metadata belongs to no upload.
    pub fn discard(&self, id: Uuid) -> io::Result<()> {
        for name in [metadata_path(id), part_path(id)] {
            none_if_missing(self.disk.remove(&name))?;
        }
        Ok(())
    }

    pub fn contents(&self) -> io::Result<Vec<ContentHash>> {
        let mut contents = Vec::new();
        for folder in none_if_missing(self.disk.list(FILES))?.unwrap_or_default() {
            if folder.len() == 2 {
                let names = self.disk.list(&format!("{FILES}/{folder}"))?;
                contents.extend(names.iter().filter_map(|name| from_hex(name).map(ContentHash)));
            }
        }
        Ok(contents)
    }

    /// Durably removes all file contents except `needed`. Returns the number of removed contents.
    pub fn sweep(&self, needed: &HashSet<ContentHash>) -> io::Result<u64> {
        let mut contents = self.contents()?;
        contents.retain(|sha256| !needed.contains(sha256));
        self.remove(&contents)?;
        Ok(contents.len() as u64)
    }

    /// Durably removes file contents. Ignores missing contents.
    pub fn remove(&self, contents: &[ContentHash]) -> io::Result<()> {
        let mut folders = BTreeSet::new();
        for sha256 in contents {
            let name = content_path(sha256);
            if none_if_missing(self.disk.remove(&name))?.is_some() {
                folders.extend(name.rsplit_once('/').map(|(folder, _)| folder.to_owned()));
            }
        }
        folders.iter().try_for_each(|folder| self.disk.sync_folder(folder))
    }

    /// Whether a file content has the right length and hash; `None` if the content is missing.
    pub fn is_intact(&self, sha256: &ContentHash, bytes: u64) -> io::Result<Option<bool>> {
        let Some(length) = none_if_missing(self.disk.len(&content_path(sha256)))? else { return Ok(None) };
        Ok(Some(length == bytes && self.hash(&content_path(sha256), length)? == *sha256))
    }

    /// The number of stored bytes of an upload; `None` if the bytes are missing. The bytes of a verified
    /// upload may already be at the path of the content.
    fn stored_bytes(&self, upload: &Upload) -> io::Result<Option<u64>> {
        match none_if_missing(self.disk.len(&part_path(upload.id)))? {
            None if upload.is_verified => none_if_missing(self.disk.len(&content_path(&upload.sha256))),
            length => Ok(length),
        }
    }
}

/// Converts the error `NotFound` into `None`.
pub(super) fn none_if_missing<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        result => result.map(Some),
    }
}

fn metadata_path(id: Uuid) -> String {
    format!("{UPLOADS}/{id}.json")
}

fn part_path(id: Uuid) -> String {
    format!("{UPLOADS}/{id}.part")
}

/// The path of a file content. Contents are distributed over 256 folders, because large folders are slow.
#[must_use]
pub fn content_path(sha256: &ContentHash) -> String {
    let digits = sha256.to_string();
    let (folder, _) = digits.split_at_checked(2).unwrap_or_default();
    format!("{FILES}/{folder}/{digits}")
}

//! The folder `files/`: incomplete uploads, each with a note, and complete contents by their hash.
//!
//! ```text
//! files/uploads/<id>.json   the note: user, conversation, file
//! files/uploads/<id>.part   the bytes uploaded so far
//! files/ab/abcdef...        a complete content
//! ```
//!
//! A content is synced, hashed, and then renamed to its hash; its folder is synced before the upload is
//! reported complete. So a power cut never loses a content that an event refers to. `tests/files/steps.rs`
//! simulates a failure of each of these steps.

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

const UPLOADS: &str = "files/uploads";

/// Bytes read at a time for hashing.
const PIECE_BYTES: usize = 1 << 20;

/// The folder on its disk. Clones share it.
#[derive(Clone)]
pub struct Folder {
    disk: Arc<dyn Disk>,
}

impl Folder {
    pub fn new(disk: Arc<dyn Disk>) -> Self {
        Self { disk }
    }

    /// Loads the uploads that can continue at a start. Removes files that belong to no upload.
    pub fn load(&self) -> io::Result<Vec<Upload>> {
        self.disk.create_folder(UPLOADS)?;
        self.disk.sync_folder(FILES)?;
        self.disk.sync_folder("")?;
        let names = self.disk.list(UPLOADS)?;
        let mut uploads = Vec::new();
        for id in names.iter().filter_map(|name| name.strip_suffix(".json")) {
            let note = self.disk.read(&format!("{UPLOADS}/{id}.json"))?;
            // Notes are replaced atomically, so a note that cannot be parsed is not from papo.
            let upload =
                serde_json::from_slice::<Upload>(&note).ok().filter(|note| note.id.to_string() == id);
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

    /// Begins or continues an upload. Returns the number of bytes that are already stored. A new upload first
    /// removes old files with its id, which a failing disk may not have removed.
    pub fn begin(&self, upload: &Upload, is_new: bool) -> Outcome {
        let begin = || -> Result<Outcome, Failure> {
            if is_new || none_if_missing(self.disk.len(&note_path(upload.id)))?.is_none() {
                self.discard(upload.id)?;
                if !upload.is_verified {
                    drop(self.disk.create_new(&part_path(upload.id))?);
                }
                // This makes the name of the part durable, too.
                self.disk.replace_atomically(&note_path(upload.id), &upload.encode())?;
            }
            self.stored_bytes(upload)?.map(Outcome::Have).ok_or_else(|| self.discard_lost(upload.id))
        };
        begin().into()
    }

    /// Appends a chunk. Bytes that the part already has are skipped.
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

    /// Turns an upload into a content. Can be retried after any failure except [`Failure::WrongContent`].
    pub fn finish(&self, upload: &Upload) -> Outcome {
        let finish = || -> Result<Outcome, Failure> {
            if !upload.is_verified {
                self.verify(upload)?;
            }
            let (part, content) = (part_path(upload.id), content(&upload.sha256));
            let folder = content.rsplit_once('/').map_or(FILES, |(folder, _)| folder);
            if none_if_missing(self.disk.len(&part))?.is_some() {
                self.disk.create_folder(folder)?;
                self.disk.sync_folder(FILES)?;
                // The rename replaces an existing copy of the content, so the duration does not reveal
                // whether a copy existed.
                self.disk.rename(&part, &content)?;
            }
            self.disk.sync_folder(folder)?;
            match none_if_missing(self.disk.len(&content))? {
                Some(length) if length == upload.bytes => Ok(Outcome::Finished),
                Some(_) | None => Err(Failure::Unavailable),
            }
        };
        finish().into()
    }

    /// Checks the length and hash of a part, makes it durable, and marks its note as verified. Removes a
    /// wrong part.
    fn verify(&self, upload: &Upload) -> Result<(), Failure> {
        let length = self.disk.len(&part_path(upload.id))?;
        if length < upload.bytes {
            return Err(Failure::WrongOffset(length));
        }
        // The part is synced first, so that the hash covers the bytes on the disk. A failed sync is never
        // retried. A sync may have failed in an earlier run without the knowledge of this run, so a part from
        // an earlier run is written again.
        if upload.is_from_earlier_run {
            self.write_again(&part_path(upload.id), length)?;
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
        Ok(self.disk.replace_atomically(&note_path(upload.id), &verified.encode())?)
    }

    /// Writes the first bytes of a file again.
    fn write_again(&self, name: &str, length: u64) -> io::Result<()> {
        self.for_each_piece(name, length, |offset, piece| self.disk.rewrite(name, offset, piece))
    }

    /// Discards an upload that the disk has lost.
    fn discard_lost(&self, id: Uuid) -> Failure {
        tracing::error!(%id, "the disk lost an upload; its client must send it again");
        // The next start removes the remaining files.
        let _best_effort = self.discard(id);
        Failure::Lost
    }

    /// The SHA-256 of the first bytes of a file.
    fn hash(&self, name: &str, length: u64) -> io::Result<ContentHash> {
        let mut hasher = Sha256::new();
        self.for_each_piece(name, length, |_, piece| {
            hasher.update(piece);
            Ok(())
        })?;
        Ok(ContentHash(hasher.finalize().into()))
    }

    /// Calls `visit` with the offset and bytes of each piece of a file.
    fn for_each_piece(
        &self,
        name: &str,
        length: u64,
        mut visit: impl FnMut(u64, &[u8]) -> io::Result<()>,
    ) -> io::Result<()> {
        let (mut offset, mut buffer) = (0, vec![0; PIECE_BYTES]);
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
            self.disk.read_exact_at(&content(sha256), offset, &mut bytes)?;
            Ok(Outcome::Bytes(bytes))
        };
        read().into()
    }

    /// Removes an upload: first the note, because a part without a note belongs to no upload.
    pub fn discard(&self, id: Uuid) -> io::Result<()> {
        for name in [note_path(id), part_path(id)] {
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

    /// Durably removes all contents except `needed`. Returns the number of removed contents.
    pub fn sweep(&self, needed: &HashSet<ContentHash>) -> io::Result<u64> {
        let mut contents = self.contents()?;
        contents.retain(|sha256| !needed.contains(sha256));
        self.remove(&contents)?;
        Ok(contents.len() as u64)
    }

    /// Durably removes contents. Ignores missing contents.
    pub fn remove(&self, contents: &[ContentHash]) -> io::Result<()> {
        let mut folders = BTreeSet::new();
        for sha256 in contents {
            let name = content(sha256);
            if none_if_missing(self.disk.remove(&name))?.is_some() {
                folders.extend(name.rsplit_once('/').map(|(folder, _)| folder.to_owned()));
            }
        }
        folders.iter().try_for_each(|folder| self.disk.sync_folder(folder))
    }

    /// Whether a content has the right length and hash; `None` if it is missing.
    pub fn is_intact(&self, sha256: &ContentHash, bytes: u64) -> io::Result<Option<bool>> {
        let Some(length) = none_if_missing(self.disk.len(&content(sha256)))? else { return Ok(None) };
        Ok(Some(length == bytes && self.hash(&content(sha256), length)? == *sha256))
    }

    /// The number of stored bytes of an upload. `None` if its part is missing; for a verified upload, if the
    /// content is missing too.
    fn stored_bytes(&self, upload: &Upload) -> io::Result<Option<u64>> {
        match none_if_missing(self.disk.len(&part_path(upload.id)))? {
            None if upload.is_verified => none_if_missing(self.disk.len(&content(&upload.sha256))),
            length => Ok(length),
        }
    }
}

/// Converts the error `NotFound` into `None`.
fn none_if_missing<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        result => result.map(Some),
    }
}

fn note_path(id: Uuid) -> String {
    format!("{UPLOADS}/{id}.json")
}

fn part_path(id: Uuid) -> String {
    format!("{UPLOADS}/{id}.part")
}

/// The name of a content. Contents are spread over 256 folders, so that no folder becomes too large to list.
#[must_use]
pub fn content(sha256: &ContentHash) -> String {
    let digits = sha256.to_string();
    let (folder, _) = digits.split_at_checked(2).unwrap_or_default();
    format!("{FILES}/{folder}/{digits}")
}

//! The folder `files/`: parts of uploads, each with a note of whose it is, and complete contents by their hash.
//!
//! ```text
//! files/uploads/<id>.json   who uploads what
//! files/uploads/<id>.part   as much of it as is there
//! files/ab/abcdef...        a complete content
//! ```
//!
//! A content is hashed, synced, and only then gets its name; the folder is synced too before anybody says that it is
//! complete. So whatever an event refers to is there, whole, whenever the power goes off. The order of the steps is
//! watched by `tests/files/steps.rs`, which fails each of them.

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

/// Within the data folder.
const UPLOADS: &str = "files/uploads";

/// Bytes read at a time for hashing.
const PIECE_BYTES: usize = 1 << 20;

/// The folder on its disk. Clones are the same folder.
#[derive(Clone)]
pub struct Folder {
    disk: Arc<dyn Disk>,
}

impl Folder {
    /// The folder of a data folder.
    pub fn new(disk: Arc<dyn Disk>) -> Self {
        Self { disk }
    }

    /// What a start finds: the uploads that can go on. What belongs to none is removed.
    pub fn load(&self) -> io::Result<Vec<Upload>> {
        self.disk.create_folder(UPLOADS)?;
        self.disk.sync_folder(FILES)?;
        self.disk.sync_folder("")?;
        let names = self.disk.list(UPLOADS)?;
        let mut uploads = Vec::new();
        for id in names.iter().filter_map(|name| name.strip_suffix(".json")) {
            let note = self.disk.read(&format!("{UPLOADS}/{id}.json"))?;
            // A note is replaced as a whole, so what cannot be read is none of ours.
            let upload =
                serde_json::from_slice::<Upload>(&note).ok().filter(|note| note.id.to_string() == id);
            uploads.extend(upload.map(|upload| Upload { is_inherited: true, ..upload }));
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

    /// Begins an upload, or finds out how far it has come. Of one that is new, nothing is believed that is there: a disk
    /// that failed may not have let it be removed.
    pub fn begin(&self, upload: &Upload, is_new: bool) -> Outcome {
        let begin = || -> Result<Outcome, Failure> {
            if is_new || is_there(self.disk.len(&note(upload.id)))?.is_none() {
                self.discard(upload.id)?;
                if !upload.is_verified {
                    drop(self.disk.create_new(&part(upload.id))?);
                }
                // This makes the name of the part last, too.
                self.disk.replace_atomically(&note(upload.id), &upload.encode())?;
            }
            self.have(upload)?.map(Outcome::Have).ok_or_else(|| self.lose(upload.id))
        };
        begin().into()
    }

    /// Puts a chunk behind what is there; what is there already of it is passed over.
    pub fn append(&self, upload: &Upload, offset: u64, bytes: &[u8]) -> Outcome {
        let append = || -> Result<Outcome, Failure> {
            let have = self.have(upload)?.ok_or_else(|| self.lose(upload.id))?;
            let known = have.checked_sub(offset).ok_or(Failure::WrongOffset(have))?;
            let new = usize::try_from(known).ok().and_then(|known| bytes.get(known..)).unwrap_or_default();
            if !new.is_empty() {
                self.disk.open_append(&part(upload.id))?.write_all(new)?;
            }
            Ok(Outcome::Have(have + new.len() as u64))
        };
        append().into()
    }

    /// Makes of an upload a content. It can be done again after any failure but [`Failure::WrongContent`].
    pub fn finish(&self, upload: &Upload) -> Outcome {
        let finish = || -> Result<Outcome, Failure> {
            if !upload.is_verified {
                self.verify(upload)?;
            }
            let (part, content) = (part(upload.id), content(&upload.sha256));
            let folder = content.rsplit_once('/').map_or(FILES, |(folder, _)| folder);
            if is_there(self.disk.len(&part))?.is_some() {
                self.disk.create_folder(folder)?;
                self.disk.sync_folder(FILES)?;
                // Over the same content, if it was known: so it takes as long for a known one as for an unknown one.
                self.disk.rename(&part, &content)?;
            }
            self.disk.sync_folder(folder)?;
            match is_there(self.disk.len(&content))? {
                Some(length) if length == upload.bytes => Ok(Outcome::Finished),
                Some(_) | None => Err(Failure::Unavailable),
            }
        };
        finish().into()
    }

    /// Looks whether a part is what was announced, and makes it last, with a note that it is. Removes it when not.
    fn verify(&self, upload: &Upload) -> Result<(), Failure> {
        let length = self.disk.len(&part(upload.id))?;
        if length < upload.bytes {
            return Err(Failure::WrongOffset(length));
        }
        // What is hashed is what has reached the medium. A sync that has failed once is not believed again; the system
        // remembers none that failed in an earlier run, and writes only what is written again.
        if upload.is_inherited {
            self.write_again(&part(upload.id), length)?;
        }
        self.disk.open_append(&part(upload.id))?.sync_data().map_err(|_| self.lose(upload.id))?;
        if length > upload.bytes || self.hash(&part(upload.id), length)? != upload.sha256 {
            self.discard(upload.id)?;
            return Err(Failure::WrongContent);
        }
        let verified = Upload { is_verified: true, ..upload.clone() };
        Ok(self.disk.replace_atomically(&note(upload.id), &verified.encode())?)
    }

    /// Writes the first bytes of a file as they are.
    fn write_again(&self, name: &str, length: u64) -> io::Result<()> {
        self.for_each_piece(name, length, |offset, piece| self.disk.rewrite(name, offset, piece))
    }

    /// The disk has lost what was there of an upload.
    fn lose(&self, id: Uuid) -> Failure {
        tracing::error!(%id, "the disk has lost an upload");
        // What is left of it is removed at the next start at the latest.
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

    /// Goes through the first bytes of a file: where each piece begins, and what it is.
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

    /// Reads a part of a content.
    pub fn read(&self, sha256: &ContentHash, offset: u64, length: usize) -> Outcome {
        let read = || -> Result<Outcome, Failure> {
            let mut bytes = vec![0; length];
            self.disk.read_exact_at(&content(sha256), offset, &mut bytes)?;
            Ok(Outcome::Bytes(bytes))
        };
        read().into()
    }

    /// Removes an upload. Its note goes first: a part without one is nobody's.
    pub fn discard(&self, id: Uuid) -> io::Result<()> {
        for name in [note(id), part(id)] {
            is_there(self.disk.remove(&name))?;
        }
        Ok(())
    }

    /// All contents that are there.
    pub fn contents(&self) -> io::Result<Vec<ContentHash>> {
        let mut contents = Vec::new();
        for folder in is_there(self.disk.list(FILES))?.unwrap_or_default() {
            if folder.len() == 2 {
                let names = self.disk.list(&format!("{FILES}/{folder}"))?;
                contents.extend(names.iter().filter_map(|name| from_hex(name).map(ContentHash)));
            }
        }
        Ok(contents)
    }

    /// Removes all contents but those that are needed, for good. Returns how many.
    pub fn sweep(&self, needed: &HashSet<ContentHash>) -> io::Result<u64> {
        let mut contents = self.contents()?;
        contents.retain(|sha256| !needed.contains(sha256));
        self.remove(&contents)?;
        Ok(contents.len() as u64)
    }

    /// Removes contents for good, those of them that are there.
    pub fn remove(&self, contents: &[ContentHash]) -> io::Result<()> {
        let mut folders = BTreeSet::new();
        for sha256 in contents {
            let name = content(sha256);
            if is_there(self.disk.remove(&name))?.is_some() {
                folders.extend(name.rsplit_once('/').map(|(folder, _)| folder.to_owned()));
            }
        }
        folders.iter().try_for_each(|folder| self.disk.sync_folder(folder))
    }

    /// Whether a content is there, and what it should be; `None` when it is not there.
    pub fn is_whole(&self, sha256: &ContentHash, bytes: u64) -> io::Result<Option<bool>> {
        let Some(length) = is_there(self.disk.len(&content(sha256)))? else { return Ok(None) };
        Ok(Some(length == bytes && self.hash(&content(sha256), length)? == *sha256))
    }

    /// How much of an upload is there; `None` when there is neither part nor, where that is enough, content.
    fn have(&self, upload: &Upload) -> io::Result<Option<u64>> {
        match is_there(self.disk.len(&part(upload.id)))? {
            None if upload.is_verified => is_there(self.disk.len(&content(&upload.sha256))),
            length => Ok(length),
        }
    }
}

/// Not to be there is no failure.
fn is_there<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        result => result.map(Some),
    }
}

fn note(id: Uuid) -> String {
    format!("{UPLOADS}/{id}.json")
}

fn part(id: Uuid) -> String {
    format!("{UPLOADS}/{id}.part")
}

/// Where a content lies: in one of 256 folders, so that none grows too large for a person to list.
#[must_use]
pub fn content(sha256: &ContentHash) -> String {
    let digits = sha256.to_string();
    let (folder, _) = digits.split_at_checked(2).unwrap_or_default();
    format!("{FILES}/{folder}/{digits}")
}

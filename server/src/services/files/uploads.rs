//! The uploads that were begun and are not events yet: whose they are, and which of them is being completed.

use std::cmp::Reverse;
use std::collections::{BTreeMap, VecDeque};

use common::limits::UPLOADS_PER_USER_MAX;
use common::{ContentHash, Detail, Error, FileInfo, FileName, Target, UserName};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::FileLimits;
use crate::domain::Files;
use crate::domain::files::cost;

/// Milliseconds after which an upload that nobody goes on with is given up: the sender has had a day to come back.
const ABANDONED_AFTER_MS: u64 = 24 * 60 * 60 * 1000;

/// Minutes without data after which a new upload of the same user replaces an upload: a client that lost its
/// connection is back earlier.
const IDLE_MINUTES: u64 = 5;
const IDLE_AFTER_MS: u64 = IDLE_MINUTES * 60 * 1000;

/// Milliseconds that somebody who has too many uploads may wait for one to end.
const FULL_WAIT_MS: u64 = 60_000;

/// Milliseconds that an upload being completed is given, before it is asked for again.
const FINISHING_WAIT_MS: u64 = 500;

/// One upload, as its note holds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Upload {
    /// Its id, that of the event which it is going to be.
    pub id: Uuid,
    /// Who uploads.
    pub user: UserName,
    /// To whom.
    pub to: Target,
    /// As the sender calls it.
    pub name: FileName,
    /// How long it is going to be.
    pub bytes: u64,
    /// What is going to be in it.
    pub sha256: ContentHash,
    /// When it was begun, in Unix milliseconds.
    pub begun: u64,
    /// Whether the whole content is known to be there: as the part, or under its hash.
    #[serde(rename = "verified")]
    pub is_verified: bool,
    /// Whether an earlier run of the server began it, whose failed syncs this one knows nothing of.
    #[serde(skip)]
    pub is_inherited: bool,
}

impl Upload {
    /// What the event is going to tell.
    #[must_use]
    pub fn info(&self) -> FileInfo {
        FileInfo { name: self.name.clone(), bytes: self.bytes, sha256: self.sha256 }
    }

    /// Its note.
    pub(super) fn encode(&self) -> Vec<u8> {
        // Names, numbers and digits: there is nothing that could fail.
        serde_json::to_vec(self).unwrap_or_default()
    }
}

/// An upload and what is going on with it.
struct Open {
    upload: Upload,
    /// When it was last gone on with, in Unix milliseconds.
    touched: u64,
    stage: Stage,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Chunks are coming.
    Growing,
    /// A job makes a content of it.
    Finishing,
    /// It has become an event, and goes when that one is on disk.
    Recorded,
}

/// All uploads.
pub struct Uploads {
    limits: FileLimits,
    open: BTreeMap<Uuid, Open>,
    /// When this run of the server was asked first, in Unix milliseconds: before, nobody could go on with anything.
    since: Option<u64>,
    /// Those that have become events, with the numbers of their records.
    recorded: VecDeque<(u64, Uuid)>,
}

impl Uploads {
    /// Those that a start finds.
    #[must_use]
    pub fn new(limits: FileLimits, found: Vec<Upload>) -> Self {
        let open =
            |upload: Upload| (upload.id, Open { touched: upload.begun, upload, stage: Stage::Growing });
        let open = found.into_iter().map(open).collect();
        Self { limits, open, since: None, recorded: VecDeque::new() }
    }

    /// What users may send.
    #[must_use]
    pub fn limits(&self) -> FileLimits {
        self.limits
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.open.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// Goes on with an upload that was begun before; `None` when there is none of this id. The same id for something
    /// else is refused.
    pub fn resume(&mut self, asked: &Upload, now_ms: u64) -> Result<Option<Upload>, Error> {
        let Some(open) = self.open.get_mut(&asked.id) else { return Ok(None) };
        let known = &open.upload;
        if known.user != asked.user || known.to != asked.to || known.info() != asked.info() {
            return Err(Detail::UploadIdTaken.into());
        }
        open.must_be_growing()?;
        open.touched = now_ms;
        Ok(Some(open.upload.clone()))
    }

    /// Takes a new upload on, if there is room for it. Returns those of the same user that are to give way to it because
    /// nothing has come for them for a while: as many as it takes, the idlest first.
    pub fn add(&mut self, upload: Upload, files: &Files) -> Result<Vec<Uuid>, Error> {
        let FileLimits { file_bytes_max, .. } = self.limits;
        if upload.bytes > file_bytes_max {
            return Err(Detail::FileTooLarge { max: file_bytes_max, bytes: upload.bytes }.into());
        }
        let of_user = self.open.values().filter(|open| open.upload.user == upload.user);
        let mut others: Vec<_> = of_user.filter(|open| open.stage != Stage::Recorded).collect();
        let (since, mut ended) = (*self.since.get_or_insert(upload.begun), Vec::new());
        let is_idle = |open: &&Open| open.is_idle(since, upload.begun);
        // The idlest last.
        others.sort_by_key(|open| (is_idle(open), Reverse((open.touched, open.upload.id))));
        while let Err(refusal) = self.limits.allow(&upload, &others, files) {
            let idlest = others.pop_if(|open| is_idle(open)).ok_or(refusal)?;
            ended.push(idlest.upload.id);
        }
        let (id, touched) = (upload.id, upload.begun);
        self.open.insert(id, Open { upload, touched, stage: Stage::Growing });
        Ok(ended)
    }

    /// Whether there is one of this id.
    #[must_use]
    pub fn has(&self, id: Uuid) -> bool {
        self.open.contains_key(&id)
    }

    /// Whether there is one of this id, which this user sends there, and no job works on it.
    #[must_use]
    pub fn is_for(&self, id: Uuid, user: &UserName, to: &Target) -> bool {
        let open = self.open.get(&id).filter(|open| open.stage == Stage::Growing);
        open.is_some_and(|open| open.upload.user == *user && open.upload.to == *to)
    }

    /// An upload of a user's that chunks may be put to, or that may be completed.
    pub fn touch(&mut self, user: &UserName, id: Uuid, now_ms: u64) -> Result<&Upload, Error> {
        let open = self.open.get_mut(&id).filter(|open| open.upload.user == *user);
        let open = open.ok_or(Detail::NoSuchUpload)?;
        open.must_be_growing()?;
        open.touched = now_ms;
        Ok(&open.upload)
    }

    /// A job has begun to make a content of it.
    pub fn finishing(&mut self, id: Uuid) {
        self.set_stage(id, Stage::Finishing);
    }

    /// The job has ended; `is_verified` when it went well.
    pub fn finished(&mut self, id: Uuid, is_verified: bool) {
        if let Some(open) = self.open.get_mut(&id) {
            open.upload.is_verified |= is_verified;
            open.stage = Stage::Growing;
        }
    }

    /// It has become the event of this record.
    pub fn recorded(&mut self, id: Uuid, record: u64) {
        self.set_stage(id, Stage::Recorded);
        self.recorded.push_back((record, id));
    }

    /// What came after the record `durable` was taken back: those that had become events by it have not.
    pub fn take_back(&mut self, durable: u64) {
        let first = self.recorded.partition_point(|(record, _)| *record <= durable);
        for (_, id) in self.recorded.split_off(first) {
            self.set_stage(id, Stage::Growing);
        }
    }

    /// It is gone.
    pub(super) fn forget(&mut self, id: Uuid) -> Option<Upload> {
        self.open.remove(&id).map(|open| open.upload)
    }

    /// Forgets those whose events are on disk, up to the record `durable`; they are to be removed from the disk.
    pub fn take_recorded(&mut self, durable: u64) -> Vec<Uuid> {
        let mut ended = Vec::new();
        while let Some((_, id)) = self.recorded.pop_front_if(|(record, _)| *record <= durable) {
            self.open.remove(&id);
            ended.push(id);
        }
        ended
    }

    /// Those that nobody goes on with.
    #[must_use]
    pub fn abandoned(&self, now_ms: u64) -> Vec<Uuid> {
        let is_abandoned = |open: &Open| {
            open.stage == Stage::Growing && open.touched.saturating_add(ABANDONED_AFTER_MS) <= now_ms
        };
        self.open.iter().filter(|(_, open)| is_abandoned(open)).map(|(id, _)| *id).collect()
    }

    /// Whether an upload is going to need this content.
    #[must_use]
    pub fn need(&self, sha256: &ContentHash) -> bool {
        self.contents().any(|needed| needed == sha256)
    }

    /// Contents that uploads are going to need.
    pub fn contents(&self) -> impl Iterator<Item = &ContentHash> {
        self.open.values().map(|open| &open.upload.sha256)
    }

    fn set_stage(&mut self, id: Uuid, stage: Stage) {
        if let Some(open) = self.open.get_mut(&id) {
            open.stage = stage;
        }
    }
}

impl FileLimits {
    /// Whether a user may upload one more file beside those `others`.
    fn allow(self, upload: &Upload, others: &[&Open], files: &Files) -> Result<(), Error> {
        if others.len() >= UPLOADS_PER_USER_MAX {
            let (max, idle_minutes) = (UPLOADS_PER_USER_MAX, IDLE_MINUTES);
            return Err(Error::from(Detail::TooManyUploads { max, idle_minutes }).after(FULL_WAIT_MS));
        }
        let takes = |upload: &Upload| {
            if files.owns(&upload.user, &upload.sha256) { 0 } else { cost(upload.bytes) }
        };
        let begun: u64 = others.iter().map(|open| takes(&open.upload)).sum();
        let (bytes, max) = (takes(upload) + begun + files.bytes_of(&upload.user), self.user_bytes_max);
        if bytes <= max {
            return Ok(());
        }
        Err(match begun {
            0 => Detail::QuotaExceeded { bytes, max },
            uploading => Detail::QuotaReserved { bytes, max, uploading, idle_minutes: IDLE_MINUTES },
        }
        .into())
    }
}

impl Open {
    /// Whether nothing has come for it for a while, though it could have.
    fn is_idle(&self, since: u64, now_ms: u64) -> bool {
        let heard = self.touched.max(since);
        self.stage == Stage::Growing && heard.saturating_add(IDLE_AFTER_MS) <= now_ms
    }

    fn must_be_growing(&self) -> Result<(), Error> {
        if self.stage == Stage::Growing {
            return Ok(());
        }
        Err(Error::from(Detail::UploadFinishing).after(FINISHING_WAIT_MS))
    }
}

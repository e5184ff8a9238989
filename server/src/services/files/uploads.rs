//! The open uploads: which user began each, and whether a job is completing it.

use std::cmp::Reverse;
use std::collections::{BTreeMap, VecDeque};

use common::limits::UPLOADS_PER_USER_MAX;
use common::{ContentHash, Detail, Error, FileInfo, FileName, Target, UserName};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::FileLimits;
use crate::domain::Files;
use crate::domain::files::cost;

/// The milliseconds after which an upload without new data is abandoned: the sender has a day to continue
/// it.
const ABANDONED_AFTER_MS: u64 = 24 * 60 * 60 * 1000;

/// Minutes without data after which a new upload of the same user may replace an upload. A client that lost
/// its connection continues earlier.
const IDLE_MINUTES: u64 = 5;
const IDLE_AFTER_MS: u64 = IDLE_MINUTES * 60 * 1000;

/// The milliseconds after which a user with too many uploads may try again.
const FULL_WAIT_MS: u64 = 60_000;

/// The milliseconds after which a client may ask again for an upload that is being completed.
const FINISHING_WAIT_MS: u64 = 500;

/// An upload, as its note stores it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Upload {
    /// The id of the upload, and later of its event.
    pub id: Uuid,
    /// The sender.
    pub user: UserName,
    /// The conversation of the later event.
    pub to: Target,
    /// The name that the sender chose.
    pub name: FileName,
    /// The length of the complete file.
    pub bytes: u64,
    /// The hash of the complete file.
    pub sha256: ContentHash,
    /// The time at which it was begun, in Unix milliseconds.
    pub begun: u64,
    /// Whether the whole content is durable: as the part, or under its hash.
    #[serde(rename = "verified")]
    pub is_verified: bool,
    /// Whether an earlier run of the server began it. This run does not know of a sync that failed then.
    #[serde(skip)]
    pub is_inherited: bool,
}

impl Upload {
    /// The file in the later event.
    #[must_use]
    pub fn info(&self) -> FileInfo {
        FileInfo { name: self.name.clone(), bytes: self.bytes, sha256: self.sha256 }
    }

    /// The note that is stored on the disk.
    pub(super) fn encode(&self) -> Vec<u8> {
        // Encoding names and numbers cannot fail.
        serde_json::to_vec(self).unwrap_or_default()
    }
}

/// An upload and its progress.
struct Open {
    upload: Upload,
    /// The time of the last request for it, in Unix milliseconds.
    touched: u64,
    stage: Stage,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// The server accepts chunks.
    Growing,
    /// A job completes its content.
    Finishing,
    /// Its event is recorded. The upload is removed when that record is durable.
    Recorded,
}

/// All uploads.
pub struct Uploads {
    limits: FileLimits,
    open: BTreeMap<Uuid, Open>,
    /// The time of this run's first upload, in Unix milliseconds. Before it, no client could continue an
    /// upload.
    since: Option<u64>,
    /// The recorded uploads with the numbers of their records.
    recorded: VecDeque<(u64, Uuid)>,
}

impl Uploads {
    /// Creates the list from the uploads that a start found on the disk.
    #[must_use]
    pub fn new(limits: FileLimits, found: Vec<Upload>) -> Self {
        let open =
            |upload: Upload| (upload.id, Open { touched: upload.begun, upload, stage: Stage::Growing });
        let open = found.into_iter().map(open).collect();
        Self { limits, open, since: None, recorded: VecDeque::new() }
    }

    /// The limits of files.
    #[must_use]
    pub fn limits(&self) -> FileLimits {
        self.limits
    }

    /// The number of uploads.
    #[must_use]
    pub fn len(&self) -> usize {
        self.open.len()
    }

    /// Whether there are no uploads.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// Continues an upload; `None` if there is none with this id. An error if the id belongs to another
    /// file, sender or conversation.
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

    /// Adds an upload if the limits permit it. Returns the idle uploads of the same user that it replaces:
    /// as few as possible, the longest idle first.
    pub fn add(&mut self, upload: Upload, files: &Files) -> Result<Vec<Uuid>, Error> {
        let FileLimits { file_bytes_max, .. } = self.limits;
        if upload.bytes > file_bytes_max {
            return Err(Detail::FileTooLarge { max: file_bytes_max, bytes: upload.bytes }.into());
        }
        let of_user = self.open.values().filter(|open| open.upload.user == upload.user);
        let mut others: Vec<_> = of_user.filter(|open| open.stage != Stage::Recorded).collect();
        let (since, mut ended) = (*self.since.get_or_insert(upload.begun), Vec::new());
        let is_idle = |open: &&Open| open.is_idle(since, upload.begun);
        // The longest idle is last.
        others.sort_by_key(|open| (is_idle(open), Reverse((open.touched, open.upload.id))));
        while let Err(refusal) = self.limits.allow(&upload, &others, files) {
            let idle = others.pop_if(|open| is_idle(open)).ok_or(refusal)?;
            ended.push(idle.upload.id);
        }
        let (id, touched) = (upload.id, upload.begun);
        self.open.insert(id, Open { upload, touched, stage: Stage::Growing });
        Ok(ended)
    }

    /// Whether an upload has this id.
    #[must_use]
    pub fn has(&self, id: Uuid) -> bool {
        self.open.contains_key(&id)
    }

    /// Whether an upload with this id is from `user` to `to`, and no job works on it.
    #[must_use]
    pub fn is_for(&self, id: Uuid, user: &UserName, to: &Target) -> bool {
        let open = self.open.get(&id).filter(|open| open.stage == Stage::Growing);
        open.is_some_and(|open| open.upload.user == *user && open.upload.to == *to)
    }

    /// The upload to which a user may add chunks, or which the user may complete. Notes the time of the
    /// request.
    pub fn touch(&mut self, user: &UserName, id: Uuid, now_ms: u64) -> Result<&Upload, Error> {
        let open = self.open.get_mut(&id).filter(|open| open.upload.user == *user);
        let open = open.ok_or(Detail::NoSuchUpload)?;
        open.must_be_growing()?;
        open.touched = now_ms;
        Ok(&open.upload)
    }

    /// Notes that a job completes the upload.
    pub fn finishing(&mut self, id: Uuid) {
        self.set_stage(id, Stage::Finishing);
    }

    /// Notes that the job ended. `is_verified`: it was successful.
    pub fn finished(&mut self, id: Uuid, is_verified: bool) {
        if let Some(open) = self.open.get_mut(&id) {
            open.upload.is_verified |= is_verified;
            open.stage = Stage::Growing;
        }
    }

    /// Notes that the upload became the event of this record.
    pub fn recorded(&mut self, id: Uuid, record: u64) {
        self.set_stage(id, Stage::Recorded);
        self.recorded.push_back((record, id));
    }

    /// Undoes the events of all records after `durable`, which were discarded: their uploads are open
    /// again.
    pub fn take_back(&mut self, durable: u64) {
        let first = self.recorded.partition_point(|(record, _)| *record <= durable);
        for (_, id) in self.recorded.split_off(first) {
            self.set_stage(id, Stage::Growing);
        }
    }

    /// Removes an upload from the list.
    pub(super) fn forget(&mut self, id: Uuid) -> Option<Upload> {
        self.open.remove(&id).map(|open| open.upload)
    }

    /// Removes the uploads whose events are durable, up to the record `durable`. The caller must remove
    /// them from the disk.
    pub fn take_recorded(&mut self, durable: u64) -> Vec<Uuid> {
        let mut ended = Vec::new();
        while let Some((_, id)) = self.recorded.pop_front_if(|(record, _)| *record <= durable) {
            self.open.remove(&id);
            ended.push(id);
        }
        ended
    }

    /// The abandoned uploads.
    #[must_use]
    pub fn abandoned(&self, now_ms: u64) -> Vec<Uuid> {
        let is_abandoned = |open: &Open| {
            open.stage == Stage::Growing && open.touched.saturating_add(ABANDONED_AFTER_MS) <= now_ms
        };
        self.open.iter().filter(|(_, open)| is_abandoned(open)).map(|(id, _)| *id).collect()
    }

    /// Whether an upload needs this content.
    #[must_use]
    pub fn need(&self, sha256: &ContentHash) -> bool {
        self.contents().any(|needed| needed == sha256)
    }

    /// The contents that uploads need.
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
    /// Checks whether a user may begin an upload beside the uploads `others`.
    fn allow(self, upload: &Upload, others: &[&Open], files: &Files) -> Result<(), Error> {
        if others.len() >= UPLOADS_PER_USER_MAX {
            let (max, idle_minutes) = (UPLOADS_PER_USER_MAX, IDLE_MINUTES);
            return Err(Error::from(Detail::TooManyUploads { max, idle_minutes }).with_wait_ms(FULL_WAIT_MS));
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
    /// Whether no request for it arrived for a while, although the server was running.
    fn is_idle(&self, since: u64, now_ms: u64) -> bool {
        let last_request = self.touched.max(since);
        self.stage == Stage::Growing && last_request.saturating_add(IDLE_AFTER_MS) <= now_ms
    }

    fn must_be_growing(&self) -> Result<(), Error> {
        if self.stage == Stage::Growing {
            return Ok(());
        }
        Err(Error::from(Detail::UploadFinishing).with_wait_ms(FINISHING_WAIT_MS))
    }
}

//! The open uploads: the sender and the progress of each.

use std::cmp::Reverse;
use std::collections::{BTreeMap, VecDeque};

use common::limits::UPLOADS_PER_USER_MAX;
use common::{ContentHash, Detail, Error, FileInfo, FileName, Target, UserName};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::FileLimits;
use crate::domain::Files;
use crate::domain::files::cost;

/// An upload without requests for this time is abandoned, in milliseconds.
const ABANDONED_AFTER_MS: u64 = 24 * 60 * 60 * 1000;

/// An upload without requests for this time may be replaced by another upload of the same user, in minutes.
const IDLE_MINUTES: u64 = 5;
const IDLE_AFTER_MS: u64 = IDLE_MINUTES * 60 * 1000;

/// Milliseconds after which a user with too many uploads may try again.
const FULL_WAIT_MS: u64 = 60_000;

/// Milliseconds after which a client may repeat a request for an upload that is being committed.
const COMMITTING_WAIT_MS: u64 = 500;

/// An upload, as its metadata file stores it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Upload {
    /// The id of the upload, and later of its event.
    pub id: Uuid,
    pub user: UserName,
    /// The conversation of the later event.
    pub to: Target,
    pub name: FileName,
    pub bytes: u64,
    pub sha256: ContentHash,
    /// The time at which the upload began, in Unix milliseconds.
    pub begun: u64,
    /// Whether the whole content is durable, in the `.part` file or at the path of the content.
    #[serde(rename = "verified")]
    pub is_verified: bool,
    /// The conversation in which the user could read a file with the same hash, so that the upload needs no
    /// bytes. `None` if the user uploads the bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by_hash: Option<Target>,
    /// Whether an earlier run of the server began the upload. This run does not know whether a sync failed
    /// then.
    #[serde(skip)]
    pub is_from_earlier_run: bool,
}

impl Upload {
    /// The file in the later event.
    #[must_use]
    pub fn info(&self) -> FileInfo {
        FileInfo { name: self.name.clone(), bytes: self.bytes, sha256: self.sha256 }
    }

    /// The content of the metadata file.
    pub(super) fn encode(&self) -> Vec<u8> {
        // Encoding names and numbers cannot fail.
        serde_json::to_vec(self).unwrap_or_default()
    }
}

struct Open {
    upload: Upload,
    /// In Unix milliseconds.
    last_request_ms: u64,
    stage: UploadStage,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum UploadStage {
    /// The server accepts chunks.
    Receiving,
    /// A job is committing the content.
    Committing,
    /// The event is recorded. The upload is removed when that record is durable.
    Recorded,
}

pub struct Uploads {
    limits: FileLimits,
    open: BTreeMap<Uuid, Open>,
    /// The time of the first upload since the server started, in Unix milliseconds. Older uploads count as
    /// idle only from this time, because no client could continue them earlier.
    since: Option<u64>,
    /// The recorded uploads with the numbers of their records.
    recorded: VecDeque<(u64, Uuid)>,
}

impl Uploads {
    /// Creates the list from the uploads on the disk.
    #[must_use]
    pub fn new(limits: FileLimits, stored: Vec<Upload>) -> Self {
        let open = |upload: Upload| {
            (upload.id, Open { last_request_ms: upload.begun, upload, stage: UploadStage::Receiving })
        };
        let open = stored.into_iter().map(open).collect();
        Self { limits, open, since: None, recorded: VecDeque::new() }
    }

    #[must_use]
    pub fn limits(&self) -> FileLimits {
        self.limits
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.open.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// Continues an upload; `None` if no upload has this id. Returns an error if the id belongs to another
    /// file, sender or conversation.
    pub fn resume(&mut self, requested: &Upload, now_ms: u64) -> Result<Option<Upload>, Error> {
        let Some(open) = self.open.get_mut(&requested.id) else { return Ok(None) };
        let known = &open.upload;
        if known.user != requested.user || known.to != requested.to || known.info() != requested.info() {
            return Err(Detail::UploadIdTaken.into());
        }
        open.must_be_receiving()?;
        open.last_request_ms = now_ms;
        Ok(Some(open.upload.clone()))
    }

    /// Adds an upload if the limits permit it. Returns the idle uploads of the same user that it replaces: as
    /// few as possible, beginning with the longest idle.
    pub fn add(&mut self, upload: Upload, files: &Files) -> Result<Vec<Uuid>, Error> {
        let FileLimits { file_bytes_max, .. } = self.limits;
        if upload.bytes > file_bytes_max {
            return Err(Detail::FileTooLarge { max: file_bytes_max, bytes: upload.bytes }.into());
        }
        let user_uploads = self.open.values().filter(|open| open.upload.user == upload.user);
        let mut others: Vec<_> = user_uploads.filter(|open| open.stage != UploadStage::Recorded).collect();
        let (since, mut ended) = (*self.since.get_or_insert(upload.begun), Vec::new());
        let is_idle = |open: &&Open| open.is_idle(since, upload.begun);
        // The longest idle is last.
        others.sort_by_key(|open| (is_idle(open), Reverse((open.last_request_ms, open.upload.id))));
        while let Err(refusal) = self.limits.check(&upload, &others, files) {
            let idle = others.pop_if(|open| is_idle(open)).ok_or(refusal)?;
            ended.push(idle.upload.id);
        }
        let (id, last_request_ms) = (upload.id, upload.begun);
        self.open.insert(id, Open { upload, last_request_ms, stage: UploadStage::Receiving });
        Ok(ended)
    }

    #[must_use]
    pub fn contains(&self, id: Uuid) -> bool {
        self.open.contains_key(&id)
    }

    /// Whether an upload with this id is from `user` to `to`, and accepts chunks.
    #[must_use]
    pub fn is_open_for(&self, id: Uuid, user: &UserName, to: &Target) -> bool {
        let open = self.open.get(&id).filter(|open| open.stage == UploadStage::Receiving);
        open.is_some_and(|open| open.upload.user == *user && open.upload.to == *to)
    }

    /// The upload with this id, if `user` began it without bytes, and no job works on it.
    #[must_use]
    pub fn open_by_hash(&self, id: Uuid, user: &UserName) -> Option<&Upload> {
        let open = self.open.get(&id).filter(|open| open.stage == UploadStage::Receiving)?;
        Some(&open.upload).filter(|upload| upload.by_hash.is_some() && upload.user == *user)
    }

    /// The uploads of a user on which no job works.
    #[must_use]
    pub fn of_user(&self, user: &UserName) -> Vec<Uuid> {
        let is_theirs = |open: &Open| open.stage == UploadStage::Receiving && open.upload.user == *user;
        self.open.iter().filter(|(_, open)| is_theirs(open)).map(|(id, _)| *id).collect()
    }

    /// The open upload `id` of `user`. Sets the time of the upload's last request.
    pub fn touch(&mut self, user: &UserName, id: Uuid, now_ms: u64) -> Result<&Upload, Error> {
        let open = self.open.get_mut(&id).filter(|open| open.upload.user == *user);
        let open = open.ok_or(Detail::NoSuchUpload)?;
        open.must_be_receiving()?;
        open.last_request_ms = now_ms;
        Ok(&open.upload)
    }

    pub fn mark_committing(&mut self, id: Uuid) {
        self.set_stage(id, UploadStage::Committing);
    }

    /// Marks that the commit job has ended. `is_verified` is true if the job succeeded.
    pub fn end_commit(&mut self, id: Uuid, is_verified: bool) {
        if let Some(open) = self.open.get_mut(&id) {
            open.upload.is_verified |= is_verified;
            open.stage = UploadStage::Receiving;
        }
    }

    /// Marks that no commit job has an outcome any longer: the node no longer leads, and discards the
    /// requests of other nodes.
    pub fn end_all_commits(&mut self) {
        let committing = self.open.values_mut().filter(|open| open.stage == UploadStage::Committing);
        committing.for_each(|open| open.stage = UploadStage::Receiving);
    }

    /// Marks an upload whose event is `record`.
    pub fn mark_recorded(&mut self, id: Uuid, record: u64) {
        self.set_stage(id, UploadStage::Recorded);
        self.recorded.push_back((record, id));
    }

    /// Reopens the uploads whose events were discarded, because their records are after `durable`.
    pub fn roll_back(&mut self, durable: u64) {
        let first = self.recorded.partition_point(|(record, _)| *record <= durable);
        for (_, id) in self.recorded.split_off(first) {
            self.set_stage(id, UploadStage::Receiving);
        }
    }

    pub(super) fn forget(&mut self, id: Uuid) -> Option<Upload> {
        self.open.remove(&id).map(|open| open.upload)
    }

    /// Removes the uploads whose events are durable, up to the record `durable`. The caller must remove their
    /// files.
    pub fn take_recorded(&mut self, durable: u64) -> Vec<Uuid> {
        let mut ended = Vec::new();
        while let Some((_, id)) = self.recorded.pop_front_if(|(record, _)| *record <= durable) {
            self.open.remove(&id);
            ended.push(id);
        }
        ended
    }

    #[must_use]
    pub fn abandoned(&self, now_ms: u64) -> Vec<Uuid> {
        let is_abandoned = |open: &Open| {
            open.stage == UploadStage::Receiving
                && open.last_request_ms.saturating_add(ABANDONED_AFTER_MS) <= now_ms
        };
        self.open.iter().filter(|(_, open)| is_abandoned(open)).map(|(id, _)| *id).collect()
    }

    #[must_use]
    pub fn needs_content(&self, sha256: &ContentHash) -> bool {
        self.contents().any(|needed| needed == sha256)
    }

    pub fn contents(&self) -> impl Iterator<Item = &ContentHash> {
        self.open.values().map(|open| &open.upload.sha256)
    }

    fn set_stage(&mut self, id: Uuid, stage: UploadStage) {
        if let Some(open) = self.open.get_mut(&id) {
            open.stage = stage;
        }
    }
}

impl FileLimits {
    /// Checks the limits for a new upload of a user whose other uploads are `others`.
    fn check(self, upload: &Upload, others: &[&Open], files: &Files) -> Result<(), Error> {
        if others.len() >= UPLOADS_PER_USER_MAX {
            let (max, idle_minutes) = (UPLOADS_PER_USER_MAX, IDLE_MINUTES);
            return Err(Error::from(Detail::TooManyUploads { max, idle_minutes }).with_wait_ms(FULL_WAIT_MS));
        }
        let added_bytes = |upload: &Upload| {
            if files.owns(&upload.user, &upload.sha256) { 0 } else { cost(upload.bytes) }
        };
        let reserved: u64 = others.iter().map(|open| added_bytes(&open.upload)).sum();
        let (bytes, max) =
            (added_bytes(upload) + reserved + files.bytes_of(&upload.user), self.user_bytes_max);
        if bytes <= max {
            return Ok(());
        }
        Err(match reserved {
            0 => Detail::QuotaExceeded { bytes, max },
            uploading => Detail::QuotaReserved { bytes, max, uploading, idle_minutes: IDLE_MINUTES },
        }
        .into())
    }
}

impl Open {
    fn is_idle(&self, since: u64, now_ms: u64) -> bool {
        let last_request = self.last_request_ms.max(since);
        self.stage == UploadStage::Receiving && last_request.saturating_add(IDLE_AFTER_MS) <= now_ms
    }

    fn must_be_receiving(&self) -> Result<(), Error> {
        if self.stage == UploadStage::Receiving {
            return Ok(());
        }
        Err(Error::from(Detail::UploadFinishing).with_wait_ms(COMMITTING_WAIT_MS))
    }
}

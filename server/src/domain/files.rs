//! The files that users have sent: their events, the right to read them, and the quota of each sender.
//!
//! This module uses about 200 bytes of memory per file. [`crate::services::files`] stores the file contents.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;

use common::{Body, ContentHash, Conversation, Detail, Event, FileInfo, Target, UserName};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{State, history, messages};
use crate::domain::records::Record;

/// The minimum number of bytes that a file counts towards the quota, because a disk allocates whole blocks.
pub const BLOCK_BYTES: u64 = 4096;

/// The maximum number of events that [`readable_content`] checks.
const EVENTS_CHECKED_MAX: usize = 100;

/// All files that were sent and not deleted.
#[derive(Default)]
pub struct Files {
    shared: BTreeMap<(Conversation, u64), SharedFile>,
    /// The events with the same file content; derived from `shared`.
    events: HashMap<ContentHash, BTreeSet<(Conversation, u64)>>,
    /// The disk space used by each user; derived from `shared`.
    usage: HashMap<UserName, Usage>,
}

/// A sent file, as `channels.json` stores it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SharedFile {
    /// The number of the file's event.
    pub n: u64,
    /// The channel or user that received the file.
    pub to: Target,
    pub from: UserName,
    pub bytes: u64,
    pub sha256: ContentHash,
}

impl fmt::Display for SharedFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "event {} from {} to {}", self.n, self.from, self.to)
    }
}

/// The disk space of the files that a user has sent. A file that was sent twice counts once.
#[derive(Default)]
struct Usage {
    /// How often the user has sent each file content.
    contents: BTreeMap<ContentHash, u32>,
    bytes: u64,
}

/// The bytes that a file of this size counts towards the quota.
#[must_use]
pub fn cost(bytes: u64) -> u64 {
    bytes.max(BLOCK_BYTES)
}

impl Files {
    /// The bytes of a user's quota that their files use.
    #[must_use]
    pub fn bytes_of(&self, user: &UserName) -> u64 {
        self.usage.get(user).map_or(0, |usage| usage.bytes)
    }

    /// Whether the file content already counts towards the user's quota.
    #[must_use]
    pub fn owns(&self, user: &UserName, sha256: &ContentHash) -> bool {
        self.usage.get(user).is_some_and(|usage| usage.contents.contains_key(sha256))
    }

    /// Whether the state contains exactly this file.
    #[must_use]
    pub fn contains(&self, shared: &SharedFile) -> bool {
        let event = (Conversation::of(&shared.from, &shared.to), shared.n);
        self.shared.get(&event) == Some(shared)
    }

    /// The files of a conversation.
    pub fn of(&self, conversation: &Conversation) -> impl Iterator<Item = &SharedFile> {
        let all = (conversation.clone(), 0)..=(conversation.clone(), u64::MAX);
        self.shared.range(all).map(|(_, shared)| shared)
    }

    /// The content of the event `n`; `None` if the event is not a file, or was deleted.
    #[must_use]
    pub fn content_of(&self, conversation: &Conversation, n: u64) -> Option<ContentHash> {
        self.shared.get(&(conversation.clone(), n)).map(|shared| shared.sha256)
    }

    /// Whether an event contains this content.
    #[must_use]
    pub fn has_content(&self, sha256: &ContentHash) -> bool {
        self.events.contains_key(sha256)
    }

    /// The file contents to which events refer.
    pub fn contents(&self) -> impl Iterator<Item = &ContentHash> {
        self.events.keys()
    }

    /// All files, for the snapshot.
    pub fn all(&self) -> impl Iterator<Item = &SharedFile> {
        self.shared.values()
    }

    /// Adds a new file, or a file from a snapshot.
    pub fn insert(&mut self, shared: SharedFile) {
        let event = (Conversation::of(&shared.from, &shared.to), shared.n);
        self.events.entry(shared.sha256).or_default().insert(event.clone());
        let usage = self.usage.entry(shared.from.clone()).or_default();
        let send_count = usage.contents.entry(shared.sha256).or_default();
        if *send_count == 0 {
            usage.bytes += cost(shared.bytes);
        }
        *send_count += 1;
        self.shared.insert(event, shared);
    }

    pub fn apply(&mut self, event: &Event<'_>) {
        if let Body::Deleted { of, .. } = &event.body {
            self.delete(&event.conversation(), *of);
        }
        if event.body == Body::ChannelDeleted {
            let conversation = event.conversation();
            let numbers: Vec<_> = self.of(&conversation).map(|shared| shared.n).collect();
            numbers.into_iter().for_each(|n| self.delete(&conversation, n));
        }
        if let Body::File { file, .. } = &event.body {
            let (to, from) = (event.to.clone(), event.from.clone());
            self.insert(SharedFile { n: event.n, to, from, bytes: file.bytes, sha256: file.sha256 });
        }
    }

    /// Removes the file of a deleted event.
    fn delete(&mut self, conversation: &Conversation, n: u64) {
        let event = (conversation.clone(), n);
        let Some(SharedFile { from, bytes, sha256, .. }) = self.shared.remove(&event) else { return };
        if let Some(events) = self.events.get_mut(&sha256) {
            events.remove(&event);
            if events.is_empty() {
                self.events.remove(&sha256);
            }
        }
        let Some(usage) = self.usage.get_mut(&from) else { return };
        if let Some(send_count) = usage.contents.get_mut(&sha256) {
            *send_count -= 1;
            if *send_count == 0 {
                usage.contents.remove(&sha256);
                usage.bytes -= cost(bytes);
            }
        }
        if usage.contents.is_empty() {
            self.usage.remove(&from);
        }
    }
}

pub(super) fn share(
    state: &State,
    user: UserName,
    to: Target,
    id: Uuid,
    file: FileInfo,
    at: u64,
) -> Result<Record<'static>, Detail> {
    messages::send(state, user, to, Body::File { id, file: Box::new(file) }, at)
}

/// Checks before an upload that `user` may send a file to `to`.
pub fn may_share(state: &State, user: &UserName, to: &Target, id: Uuid, at: u64) -> Result<(), Detail> {
    messages::next(state, user, to, Some(id), at).map(drop)
}

/// The file of an event, if `user` may read the conversation now.
pub fn find<'a>(
    state: &'a State,
    user: &UserName,
    target: &Target,
    n: u64,
) -> Result<&'a SharedFile, Detail> {
    let conversation = history::readable(state, user, target)?;
    state
        .files
        .shared
        .get(&(conversation, n))
        .ok_or_else(|| Detail::NoSuchFile { conversation: target.clone(), n })
}

/// A file with this content that `user` may read, so no upload is needed. `None` if there is no such file,
/// even if the content is stored: a hash alone must not reveal that the content exists.
#[must_use]
pub fn readable_content<'s>(
    state: &'s State,
    user: &UserName,
    sha256: &ContentHash,
) -> Option<&'s SharedFile> {
    let events = state.files.events.get(sha256).into_iter().flatten().take(EVENTS_CHECKED_MAX);
    let mut readable = events.filter(|(conversation, _)| match conversation {
        Conversation::Channel(name) => state.channels.membership(name, user).is_ok(),
        Conversation::Direct(first, second) => user == first || user == second,
    });
    readable.find_map(|event| state.files.shared.get(event))
}

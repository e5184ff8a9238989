//! Sent files: the event of each, who may read it, and how much of the sender's quota it uses.
//!
//! The contents are stored outside the log, by [`crate::services::files`]. A file takes about 200 bytes of
//! memory here.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;

use common::{Body, ContentHash, Conversation, Detail, Event, FileInfo, Target, UserName};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{State, history, messages};
use crate::domain::records::Record;

/// The minimum that a file counts towards the quota, because a disk allocates whole blocks.
pub const BLOCK_BYTES: u64 = 4096;

/// How many events with the same content are searched for one that a user may read. If none of these is
/// readable, the user uploads the content again.
const PLACES_LOOKED_AT_MAX: usize = 100;

/// All files that were sent and not deleted.
#[derive(Default)]
pub struct Files {
    shared: BTreeMap<(Conversation, u64), Shared>,
    /// The events that contain each content; derived from `shared`.
    places: HashMap<ContentHash, BTreeSet<(Conversation, u64)>>,
    /// The disk space used by each user; derived from `shared`.
    owned: HashMap<UserName, Owned>,
}

/// A file that was sent, as `channels.json` stores it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Shared {
    /// The number of its event.
    pub n: u64,
    /// The channel or user that received it.
    pub to: Target,
    /// The sender.
    pub from: UserName,
    /// The size in bytes.
    pub bytes: u64,
    /// The hash of the content.
    pub sha256: ContentHash,
}

impl fmt::Display for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "event {} from {} to {}", self.n, self.from, self.to)
    }
}

/// The contents that a user has sent. Each one counts once towards the quota.
#[derive(Default)]
struct Owned {
    /// How often the user has sent each content.
    contents: BTreeMap<ContentHash, u32>,
    bytes: u64,
}

/// How much a file of this size counts towards the quota.
#[must_use]
pub fn cost(bytes: u64) -> u64 {
    bytes.max(BLOCK_BYTES)
}

impl Files {
    /// How much of their quota a user's files use, in bytes.
    #[must_use]
    pub fn bytes_of(&self, user: &UserName) -> u64 {
        self.owned.get(user).map_or(0, |owned| owned.bytes)
    }

    /// Whether this content already counts towards the user's quota.
    #[must_use]
    pub fn owns(&self, user: &UserName, sha256: &ContentHash) -> bool {
        self.owned.get(user).is_some_and(|owned| owned.contents.contains_key(sha256))
    }

    /// Whether the state contains exactly this file.
    #[must_use]
    pub fn holds(&self, shared: &Shared) -> bool {
        let place = (Conversation::of(&shared.from, &shared.to), shared.n);
        self.shared.get(&place) == Some(shared)
    }

    /// Whether an event contains this content.
    #[must_use]
    pub fn has_content(&self, sha256: &ContentHash) -> bool {
        self.places.contains_key(sha256)
    }

    /// The contents that are in use by an event.
    pub fn contents(&self) -> impl Iterator<Item = &ContentHash> {
        self.places.keys()
    }

    /// All files, for the snapshot.
    pub fn all(&self) -> impl Iterator<Item = &Shared> {
        self.shared.values()
    }

    /// Adds a file that was just sent or that a snapshot contains.
    pub fn restore(&mut self, shared: Shared) {
        let place = (Conversation::of(&shared.from, &shared.to), shared.n);
        self.places.entry(shared.sha256).or_default().insert(place.clone());
        let owned = self.owned.entry(shared.from.clone()).or_default();
        let times = owned.contents.entry(shared.sha256).or_default();
        if *times == 0 {
            owned.bytes += cost(shared.bytes);
        }
        *times += 1;
        self.shared.insert(place, shared);
    }

    /// Applies an event.
    pub fn apply(&mut self, event: &Event<'_>) {
        if let Body::Deleted { of, .. } = &event.body {
            self.delete(&event.conversation(), *of);
        }
        if let Body::File { file, .. } = &event.body {
            let (to, from) = (event.to.clone(), event.from.clone());
            self.restore(Shared { n: event.n, to, from, bytes: file.bytes, sha256: file.sha256 });
        }
    }

    /// Removes the file of a deleted event.
    fn delete(&mut self, conversation: &Conversation, n: u64) {
        let place = (conversation.clone(), n);
        let Some(Shared { from, bytes, sha256, .. }) = self.shared.remove(&place) else { return };
        if let Some(places) = self.places.get_mut(&sha256) {
            places.remove(&place);
            if places.is_empty() {
                self.places.remove(&sha256);
            }
        }
        let Some(owned) = self.owned.get_mut(&from) else { return };
        if let Some(times) = owned.contents.get_mut(&sha256) {
            *times -= 1;
            if *times == 0 {
                owned.contents.remove(&sha256);
                owned.bytes -= cost(bytes);
            }
        }
        if owned.contents.is_empty() {
            self.owned.remove(&from);
        }
    }
}

/// Decides whether an uploaded file may be sent.
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

/// Checks before an upload that `user` may send a file to `to`. The errors are those of `share`.
pub fn may_share(state: &State, user: &UserName, to: &Target, id: Uuid, at: u64) -> Result<(), Detail> {
    messages::next(state, user, to, Some(id), at).map(drop)
}

/// The file of an event, if `user` may read the conversation now.
pub fn find<'a>(state: &'a State, user: &UserName, target: &Target, n: u64) -> Result<&'a Shared, Detail> {
    let conversation = history::readable(state, user, target)?;
    state
        .files
        .shared
        .get(&(conversation, n))
        .ok_or_else(|| Detail::NoSuchFile { conversation: target.clone(), n })
}

/// The size of this content if `user` may read an event that contains it, which makes an upload unnecessary.
/// Otherwise `None`, also for a stored content: a hash alone must not reveal that the content exists.
#[must_use]
pub fn readable_content(state: &State, user: &UserName, sha256: &ContentHash) -> Option<u64> {
    let places = state.files.places.get(sha256).into_iter().flatten().take(PLACES_LOOKED_AT_MAX);
    let mut readable = places.filter(|(conversation, _)| match conversation {
        Conversation::Channel(name) => state.channels.membership(name, user).is_ok(),
        Conversation::Direct(one, other) => user == one || user == other,
    });
    readable.find_map(|place| state.files.shared.get(place)).map(|shared| shared.bytes)
}

//! Files that were sent: which event holds which content, who may read it, and how much of a user's quota it takes.
//!
//! The content itself lies beside the log (see [`crate::services::files`]); here is only what the log says of it. Memory for a
//! file: some 200 bytes.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;

use common::{Body, ContentHash, Conversation, Detail, Event, FileInfo, Target, UserName};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{State, history, messages};
use crate::domain::records::Record;

/// Bytes that a file counts at least: the disk gives whole blocks.
pub const BLOCK_BYTES: u64 = 4096;

/// Places of one content that are looked at to find one which somebody may read. Whoever is in none of them sends the
/// content once more.
const PLACES_LOOKED_AT_MAX: usize = 100;

/// All files that were sent and not deleted.
#[derive(Default)]
pub struct Files {
    shared: BTreeMap<(Conversation, u64), Shared>,
    /// Where each content was sent to; derived.
    places: HashMap<ContentHash, BTreeSet<(Conversation, u64)>>,
    /// What each user takes of the disk; derived.
    owned: HashMap<UserName, Owned>,
}

/// One file that was sent, as `channels.json` holds it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Shared {
    /// The number of its event.
    pub n: u64,
    /// To whom.
    pub to: Target,
    /// By whom.
    pub from: UserName,
    /// How long it is.
    pub bytes: u64,
    /// What is in it.
    pub sha256: ContentHash,
}

impl fmt::Display for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "event {} from {} to {}", self.n, self.from, self.to)
    }
}

/// The contents that a user has sent, each counted once however often they sent it.
#[derive(Default)]
struct Owned {
    /// How often.
    contents: BTreeMap<ContentHash, u32>,
    bytes: u64,
}

/// What a file of this length counts.
#[must_use]
pub fn cost(bytes: u64) -> u64 {
    bytes.max(BLOCK_BYTES)
}

impl Files {
    /// Bytes that a user's files take.
    #[must_use]
    pub fn bytes_of(&self, user: &UserName) -> u64 {
        self.owned.get(user).map_or(0, |owned| owned.bytes)
    }

    /// Whether this content is counted for the user already.
    #[must_use]
    pub fn owns(&self, user: &UserName, sha256: &ContentHash) -> bool {
        self.owned.get(user).is_some_and(|owned| owned.contents.contains_key(sha256))
    }

    /// Whether this very file is among them.
    #[must_use]
    pub fn holds(&self, shared: &Shared) -> bool {
        let place = (Conversation::of(&shared.from, &shared.to), shared.n);
        self.shared.get(&place) == Some(shared)
    }

    /// Whether an event holds this content.
    #[must_use]
    pub fn has_content(&self, sha256: &ContentHash) -> bool {
        self.places.contains_key(sha256)
    }

    /// Every content that an event holds.
    pub fn contents(&self) -> impl Iterator<Item = &ContentHash> {
        self.places.keys()
    }

    /// All files, for the snapshot.
    pub fn all(&self) -> impl Iterator<Item = &Shared> {
        self.shared.values()
    }

    /// Puts in a file, a new one or from a snapshot.
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

    /// Takes an event in.
    pub fn apply(&mut self, event: &Event<'_>) {
        if let Body::Deleted { of, .. } = &event.body {
            self.delete(&event.conversation(), *of);
        }
        if let Body::File { file, .. } = &event.body {
            let (to, from) = (event.to.clone(), event.from.clone());
            self.restore(Shared { n: event.n, to, from, bytes: file.bytes, sha256: file.sha256 });
        }
    }

    /// The event was deleted, and with it what it held.
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

/// A file has been uploaded: decides whether it may be sent.
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

/// Whether `user` may send a file there; what would be said when it is complete is said before it is uploaded.
pub fn may_share(state: &State, user: &UserName, to: &Target, id: Uuid, at: u64) -> Result<(), Detail> {
    messages::next(state, user, to, Some(id), at).map(drop)
}

/// The file that an event holds, if `user` may read the conversation now.
pub fn find<'a>(state: &'a State, user: &UserName, target: &Target, n: u64) -> Result<&'a Shared, Detail> {
    let conversation = history::readable(state, user, target)?;
    state
        .files
        .shared
        .get(&(conversation, n))
        .ok_or_else(|| Detail::NoSuchFile { conversation: target.clone(), n })
}

/// The length of this content, if `user` may read a file with it, so that it need not be uploaded once more. For all
/// others a known content is like an unknown one: whoever has nothing but a hash learns nothing.
#[must_use]
pub fn readable_content(state: &State, user: &UserName, sha256: &ContentHash) -> Option<u64> {
    let places = state.files.places.get(sha256).into_iter().flatten().take(PLACES_LOOKED_AT_MAX);
    let mut readable = places.filter(|(conversation, _)| match conversation {
        Conversation::Channel(name) => state.channels.membership(name, user).is_ok(),
        Conversation::Direct(one, other) => user == one || user == other,
    });
    readable.find_map(|place| state.files.shared.get(place)).map(|shared| shared.bytes)
}

//! The index of a segment that is still in memory: the one being written, and those whose index file is on its way.
//!
//! It holds offsets and checksums, not lines: 8 bytes per event for the conversation, and 24 to 48 per event for its id (a
//! hash table of 20-byte entries), so 7 MB for a full segment of 64 MiB with 300-byte lines. A sealed segment keeps
//! almost nothing of it: see [`sealed`](super::sealed).

use std::collections::HashMap;
use std::hash::{Hash, Hasher};

use foldhash::fast::RandomState;

use super::EventKey;

/// Where the events of one segment lie.
#[derive(Debug, Default)]
pub(super) struct ActiveIndex {
    /// The first record of the segment, which names it.
    pub(super) segment: u64,
    /// By conversation.
    pub(super) conversations: HashMap<Box<str>, ActiveRun, RandomState>,
    /// Offset by the sender's id. Senders choose their ids, so the hasher is seeded.
    ids: HashMap<Id, u32, RandomState>,
}

/// A sender's id in four pieces: aligned as a `u128` is, an entry of the table would have 32 bytes instead of 20.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Id([u32; 4]);

impl From<u128> for Id {
    fn from(id: u128) -> Self {
        Self([0, 32, 64, 96].map(|shift| (id >> shift) as u32))
    }
}

impl From<Id> for u128 {
    fn from(Id(pieces): Id) -> Self {
        pieces.iter().rev().fold(0, |id, piece| id << 32 | Self::from(*piece))
    }
}

impl Hash for Id {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u128((*self).into());
    }
}

/// The events of one conversation in one segment; they are numbered without a hole.
#[derive(Debug)]
pub(super) struct ActiveRun {
    /// The number of the first one.
    pub(super) first_n: u64,
    /// Where each begins, and what it is.
    pub(super) spots: Vec<Spot>,
}

/// Where a line begins in its segment, and the checksum by which it is known to be the one that was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Spot {
    /// In bytes.
    pub(super) offset: u32,
    /// The CRC-32 (that of zlib) of the line without its newline. The chain would prove more, but over a whole batch;
    /// this is for a page of history, against a byte that changed, not against a forger.
    pub(super) checksum: u32,
}

impl Spot {
    /// Of this line.
    pub(super) fn new(offset: u32, line: &[u8]) -> Self {
        Self { offset, checksum: crc32fast::hash(line) }
    }

    /// Whether this is the line.
    pub(super) fn is_of(&self, line: &[u8]) -> bool {
        self.checksum == crc32fast::hash(line)
    }
}

impl ActiveIndex {
    /// An empty index with room for as many ids as the segment before had, so that it need not grow step by step.
    pub(super) fn new(segment: u64, ids: usize) -> Self {
        let ids = HashMap::with_capacity_and_hasher(ids, RandomState::default());
        Self { segment, conversations: HashMap::default(), ids }
    }

    /// Notes an event at its spot. `false`, and nothing noted, when its number is not the next one of
    /// its conversation.
    #[must_use]
    pub(super) fn insert(&mut self, key: &EventKey<'_>, spot: Spot) -> bool {
        match self.conversations.get_mut(&*key.conversation) {
            Some(run) if run.first_n + run.spots.len() as u64 == key.n => run.spots.push(spot),
            Some(_) => return false,
            None => {
                let run = ActiveRun { first_n: key.n, spots: vec![spot] };
                self.conversations.insert(key.conversation.as_ref().into(), run);
            }
        }
        if let Some(id) = key.id {
            self.ids.insert(id.into(), spot.offset);
        }
        true
    }

    /// Where the event with this id begins.
    pub(super) fn find(&self, id: u128) -> Option<u32> {
        self.ids.get(&id.into()).copied()
    }

    /// All ids and where their events begin, in any order.
    pub(super) fn ids(&self) -> impl ExactSizeIterator<Item = (u128, u32)> {
        self.ids.iter().map(|(id, offset)| ((*id).into(), *offset))
    }

    /// The spots of the events `first_n..=last_n` of a conversation, as far as this segment has them.
    pub(super) fn spots(&self, conversation: &str, first_n: u64, last_n: u64) -> &[Spot] {
        let Some(run) = self.conversations.get(conversation) else { return &[] };
        let start = first_n.saturating_sub(run.first_n).min(run.spots.len() as u64);
        let end = last_n.saturating_add(1).saturating_sub(run.first_n).min(run.spots.len() as u64);
        run.spots.get(start as usize..end as usize).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_of_the_ids_is_small_and_keeps_every_bit() {
        assert_eq!(size_of::<(Id, u32)>(), 20);
        let id = 0x0197_0001_0002_7003_8004_0005_0006_0007;
        assert_eq!(u128::from(Id::from(id)), id);
    }
}

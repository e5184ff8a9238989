//! The in-memory index of the open segment, and of a full segment until its index file is written.
//!
//! The index contains offsets and checksums, not lines. Each event takes 8 bytes for its position, and 24 to
//! 48 bytes for its id (a hash table of 20-byte entries). A full segment of 64 MiB with 300-byte lines takes
//! 7 MB of memory.

use std::collections::HashMap;
use std::hash::{Hash, Hasher};

use foldhash::fast::RandomState;

use super::EventKey;

/// The positions of the events in one segment.
#[derive(Debug, Default)]
pub(super) struct ActiveIndex {
    /// The number of the segment's first record, which identifies the segment.
    pub(super) segment: u64,
    pub(super) conversations: HashMap<Box<str>, ActiveRun, RandomState>,
    /// The offset of each event by its id. Senders choose the ids, so the hasher is seeded.
    ids: HashMap<Id, u32, RandomState>,
}

/// An event's id as four words. With the alignment of a `u128`, an entry of the table would have 32 bytes
/// instead of 20.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Id([u32; 4]);

impl From<u128> for Id {
    fn from(id: u128) -> Self {
        Self([0, 32, 64, 96].map(|shift| (id >> shift) as u32))
    }
}

impl From<Id> for u128 {
    fn from(Id(words): Id) -> Self {
        words.iter().rev().fold(0, |id, word| id << 32 | Self::from(*word))
    }
}

impl Hash for Id {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u128((*self).into());
    }
}

/// The events of one conversation in one segment, numbered without gaps.
#[derive(Debug)]
pub(super) struct ActiveRun {
    /// The number of the first event.
    pub(super) first_n: u64,
    /// The position of each event.
    pub(super) line_refs: Vec<LineRef>,
}

/// The position of a line in its segment, and the checksum that detects a changed line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LineRef {
    /// The start of the line, in bytes.
    pub(super) offset: u32,
    /// The CRC-32 (as in zlib) of the line without its newline. It detects a changed byte when a page of
    /// history is read. Only the chain of whole batches detects a forgery.
    pub(super) checksum: u32,
}

impl LineRef {
    pub(super) fn new(offset: u32, line: &[u8]) -> Self {
        Self { offset, checksum: crc32fast::hash(line) }
    }

    /// Whether `line` matches the checksum.
    pub(super) fn matches(&self, line: &[u8]) -> bool {
        self.checksum == crc32fast::hash(line)
    }
}

impl ActiveIndex {
    /// Creates an empty index with capacity for `ids` ids.
    pub(super) fn new(segment: u64, ids: usize) -> Self {
        let ids = HashMap::with_capacity_and_hasher(ids, RandomState::default());
        Self { segment, conversations: HashMap::default(), ids }
    }

    /// Adds an event. Returns `false` and changes nothing if its number is not the next one of its
    /// conversation.
    #[must_use]
    pub(super) fn insert(&mut self, key: &EventKey<'_>, line_ref: LineRef) -> bool {
        match self.conversations.get_mut(&*key.conversation) {
            Some(run) if run.first_n + run.line_refs.len() as u64 == key.n => run.line_refs.push(line_ref),
            Some(_) => return false,
            None => {
                let run = ActiveRun { first_n: key.n, line_refs: vec![line_ref] };
                self.conversations.insert(key.conversation.as_ref().into(), run);
            }
        }
        if let Some(id) = key.id {
            self.ids.insert(id.into(), line_ref.offset);
        }
        true
    }

    /// The offset of the event with this id.
    pub(super) fn find(&self, id: u128) -> Option<u32> {
        self.ids.get(&id.into()).copied()
    }

    /// All ids with the offsets of their events, unordered.
    pub(super) fn ids(&self) -> impl ExactSizeIterator<Item = (u128, u32)> {
        self.ids.iter().map(|(id, offset)| ((*id).into(), *offset))
    }

    /// The lines of the events `first_n..=last_n` of a conversation that are in this segment.
    pub(super) fn line_refs(&self, conversation: &str, first_n: u64, last_n: u64) -> &[LineRef] {
        let Some(run) = self.conversations.get(conversation) else { return &[] };
        let start = first_n.saturating_sub(run.first_n).min(run.line_refs.len() as u64);
        let end = last_n.saturating_add(1).saturating_sub(run.first_n).min(run.line_refs.len() as u64);
        run.line_refs.get(start as usize..end as usize).unwrap_or_default()
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

//! Garbage: ended uploads, and contents that an event or an upload no longer needs. A job removes them.

use std::collections::{HashSet, VecDeque};

use common::ContentHash;
use uuid::Uuid;

/// The maximum number of contents that wait, 40 bytes each. A content waits only until a record is durable.
const CONTENTS_MAX: usize = 10_000;

#[derive(Default)]
pub(super) struct Garbage {
    uploads: Vec<Uuid>,
    /// Each content with the record that must be durable before it is removed, in the order of the records.
    contents: VecDeque<(u64, ContentHash)>,
}

impl Garbage {
    pub(super) fn add_upload(&mut self, id: Uuid) {
        self.uploads.push(id);
    }

    pub(super) fn uploads(&self) -> &[Uuid] {
        &self.uploads
    }

    /// Forgets the uploads, because a job removes them.
    pub(super) fn clear_uploads(&mut self) {
        self.uploads.clear();
    }

    /// Adds a content that may be unneeded once the record `record` is durable. Returns `false` when too many
    /// contents wait: then the caller must sweep all contents.
    #[must_use]
    pub(super) fn add_content(&mut self, sha256: ContentHash, record: u64) -> bool {
        if self.contents.len() >= CONTENTS_MAX {
            self.contents.clear();
            return false;
        }
        self.contents.push_back((record, sha256));
        true
    }

    /// The contents that can be removed once record `durable` is on disk. A content that also waits for a
    /// later record is not returned: a failed write may discard that record, and then an event needs the
    /// content again.
    pub(super) fn due(&self, durable: u64) -> Vec<ContentHash> {
        let is_due = |(record, _): &&(u64, ContentHash)| *record <= durable;
        let later: HashSet<_> = self.contents.iter().skip_while(is_due).map(|(_, sha256)| *sha256).collect();
        let due = self.contents.iter().take_while(is_due).map(|(_, sha256)| *sha256);
        due.filter(|sha256| !later.contains(sha256)).collect()
    }

    /// Forgets the contents that are [due](Self::due), because a job removes them.
    pub(super) fn clear_due(&mut self, durable: u64) {
        self.contents.retain(|(record, _)| *record > durable);
    }

    /// Forgets the contents that wait for a record after `durable`: those records were discarded, so events
    /// need the contents again.
    pub(super) fn take_back(&mut self, durable: u64) {
        self.contents.retain(|(record, _)| *record <= durable);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: ContentHash = ContentHash([1; 32]);
    const TWO: ContentHash = ContentHash([2; 32]);

    #[test]
    fn a_content_waits_for_the_last_of_its_records() {
        let mut garbage = Garbage::default();
        for (sha256, record) in [(ONE, 5), (TWO, 6), (ONE, 7)] {
            assert!(garbage.add_content(sha256, record));
        }
        assert_eq!(garbage.due(4), []);
        assert_eq!(garbage.due(6), [TWO]);
        garbage.clear_due(6);
        assert_eq!((garbage.due(6), garbage.due(7)), (vec![], vec![ONE]));
        garbage.take_back(6);
        assert_eq!(garbage.due(7), [], "an event has it again");
    }

    #[test]
    fn above_the_maximum_the_caller_must_sweep() {
        let mut garbage = Garbage::default();
        assert!((0..CONTENTS_MAX).all(|_| garbage.add_content(ONE, 1)));
        assert!(!garbage.add_content(TWO, 2));
        assert_eq!(garbage.due(2), [], "the sweep removes all of them");
    }
}

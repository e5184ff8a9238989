//! What is to leave the disk: uploads that are over, and contents that an event or an upload has needed until now.

use std::collections::{HashSet, VecDeque};

use common::ContentHash;
use uuid::Uuid;

/// Contents that wait at a time, 40 bytes each. They wait for the disk only; it would have to stand still.
const CONTENTS_MAX: usize = 10_000;

/// All of it.
#[derive(Default)]
pub(super) struct Garbage {
    /// Never more than there were uploads.
    uploads: Vec<Uuid>,
    /// In the order of the records behind which they may go.
    contents: VecDeque<(u64, ContentHash)>,
}

impl Garbage {
    /// An upload is over.
    pub(super) fn add_upload(&mut self, id: Uuid) {
        self.uploads.push(id);
    }

    /// The uploads.
    pub(super) fn uploads(&self) -> &[Uuid] {
        &self.uploads
    }

    /// Somebody sees to the uploads.
    pub(super) fn clear_uploads(&mut self) {
        self.uploads.clear();
    }

    /// A content may be needed no more once the record `record` is on disk. Returns `false` when too many wait: then all
    /// contents are to be looked through instead.
    #[must_use]
    pub(super) fn add_content(&mut self, sha256: ContentHash, record: u64) -> bool {
        if self.contents.len() >= CONTENTS_MAX {
            self.contents.clear();
            return false;
        }
        self.contents.push_back((record, sha256));
        true
    }

    /// The contents whose time has come, when all up to the record `durable` is on disk. What waits for a later record
    /// too, does so: a crash may take that one back, and then an event has the content again.
    pub(super) fn due(&self, durable: u64) -> Vec<ContentHash> {
        let is_due = |(record, _): &&(u64, ContentHash)| *record <= durable;
        let later: HashSet<_> = self.contents.iter().skip_while(is_due).map(|(_, sha256)| *sha256).collect();
        let due = self.contents.iter().take_while(is_due).map(|(_, sha256)| *sha256);
        due.filter(|sha256| !later.contains(sha256)).collect()
    }

    /// Somebody sees to those whose time has come.
    pub(super) fn clear_due(&mut self, durable: u64) {
        self.contents.retain(|(record, _)| *record > durable);
    }

    /// What came after the record `durable` was taken back: events have those contents again.
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
    fn too_many_are_none() {
        let mut garbage = Garbage::default();
        assert!((0..CONTENTS_MAX).all(|_| garbage.add_content(ONE, 1)));
        assert!(!garbage.add_content(TWO, 2));
        assert_eq!(garbage.due(2), [], "whoever looks through all finds them");
    }
}

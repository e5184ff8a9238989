//! Garbage: ended uploads, and file contents that may be unused. Jobs remove them.

use std::collections::{HashSet, VecDeque};

use common::ContentHash;
use uuid::Uuid;

/// The maximum number of queued file contents. Each takes 40 bytes.
const CONTENTS_MAX: usize = 10_000;

#[derive(Default)]
pub(super) struct Garbage {
    uploads: Vec<Uuid>,
    /// File contents that may be removed, each with the record that must be durable first. Ordered by record.
    contents: VecDeque<(u64, ContentHash)>,
}

impl Garbage {
    pub(super) fn add_upload(&mut self, id: Uuid) {
        self.uploads.push(id);
    }

    pub(super) fn uploads(&self) -> &[Uuid] {
        &self.uploads
    }

    pub(super) fn clear_uploads(&mut self) {
        self.uploads.clear();
    }

    /// Adds a file content that may be unused once the record `record` is durable. Returns `false` if the
    /// queue is full, and clears the queue. The caller must then sweep all contents.
    #[must_use]
    pub(super) fn add_content(&mut self, sha256: ContentHash, record: u64) -> bool {
        if self.contents.len() >= CONTENTS_MAX {
            self.contents.clear();
            return false;
        }
        self.contents.push_back((record, sha256));
        true
    }

    /// File contents that can be deleted once the record `durable` is on the disk. Excludes a content that is
    /// also queued for a later record: a failed write can discard that record, and an event then needs the
    /// content again.
    pub(super) fn due(&self, durable: u64) -> Vec<ContentHash> {
        let is_due = |(record, _): &&(u64, ContentHash)| *record <= durable;
        let later: HashSet<_> = self.contents.iter().skip_while(is_due).map(|(_, sha256)| *sha256).collect();
        let due = self.contents.iter().take_while(is_due).map(|(_, sha256)| *sha256);
        due.filter(|sha256| !later.contains(sha256)).collect()
    }

    /// Removes the file contents that are [due](Self::due) from the queue.
    pub(super) fn clear_due(&mut self, durable: u64) {
        self.contents.retain(|(record, _)| *record > durable);
    }

    /// Removes the file contents from the queue whose record is after `durable`. These records were
    /// discarded, so events still need the contents.
    pub(super) fn roll_back(&mut self, durable: u64) {
        self.contents.retain(|(record, _)| *record <= durable);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: ContentHash = ContentHash([1; 32]);
    const TWO: ContentHash = ContentHash([2; 32]);

    #[test]
    fn content_is_due_after_its_last_record() {
        let mut garbage = Garbage::default();
        for (sha256, record) in [(ONE, 5), (TWO, 6), (ONE, 7)] {
            assert!(garbage.add_content(sha256, record));
        }
        assert_eq!(garbage.due(4), []);
        assert_eq!(garbage.due(6), [TWO]);
        garbage.clear_due(6);
        assert_eq!((garbage.due(6), garbage.due(7)), (vec![], vec![ONE]));
        garbage.roll_back(6);
        assert_eq!(garbage.due(7), [], "an event needs it again");
    }

    #[test]
    fn the_caller_must_sweep_if_too_many_contents_wait() {
        let mut garbage = Garbage::default();
        assert!((0..CONTENTS_MAX).all(|_| garbage.add_content(ONE, 1)));
        assert!(!garbage.add_content(TWO, 2));
        assert_eq!(garbage.due(2), [], "the sweep removes all of them");
    }
}

//! The sealed segments: complete log files whose indexes are mostly on the disk.
//!
//! The memory of a sealed segment per stored message:
//!
//! - 16 bytes per page of 203 ids: 0.08 bytes;
//! - 24 bytes per conversation with events in the segment. A 64 MiB segment contains about 220,000 messages
//!   of 300 bytes. With 10,000 conversations, a message takes 1.1 bytes; with 100 conversations, 0.01 bytes.
//!
//! So a message takes more than 8 bytes only if the conversations have fewer than three messages each in a
//! segment.

use std::collections::HashMap;

use super::JournalError;
use super::active::LineRef;
use super::batch::LinePosition;
use super::index::{IndexFile, IndexedRun};
use disk::Disk;

/// All sealed segments, oldest first.
#[derive(Debug, Default)]
pub(super) struct Sealed {
    segments: Vec<IndexFile>,
    conversations: HashMap<Box<str>, Vec<Run>>,
}

/// The events of one conversation in one sealed segment.
#[derive(Debug, Clone, Copy)]
struct Run {
    first_n: u64,
    count: u32,
    /// The position in `segments`.
    segment: u32,
    /// The position of the first event in the segment's index.
    start: u32,
}

impl Run {
    /// The number after the last event of the run.
    fn end(&self) -> u64 {
        self.first_n + u64::from(self.count)
    }
}

impl Sealed {
    /// Adds the next segment. The error is the name of a conversation with a gap in its numbers.
    pub(super) fn push(&mut self, index: IndexFile, runs: Vec<IndexedRun>) -> Result<(), Box<str>> {
        let segment = self.segments.len() as u32;
        self.segments.push(index);
        for IndexedRun { conversation, first_n, count, start } in runs {
            if !self.continues(&conversation, first_n) {
                return Err(conversation);
            }
            self.conversations.entry(conversation).or_default().push(Run { first_n, count, segment, start });
        }
        Ok(())
    }

    /// The size of the segments in bytes.
    pub(super) fn log_bytes(&self) -> u64 {
        self.segments.iter().map(|index| index.extent.log_bytes).sum()
    }

    /// Whether the event `n` is the next one of a conversation.
    pub(super) fn continues(&self, conversation: &str, n: u64) -> bool {
        let last = self.conversations.get(conversation).and_then(|runs| runs.last());
        last.is_none_or(|run| run.end() == n)
    }

    /// Looks up the event with this id. Searches the newest segment first, because most messages that a
    /// client sends again are recent.
    pub(super) fn find(&self, disk: &dyn Disk, id: u128) -> Result<Option<LinePosition>, JournalError> {
        for index in self.segments.iter().rev() {
            if let Some(offset) = index.find(disk, id)? {
                return Ok(Some(LinePosition { segment: index.extent.first_record, offset }));
            }
        }
        Ok(None)
    }

    /// Passes the lines of the events `first_n..=last_n` of a conversation to `each`, in order, segment by
    /// segment.
    pub(super) fn line_refs(
        &self,
        disk: &dyn Disk,
        conversation: &str,
        (first_n, last_n): (u64, u64),
        mut each: impl FnMut(u64, &[LineRef]) -> Result<(), JournalError>,
    ) -> Result<(), JournalError> {
        let runs = self.conversations.get(conversation).map(Vec::as_slice).unwrap_or_default();
        let from = runs.partition_point(|run| run.end() <= first_n);
        for run in runs.iter().skip(from).take_while(|run| run.first_n <= last_n) {
            let Some(index) = self.segments.get(run.segment as usize) else { continue };
            let skip = first_n.saturating_sub(run.first_n) as u32;
            let end = last_n.saturating_add(1).min(run.end()) - run.first_n;
            let line_refs = index.line_refs(disk, run.start + skip..run.start + end as u32)?;
            each(index.extent.first_record, &line_refs)?;
        }
        Ok(())
    }
}

//! The chunks of a file that are sent at a time: as many as the server answers within a moment. So a slow
//! line does not fill with chunks that time out and are sent again, and a fast line is not idle.

use std::ops::Range;
use std::time::Duration;

use common::limits::FILE_CHUNK_BYTES_MAX;

/// Bytes of the first round.
const FIRST_BYTES: u64 = 64 * 1024;

/// The smallest round in bytes: at 8 KB a second it is answered before the timeout.
const BYTES_MIN: u64 = 16 * 1024;

/// The largest round in bytes: four chunks, so a lost connection costs at most these.
const BYTES_MAX: u64 = 4 * FILE_CHUNK_BYTES_MAX as u64;

/// After a faster answer the next round is larger.
const SOON: Duration = Duration::from_millis(300);

/// After a slower answer the next round is smaller.
const LATE: Duration = Duration::from_millis(1200);

/// The size of rounds.
pub(super) struct ChunkWindow {
    bytes: u64,
}

impl ChunkWindow {
    pub(super) fn new() -> Self {
        Self { bytes: FIRST_BYTES }
    }

    /// The chunks of the next round, of a file whose first `have` bytes are transferred.
    pub(super) fn round(&self, have: u64, length: u64) -> Vec<Range<u64>> {
        let end = length.min(have.saturating_add(self.bytes));
        let chunk = |from: u64| from..end.min(from + FILE_CHUNK_BYTES_MAX as u64);
        (have..end).step_by(FILE_CHUNK_BYTES_MAX).map(chunk).collect()
    }

    /// Adapts the size to the time of an answer.
    pub(super) fn took(&mut self, time: Duration) {
        if time < SOON {
            self.bytes = (self.bytes * 2).min(BYTES_MAX);
        } else if time > LATE {
            self.bytes = (self.bytes / 2).max(BYTES_MIN);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_round_grows_while_answers_come_soon_and_shrinks_when_they_are_late() {
        let mut window = ChunkWindow::new();
        assert_eq!(window.round(0, 1 << 30), vec![0..65536]);
        (0..10).for_each(|_| window.took(Duration::from_millis(5)));
        assert_eq!(window.round(7, 1 << 30).len(), 4);
        assert_eq!(window.round(0, 300_000), [0..262_144, 262_144..300_000]);
        assert!(window.round(300_000, 300_000).is_empty());
        (0..10).for_each(|_| window.took(Duration::from_secs(2)));
        assert_eq!(window.round(100, 1 << 30), vec![100..100 + 16 * 1024]);
    }
}

//! The number of bytes of a file that one round requests. The number adapts to the connection: a round takes
//! about a second, so a slow connection does not time out, and a fast connection is not idle.

use std::ops::Range;
use std::time::Duration;

use common::limits::FILE_CHUNK_BYTES_MAX;

/// The number of bytes in the first round.
const FIRST_BYTES: u64 = 64 * 1024;

/// The smallest round in bytes. A connection with 8 KB per second transfers it before the timeout.
const BYTES_MIN: u64 = 16 * 1024;

/// The largest round in bytes: four chunks. A lost connection wastes at most one round.
const BYTES_MAX: u64 = 4 * FILE_CHUNK_BYTES_MAX as u64;

/// After a faster answer the next round is larger.
const FAST: Duration = Duration::from_millis(300);

/// After a slower answer the next round is smaller.
const SLOW: Duration = Duration::from_millis(1200);

/// The size of the next round.
pub(super) struct ChunkWindow {
    bytes: u64,
}

impl ChunkWindow {
    pub(super) fn new() -> Self {
        Self { bytes: FIRST_BYTES }
    }

    /// The chunks of the next round, for a file of which `have` bytes are transferred.
    pub(super) fn round(&self, have: u64, length: u64) -> Vec<Range<u64>> {
        let end = length.min(have.saturating_add(self.bytes));
        let chunk = |from: u64| from..end.min(from + FILE_CHUNK_BYTES_MAX as u64);
        (have..end).step_by(FILE_CHUNK_BYTES_MAX).map(chunk).collect()
    }

    /// Adapts the size to the time that a round took.
    pub(super) fn adapt(&mut self, time: Duration) {
        if time < FAST {
            self.bytes = (self.bytes * 2).min(BYTES_MAX);
        } else if time > SLOW {
            self.bytes = (self.bytes / 2).max(BYTES_MIN);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_round_grows_after_fast_answers_and_shrinks_after_slow_ones() {
        let mut window = ChunkWindow::new();
        assert_eq!(window.round(0, 1 << 30), vec![0..65536]);
        (0..10).for_each(|_| window.adapt(Duration::from_millis(5)));
        assert_eq!(window.round(7, 1 << 30).len(), 4);
        assert_eq!(window.round(0, 300_000), [0..262_144, 262_144..300_000]);
        assert!(window.round(300_000, 300_000).is_empty());
        (0..10).for_each(|_| window.adapt(Duration::from_secs(2)));
        assert_eq!(window.round(100, 1 << 30), vec![100..100 + 16 * 1024]);
    }
}

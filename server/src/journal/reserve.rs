//! The reserve: a file of zeros that occupies space on the disk. When the disk is full, the writer makes the
//! file shorter, step by step, so that the log can still store the revocations of administrators.
//!
//! Other programs can use the released space. So the writer releases one step at a time, and only after a
//! failed write.

use std::io;
use std::sync::Arc;

use disk::Disk;

/// The file in the data folder. Its content has no meaning, and it may be removed while no server runs.
pub const RESERVE_FILE: &str = "reserve";

/// The number of steps in which the reserve is released. A step (256 KiB) is smaller than the test file of
/// [`Writer::find_room`](super::Writer::find_room), so `find_room` still fails after a release.
const STEPS: u64 = 64;

pub(super) struct Reserve {
    disk: Arc<dyn Disk>,
    bytes: u64,
}

impl Reserve {
    /// Creates a reserve of `bytes`; 0 for no reserve.
    pub(super) fn new(disk: Arc<dyn Disk>, bytes: u64) -> Self {
        Self { disk, bytes }
    }

    /// Extends the file to its full length, or to a shorter length that leaves `room` bytes free. If the disk
    /// refuses every extension, the file is unchanged.
    pub(super) fn fill(&self, room: u64) -> io::Result<()> {
        let before = self.length()?;
        if before >= self.bytes {
            return Ok(());
        }
        if !self.disk.list("")?.iter().any(|name| name == RESERVE_FILE) {
            drop(self.disk.create_new(RESERVE_FILE)?);
        }
        let (mut target, mut outcome) = (self.bytes, Ok(()));
        while target > before {
            let allocated = self.disk.allocate(RESERVE_FILE, target + room);
            self.disk.truncate(RESERVE_FILE, if allocated.is_ok() { target } else { before })?;
            match allocated {
                Ok(()) => return outcome,
                Err(error) => outcome = Err(error),
            }
            target = target.saturating_sub(self.step());
        }
        outcome
    }

    /// Releases one step. Returns false if the reserve is empty.
    pub(super) fn release(&self) -> bool {
        let length = self.length().unwrap_or_default();
        length > 0 && self.disk.truncate(RESERVE_FILE, length.saturating_sub(self.step())).is_ok()
    }

    fn step(&self) -> u64 {
        self.bytes.div_ceil(STEPS)
    }

    fn length(&self) -> io::Result<u64> {
        match self.disk.len(RESERVE_FILE) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
            length => length,
        }
    }
}

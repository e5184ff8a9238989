//! The disk faults that crash tests inject at each operation.

use std::io::ErrorKind;

use disk::faulty::{Failure, FaultyDisk, Loss};

/// Errors of an operation, and whether all later operations fail.
pub const DISK_ERRORS: [(ErrorKind, bool); 3] =
    [(ErrorKind::Other, false), (ErrorKind::Other, true), (ErrorKind::StorageFull, true)];

/// The losses of a power cut, from all unsynced bytes to none.
pub const LOSSES: [Loss; 4] = [Loss::Everything, Loss::Nothing, Loss::Tail(50), Loss::Sectors];

/// Cuts the power at this operation. This operation and all later operations fail.
pub fn cut_power(disk: &FaultyDisk, operation: u64) {
    disk.fail(Failure { operation, kind: ErrorKind::Other, lasts: true });
}

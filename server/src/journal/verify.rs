//! Reads the committed records of a log without changing anything: for `papo log verify`, `papo log tail` and
//! `papo backup`.
//!
//! The server may be running: its unfinished write looks like a torn tail, and is skipped.

use std::ops::ControlFlow;

use super::JournalError;
use super::format::{Checkpoint, log_name};
use super::segment::{self, BatchReader, WholeBatch};
use super::tail::{self, Tail};
use disk::Disk;

/// The totals of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Report {
    /// The number of batches.
    pub batches: u64,
    /// The size in bytes, with the commit lines.
    pub bytes: u64,
    /// The last record, and the chain after it. Records are numbered 1, 2, 3 ..., so the number is also their
    /// count.
    pub head: Checkpoint,
    /// The size of an unfinished batch at the end. The other fields exclude this batch.
    pub torn_bytes: u64,
}

/// Checks every batch of the log against the chain. The error is the first damage.
pub fn verify(disk: &dyn Disk) -> Result<Report, JournalError> {
    for_each_line(disk, |_, _| ControlFlow::Continue(()))
}

/// Passes the number and the line of every committed record to `visit`, in order, until `visit` breaks. Each
/// batch is checked against the chain before its first record is passed. The error is the first damage.
pub fn for_each_line(
    disk: &dyn Disk,
    mut visit: impl FnMut(u64, &[u8]) -> ControlFlow<()>,
) -> Result<Report, JournalError> {
    let lines =
        |_, batch: &WholeBatch<'_>| batch.records().try_for_each(|(record, _, line)| visit(record, line));
    walk(disk, lines, |_, _| Ok(()))
}

/// Checks the whole batches of each segment, and then passes them to `copy` with the name of the segment's
/// file. Calls `at_checkpoint` after each batch; if it breaks, later batches are not read.
pub fn for_each_segment<E: From<JournalError>>(
    disk: &dyn Disk,
    mut at_checkpoint: impl FnMut(Checkpoint) -> ControlFlow<()>,
    mut copy: impl FnMut(&str, &[u8]) -> Result<(), E>,
) -> Result<Report, E> {
    walk(disk, |_, batch| at_checkpoint(batch.end), |segment, bytes| copy(&log_name(segment), bytes))
}

/// Passes every whole batch to `visit` until `visit` breaks. Passes the bytes of the visited batches of each
/// segment to `finish`.
fn walk<E: From<JournalError>>(
    disk: &dyn Disk,
    mut visit: impl FnMut(u64, &WholeBatch<'_>) -> ControlFlow<()>,
    mut finish: impl FnMut(u64, &[u8]) -> Result<(), E>,
) -> Result<Report, E> {
    let mut report = Report { batches: 0, bytes: 0, head: Checkpoint::GENESIS, torn_bytes: 0 };
    let segments = segment::list(disk)?;
    for first_record in &segments {
        segment::check_follows(*first_record, &report.head)?;
        let bytes = segment::read(disk, *first_record)?;
        let mut batches = BatchReader::new(&bytes, report.head);
        while let Some(batch) = batches.next_whole() {
            report.batches += 1;
            report.head = batch.end;
            if visit(*first_record, &batch).is_break() {
                report.bytes += batches.offset as u64;
                finish(*first_record, bytes.get(..batches.offset).unwrap_or_default())?;
                return Ok(report);
            }
        }
        let whole_bytes = batches.offset;
        report.bytes += whole_bytes as u64;
        report.torn_bytes =
            torn_bytes(*first_record, &bytes, whole_bytes, segments.last() == Some(first_record))?;
        finish(*first_record, bytes.get(..whole_bytes).unwrap_or_default())?;
    }
    Ok(report)
}

/// The size of an unacknowledged batch at the end of a segment. Returns an error for damage.
pub(super) fn torn_bytes(
    segment: u64,
    bytes: &[u8],
    whole: usize,
    is_last: bool,
) -> Result<u64, JournalError> {
    let why = match tail::classify(bytes, whole) {
        Tail::Clean => return Ok(0),
        Tail::Torn if is_last => return Ok((bytes.len() - whole) as u64),
        Tail::Torn => "the segment ends within a batch, but another segment follows",
        Tail::Damaged(why) => why,
    };
    Err(JournalError::Damaged { file: log_name(segment), offset: whole as u64, why: why.to_owned() })
}

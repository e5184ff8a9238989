//! Classifies the bytes after the last whole batch of the last segment. The remains of an interrupted write
//! may be cut off. A changed batch that was acknowledged must not be cut off.
//!
//! The writer writes the record lines, then the commit line, then syncs, and only then begins the next batch.
//! So only the last batch in the file can be unacknowledged. After a crash, the file can contain this much of
//! that batch:
//!
//! - only its beginning: the commit line is incomplete;
//! - its full length with missing sectors, which read as zeros, because file systems do not expose the
//!   previous content of a new block. JSON Lines contain no zero byte.
//!
//! This gives four cases for the bytes after the last whole batch:
//!
//! 1. No complete commit line: torn.
//! 2. A complete commit line with more bytes after it: the writer had begun the next batch, so this batch was
//!    acknowledged. Damaged.
//! 3. A complete commit line at the end, for a batch as long as these bytes, and a sector of zeros: torn. (A
//!    disk that loses a sector of an acknowledged last batch looks the same. Server startup logs the cut.)
//! 4. A complete commit line at the end, and no sector of zeros: all bytes were written, and a byte has
//!    changed. Damaged.
//!
//! In cases 2 and 4 the changed byte may be in the commit line itself. The search for the commit line uses
//! two of its parts, because one changed byte affects only one part.

use super::format::{CHAIN_DIGITS, COMMIT_CHAIN, COMMIT_END, COMMIT_START, CommitLine};

/// The smallest unit that a disk writes completely.
const SECTOR_BYTES: usize = 512;

/// The kind of the bytes after the last whole batch.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Tail {
    /// No bytes.
    Clean,
    /// An interrupted write, which was never acknowledged.
    Torn,
    /// An acknowledged batch that has changed, with the evidence.
    Damaged(&'static str),
}

/// Classifies the bytes of the last segment after `offset`, the end of its whole batches.
pub(super) fn classify(segment: &[u8], offset: usize) -> Tail {
    let rest = segment.get(offset..).unwrap_or_default();
    match commit_line_end(rest) {
        _ if rest.is_empty() => Tail::Clean,
        None => Tail::Torn,
        Some(end) if end < rest.len() => {
            Tail::Damaged("a batch does not match its commit line, and other bytes follow it")
        }
        Some(_) if has_zero_sector(segment, offset) && may_be_one_batch(rest) => Tail::Torn,
        Some(_) => Tail::Damaged("the last batch is complete, but does not match its commit line"),
    }
}

/// Finds the end of the first complete commit line, even if one byte of that line has changed.
fn commit_line_end(rest: &[u8]) -> Option<usize> {
    let by_chain =
        find(rest, COMMIT_CHAIN).map(|at| at + COMMIT_CHAIN.len() + CHAIN_DIGITS + COMMIT_END.len());
    let by_start = find(rest, COMMIT_START).and_then(|at| {
        let line_bytes_max = usize::try_from(CommitLine::line_bytes(u64::MAX, u64::MAX)).ok()?;
        let line = rest.get(at..)?;
        // The newline may be the changed byte.
        let end = find(line.get(..line_bytes_max).unwrap_or(line), COMMIT_END.trim_end())?;
        Some(at + end + COMMIT_END.len())
    });
    let is_complete = |end: &usize| *end <= rest.len();
    by_chain.filter(is_complete).into_iter().chain(by_start.filter(is_complete)).min()
}

fn find(bytes: &[u8], text: &str) -> Option<usize> {
    bytes.windows(text.len()).position(|window| window == text.as_bytes())
}

/// Whether the commit line covers all bytes before it, or is unreadable.
fn may_be_one_batch(rest: &[u8]) -> bool {
    let commit_line = find(rest, COMMIT_START).and_then(|at| Some((at, CommitLine::parse(rest.get(at..)?)?)));
    commit_line.is_none_or(|(at, commit)| commit.bytes == at as u64)
}

/// Whether the part of a sector after `offset` is all zeros.
fn has_zero_sector(segment: &[u8], offset: usize) -> bool {
    let first = offset / SECTOR_BYTES;
    segment.chunks(SECTOR_BYTES).enumerate().skip(first).any(|(number, sector)| {
        let skip = offset.saturating_sub(number * SECTOR_BYTES);
        sector.iter().skip(skip).all(|byte| *byte == 0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::format::Chain;

    /// One batch of two lines that fills whole sectors.
    fn batch() -> Vec<u8> {
        let lines = format!("{{\"n\":1,\"text\":\"{}\"}}\n{{\"n\":2}}\n", "x".repeat(2000));
        let chain = Chain::GENESIS.extended(lines.as_bytes());
        let commit = CommitLine { records: 2, bytes: lines.len() as u64, chain };
        (lines + &commit.line()).into_bytes()
    }

    #[test]
    fn a_cut_batch_is_torn() {
        let batch = batch();
        assert_eq!(classify(&batch, batch.len()), Tail::Clean);
        for length in 1..batch.len() {
            assert_eq!(classify(&batch[..length], 0), Tail::Torn, "cut at {length}");
        }
    }

    #[test]
    fn any_changed_byte_of_a_whole_batch_is_damage() {
        let batch = batch();
        for at in 0..batch.len() {
            for flip in [1, 0x20, 0xff] {
                let mut changed = batch.clone();
                changed[at] ^= flip;
                assert!(matches!(classify(&changed, 0), Tail::Damaged(_)), "byte {at} ^ {flip:#x}");
                changed.extend_from_slice(&batch[..700]);
                assert!(
                    matches!(classify(&changed, 0), Tail::Damaged(_)),
                    "byte {at} ^ {flip:#x}, followed by a torn batch"
                );
            }
        }
    }

    #[test]
    fn a_missing_sector_is_torn_unless_bytes_follow_the_batch() {
        let batch = batch();
        for sector in 0..batch.len().div_ceil(SECTOR_BYTES) {
            let mut changed = batch.clone();
            let end = batch.len().min((sector + 1) * SECTOR_BYTES);
            changed[sector * SECTOR_BYTES..end].fill(0);
            assert_eq!(classify(&changed, 0), Tail::Torn, "sector {sector}");
        }
        let mut changed = batch.clone();
        changed[512..1024].fill(0);
        changed.extend_from_slice(b"{\"n\":3}\n");
        assert!(matches!(classify(&changed, 0), Tail::Damaged(_)));
        let mut changed = [batch.clone(), batch.clone()].concat();
        changed[batch.len() - 200..batch.len() + 600].fill(0);
        assert!(
            matches!(classify(&changed, 0), Tail::Damaged(_)),
            "the first commit line is missing, the second is intact"
        );
    }
}

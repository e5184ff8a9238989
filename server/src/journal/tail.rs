//! Decides what the bytes after the last whole batch of the last segment are: a write that a crash cut short, which
//! may be cut away, or a batch that was once acknowledged and has changed since, which may not.
//!
//! What is known. The writer has one batch in flight: it writes the record lines, then the commit line, then syncs,
//! and only then begins the next. So at most one batch was never acknowledged, and it is the last thing in the file.
//! What a crash can leave of it:
//!
//! - its beginning: the commit line is not whole;
//! - sectors that never arrived. The file is as long as it should be, and they read as zeros (file systems do not
//!   show what a new block held before). JSON Lines hold no zero byte.
//!
//! What follows from it, for the bytes after the last whole batch:
//!
//! 1. Nothing that was a whole commit line: torn.
//! 2. A whole commit line with more bytes behind it: another batch was begun, so this one was acknowledged. Damaged.
//! 3. A whole commit line at the very end, of a batch as long as these bytes, and a sector of zeros: torn. (A disk that loses a sector of an
//!    acknowledged last batch looks the same; the cut is reported, so it does not pass in silence.)
//! 4. A whole commit line at the very end, and no such sector: everything arrived, and a byte changed since. Damaged.
//!
//! For 2 and 4 it must be seen that there *was* a commit line even when the changed byte is in it. So two of its
//! parts are looked for, and one changed byte spoils only one of them.

use super::format::{CHAIN_DIGITS, COMMIT_CHAIN, COMMIT_END, COMMIT_START, CommitLine};

/// The smallest unit that a disk writes whole.
const SECTOR_BYTES: usize = 512;

/// What follows the last whole batch.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Tail {
    /// Nothing.
    Clean,
    /// A write that was never acknowledged.
    Torn,
    /// An acknowledged batch that has changed; why it must be one.
    Damaged(&'static str),
}

/// Judges the bytes of the last segment from `offset` on, where its whole batches end.
pub(super) fn judge(segment: &[u8], offset: usize) -> Tail {
    let rest = segment.get(offset..).unwrap_or_default();
    match commit_line_end(rest) {
        _ if rest.is_empty() => Tail::Clean,
        None => Tail::Torn,
        Some(end) if end < rest.len() => {
            Tail::Damaged("a batch does not match its commit line, and more was written after it")
        }
        Some(_) if has_zero_sector(segment, offset) && may_be_one_batch(rest) => Tail::Torn,
        Some(_) => {
            Tail::Damaged("the last batch does not match its commit line, though all of it was written")
        }
    }
}

/// Where the first commit line ends that was written whole, though a byte of it may have changed.
fn commit_line_end(rest: &[u8]) -> Option<usize> {
    let by_chain =
        find(rest, COMMIT_CHAIN).map(|at| at + COMMIT_CHAIN.len() + CHAIN_DIGITS + COMMIT_END.len());
    let by_start = find(rest, COMMIT_START).and_then(|at| {
        let line_bytes_max = usize::try_from(CommitLine::line_bytes(u64::MAX, u64::MAX)).ok()?;
        let line = rest.get(at..)?;
        // Without its newline, so that a changed newline is seen as one.
        let end = find(line.get(..line_bytes_max).unwrap_or(line), COMMIT_END.trim_end())?;
        Some(at + end + COMMIT_END.len())
    });
    let whole = |end: &usize| *end <= rest.len();
    by_chain.filter(whole).into_iter().chain(by_start.filter(whole)).min()
}

fn find(bytes: &[u8], text: &str) -> Option<usize> {
    bytes.windows(text.len()).position(|window| window == text.as_bytes())
}

/// Whether the commit line, if it can be read, speaks of all that stands before it.
fn may_be_one_batch(rest: &[u8]) -> bool {
    let commit_line = find(rest, COMMIT_START).and_then(|at| Some((at, CommitLine::parse(rest.get(at..)?)?)));
    commit_line.is_none_or(|(at, commit)| commit.bytes == at as u64)
}

/// Whether a sector, as far as it lies behind `offset`, is all zeros.
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

    /// One batch of two lines, long enough to fill whole sectors.
    fn batch() -> Vec<u8> {
        let lines = format!("{{\"n\":1,\"text\":\"{}\"}}\n{{\"n\":2}}\n", "x".repeat(2000));
        let chain = Chain::GENESIS.extended(lines.as_bytes());
        let commit = CommitLine { records: 2, bytes: lines.len() as u64, chain };
        (lines + &commit.line()).into_bytes()
    }

    #[test]
    fn every_beginning_of_a_batch_is_torn() {
        let batch = batch();
        assert_eq!(judge(&batch, batch.len()), Tail::Clean);
        for length in 1..batch.len() {
            assert_eq!(judge(&batch[..length], 0), Tail::Torn, "cut at {length}");
        }
    }

    #[test]
    fn any_changed_byte_of_a_whole_batch_is_damage() {
        let batch = batch();
        for at in 0..batch.len() {
            for flip in [1, 0x20, 0xff] {
                let mut changed = batch.clone();
                changed[at] ^= flip;
                assert!(matches!(judge(&changed, 0), Tail::Damaged(_)), "byte {at} ^ {flip:#x}");
                changed.extend_from_slice(&batch[..700]);
                assert!(
                    matches!(judge(&changed, 0), Tail::Damaged(_)),
                    "byte {at} ^ {flip:#x}, and a torn batch"
                );
            }
        }
    }

    #[test]
    fn a_sector_that_never_arrived_is_torn_unless_more_was_written_after_it() {
        let batch = batch();
        for sector in 0..batch.len().div_ceil(SECTOR_BYTES) {
            let mut changed = batch.clone();
            let end = batch.len().min((sector + 1) * SECTOR_BYTES);
            changed[sector * SECTOR_BYTES..end].fill(0);
            assert_eq!(judge(&changed, 0), Tail::Torn, "sector {sector}");
        }
        let mut changed = batch.clone();
        changed[512..1024].fill(0);
        changed.extend_from_slice(b"{\"n\":3}\n");
        assert!(matches!(judge(&changed, 0), Tail::Damaged(_)));
        let mut changed = [batch.clone(), batch.clone()].concat();
        changed[batch.len() - 200..batch.len() + 600].fill(0);
        assert!(
            matches!(judge(&changed, 0), Tail::Damaged(_)),
            "the first commit line is gone, the second is there"
        );
    }
}

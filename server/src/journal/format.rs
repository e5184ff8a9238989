//! The file format of the log: the chain, the commit line and the names of the files.
//!
//! A segment is JSON Lines. Each batch of record lines ends with one commit line:
//!
//! ```text
//! {"n":17, ...}
//! {"n":18, ...}
//! {"commit":{"records":2,"bytes":164,"chain":"<64 hex digits>"}}
//! ```
//!
//! `bytes` counts the record lines with their newlines, not the commit line. `chain` is the SHA-256 of the
//! previous chain followed by these lines. The first previous chain is 32 zero bytes, and the chain continues
//! from one segment to the next. A commit line has exactly one form, so its length is known before its chain.

use std::fmt;
use std::str::FromStr;

use cluster::Head;
use common::hex::{from_hex, to_hex};
use sha2::{Digest, Sha256};

/// The folder of the log, inside the data folder.
pub const LOG_FOLDER: &str = "log";

/// The start of a commit line. No record line begins with it.
pub(super) const COMMIT_START: &str = "{\"commit\":{\"records\":";
const COMMIT_BYTES: &str = ",\"bytes\":";
/// The text before the chain in a commit line.
pub(super) const COMMIT_CHAIN: &str = ",\"chain\":\"";
/// The end of a commit line.
pub(super) const COMMIT_END: &str = "\"}}\n";
/// The hex digits of a chain: two for each of its 32 bytes.
pub(super) const CHAIN_DIGITS: usize = 64;

/// A running SHA-256 over the batches of the log. Two logs with the same chain have the same content.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Chain(pub(super) [u8; 32]);

impl Chain {
    /// The chain of an empty log.
    pub const GENESIS: Self = Self([0; 32]);

    /// The chain after `batch`, the batch's record lines with their newlines.
    #[must_use]
    pub fn extended(self, batch: &[u8]) -> Self {
        Self(Sha256::new().chain_update(self.0).chain_update(batch).finalize().into())
    }
}

impl fmt::Display for Chain {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&to_hex(&self.0))
    }
}

impl fmt::Debug for Chain {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Chain({self})")
    }
}

/// The text was not 64 lowercase hex digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a chain is 64 lowercase hex digits")]
pub struct ChainSyntax;

impl FromStr for Chain {
    type Err = ChainSyntax;

    fn from_str(text: &str) -> Result<Self, ChainSyntax> {
        let is_lowercase = !text.bytes().any(|digit| digit.is_ascii_uppercase());
        from_hex(text).filter(|_| is_lowercase).map(Self).ok_or(ChainSyntax)
    }
}

/// A position in the log between two batches. A snapshot contains the state at a checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checkpoint {
    /// The number of the last record before the checkpoint; 0 if there is none.
    pub record: u64,
    /// The chain after that record.
    pub chain: Chain,
}

impl Checkpoint {
    /// The start of every log.
    pub const GENESIS: Self = Self { record: 0, chain: Chain::GENESIS };
}

impl From<Checkpoint> for Head {
    fn from(Checkpoint { record, chain }: Checkpoint) -> Self {
        Self { record, chain: chain.to_string() }
    }
}

impl TryFrom<&Head> for Checkpoint {
    type Error = ChainSyntax;

    fn try_from(head: &Head) -> Result<Self, ChainSyntax> {
        Ok(Self { record: head.record, chain: head.chain.parse()? })
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct CommitLine {
    /// The number of record lines in the batch.
    pub(super) records: u64,
    /// The size of the lines in bytes, with their newlines.
    pub(super) bytes: u64,
    /// The chain after the batch.
    pub(super) chain: Chain,
}

impl CommitLine {
    /// Formats the commit line with its newline.
    pub(super) fn line(&self) -> String {
        let Self { records, bytes, chain } = self;
        format!("{COMMIT_START}{records}{COMMIT_BYTES}{bytes}{COMMIT_CHAIN}{chain}{COMMIT_END}")
    }

    /// The length of [`CommitLine::line`] in bytes, which does not depend on the chain.
    pub(super) fn line_bytes(records: u64, bytes: u64) -> u64 {
        let fixed =
            COMMIT_START.len() + COMMIT_BYTES.len() + COMMIT_CHAIN.len() + CHAIN_DIGITS + COMMIT_END.len();
        fixed as u64 + digits(records) + digits(bytes)
    }

    /// Parses a line with its newline; `None` unless it has exactly the form of [`CommitLine::line`].
    pub(super) fn parse(line: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(line).ok()?.strip_prefix(COMMIT_START)?;
        let (records, text) = text.split_once(COMMIT_BYTES)?;
        let (bytes, text) = text.split_once(COMMIT_CHAIN)?;
        let chain = text.strip_suffix(COMMIT_END)?.parse().ok()?;
        let commit = Self { records: records.parse().ok()?, bytes: bytes.parse().ok()?, chain };
        (commit.line().as_bytes() == line).then_some(commit)
    }
}

fn digits(number: u64) -> u64 {
    u64::from(number.checked_ilog10().unwrap_or(0)) + 1
}

/// The file of the segment that begins with this record, relative to the data folder.
pub(super) fn log_name(first_record: u64) -> String {
    format!("{LOG_FOLDER}/{first_record:020}.log")
}

/// The index file of the segment that begins with this record, relative to the data folder.
pub(super) fn index_name(first_record: u64) -> String {
    format!("{LOG_FOLDER}/{first_record:020}.idx")
}

/// The number of the first record in the name of a log file with this extension (`.log` or `.idx`).
pub(super) fn first_record(file_name: &str, extension: &str) -> Option<u64> {
    let digits = file_name.strip_suffix(extension)?;
    (digits.len() == 20).then(|| digits.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_line_has_one_form_and_a_length_that_does_not_depend_on_its_chain() {
        let commit = CommitLine { records: 57, bytes: 14_820, chain: Chain::GENESIS.extended(b"{}\n") };
        let line = "{\"commit\":{\"records\":57,\"bytes\":14820,\"chain\":\
                    \"e2e53fdad3219f481a961695433c0f4f84734c604f52f3495cd0fc05e3279eb3\"}}\n";
        assert_eq!(commit.line(), line);
        assert_eq!(commit.line().len() as u64, CommitLine::line_bytes(57, 14_820));
        assert_eq!(CommitLine::parse(commit.line().as_bytes()), Some(commit));
        let padded = commit.line().replace("57", "057");
        assert_eq!(CommitLine::parse(padded.as_bytes()), None);
    }

    #[test]
    fn the_name_of_a_segment_has_exactly_twenty_digits() {
        assert_eq!(first_record("00000000000000000017.log", ".log"), Some(17));
        assert_eq!(first_record("17.log", ".log"), None);
        assert_eq!(first_record("00000000000000000017.idx.tmp", ".idx"), None);
    }
}

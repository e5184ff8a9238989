//! A position in the log.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The end of a log: the number of its last record, and the chain after it. Two logs with the same head have
/// the same content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    pub record: u64,
    /// 64 hex digits.
    pub chain: String,
}

/// The text is not `<record> <chain>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a head is a record number and 64 hex digits")]
pub struct HeadSyntax;

const CHAIN_DIGITS: usize = 64;

impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.record, self.chain)
    }
}

impl FromStr for Head {
    type Err = HeadSyntax;

    fn from_str(text: &str) -> Result<Self, HeadSyntax> {
        let (record, chain) = text.split_once(' ').ok_or(HeadSyntax)?;
        let is_chain = chain.len() == CHAIN_DIGITS && chain.bytes().all(|digit| digit.is_ascii_hexdigit());
        let record = record.parse().map_err(|_| HeadSyntax)?;
        if is_chain { Ok(Self { record, chain: chain.to_owned() }) } else { Err(HeadSyntax) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_back_from_its_text() {
        let head = Head { record: 17, chain: "0f".repeat(32) };
        assert_eq!(head.to_string().parse(), Ok(head));
        for text in ["", "17", "x 0f", "17 0f", &format!("17 {}", "g".repeat(64))] {
            assert_eq!(text.parse::<Head>(), Err(HeadSyntax), "{text}");
        }
    }
}

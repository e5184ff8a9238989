//! Finding what was said: `message.search`.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::accounts::Token;
use crate::conversations::Target;
use crate::json;

/// Parameters of `message.search`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Search<'a> {
    /// The session.
    #[serde(borrow)]
    pub token: Token<'a>,
    /// Words, "phrases", `from:`, `in:`, `before:`, `after:`.
    #[serde(borrow)]
    pub query: Cow<'a, str>,
    /// Only in this conversation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conversation: Option<Target>,
    /// Goes on where a page has ended: its `before`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<u64>,
    /// How many events at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
}

/// Result of `message.search`. The events are those of `message.history`, the newest first.
#[derive(Debug, Deserialize)]
pub struct Found<'a> {
    /// What was found.
    #[serde(borrow)]
    pub events: Vec<&'a RawValue>,
    /// To be given as `before` for the next page; without it, there is none.
    #[serde(default)]
    pub before: Option<u64>,
    /// How many records of the log the index had not taken in yet: 0 unless it is being rebuilt.
    pub behind: u64,
}

/// Writes a [`Found`] whose events are `lines`, each with its newline: they are copied, not read.
pub fn encode_found(out: &mut Vec<u8>, lines: &[u8], before: Option<u64>, behind: u64) {
    out.extend_from_slice(br#"{"events":["#);
    crate::history::write_lines(out, lines);
    out.push(b']');
    if let Some(before) = before {
        out.extend_from_slice(br#","before":"#);
        json::write(out, &before);
    }
    out.extend_from_slice(br#","behind":"#);
    json::write(out, &behind);
    out.push(b'}');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_found_holds_the_lines_as_they_are() {
        let mut out = Vec::new();
        encode_found(&mut out, b"{\"n\":9}\n{\"n\":2}\n", Some(17), 0);
        assert_eq!(String::from_utf8_lossy(&out), r#"{"events":[{"n":9},{"n":2}],"before":17,"behind":0}"#);
        let found: Found<'_> = serde_json::from_slice(&out).expect("found");
        assert_eq!((found.events.len(), found.before, found.behind), (2, Some(17), 0));
        out.clear();
        encode_found(&mut out, b"", None, 3);
        assert_eq!(String::from_utf8_lossy(&out), r#"{"events":[],"behind":3}"#);
    }
}

//! Finding what was said: `message.search`.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::accounts::Token;
use crate::conversations::Target;
use crate::json::Object;
use crate::methods::{MessageSearch, ResultOf};

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
#[derive(Debug, Serialize, Deserialize)]
pub struct Found {
    /// The messages that match.
    pub events: Vec<Box<RawValue>>,
    /// The `before` of the next page; absent on the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<u64>,
    /// Records of the log that are not indexed yet: 0 unless the index is being rebuilt.
    pub behind: u64,
}

/// A [`Found`] whose events are lines of the log.
#[derive(Debug)]
pub struct FoundLines {
    /// The events, each with its newline.
    pub lines: Vec<u8>,
    /// See [`Found::before`].
    pub before: Option<u64>,
    /// See [`Found::behind`].
    pub behind: u64,
}

impl ResultOf<MessageSearch> for FoundLines {
    fn write(&self, out: &mut Vec<u8>) {
        let Self { lines, before, behind } = self;
        Object::begin(out)
            .lines("events", lines)
            .optional("before", before.as_ref())
            .field("behind", behind)
            .end();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_found_holds_the_lines_as_they_are() {
        let written = |lines: &[u8], before, behind| {
            let mut out = Vec::new();
            FoundLines { lines: lines.to_vec(), before, behind }.write(&mut out);
            String::from_utf8(out).expect("utf-8")
        };
        assert_eq!(
            written(b"{\"n\":9}\n{\"n\":2}\n", Some(17), 0),
            r#"{"events":[{"n":9},{"n":2}],"before":17,"behind":0}"#
        );
        assert_eq!(written(b"", None, 3), r#"{"events":[],"behind":3}"#);
    }
}

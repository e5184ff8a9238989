//! Search: `message.search`.

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
    /// The session token.
    #[serde(borrow)]
    pub token: Token<'a>,
    /// Words, "phrases", `from:`, `in:`, `before:`, `after:`.
    #[serde(borrow)]
    pub query: Cow<'a, str>,
    /// The conversation to search. `None` for all conversations that the user can read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conversation: Option<Target>,
    /// The `before` of the previous page. `None` for the first page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<u64>,
    /// The maximum number of events.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
}

/// Result of `message.search`.
#[derive(Debug, Serialize, Deserialize)]
pub struct Found {
    /// The lines of the messages that match, as in `message.history`, newest first.
    pub events: Vec<Box<RawValue>>,
    /// The value of `before` for the next page. `None` on the last page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<u64>,
    /// The number of records of the log that are not indexed yet. It is 0 except while the index is rebuilt.
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
    fn a_search_result_contains_the_lines_of_the_log_unchanged() {
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

//! Pages of events, and the newest event of each conversation: `message.history`, `sync.heads`.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::accounts::Token;
use crate::channels::LaterNames;
use crate::conversations::Target;
use crate::json::Object;
use crate::methods::{MessageHistory, ResultOf};

/// Parameters of `message.history`. Without a position the page has the newest events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct History<'a> {
    /// The session token.
    #[serde(borrow)]
    pub token: Token<'a>,
    /// The conversation of the events.
    pub conversation: Target,
    /// Return the events directly before this event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<u64>,
    /// Return the events directly after this event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<u64>,
    /// Return the last events before this time, in Unix milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before_at: Option<u64>,
    /// Return the first events at or after this time, in Unix milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after_at: Option<u64>,
    /// The number of the event in the middle of the page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub around: Option<u64>,
    /// The maximum number of events.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
    /// Whether the page includes the earlier texts of edited messages.
    #[serde(default, skip_serializing_if = "crate::channels::is_false")]
    pub edits: bool,
}

impl<'a> History<'a> {
    /// Creates the parameters for the newest page of a conversation.
    #[must_use]
    pub fn newest(token: Token<'a>, conversation: Target) -> Self {
        let (before, after, before_at, after_at, around, limit, edits) = Default::default();
        Self { token, conversation, before, after, before_at, after_at, around, limit, edits }
    }

    /// Returns the names of two parameters that cannot be combined, if there are any.
    #[must_use]
    pub fn conflict(&self) -> Option<(&'static str, &'static str)> {
        let Self { before, after, before_at, after_at, around, .. } = self;
        let exclusive = [
            ("before", before, "before_at", before_at),
            ("after", after, "after_at", after_at),
            ("around", around, "before", before),
            ("around", around, "before_at", before_at),
            ("around", around, "after", after),
            ("around", around, "after_at", after_at),
        ];
        let mut conflicts = exclusive.into_iter().filter(|(_, a, _, b)| a.is_some() && b.is_some());
        conflicts.next().map(|(name, _, other_name, _)| (name, other_name))
    }
}

/// Result of `message.history`: events in the order of `n`, without a gap.
#[derive(Debug, Serialize, Deserialize)]
pub struct Page {
    /// The conversation as the user names it.
    pub conversation: Target,
    /// The number of the conversation's newest event, or 0 if it has none.
    pub head: u64,
    /// The event lines: at most `limit`, and fewer if the page would be too large.
    pub events: Vec<Box<RawValue>>,
}

/// A [`Page`] whose events are lines of the log.
#[derive(Debug)]
pub struct PageLines {
    /// See [`Page::conversation`].
    pub conversation: Target,
    /// See [`Page::head`].
    pub head: u64,
    /// The events, each with its newline.
    pub lines: Vec<u8>,
}

impl ResultOf<MessageHistory> for PageLines {
    fn write(&self, out: &mut Vec<u8>) {
        let Self { conversation, head, lines } = self;
        Object::begin(out)
            .field("conversation", conversation)
            .field("head", head)
            .lines("events", lines)
            .end();
    }
}

/// Parameters of `sync.heads`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeadsSince<'a> {
    /// The session token.
    #[serde(borrow)]
    pub token: Token<'a>,
    /// Return only conversations that have changed after this cursor. `None` returns all conversations.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<u64>,
}

/// Result of `sync.heads`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heads {
    /// The value of `since` for the next request for heads.
    pub cursor: u64,
    /// The time of the last restore from a backup, in Unix milliseconds. A restore invalidates cursors and
    /// event numbers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restored: Option<u64>,
    /// The user's own topic. It changes when a session of the user is revoked.
    pub topic: String,
    /// The newest event of each conversation of the user.
    pub heads: Vec<Head>,
}

/// The newest event of one conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// The conversation as the user names it: a channel has its first name.
    pub conversation: Target,
    /// The later names of a channel.
    #[serde(flatten)]
    pub names: LaterNames,
    /// The number of the newest event.
    pub n: u64,
    /// The topic of a channel. `None` for direct messages, which are published on the users' own topics.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_contains_the_lines_of_the_log_unchanged() {
        let written = |head, lines: &[u8]| {
            let (mut out, conversation) = (Vec::new(), Target::new("#general").expect("a target"));
            PageLines { conversation, head, lines: lines.to_vec() }.write(&mut out);
            String::from_utf8(out).expect("utf-8")
        };
        let page: Page =
            serde_json::from_str(&written(2, b"{\"n\":1}\n{\"n\":2,\"text\":\"a\\nb\"}\n")).expect("a page");
        let events: Vec<_> = page.events.iter().map(|event| event.get()).collect();
        assert_eq!((page.head, events), (2, vec!["{\"n\":1}", "{\"n\":2,\"text\":\"a\\nb\"}"]));
        assert_eq!(written(0, b""), r##"{"conversation":"#general","head":0,"events":[]}"##);
    }

    #[test]
    fn two_parameters_for_one_end_of_a_page_conflict() {
        let conflict = |fields: &str| {
            let params = format!(r##"{{"token":"t","conversation":"#a"{fields}}}"##);
            serde_json::from_str::<History<'_>>(&params).expect("parameters").conflict()
        };
        assert_eq!(conflict(r#","before":9,"after_at":1"#), None);
        assert_eq!(conflict(r#","before_at":9,"after":1"#), None);
        assert_eq!(conflict(r#","around":9,"limit":3"#), None);
        assert_eq!(conflict(r#","before":9,"before_at":1"#), Some(("before", "before_at")));
        assert_eq!(conflict(r#","before":9,"after":1,"after_at":1"#), Some(("after", "after_at")));
        for other in ["before", "before_at", "after", "after_at"] {
            assert_eq!(conflict(&format!(r#","{other}":9,"around":1"#)), Some(("around", other)));
        }
    }
}

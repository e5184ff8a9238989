//! What was said, and how far: `message.history`, `sync.heads`.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::accounts::Token;
use crate::conversations::Target;
use crate::json::Object;
use crate::methods::{MessageHistory, ResultOf};

/// Parameters of `message.history`: the newest events, or those before or after a number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct History<'a> {
    /// The session.
    #[serde(borrow)]
    pub token: Token<'a>,
    /// `#channel` or `@user`.
    pub conversation: Target,
    /// Only events with a smaller number; the page ends right before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<u64>,
    /// Only events with a greater number; the page begins right after it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<u64>,
    /// How many at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
    /// Whether to show what edited messages said before.
    #[serde(default, skip_serializing_if = "crate::channels::is_false")]
    pub edits: bool,
}

/// Result of `message.history`: events in the order of `n`, without a gap.
#[derive(Debug, Serialize, Deserialize)]
pub struct Page {
    /// The conversation as the asker names it.
    pub conversation: Target,
    /// The number of its newest event, 0 when it has none.
    pub head: u64,
    /// The lines of the log; fewer than `limit` when more would get too large.
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
    /// The session.
    #[serde(borrow)]
    pub token: Token<'a>,
    /// Only conversations that changed after this cursor; without it, all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<u64>,
}

/// Result of `sync.heads`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heads {
    /// To be given as `since` next time.
    pub cursor: u64,
    /// When the server was last set back, to a backup, in Unix milliseconds; absent when it never was. Cursors and numbers
    /// of before say nothing after it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restored: Option<u64>,
    /// The topic of what is meant for the asker alone, which moves when sessions are ended.
    pub topic: String,
    /// The asker's conversations.
    pub heads: Vec<Head>,
}

/// How far one conversation has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// As the asker names it.
    pub conversation: Target,
    /// The number of its newest event.
    pub n: u64,
    /// Where a channel's events are published. Direct messages come on the user's own topic.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_holds_the_lines_as_they_are() {
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
}

//! What was said, and how far: `message.history`, `sync.heads`.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::accounts::Token;
use crate::conversations::Target;
use crate::json;

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

/// Result of `message.history`. The events are the very lines of the log, in the order of `n`, without a hole.
#[derive(Debug, Deserialize)]
pub struct Page<'a> {
    /// The conversation as the asker names it.
    pub conversation: Target,
    /// The number of its newest event, 0 when it has none.
    pub head: u64,
    /// The page; it ends early when it would get too large.
    #[serde(borrow)]
    pub events: Vec<&'a RawValue>,
}

/// Bytes of a page beside its events, and what the reply puts around it: enough, not exact.
const PAGE_FRAME_BYTES: usize = 512;

/// Writes a [`Page`] whose events are `lines`, each with its newline: they are copied, not read.
pub fn encode_page(out: &mut Vec<u8>, conversation: &Target, head: u64, lines: &[u8]) {
    out.reserve(lines.len() + PAGE_FRAME_BYTES);
    out.extend_from_slice(br#"{"conversation":"#);
    json::write(out, conversation);
    out.extend_from_slice(br#","head":"#);
    json::write(out, &head);
    out.extend_from_slice(br#","events":["#);
    write_lines(out, lines);
    out.extend_from_slice(b"]}");
}

/// Writes lines, each with its newline, as the items of an array.
pub(crate) fn write_lines(out: &mut Vec<u8>, lines: &[u8]) {
    let (start, lines) = (out.len(), lines.strip_suffix(b"\n").unwrap_or(lines));
    out.extend_from_slice(lines);
    let items = out.get_mut(start..).unwrap_or_default();
    // A newline inside a line is escaped, so that every one that is left stands between two events.
    for between in memchr::memchr_iter(b'\n', lines) {
        items.get_mut(between).into_iter().for_each(|byte| *byte = b',');
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
        let target = Target::new("#general").expect("a target");
        let mut out = Vec::new();
        encode_page(&mut out, &target, 2, b"{\"n\":1}\n{\"n\":2,\"text\":\"a\\nb\"}\n");
        let page: Page<'_> = serde_json::from_slice(&out).expect("a page");
        let events: Vec<_> = page.events.iter().map(|event| event.get()).collect();
        assert_eq!((page.head, events), (2, vec!["{\"n\":1}", "{\"n\":2,\"text\":\"a\\nb\"}"]));

        out.clear();
        encode_page(&mut out, &target, 0, b"");
        assert_eq!(String::from_utf8_lossy(&out), r##"{"conversation":"#general","head":0,"events":[]}"##);
    }
}

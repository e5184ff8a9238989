//! Translates the bodies of incoming webhooks into messages, with pure functions. A body is untrusted input:
//! every program that knows the address can send one.

pub(crate) mod alertmanager;
pub(crate) mod blocks;
pub(crate) mod body;
pub(crate) mod emoji;
pub(crate) mod github;
pub(crate) mod mrkdwn;
pub(crate) mod slack;

#[cfg(test)]
mod tests;

use common::limits::TEXT_BYTES_MAX;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use uuid::{Builder, Uuid};

/// The end of a text that was cut.
const CUT: &str = " … (cut)";

/// The maximum characters of a title in one line.
const TITLE_CHARACTERS_MAX: usize = 200;

/// A message to post.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Post {
    pub(crate) text: String,
    /// The name that the sender gave itself.
    pub(crate) username: Option<String>,
    /// The channel that the sender named.
    pub(crate) channel: Option<String>,
    /// Posts with the same group edit one message.
    pub(crate) group: Option<String>,
}

impl Post {
    fn new(text: String, username: &str) -> Self {
        Self { text, username: Some(username.to_owned()), channel: None, group: None }
    }
}

/// The reason why a body is rejected. The HTTP answer has the error word of Slack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BadBody {
    InvalidPayload,
    NoText,
}

/// Cuts a text that is longer than a message, at the end of a line if possible.
pub(crate) fn cut(text: &str) -> String {
    if text.len() <= TEXT_BYTES_MAX {
        return text.to_owned();
    }
    let kept = text.get(..text.floor_char_boundary(TEXT_BYTES_MAX - CUT.len())).unwrap_or_default();
    let whole_lines = kept.rsplit_once('\n').map(|(lines, _)| lines).filter(|lines| !lines.trim().is_empty());
    whole_lines.unwrap_or(kept).to_owned() + CUT
}

/// Derives the id of a message from `parts`: a UUID of version 7 with the time 0. Equal parts give equal ids.
pub(crate) fn id_of(parts: &[&str]) -> Uuid {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let digest: [u8; 32] = hash.finalize().into();
    let random = digest.first_chunk().copied().unwrap_or_default();
    Builder::from_unix_timestamp_millis(0, &random).into_uuid()
}

/// A string, number or boolean as text. `None` for an empty string and for other values.
fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => (!text.trim().is_empty()).then(|| text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// The text of a field.
fn field(value: &Value, name: &str) -> Option<String> {
    value.get(name).and_then(scalar)
}

/// The items of a list; none if the field has no list.
fn items<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
    value.get(name).and_then(Value::as_array).into_iter().flatten()
}

/// Formats a link in Markdown. An address stays plain text unless it is of HTTP or mail, without white space,
/// parentheses and angle brackets.
fn link(text: &str, url: &str) -> String {
    let is_web = ["http://", "https://", "mailto:"].iter().any(|scheme| url.starts_with(scheme));
    let is_plain = !url.contains(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | '<' | '>'));
    match (is_web, is_plain) {
        (true, true) if text == url => url.to_owned(),
        (true, true) => format!("[{}]({url})", one_line(text)),
        (true, false) | (false, _) => format!("{} ({url})", one_line(text)),
    }
}

/// Formats a title as one line of at most `TITLE_CHARACTERS_MAX` characters, without square brackets, which
/// would end the text of a link.
fn one_line(text: &str) -> String {
    let plain = |c: char| match c {
        '[' => '(',
        ']' => ')',
        c if c.is_control() => ' ',
        c => c,
    };
    let mut line: String = text.trim().chars().take(TITLE_CHARACTERS_MAX).map(plain).collect();
    if text.trim().chars().nth(TITLE_CHARACTERS_MAX).is_some() {
        line.push('…');
    }
    line
}

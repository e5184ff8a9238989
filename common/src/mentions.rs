//! Mentions: `@user` and `@here` in a text, and `mention.list`.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::accounts::Token;
use crate::history::write_lines;
use crate::json;
use crate::limits::MENTIONS_IN_TEXT_MAX;
use crate::names::UserName;

/// Whom a text speaks to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mention {
    /// `@user`.
    User(UserName),
    /// `@here`: everybody in the conversation, whether they are there at the moment or not. Who is there is not in the
    /// log, and whoever was away is the one who would miss it.
    Here,
}

/// Whom a text mentions, each time it does, at most [`MENTIONS_IN_TEXT_MAX`] times. An `@` behind a letter or digit is
/// none: it belongs to a mail address.
pub fn mentions(text: &str) -> impl Iterator<Item = Mention> {
    let signs = text.match_indices('@').filter(|(at, _)| {
        let before = text.get(..*at).unwrap_or_default().chars().next_back();
        before.is_none_or(|before| !before.is_alphanumeric())
    });
    signs.filter_map(|(at, sign)| named(text.get(at + sign.len()..)?)).take(MENTIONS_IN_TEXT_MAX)
}

/// The name that a text begins with. Full stops and hyphens at its end belong to the sentence.
fn named(text: &str) -> Option<Mention> {
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-');
    let end = text.find(|c| !is_part(c)).unwrap_or(text.len());
    let name = text.get(..end)?.trim_end_matches(['.', '-', '_']);
    let name = UserName::new(name).ok()?;
    Some(if name.as_str() == "here" { Mention::Here } else { Mention::User(name) })
}

/// Parameters of `mention.list`: the newest mentions, or those before a cursor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListMentions<'a> {
    /// The session.
    #[serde(borrow)]
    pub token: Token<'a>,
    /// Only earlier ones; `before` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<u64>,
}

/// Result of `mention.list`.
#[derive(Debug, Deserialize)]
pub struct Mentions<'a> {
    /// The messages as they are at present, newest first.
    #[serde(borrow)]
    pub events: Vec<&'a RawValue>,
    /// Where the next page begins, if there is one.
    #[serde(default)]
    pub before: Option<u64>,
}

/// Writes [`Mentions`] whose events are `lines`, each with its newline.
pub fn encode_mentions(out: &mut Vec<u8>, lines: &[u8], before: Option<u64>) {
    out.extend_from_slice(br#"{"events":["#);
    write_lines(out, lines);
    out.push(b']');
    if let Some(before) = before {
        out.extend_from_slice(br#","before":"#);
        json::write(out, &before);
    }
    out.push(b'}');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> String {
        let name = |mention| match mention {
            Mention::User(user) => user.to_string(),
            Mention::Here => "HERE".to_owned(),
        };
        mentions(text).map(name).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn names_are_found_and_addresses_are_not() {
        assert_eq!(found("@bob, ask @João. Or (@a.b_c-d)?"), "bob joão a.b_c-d");
        assert_eq!(found("@here @HERE!"), "HERE HERE");
        assert_eq!(found("bob@example.org @ @@ana @-x #@eva"), "ana eva");
        assert_eq!(found("日本@bob 日本 @bob"), "bob");
        assert_eq!(found(""), "");
    }

    #[test]
    fn a_text_mentions_only_so_many() {
        let text = "@a ".repeat(MENTIONS_IN_TEXT_MAX + 1);
        assert_eq!(mentions(&text).count(), MENTIONS_IN_TEXT_MAX);
    }
}

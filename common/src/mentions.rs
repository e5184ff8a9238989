//! Mentions: `@user` and `@here` in a text, and `mention.list`.

use std::ops::Range;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use unicode_normalization::char::is_combining_mark;

use crate::accounts::Token;
use crate::json::Object;
use crate::limits::MENTIONS_IN_TEXT_MAX;
use crate::methods::{MentionList, ResultOf};
use crate::names::UserName;

/// The users that a text mentions with one `@`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mention {
    /// `@user`.
    User(UserName),
    /// `@here`: all users of the conversation, online or offline. The log does not record presence.
    Here,
}

/// Returns the first [`MENTIONS_IN_TEXT_MAX`] mentions of a text. An `@` after a letter or digit is part of a
/// mail address.
pub fn mentions(text: &str) -> impl Iterator<Item = Mention> {
    mention_ranges(text).map(|(_, mention)| mention)
}

/// Like [`mentions`], with the bytes of each mention in the text: the `@` and the name.
pub fn mention_ranges(text: &str) -> impl Iterator<Item = (Range<usize>, Mention)> {
    all_mention_ranges(text).take(MENTIONS_IN_TEXT_MAX)
}

/// The text without the signs of its `@here`, so that it mentions only single users. `None` if it has no
/// `@here`. One pass over the text suffices.
#[must_use]
pub fn without_here(text: &str) -> Option<String> {
    let (mut kept, mut rest) = (String::new(), 0);
    for (range, _) in all_mention_ranges(text).filter(|(_, mention)| *mention == Mention::Here) {
        kept.push_str(text.get(rest..range.start)?);
        // A sign in front of the removed sign would mention all members instead.
        kept.truncate(kept.trim_end_matches('@').len());
        rest = range.start + '@'.len_utf8();
    }
    kept.push_str(text.get(rest..)?);
    (rest > 0).then_some(kept)
}

fn all_mention_ranges(text: &str) -> impl Iterator<Item = (Range<usize>, Mention)> {
    let signs = text.match_indices('@').filter(|(at, _)| {
        let before = text.get(..*at).unwrap_or_default().chars().next_back();
        before.is_none_or(|before| !is_letter(before))
    });
    signs.filter_map(|(at, sign)| {
        let (length, mention) = parse_mention(text.get(at + sign.len()..)?)?;
        Some((at..at + sign.len() + length, mention))
    })
}

/// Whether a text can mention this user. The server registers only names that can be mentioned.
#[must_use]
pub fn can_be_mentioned(user: &UserName) -> bool {
    mentions(&format!("@{user}")).eq([Mention::User(user.clone())])
}

/// Parses the text after an `@`. Returns the length of the name in bytes. Punctuation after the name is not
/// part of the name.
fn parse_mention(text: &str) -> Option<(usize, Mention)> {
    let end = text.find(|c| !is_letter(c) && !is_within_names(c)).unwrap_or(text.len());
    let name = text.get(..end)?.trim_end_matches(|c| !is_letter(c));
    let (length, name) = (name.len(), UserName::new(name).ok()?);
    Some((length, if name.as_str() == "here" { Mention::Here } else { Mention::User(name) }))
}

/// Whether a character is a letter, a digit, or a combining mark, such as a decomposed accent or the vowel
/// sign of an Indic script. The combining marks of emoji do not count.
fn is_letter(c: char) -> bool {
    c.is_alphanumeric()
        || (is_combining_mark(c) && !matches!(c, '\u{fe00}'..='\u{fe0f}' | '\u{20dd}'..='\u{20e4}'))
}

/// Whether a name may have this character between letters: `.`, `_`, `-`, and the signs that PRECIS allows
/// (RFC 5892, sections 2.6 and 2.7, and appendix A).
fn is_within_names(c: char) -> bool {
    matches!(c, '.' | '_' | '-' | '\u{b7}' | '\u{375}' | '\u{5f3}' | '\u{5f4}' | '\u{6fd}' | '\u{6fe}')
        || matches!(c, '\u{f0b}' | '\u{200c}' | '\u{200d}' | '\u{30fb}')
}

/// Parameters of `mention.list`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListMentions<'a> {
    /// The session token.
    #[serde(borrow)]
    pub token: Token<'a>,
    /// The `before` of the previous page. `None` returns the newest mentions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<u64>,
}

/// Result of `mention.list`.
#[derive(Debug, Serialize, Deserialize)]
pub struct Mentions {
    /// The messages with their amendments, newest first.
    pub events: Vec<Box<RawValue>>,
    /// The value of `before` for the next page. `None` on the last page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<u64>,
}

/// [`Mentions`] whose events are lines of the log.
#[derive(Debug)]
pub struct MentionLines {
    /// The events, each with its newline.
    pub lines: Vec<u8>,
    /// See [`Mentions::before`].
    pub before: Option<u64>,
}

impl ResultOf<MentionList> for MentionLines {
    fn write(&self, out: &mut Vec<u8>) {
        Object::begin(out).lines("events", &self.lines).optional("before", self.before.as_ref()).end();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

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
    fn a_text_without_here_keeps_all_other_mentions() {
        for (text, expected) in [
            ("@here: @ana, mail@here", Some("here: @ana, mail@here")),
            ("@@@here @HERE", Some("here HERE")),
            ("@hereby @ana", None),
            ("", None),
        ] {
            assert_eq!(without_here(text).as_deref(), expected, "{text}");
        }
        // Each mention and each sign counts, and a long text takes one pass.
        let many = "@ana ".repeat(MENTIONS_IN_TEXT_MAX) + &"@".repeat(1_000_000) + "here";
        assert_eq!(without_here(&many), Some("@ana ".repeat(MENTIONS_IN_TEXT_MAX) + "here"));
    }

    #[test]
    fn a_mentioned_name_is_in_canonical_form() {
        assert_eq!(found("@joa\u{303}o and @JOÃO, joa\u{303}@ana"), "joão joão");
        assert_eq!(found("@विद्या! @bob\u{fe0f} @bob1\u{fe0f}\u{20e3}"), "विद्या bob bob1");
        assert_eq!(found("@col·le, @na\u{200d}na"), "col·le");
    }

    #[test]
    fn the_range_of_a_mention_is_the_sign_and_the_name() {
        let text = "_@bob_ ...@joa\u{303}o. (@विद्या) @@here!";
        let ranges: Vec<_> = mention_ranges(text).map(|(range, _)| &text[range]).collect();
        assert_eq!(ranges, ["@bob", "@joa\u{303}o", "@विद्या", "@here"]);
    }

    #[test]
    fn a_name_can_be_mentioned_unless_it_ends_with_a_sign_or_is_here() {
        let can = |name: &str| can_be_mentioned(&UserName::new(name).expect(name));
        for name in ["bob", "bob-2", "a.b_c", "joão", "विद्या", "col·le", "there", "here2"] {
            assert!(can(name), "{name}");
        }
        for name in ["bob_", "bob-", "bob.", "b._", "here", "HERE"] {
            assert!(!can(name), "{name}");
        }
    }

    proptest! {
        #[test]
        fn no_text_without_here_mentions_all_members(
            parts in prop::collection::vec(prop::sample::select(&["@", "here", "HE", "re", ".", "-", " ", "\u{200d}", "\u{301}", "·"]), 0..12)
        ) {
            let text = parts.concat();
            let kept = without_here(&text).unwrap_or(text);
            prop_assert!(mentions(&kept).all(|mention| mention != Mention::Here), "{kept:?}");
        }

        #[test]
        fn a_name_that_ends_with_a_letter_can_be_mentioned(name in "[a-zA-Zéß0-9._·-]{1,8}[a-z]|[अ-हा-ौ्ं]{2,9}|[Ѐ-ӿ]{1,9}|[א-ת֑-ׇ׳]{2,9}|[ァ-ー]{1,9}|[가-힣]{1,9}|[ء-ٟ]{1,9}") {
            if let Ok(user) = UserName::new(&name) {
                let ends_well = user.as_str().chars().next_back().is_some_and(is_letter);
                prop_assert_eq!(can_be_mentioned(&user), ends_well && user.as_str() != "here", "{}", user);
            }
        }
    }

    #[test]
    fn the_mentions_of_a_text_are_bounded() {
        let text = "@a ".repeat(MENTIONS_IN_TEXT_MAX + 1);
        assert_eq!(mentions(&text).count(), MENTIONS_IN_TEXT_MAX);
    }
}

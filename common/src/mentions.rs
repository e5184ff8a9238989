//! Mentions: `@user` and `@here` in a text, and `mention.list`.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use unicode_normalization::char::is_combining_mark;

use crate::accounts::Token;
use crate::json::Object;
use crate::limits::MENTIONS_IN_TEXT_MAX;
use crate::methods::{MentionList, ResultOf};
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
/// none: it belongs to a mail address. Names are compared in their canonical form, however the text is composed.
pub fn mentions(text: &str) -> impl Iterator<Item = Mention> {
    let signs = text.match_indices('@').filter(|(at, _)| {
        let before = text.get(..*at).unwrap_or_default().chars().next_back();
        before.is_none_or(|before| !is_letter(before))
    });
    signs.filter_map(|(at, sign)| named(text.get(at + sign.len()..)?)).take(MENTIONS_IN_TEXT_MAX)
}

/// Whether `@` and this name mention its owner, alone and at the end of a sentence. No account gets another name.
#[must_use]
pub fn can_be_mentioned(user: &UserName) -> bool {
    mentions(&format!("@{user}")).eq([Mention::User(user.clone())])
}

/// The name that a text begins with. What stands at its end and is no letter belongs to the sentence.
fn named(text: &str) -> Option<Mention> {
    let end = text.find(|c| !is_letter(c) && !is_within_names(c)).unwrap_or(text.len());
    let name = text.get(..end)?.trim_end_matches(|c| !is_letter(c));
    let name = UserName::new(name).ok()?;
    Some(if name.as_str() == "here" { Mention::Here } else { Mention::User(name) })
}

/// A letter, a digit, or a mark on one: a decomposed accent, the vowel sign of an Indic script. What chooses how an emoji
/// looks is none, though Unicode calls it a mark.
fn is_letter(c: char) -> bool {
    c.is_alphanumeric()
        || (is_combining_mark(c) && !matches!(c, '\u{fe00}'..='\u{fe0f}' | '\u{20dd}'..='\u{20e4}'))
}

/// What names may hold between letters: our own signs, and the few that PRECIS takes for letters or allows among them
/// (RFC 5892, sections 2.6 and 2.7, and its appendix A).
fn is_within_names(c: char) -> bool {
    matches!(c, '.' | '_' | '-' | '\u{b7}' | '\u{375}' | '\u{5f3}' | '\u{5f4}' | '\u{6fd}' | '\u{6fe}')
        || matches!(c, '\u{f0b}' | '\u{200c}' | '\u{200d}' | '\u{30fb}')
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
#[derive(Debug, Serialize, Deserialize)]
pub struct Mentions {
    /// The messages as they are at present, newest first.
    pub events: Vec<Box<RawValue>>,
    /// The `before` of the next page; absent on the last one.
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
    fn a_name_is_compared_as_names_are() {
        assert_eq!(found("@joa\u{303}o and @JOÃO, joa\u{303}@ana"), "joão joão");
        assert_eq!(found("@विद्या! @bob\u{fe0f} @bob1\u{fe0f}\u{20e3}"), "विद्या bob bob1");
        assert_eq!(found("@col·le, @na\u{200d}na"), "col·le");
    }

    #[test]
    fn whoever_can_register_can_be_mentioned() {
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
        fn a_name_that_ends_with_a_letter_is_mentioned(name in "[a-zA-Zéß0-9._·-]{1,8}[a-z]|[अ-हा-ौ्ं]{2,9}|[Ѐ-ӿ]{1,9}|[א-ת֑-ׇ׳]{2,9}|[ァ-ー]{1,9}|[가-힣]{1,9}|[ء-ٟ]{1,9}") {
            if let Ok(user) = UserName::new(&name) {
                let ends_well = user.as_str().chars().next_back().is_some_and(is_letter);
                prop_assert_eq!(can_be_mentioned(&user), ends_well && user.as_str() != "here", "{}", user);
            }
        }
    }

    #[test]
    fn a_text_mentions_only_so_many() {
        let text = "@a ".repeat(MENTIONS_IN_TEXT_MAX + 1);
        assert_eq!(mentions(&text).count(), MENTIONS_IN_TEXT_MAX);
    }
}

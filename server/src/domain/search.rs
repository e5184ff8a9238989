//! The query language of the search, and the conversations that a user may search. The index itself is in
//! [`crate::services::search`].

use common::limits::{SEARCH_QUERY_BYTES_MAX, SEARCH_WORDS_MAX};
use common::{ChannelName, Conversation, Detail, Target, UserName};
use jiff::Timestamp;
use jiff::civil::Date;

use super::State;
use super::history::readable;

/// The first day of Unix time.
const FIRST_DAY: Date = Date::constant(1970, 1, 1);

const TOO_LONG: Detail = Detail::QueryTooLong { bytes: SEARCH_QUERY_BYTES_MAX, words: SEARCH_WORDS_MAX };

/// A parsed query. A message matches if all conditions of the query hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query {
    /// Words that must be in the text, in any form.
    pub words: Vec<String>,
    /// Phrases that must be in the text literally.
    pub phrases: Vec<String>,
    pub from: Option<UserName>,
    pub within: Option<Target>,
    /// Only messages before this time, in Unix milliseconds.
    pub before_ms: Option<u64>,
    /// Only messages at this time or later, in Unix milliseconds.
    pub after_ms: Option<u64>,
}

impl Query {
    /// Parses a query: words, `"phrases"`, `from:`, `in:`, `before:` (excludes that day) and `after:`
    /// (includes that day). A day is in UTC: a client replaces the days of its user by instants. The error
    /// says what to write instead.
    pub fn parse(text: &str) -> Result<Self, Detail> {
        if text.len() > SEARCH_QUERY_BYTES_MAX {
            return Err(TOO_LONG);
        }
        let mut query = Self::default();
        let mut rest = text.trim_start();
        while !rest.is_empty() {
            rest = match rest.strip_prefix('"') {
                Some(phrase) => {
                    let (phrase, after) = phrase.split_once('"').ok_or(Detail::QueryPhrase)?;
                    query.phrases.push(phrase.to_owned());
                    after
                }
                None => {
                    let (word, after) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
                    query.add_word(word)?;
                    after
                }
            }
            .trim_start();
        }
        if query.words.len() + query.phrases.len() > SEARCH_WORDS_MAX {
            return Err(TOO_LONG);
        }
        if query == Self::default() { Err(Detail::QueryEmpty) } else { Ok(query) }
    }

    fn add_word(&mut self, word: &str) -> Result<(), Detail> {
        match word.split_once(':') {
            Some(("from", name)) => {
                let name = UserName::new(name.trim_start_matches('@'));
                set_once("from", &mut self.from, name.map_err(|_| invalid_name("from", "alice"))?)
            }
            Some(("in", name)) => {
                set_once("in", &mut self.within, within(name).map_err(|_| invalid_name("in", "#general"))?)
            }
            Some(("before", date)) => set_once("before", &mut self.before_ms, instant("before", date)?),
            Some(("after", date)) => set_once("after", &mut self.after_ms, instant("after", date)?),
            Some(_) | None => {
                self.words.push(word.to_owned());
                Ok(())
            }
        }
    }
}

/// `#general`, `general` or `@bob`.
fn within(name: &str) -> Result<Target, Detail> {
    match Target::new(name) {
        Err(Detail::TargetWithoutSign) => ChannelName::from_input(name).map(Target::Channel),
        target => target,
    }
}

fn set_once<T>(name: &'static str, filter: &mut Option<T>, value: T) -> Result<(), Detail> {
    if filter.replace(value).is_some() { Err(Detail::QueryRepeated { filter: name.into() }) } else { Ok(()) }
}

fn invalid_name(filter: &str, example: &str) -> Detail {
    Detail::QueryName { filter: filter.into(), example: example.into() }
}

/// A time with its offset, or the start of a day in UTC, in Unix milliseconds.
fn instant(name: &'static str, text: &str) -> Result<u64, Detail> {
    let no_date = || Detail::QueryDate { filter: name.into() };
    let (day, time) = text.split_at_checked("2026-01-31".len()).ok_or_else(no_date)?;
    let day: Date = day.parse().map_err(|_| no_date())?;
    let ms = if time.is_empty() {
        day.duration_since(FIRST_DAY).as_millis()
    } else {
        let instant: Timestamp = text.parse().map_err(|_| Detail::QueryTime { filter: name.into() })?;
        i128::from(instant.as_millisecond())
    };
    // No message is older than 1970, so an earlier time becomes 0.
    Ok(ms.try_into().unwrap_or(0))
}

/// The conversations to search for `user`: only `within`, or all conversations that the user may read now.
pub fn scope(state: &State, user: &UserName, within: Option<&Target>) -> Result<Vec<Conversation>, Detail> {
    match within {
        Some(target) => Ok(vec![readable(state, user, target)?]),
        None => {
            let all =
                state.channels.conversations(user).filter(|target| readable(state, user, target).is_ok());
            Ok(all.map(|target| Conversation::of(user, target)).collect())
        }
    }
}

/// Whether `user` may read the conversation now.
#[must_use]
pub fn is_readable(state: &State, user: &UserName, conversation: &Conversation) -> bool {
    match conversation {
        Conversation::Channel(name) => state.channels.membership(name, user).is_ok(),
        Conversation::Direct(first, second) => first == user || second == user,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_parsed() {
        let query = Query::parse(
            r#" ação from:@João "e agora?" in:#general re:init after:2026-01-31 before:2026-02-01"#,
        );
        let expected = Query {
            words: vec!["ação".into(), "re:init".into()],
            phrases: vec!["e agora?".into()],
            from: UserName::new("joão").ok(),
            within: Target::new("#general").ok(),
            before_ms: Some(1_769_904_000_000),
            after_ms: Some(1_769_817_600_000),
        };
        assert_eq!(query, Ok(expected));
    }

    #[test]
    fn any_year_of_four_digits_is_accepted() {
        let bounds = |query: &str| {
            let Query { after_ms, before_ms, .. } = Query::parse(query).expect(query);
            (after_ms, before_ms)
        };
        assert_eq!(bounds("after:0001-01-01 before:9999-12-31"), (Some(0), Some(253_402_214_400_000)));
        assert_eq!(bounds("after:1970-01-02"), (Some(86_400_000), None));
    }

    #[test]
    fn an_instant_has_an_offset() {
        let query =
            Query::parse("after:2026-02-01T00:00:00+09:00 before:2026-02-01T00:00:00Z").expect("a query");
        assert_eq!(
            (query.after_ms, query.before_ms),
            (Some(1_769_904_000_000 - 9 * 3_600_000), Some(1_769_904_000_000))
        );
        assert_eq!(Query::parse("after:1960-01-01T00:00:00Z").expect("a query").after_ms, Some(0));
    }

    #[test]
    fn an_invalid_query_explains_what_to_write() {
        let error = |text: &str| Query::parse(text).expect_err(text).to_string();
        insta::assert_snapshot!(error("  "), @r#"type what to search for: words, "a phrase", from:alice, in:#general, before:2026-01-31, after:2026-01-31"#);
        insta::assert_snapshot!(error("a \"b c"), @r#"a phrase must begin and end with ": add the missing quotation mark"#);
        insta::assert_snapshot!(error("from:"), @"from: needs a name after it, such as from:alice");
        insta::assert_snapshot!(error("in:"), @"in: needs a name after it, such as in:#general");
        insta::assert_snapshot!(error("before:yesterday"), @"before: needs a date after it, such as before:2026-01-31");
        insta::assert_snapshot!(error("before:2026-11-21T10:00"), @"before: takes a day, such as before:2026-01-31, or a time with its offset, such as before:2026-01-31T10:00:00Z");
        insta::assert_snapshot!(error("after:20261121"), @"after: needs a date after it, such as after:2026-01-31");
        insta::assert_snapshot!(error("after:2026-02-30"), @"after: needs a date after it, such as after:2026-01-31");
        insta::assert_snapshot!(error("from:a from:b"), @"from: can be given only once");
        insta::assert_snapshot!(error(&"x ".repeat(SEARCH_WORDS_MAX + 1)), @"a query may have at most 1024 bytes and 32 words: shorten it");
        assert_eq!(Query::parse(&"x".repeat(SEARCH_QUERY_BYTES_MAX + 1)), Err(TOO_LONG));
    }
}

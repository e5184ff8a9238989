//! Colours of names, mentions and notes (ECMA-48, section 8.3.117).

use std::borrow::Cow;

use common::UserName;
use common::mentions::{Mention, mention_ranges};

/// The colours of other users' names: red to cyan of the eight colours of every terminal, in bold. They are
/// readable on dark and light backgrounds.
const NAMES: [&str; 6] = ["1;31", "1;32", "1;33", "1;34", "1;35", "1;36"];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// Dim, for messages of papo and for events without a text.
    System,
    /// Bold, for the reader's own name.
    Own,
    /// One of [`NAMES`], for the name of another user.
    Other(&'static str),
    /// Bold, for a mention of the reader.
    Mention,
}

impl Style {
    /// The style of a name. A name has the same colour on every machine and in every version.
    pub(super) fn of(name: &UserName, reader: Option<&UserName>) -> Self {
        if Some(name) == reader {
            return Self::Own;
        }
        let colour = fnv_1a(name.as_str()) as usize % NAMES.len();
        Self::Other(NAMES.get(colour).copied().unwrap_or_default())
    }

    /// Returns the text within the escape sequences of the style. An empty text stays empty.
    pub(super) fn paint(self, text: &str) -> String {
        let codes = match self {
            Self::System => "2",
            Self::Own | Self::Mention => "1",
            Self::Other(codes) => codes,
        };
        if text.is_empty() { String::new() } else { format!("\x1b[{codes}m{text}\x1b[0m") }
    }
}

/// The 32-bit FNV-1a hash (RFC 9923).
fn fnv_1a(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

/// Returns the text with highlighted mentions of the reader: `@name` and `@here`.
pub(super) fn highlight_mentions<'a>(text: &'a str, reader: Option<&UserName>) -> Cow<'a, str> {
    let Some(reader) = reader.filter(|_| text.contains('@')) else { return Cow::Borrowed(text) };
    let (mut highlighted, mut end) = (String::with_capacity(text.len() + 16), 0);
    for (range, mention) in mention_ranges(text) {
        let is_of_reader = match mention {
            Mention::User(named) => named == *reader,
            Mention::Here => true,
        };
        if is_of_reader
            && let (Some(before), Some(name)) = (text.get(end..range.start), text.get(range.clone()))
        {
            highlighted += before;
            highlighted += &Style::Mention.paint(name);
            end = range.end;
        }
    }
    highlighted += text.get(end..).unwrap_or_default();
    Cow::Owned(highlighted)
}

#[cfg(test)]
mod tests {
    use testkit::user;

    use super::*;

    #[test]
    fn the_colour_of_a_name_never_changes() {
        let me = user("alice");
        let styled = ["alice", "bob", "carlos", "diana", "eduardo", "joão"]
            .map(|name| Style::of(&user(name), Some(&me)).paint(name));
        assert_eq!(
            styled.map(|styled| styled.replace('\x1b', "␛")),
            [
                "␛[1malice␛[0m",
                "␛[1;33mbob␛[0m",
                "␛[1;32mcarlos␛[0m",
                "␛[1;31mdiana␛[0m",
                "␛[1;34meduardo␛[0m",
                "␛[1;32mjoão␛[0m",
            ]
        );
    }

    #[test]
    fn only_mentions_of_the_reader_are_highlighted() {
        let me = user("joão");
        let highlighted =
            |text: &str| highlight_mentions(text, Some(&me)).replace("\x1b[1m", "<").replace("\x1b[0m", ">");
        assert_eq!(
            highlighted("@joão, @João. @bob @joãozinho x@joão @here!"),
            "<@joão>, <@João>. @bob @joãozinho x@joão <@here>!"
        );
        assert_eq!(highlighted("no one, @, @@ and a@b"), "no one, @, @@ and a@b");
        assert_eq!(highlighted("_@joão_ ...@joa\u{303}o @HERE"), "_<@joão>_ ...<@joa\u{303}o> <@HERE>");
        for name in ["विद्या", "สุดารัตน์", "مُحَمَّد", "שָׁלוֹם"]
        {
            let text = format!("({name}) @{name}.");
            let me = user(name);
            let shown = highlight_mentions(&text, Some(&me)).replace("\x1b[1m", "<").replace("\x1b[0m", ">");
            assert_eq!(shown, format!("({name}) <@{name}>."));
        }
        assert_eq!(highlight_mentions("@joão", None), "@joão");
    }
}

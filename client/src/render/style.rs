//! Colours of names, mentions and notes (ECMA-48, section 8.3.117).

use std::borrow::Cow;

use common::UserName;

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
    let mut highlighted = String::with_capacity(text.len() + 16);
    let mut rest = text;
    while let Some(at) = rest.find('@') {
        let (before, from_at) = rest.split_at(at);
        let length = from_at.char_indices().skip(1).find(|(_, c)| !is_name_character(*c)).map(|(end, _)| end);
        let (word, after) = from_at.split_at(length.unwrap_or(from_at.len()));
        // A full stop at the end is not part of the name.
        let name = word.trim_start_matches('@').trim_end_matches(['.', '-']);
        let is_mention = name == "here" || UserName::new(name).is_ok_and(|name| name == *reader);
        let begins_here = !before.ends_with(is_name_character);
        highlighted.push_str(before);
        if is_mention && begins_here {
            let (mention, end) = word.split_at(1 + name.len());
            highlighted.push_str(&Style::Mention.paint(mention));
            highlighted.push_str(end);
        } else {
            highlighted.push_str(word);
        }
        rest = after;
    }
    highlighted.push_str(rest);
    Cow::Owned(highlighted)
}

fn is_name_character(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '.' | '_' | '-')
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
        assert_eq!(highlight_mentions("@joão", None), "@joão");
    }
}

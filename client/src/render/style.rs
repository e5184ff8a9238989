//! Colours of names, mentions and notes (ECMA-48, section 8.3.117).

use common::UserName;
use common::markdown::SpanStyle;
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
    /// A part of the text of a message.
    Text { style: SpanStyle, is_link: bool },
    /// Cyan, for a code block.
    Code,
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
            Self::System => "2".to_owned(),
            Self::Own => "1".to_owned(),
            Self::Other(codes) => codes.to_owned(),
            Self::Code => "36".to_owned(),
            Self::Text { style: SpanStyle { bold, italic, code }, is_link } => {
                let codes = [(bold, "1"), (italic, "3"), (code, "36"), (is_link, "34")];
                let codes: Vec<_> =
                    codes.iter().filter(|(applies, _)| *applies).map(|(_, code)| *code).collect();
                codes.join(";")
            }
        };
        if text.is_empty() || codes.is_empty() {
            text.to_owned()
        } else {
            format!("\x1b[{codes}m{text}\x1b[0m")
        }
    }

    /// The style of a mention of the reader in a text of this style.
    fn bold(self) -> Self {
        match self {
            Self::Text { style, is_link } => Self::Text { style: SpanStyle { bold: true, ..style }, is_link },
            Self::Code => {
                Self::Text { style: SpanStyle { bold: true, code: true, italic: false }, is_link: false }
            }
            Self::System | Self::Own | Self::Other(_) => Self::Own,
        }
    }
}

/// The 32-bit FNV-1a hash (RFC 9923).
fn fnv_1a(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

/// Returns the text in a style, with mentions of the reader, `@name` and `@here`, in bold.
pub(super) fn highlight_mentions(text: &str, style: Style, reader: Option<&UserName>) -> String {
    let (mut highlighted, mut end) = (String::with_capacity(text.len() + 16), 0);
    for (range, mention) in mention_ranges(text) {
        let is_of_reader = match mention {
            Mention::User(named) => reader == Some(&named),
            Mention::Here => reader.is_some(),
        };
        if is_of_reader
            && let (Some(before), Some(name)) = (text.get(end..range.start), text.get(range.clone()))
        {
            highlighted += &style.paint(before);
            highlighted += &style.bold().paint(name);
            end = range.end;
        }
    }
    highlighted + &style.paint(text.get(end..).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use testkit::user;

    use super::*;

    const PLAIN: Style =
        Style::Text { style: SpanStyle { bold: false, italic: false, code: false }, is_link: false };

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
        let highlighted = |text: &str| {
            highlight_mentions(text, PLAIN, Some(&me)).replace("\x1b[1m", "<").replace("\x1b[0m", ">")
        };
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
            let shown =
                highlight_mentions(&text, PLAIN, Some(&me)).replace("\x1b[1m", "<").replace("\x1b[0m", ">");
            assert_eq!(shown, format!("({name}) <@{name}>."));
        }
        assert_eq!(highlight_mentions("@joão", PLAIN, None), "@joão");
    }
}

//! A line from a client: its tags, its command and its parameters.

use super::tags::unescape;
use crate::limits::PARAMS_MAX;

/// A parsed line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) tags: Vec<(String, String)>,
    /// The command in upper case.
    pub(crate) command: String,
    pub(crate) params: Vec<String>,
}

impl Message {
    /// Parses a line without its end. `None` for a line without a command. The source is ignored, because a
    /// client can only speak for itself.
    pub(crate) fn parse(line: &str) -> Option<Self> {
        let mut rest = line.trim_start_matches(' ');
        let mut message = Self::default();
        if let Some(tagged) = rest.strip_prefix('@') {
            let (tags, after) = tagged.split_once(' ')?;
            message.tags = tags.split(';').filter(|tag| !tag.is_empty()).map(parse_tag).collect();
            rest = after.trim_start_matches(' ');
        }
        if let Some(sourced) = rest.strip_prefix(':') {
            (_, rest) = sourced.split_once(' ')?;
            rest = rest.trim_start_matches(' ');
        }
        let (command, mut rest) = split_word(rest);
        if command.is_empty() {
            return None;
        }
        message.command = command.to_ascii_uppercase();
        while !rest.is_empty() {
            if let Some(last) = rest.strip_prefix(':') {
                message.params.push(last.to_owned());
                break;
            }
            if message.params.len() + 1 == PARAMS_MAX {
                message.params.push(rest.to_owned());
                break;
            }
            let (param, after) = split_word(rest);
            message.params.push(param.to_owned());
            rest = after;
        }
        Some(message)
    }

    /// The parameter with this index.
    pub(crate) fn param(&self, index: usize) -> Option<&str> {
        self.params.get(index).map(String::as_str)
    }

    /// The parameter with this index, unless it is empty.
    pub(crate) fn filled(&self, index: usize) -> Option<&str> {
        self.param(index).filter(|param| !param.is_empty())
    }

    /// The value of a tag. The last tag of a name counts.
    pub(crate) fn tag(&self, name: &str) -> Option<&str> {
        self.tags.iter().rev().find(|(tag, _)| tag == name).map(|(_, value)| value.as_str())
    }
}

fn parse_tag(tag: &str) -> (String, String) {
    let (name, value) = tag.split_once('=').unwrap_or((tag, ""));
    (name.to_owned(), unescape(value))
}

/// The text up to the next spaces, and the text after them.
fn split_word(text: &str) -> (&str, &str) {
    let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
    (word, rest.trim_start_matches(' '))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(line: &str) -> (Vec<(String, String)>, String, Vec<String>) {
        let message = Message::parse(line).expect("a message");
        (message.tags, message.command, message.params)
    }

    #[test]
    fn a_line_has_tags_a_command_and_parameters() {
        let (tags, command, params) =
            parse("@label=a\\sb;+draft/reply;x= :nick!u@h  privmsg   #ops   : oi  tudo :bem");
        let tags: Vec<_> = tags.iter().map(|(name, value)| (&**name, &**value)).collect();
        assert_eq!(tags, [("label", "a b"), ("+draft/reply", ""), ("x", "")]);
        assert_eq!((&*command, params), ("PRIVMSG", vec!["#ops".to_owned(), " oi  tudo :bem".to_owned()]));
        assert_eq!(parse("TOPIC #a :").2, ["#a", ""]);
        assert_eq!(parse("  nick a").1, "NICK");
        assert_eq!(parse("USER a 0 * ").2, ["a", "0", "*"]);
    }

    #[test]
    fn a_line_without_a_command_is_ignored() {
        for line in ["", " ", "@a", "@a ", ":source", ":source ", "@a=b :source "] {
            assert_eq!(Message::parse(line), None, "{line:?}");
        }
    }

    #[test]
    fn the_last_of_fifteen_parameters_has_the_rest() {
        let line = format!("X {}", (1..=17).map(|n| n.to_string()).collect::<Vec<_>>().join(" "));
        let params = parse(&line).2;
        assert_eq!((params.len(), &*params[14]), (15, "15 16 17"));
    }

    #[test]
    fn the_last_tag_of_a_name_counts() {
        let message = Message::parse("@a=1;a=2 X").expect("a message");
        assert_eq!((message.tag("a"), message.tag("b")), (Some("2"), None));
    }

    proptest! {
        #[test]
        fn any_line_is_parsed_without_a_panic(line in "[@: ;=\\\\a-c]{0,60}") {
            if let Some(message) = Message::parse(&line) {
                prop_assert!(!message.command.is_empty() && message.params.len() <= PARAMS_MAX);
            }
        }
    }
}

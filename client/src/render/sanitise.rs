//! Replaces control characters in the text of other users: the terminal must show the text, and not interpret
//! it.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Replaces control characters with visible characters. Newlines are kept.
pub(crate) fn sanitise(text: &str) -> Cow<'_, str> {
    if !text.contains(is_control_character) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        match character {
            '\t' => escaped.push_str("    "),
            '\0'..='\x1f' if character != '\n' => escaped.push(picture(character)),
            '\x7f' => escaped.push('\u{2421}'),
            _ if is_control_character(character) => {
                let _never_fails = write!(escaped, "<U+{:04X}>", u32::from(character));
            }
            _ => escaped.push(character),
        }
    }
    Cow::Owned(escaped)
}

/// Escapes control characters in JSON, where they occur only in strings. All control characters are below
/// U+10000, so each needs one escape.
pub(crate) fn escape(json: &str) -> Cow<'_, str> {
    if !json.contains(is_control_character) {
        return Cow::Borrowed(json);
    }
    let mut escaped = String::with_capacity(json.len() + 16);
    for character in json.chars() {
        if is_control_character(character) {
            let _never_fails = write!(escaped, "\\u{:04x}", u32::from(character));
        } else {
            escaped.push(character);
        }
    }
    Cow::Owned(escaped)
}

/// The Unicode symbol for an ASCII control character.
fn picture(control: char) -> char {
    char::from_u32(0x2400 + u32::from(control)).unwrap_or(char::REPLACEMENT_CHARACTER)
}

/// Whether a character must not reach a terminal: the Unicode category Cc except the newline, line and
/// paragraph separators, and the explicit directional marks of UAX #9, section 2, which can change the order
/// of a text ("Trojan Source").
pub(crate) fn is_control_character(character: char) -> bool {
    match character {
        '\n' => false,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}' | '\u{2029}' | '\u{feff}' => true,
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => true,
        _ => character.is_control(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn letters_and_emoji_are_unchanged() {
        let text = "João, 你好 שלום 👩‍👩‍👧 e\u{301}\nnew line";
        assert!(matches!(sanitise(text), Cow::Borrowed(same) if same == text));
    }

    #[test]
    fn control_characters_become_visible() {
        insta::assert_snapshot!(sanitise("a\x1b[31mb\rc\x08d\x7f\0"), @"a␛[31mb␍c␈d␡␀");
        insta::assert_snapshot!(sanitise("tab\tbed, C1 \u{9b}31m"), @"tab    bed, C1 <U+009B>31m");
        insta::assert_snapshot!(sanitise("\u{202e}evil\u{202c} \u{2066}x\u{2069}"), @"<U+202E>evil<U+202C> <U+2066>x<U+2069>");
    }

    #[test]
    fn escaped_json_has_the_same_value() {
        let text = "C1 \u{9b}31m \u{202e}evil\u{202c} \u{7f} \u{feff} João 👩‍👩‍👧";
        let json = serde_json::json!({ "text": text }).to_string();
        let escaped = escape(&json);
        insta::assert_snapshot!(escaped, @r#"{"text":"C1 \u009b31m \u202eevil\u202c \u007f \ufeff João 👩‍👩‍👧"}"#);
        let read: serde_json::Value = serde_json::from_str(&escaped).expect("json");
        assert_eq!(read["text"], text);
    }

    proptest! {
        #[test]
        fn no_text_keeps_a_control_character(text in any::<String>()) {
            prop_assert!(!sanitise(&text).contains(is_control_character));
            prop_assert!(!sanitise(&text).contains('\x1b'));
            let json = serde_json::json!({ "text": text }).to_string();
            prop_assert!(!escape(&json).contains(is_control_character));
            let read: serde_json::Value = serde_json::from_str(&escape(&json)).expect("json");
            prop_assert_eq!(read["text"].as_str(), Some(&*text));
        }
    }
}

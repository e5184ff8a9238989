//! Texts, subjects and passwords. Decoding a value checks it.

use std::borrow::Cow;
use std::fmt;

use precis_core::profile::PrecisFastInvocation as _;
use precis_profiles::OpaqueString;
use serde::de::Visitor;
use serde::{Deserialize, Deserializer, Serialize};
use unicode_normalization::UnicodeNormalization as _;

use crate::errors::{Detail, refused};
use crate::limits::{
    DISPLAY_NAME_CHARACTERS_MAX, PASSWORD_BYTES_MAX, PASSWORD_CHARACTERS_MIN, SUBJECT_BYTES_MAX,
    TEXT_BYTES_MAX,
};

/// The text of a message: UTF-8, not blank, at most [`TEXT_BYTES_MAX`] bytes. The text may contain control
/// characters, which a front end must escape.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Text<'a>(Cow<'a, str>);

impl<'a> Text<'a> {
    /// Checks the length of a text, and that it is not blank.
    pub fn new(text: impl Into<Cow<'a, str>>) -> Result<Self, Detail> {
        let text = text.into();
        if text.len() > TEXT_BYTES_MAX {
            return Err(Detail::TextTooLong { max: TEXT_BYTES_MAX });
        }
        if text.chars().all(char::is_whitespace) {
            return Err(Detail::TextEmpty);
        }
        Ok(Self(text))
    }

    /// Returns the text as a string slice.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the string that [`Text::new`] received.
    #[must_use]
    pub fn into_inner(self) -> Cow<'a, str> {
        self.0
    }

    /// Copies the text if it is borrowed.
    #[must_use]
    pub fn into_owned(self) -> Text<'static> {
        Text(Cow::Owned(self.0.into_owned()))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(borrowed(deserializer)?).map_err(refused)
    }
}

/// The subject of a channel: at most [`SUBJECT_BYTES_MAX`] bytes. It may be empty.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Subject<'a>(Cow<'a, str>);

impl<'a> Subject<'a> {
    /// Trims a subject and checks its length.
    pub fn new(subject: &'a str) -> Result<Self, Detail> {
        let subject = subject.trim();
        if subject.len() > SUBJECT_BYTES_MAX {
            Err(Detail::SubjectTooLong { max: SUBJECT_BYTES_MAX })
        } else {
            Ok(Self(subject.into()))
        }
    }

    /// Whether the channel has no subject.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the subject as a string slice.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Copies the subject if it is borrowed.
    #[must_use]
    pub fn into_owned(self) -> Subject<'static> {
        Subject(Cow::Owned(self.0.into_owned()))
    }
}

impl<'de> Deserialize<'de> for Subject<'_> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let subject = borrowed(deserializer)?;
        Subject::new(&subject).map(Subject::into_owned).map_err(refused)
    }
}

/// The display name of a user, such as a full name: composed (NFC), with single spaces, and at most
/// [`DISPLAY_NAME_CHARACTERS_MAX`] characters. It may be empty. Several users may have the same display name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct DisplayName(Box<str>);

impl DisplayName {
    /// Brings a display name into canonical form. Returns the error for an invalid display name.
    pub fn new(name: &str) -> Result<Self, Detail> {
        let too_long = Detail::DisplayNameTooLong { max: DISPLAY_NAME_CHARACTERS_MAX };
        // A composed character has at most four code points of four bytes.
        if name.len() > DISPLAY_NAME_CHARACTERS_MAX * 16 {
            return Err(too_long);
        }
        let words: Vec<_> = name.split([' ', '\u{a0}', '\u{3000}']).filter(|word| !word.is_empty()).collect();
        let name: String = words.join(" ").nfc().collect();
        if name.chars().count() > DISPLAY_NAME_CHARACTERS_MAX {
            return Err(too_long);
        }
        if (!name.is_empty() && is_blank(&name)) || name.contains(is_invisible) {
            return Err(Detail::DisplayNameCharacters);
        }
        Ok(Self(name.into()))
    }

    /// Whether the user has no display name.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the display name as a string slice.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for DisplayName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(&borrowed(deserializer)?).map_err(refused)
    }
}

/// Characters that join letters or emoji: the zero-width joiners and the variation selectors.
fn is_joiner(c: char) -> bool {
    matches!(c, '\u{200c}' | '\u{200d}' | '\u{fe00}'..='\u{fe0f}')
}

/// Whether a text shows nothing: only spaces and joiners.
pub(crate) fn is_blank(text: &str) -> bool {
    text.chars().all(|c| c.is_whitespace() || is_joiner(c))
}

/// Characters without a shape of their own: control characters, spaces other than U+0020, separators of
/// lines, marks and overrides of the direction (UAX #9), and other format characters except joiners.
pub(crate) fn is_invisible(c: char) -> bool {
    c.is_control()
        || (c.is_whitespace() && c != ' ')
        || matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}')
        || matches!(c, '\u{180b}'..='\u{180f}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}')
        || matches!(c, '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}')
        || matches!(c, '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

/// A password, prepared as PRECIS OpaqueString (RFC 8265, section 4.2). `{:?}` does not print the password.
/// The password of an imported account can be shorter than a [`NewPassword`].
#[derive(Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Password(Box<str>);

/// A password that a user chooses: it has at least [`PASSWORD_CHARACTERS_MIN`] characters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct NewPassword(Password);

impl NewPassword {
    /// Checks and prepares a new password.
    pub fn new(password: &str) -> Result<Self, Detail> {
        if password.chars().count() < PASSWORD_CHARACTERS_MIN {
            return Err(Detail::PasswordTooShort { min: PASSWORD_CHARACTERS_MIN });
        }
        if password.chars().all(char::is_whitespace) {
            return Err(Detail::PasswordBlank);
        }
        Password::new(password).map(Self)
    }

    /// Returns the password without the guarantee about its length.
    #[must_use]
    pub fn into_password(self) -> Password {
        self.0
    }
}

impl<'de> Deserialize<'de> for NewPassword {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(&borrowed(deserializer)?).map_err(refused)
    }
}

impl Password {
    /// Checks and prepares a password.
    pub fn new(password: &str) -> Result<Self, Detail> {
        if password.len() > PASSWORD_BYTES_MAX {
            return Err(Detail::PasswordTooLong { max: PASSWORD_BYTES_MAX });
        }
        OpaqueString::enforce(password)
            .map(|prepared| Self(prepared.into()))
            .map_err(|_| Detail::PasswordCharacters)
    }

    /// The input of the password hash.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(..)")
    }
}

impl<'de> Deserialize<'de> for Password {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(&borrowed(deserializer)?).map_err(refused)
    }
}

/// Decodes a string, and borrows it from the input if it has no escapes.
pub(crate) fn borrowed<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Cow<'de, str>, D::Error> {
    struct Borrowed;
    impl<'de> Visitor<'de> for Borrowed {
        type Value = Cow<'de, str>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a string")
        }
        fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
            Ok(Cow::Borrowed(text))
        }
        fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
            Ok(Cow::Owned(text.to_owned()))
        }
        fn visit_string<E>(self, text: String) -> Result<Self::Value, E> {
            Ok(Cow::Owned(text))
        }
    }
    deserializer.deserialize_str(Borrowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blank_or_too_long_text_is_refused() {
        assert_eq!(Text::new(" \n\u{3000}"), Err(Detail::TextEmpty));
        assert!(Text::new("é".repeat(TEXT_BYTES_MAX / 2)).is_ok());
        assert_eq!(
            Text::new("x".repeat(TEXT_BYTES_MAX + 1)),
            Err(Detail::TextTooLong { max: TEXT_BYTES_MAX })
        );
    }

    #[test]
    fn a_display_name_has_a_canonical_form() {
        let name = |name: &str| DisplayName::new(name).map(|name| name.as_str().to_owned());
        assert_eq!(name("  Bob   da\u{a0}Silva "), Ok("Bob da Silva".into()));
        assert_eq!(name("Joa\u{303}o"), Ok("João".into()));
        assert_eq!(name(" "), Ok(String::new()), "removes the display name");
        for valid in ["שרה כהן", "علی‌رضا", "山田 太郎", "Bob 👩\u{200d}💻", "❤\u{fe0f}", "O'Brien, Ph.D."]
        {
            assert_eq!(name(valid), Ok(valid.into()));
        }
        let longest = "ﷺ".repeat(DISPLAY_NAME_CHARACTERS_MAX);
        assert_eq!(name(&longest), Ok(longest.clone()));
        for long in [longest + "x", "x".repeat(1_000_000)] {
            assert_eq!(name(&long), Err(Detail::DisplayNameTooLong { max: DISPLAY_NAME_CHARACTERS_MAX }));
        }
    }

    #[test]
    fn a_display_name_with_invisible_characters_is_refused() {
        for bad in [
            "a\nb",
            "a\tb",
            "a\u{1b}[31m",
            "a\0",
            "a\u{7f}",
            "a\u{9b}",
            "a\u{202e}b",
            "a\u{2066}b",
            "a\u{200e}",
            "a\u{61c}",
            "a\u{200b}b",
            "a\u{2028}b",
            "a\u{ad}b",
            "a\u{feff}",
            "\u{3164}",
            "\u{200d}",
            "a\u{e0041}",
        ] {
            assert_eq!(DisplayName::new(bad), Err(Detail::DisplayNameCharacters), "{bad:?}");
        }
    }

    #[test]
    fn a_text_without_escapes_is_not_copied() {
        let text: Text<'_> = serde_json::from_str(r#""oi, João 🙂""#).expect("a text");
        assert!(matches!(text.0, Cow::Borrowed("oi, João 🙂")));
    }

    #[test]
    fn a_password_is_checked_and_normalized_and_not_printed() {
        assert_eq!(NewPassword::new("short"), Err(Detail::PasswordTooShort { min: PASSWORD_CHARACTERS_MIN }));
        for blank in ["        ", "\u{3000}\u{a0}      "] {
            assert_eq!(NewPassword::new(blank), Err(Detail::PasswordBlank));
            assert!(Password::new(blank).is_ok(), "the password of an old account");
        }
        assert!(Password::new("short").is_ok(), "the password of an imported account");
        assert_eq!(Password::new(""), Err(Detail::PasswordCharacters));
        assert_eq!(Password::new("with\ttab"), Err(Detail::PasswordCharacters));
        assert_eq!(
            Password::new(&"x".repeat(PASSWORD_BYTES_MAX + 1)),
            Err(Detail::PasswordTooLong { max: PASSWORD_BYTES_MAX })
        );
        let composed = Password::new("senha não é fácil").expect("a password");
        let decomposed = Password::new("senha na\u{303}o e\u{301} fa\u{301}cil").expect("a password");
        assert_eq!(composed, decomposed, "two keyboards can encode one password differently");
        assert_eq!(format!("{composed:?}"), "Password(..)");
    }
}

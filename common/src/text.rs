//! Texts, subjects and passwords. Decoding a value checks it.

use std::borrow::Cow;
use std::fmt;

use precis_core::profile::PrecisFastInvocation as _;
use precis_profiles::OpaqueString;
use serde::de::Visitor;
use serde::{Deserialize, Deserializer, Serialize};

use crate::errors::{Detail, refused};
use crate::limits::{PASSWORD_BYTES_MAX, PASSWORD_CHARACTERS_MIN, SUBJECT_BYTES_MAX, TEXT_BYTES_MAX};

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

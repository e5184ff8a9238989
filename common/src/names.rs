//! Names of users and channels: PRECIS UsernameCaseMapped (RFC 8265, section 3.3). Further restrictions make
//! a name safe in a topic, a file name, a shell and a sentence. `João` and `joão` are one name: `joão`.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use precis_core::profile::PrecisFastInvocation as _;
use precis_profiles::UsernameCaseMapped;
use serde::{Deserialize, Deserializer, Serialize};
use unicode_normalization::UnicodeNormalization as _;

use crate::direction::has_one_direction;
use crate::errors::{Detail, refused};
use crate::limits::NAME_CHARACTERS_MAX;

const TOO_LONG: Detail = Detail::NameTooLong { max: NAME_CHARACTERS_MAX };

/// A user's name in canonical form, without the `@`. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserName(Arc<str>);

/// A channel's name in canonical form, with its `#`. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChannelName(Arc<str>);

impl UserName {
    /// Brings `name` into canonical form. Returns the error for an invalid name.
    pub fn new(name: &str) -> Result<Self, Detail> {
        canonical(name).map(|name| Self(name.into()))
    }

    /// The name without its `@`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl ChannelName {
    /// Brings `name`, with its `#`, into canonical form. Returns the error for an invalid name.
    pub fn new(name: &str) -> Result<Self, Detail> {
        let bare = name.strip_prefix('#').ok_or(Detail::ChannelWithoutHash)?;
        Ok(match canonical(bare)? {
            Cow::Borrowed(_) => Self(name.into()),
            Cow::Owned(bare) => Self(format!("#{bare}").into()),
        })
    }

    /// Like [`Self::new`], but the `#` may be missing. For the input of users where only a channel is
    /// possible.
    pub fn from_input(name: &str) -> Result<Self, Detail> {
        if name.starts_with(['#', '@']) { Self::new(name) } else { Self::new(&format!("#{name}")) }
    }

    /// The channel `*`, whose members are all users. [`Self::new`] refuses `*`, so no request can create or
    /// change this channel.
    #[must_use]
    pub fn everybody() -> Self {
        Self("*".into())
    }

    /// Whether this is the channel `*`, whose members are all users.
    #[must_use]
    pub fn is_everybody(&self) -> bool {
        &*self.0 == "*"
    }

    /// The name with its `#`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name without its `#`, as topics contain it.
    #[must_use]
    pub fn bare(&self) -> &str {
        self.0.strip_prefix('#').unwrap_or(&self.0)
    }
}

/// The canonical form of a name without `#` or `@`.
fn canonical(name: &str) -> Result<Cow<'_, str>, Detail> {
    if name.is_empty() {
        return Err(Detail::NameEmpty);
    }
    // The length is checked first: PRECIS is slow for a long name.
    if name.len() > NAME_CHARACTERS_MAX * 4 {
        return Err(TOO_LONG);
    }
    let name = if is_plain(name) { Cow::Borrowed(name) } else { Cow::Owned(enforce(name)?) };
    if name.chars().count() > NAME_CHARACTERS_MAX {
        return Err(TOO_LONG);
    }
    let has_valid_start = name.chars().next().is_some_and(char::is_alphanumeric);
    if !has_valid_start || !name.chars().all(|c| !c.is_ascii() || is_plain_character(c.to_ascii_lowercase()))
    {
        return Err(Detail::NameCharacters);
    }
    Ok(name)
}

/// Enforces UsernameCaseMapped. The composed form and lower case come first, because the tables of PRECIS
/// refuse decomposed Hangul and the capital letters of newer versions of Unicode (Georgian).
fn enforce(name: &str) -> Result<String, Detail> {
    let lowered = name.nfc().collect::<String>().to_lowercase();
    let prepared = UsernameCaseMapped::prepare(lowered).map_err(|_| Detail::NameCharacters)?;
    let name: String = prepared.nfc().collect();
    if has_one_direction(&name) { Ok(name) } else { Err(Detail::NameDirection) }
}

/// Whether a name is canonical without the PRECIS rules, as most names are.
fn is_plain(name: &str) -> bool {
    name.chars().all(is_plain_character)
}

fn is_plain_character(c: char) -> bool {
    c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '_' | '-')
}

impl fmt::Display for UserName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for ChannelName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for UserName {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl Serialize for ChannelName {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for UserName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = crate::text::borrowed(deserializer)?;
        Self::new(&name).map_err(refused)
    }
}

impl<'de> Deserialize<'de> for ChannelName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = crate::text::borrowed(deserializer)?;
        Self::new(&name).map_err(refused)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn user(name: &str) -> Result<String, Detail> {
        UserName::new(name).map(|name| name.to_string())
    }

    #[test]
    fn different_spellings_of_a_name_have_one_canonical_form() {
        assert_eq!(user("João"), Ok("joão".into()));
        assert_eq!(user("joa\u{303}o"), Ok("joão".into()), "a combining tilde is the same letter");
        assert_eq!(user("ＡＬＩＣＥ"), Ok("alice".into()), "fullwidth letters are the same letters");
        assert_eq!(user("bob-2.x_"), Ok("bob-2.x_".into()));
        assert_eq!(user("Дмитрий"), Ok("дмитрий".into()));
    }

    /// Names of Latin, Greek, Cyrillic, Armenian, Georgian, Hebrew, Arabic, Persian, Hindi, Tamil, Thai,
    /// Hangul, Kana and Han, in canonical form. Some have marks between letters, at the end, or before a
    /// digit.
    const OF_MANY_SCRIPTS: &[&str] = &[
        "joão",
        "nguyễn",
        "νίκος",
        "андрій",
        "արամ",
        "გიორგი",
        "שָׁלוֹם",
        "שרה2",
        "مُحَمَّد",
        "عَلِيّ",
        "علی.رضا",
        "विद्या",
        "முருகன்",
        "สุดารัตน์",
        "ที่รัก",
        "김철수",
        "ガンダム",
        "山田太郎",
        "ամ-2",
    ];

    #[test]
    fn a_name_of_any_script_is_valid_in_every_form() {
        for name in OF_MANY_SCRIPTS {
            let name: String = name.nfc().collect();
            for cased in [name.clone(), name.to_uppercase(), name.to_lowercase()] {
                let decomposed: String = cased.nfd().collect();
                for form in [cased, decomposed] {
                    assert_eq!(user(&form), Ok(name.clone()), "{form}");
                    assert!(ChannelName::new(&format!("#{form}")).is_ok(), "{form}");
                }
            }
        }
    }

    #[test]
    fn a_name_of_two_directions_is_refused_with_its_own_reason() {
        for name in ["שלוםabc", "abcשלום", "مرحبا١2", "שלום-", "2שלום"] {
            assert_eq!(user(name), Err(Detail::NameDirection), "{name}");
        }
    }

    #[test]
    fn an_invalid_name_is_refused_with_the_reason() {
        assert_eq!(user(""), Err(Detail::NameEmpty));
        assert_eq!(user(&"a".repeat(33)), Err(TOO_LONG));
        assert_eq!(user(&"ã".repeat(33)), Err(TOO_LONG));
        for bad in [
            "a b",
            "a\tb",
            "a\u{1b}[31m",
            "a\u{0}",
            "a/b",
            "../a",
            "@bob",
            "#x",
            "-a",
            ".a",
            "a\u{202e}b",
            "🙂",
        ] {
            assert_eq!(user(bad), Err(Detail::NameCharacters), "{bad:?}");
        }
        assert_eq!(ChannelName::new("general"), Err(Detail::ChannelWithoutHash));
        assert_eq!(ChannelName::new("#"), Err(Detail::NameEmpty));
        assert_eq!(ChannelName::from_input("Ops"), ChannelName::new("#ops"));
        assert_eq!(ChannelName::from_input("#ops"), ChannelName::new("#ops"));
        assert_eq!(ChannelName::from_input("@bob"), Err(Detail::ChannelWithoutHash));
        assert_eq!(ChannelName::from_input(""), Err(Detail::NameEmpty));
    }

    #[test]
    fn a_name_of_the_maximum_length_is_valid() {
        assert!(user(&"ã".repeat(32)).is_ok());
        assert_eq!(ChannelName::new("#Ops").map(|name| name.to_string()), Ok("#ops".into()));
    }

    proptest! {
        #[test]
        fn the_canonical_form_of_a_canonical_name_is_the_same_name(name in "\\PC{1,40}") {
            if let Ok(once) = UserName::new(&name) {
                prop_assert_eq!(UserName::new(once.as_str()), Ok(once.clone()));
                prop_assert!(!once.as_str().contains(|c: char| c.is_whitespace() || c.is_control()));
            }
        }
    }
}

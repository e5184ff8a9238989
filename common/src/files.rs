//! Files: all methods `file.*`, and the fields of a file's event.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

use crate::accounts::Token;
use crate::conversations::Target;
use crate::errors::{Detail, refused};
use crate::hex::{from_hex, to_hex};
use crate::limits::{FILE_NAME_BYTES_MAX, LINK_HOURS_MAX};

/// The name that the sender gave a file: one line, without a path. A client that stores the file must adapt
/// the name to its file system. The decoder accepts names without a letter or digit, because early versions
/// recorded such names. [`Begin`] refuses them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct FileName(Box<str>);

impl FileName {
    /// Checks the name of a new file.
    pub fn new(name: &str) -> Result<Self, Detail> {
        let name = Self::recorded(name)?;
        if name.0.contains(is_letter_or_digit) { Ok(name) } else { Err(Detail::FileNameEmpty) }
    }

    /// Checks a name that may be recorded in the log.
    fn recorded(name: &str) -> Result<Self, Detail> {
        if name.len() > FILE_NAME_BYTES_MAX {
            return Err(Detail::FileNameTooLong { max: FILE_NAME_BYTES_MAX });
        }
        if name.contains(|c: char| c.is_control() || matches!(c, '/' | '\\')) {
            return Err(Detail::FileNameCharacters);
        }
        if !name.contains(|c: char| c != '.' && !c.is_whitespace()) {
            return Err(Detail::FileNameEmpty);
        }
        Ok(Self(name.into()))
    }

    /// Returns the name as a string slice.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether a character is a visible letter or digit.
fn is_letter_or_digit(character: char) -> bool {
    // These Hangul fillers are letters in Unicode, but they are invisible.
    character.is_alphanumeric() && !matches!(character, '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}')
}

impl<'de> Deserialize<'de> for FileName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::recorded(&crate::text::borrowed(deserializer)?).map_err(refused)
    }
}

/// The SHA-256 of a file's content.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContentHash(pub [u8; 32]);

impl fmt::Display for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&to_hex(&self.0))
    }
}

impl fmt::Debug for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ContentHash({self})")
    }
}

impl Serialize for ContentHash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ContentHash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let digits = crate::text::borrowed(deserializer)?;
        let hash = from_hex(&digits).map(Self);
        hash.ok_or_else(|| refused(Detail::BadHash))
    }
}

/// The name, length and hash of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileInfo {
    /// The name that the sender gave the file.
    pub name: FileName,
    /// The length of the file in bytes.
    pub bytes: u64,
    /// The SHA-256 of the content.
    pub sha256: ContentHash,
}

/// Parameters of `file.begin`, which begins or resumes an upload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Begin<'a> {
    /// The session token.
    #[serde(borrow)]
    pub token: Token<'a>,
    /// The conversation that the file is sent to.
    pub to: Target,
    /// A UUID of version 7 that the client creates. It identifies the upload, and later the file's event.
    pub id: Uuid,
    /// The name, length and hash of the file.
    #[serde(flatten, deserialize_with = "new_file")]
    pub info: FileInfo,
}

/// Decodes the fields of a new file, whose name must have a letter or digit.
fn new_file<'de, D: Deserializer<'de>>(deserializer: D) -> Result<FileInfo, D::Error> {
    let info = FileInfo::deserialize(deserializer)?;
    FileName::new(info.name.as_str()).map_err(refused)?;
    Ok(info)
}

/// Result of `file.begin`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Begun {
    /// The id of the upload, for `file.chunk` and `file.commit`.
    pub file: Uuid,
    /// The number of bytes that the server has, counted from the start of the file.
    pub have: u64,
}

/// Parameters of `file.chunk`. The bytes are a second frame after the line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chunk<'a> {
    /// The session token.
    #[serde(borrow)]
    pub token: Token<'a>,
    /// The id of the upload.
    pub file: Uuid,
    /// The position of the chunk in the file.
    pub offset: u64,
}

/// Result of `file.chunk`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Have {
    /// The number of bytes that the server has, counted from the start of the file.
    pub have: u64,
}

/// Parameters of `file.commit`. Its result is that of `message.send`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commit<'a> {
    /// The session token.
    #[serde(borrow)]
    pub token: Token<'a>,
    /// The id of the upload.
    pub file: Uuid,
}

/// Parameters of `file.get`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Get<'a> {
    /// The session token.
    #[serde(borrow)]
    pub token: Token<'a>,
    /// The conversation of the file's event.
    pub conversation: Target,
    /// The number of the file's event.
    pub n: u64,
    /// The position of the first byte.
    pub offset: u64,
    /// The maximum number of bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub length: Option<u64>,
}

/// The lifetime of a link to a file, in hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct LinkHours(u32);

impl LinkHours {
    /// The lifetime of a link without `hours`.
    pub const MAX: Self = Self(LINK_HOURS_MAX);

    /// Checks the number of hours.
    pub fn new(hours: u32) -> Result<Self, Detail> {
        let is_valid = (1..=LINK_HOURS_MAX).contains(&hours);
        if is_valid { Ok(Self(hours)) } else { Err(Detail::LinkHours { max: LINK_HOURS_MAX }) }
    }

    /// The lifetime in milliseconds.
    #[must_use]
    pub fn as_ms(self) -> u64 {
        u64::from(self.0) * 60 * 60 * 1_000
    }
}

impl<'de> Deserialize<'de> for LinkHours {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(u32::deserialize(deserializer)?).map_err(refused)
    }
}

/// Parameters of `file.link`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MakeLink<'a> {
    /// The session token.
    #[serde(borrow)]
    pub token: Token<'a>,
    /// The conversation of the file's event.
    pub conversation: Target,
    /// The number of the file's event.
    pub n: u64,
    /// The hours until the link expires; the maximum by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours: Option<LinkHours>,
}

/// Result of `file.link`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// The path of the link at the gateway: `/f/` and a code.
    pub path: String,
    /// The whole address, if the server knows the address of its gateway.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The time at which the link expires, in Unix milliseconds.
    pub expires: u64,
}

/// Parameters of `file.open`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenLink {
    /// The code of a link: its path after `/f/`.
    pub code: String,
    /// The position of the first byte.
    pub offset: u64,
    /// The maximum number of bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub length: Option<u64>,
}

/// Result of `file.open`. The bytes are a second frame after the line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkedPart {
    /// The name, length and hash of the whole file.
    #[serde(flatten)]
    pub file: FileInfo,
    /// The position of the part in the file.
    pub offset: u64,
    /// The length of the part: 0 at the end of the file.
    pub length: u64,
}

/// Result of `file.get`. The bytes are a second frame after the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// The length of the whole file.
    pub bytes: u64,
    /// The position of the part in the file.
    pub offset: u64,
    /// The length of the part: 0 at the end of the file.
    pub length: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_a_path_or_control_characters_is_refused() {
        for name in ["plan.pdf", ".profile", "João 2.tar.gz", "a b", "...x", "请.txt"] {
            assert_eq!(FileName::new(name).expect(name).as_str(), name);
        }
        for name in ["", ".", "..", " . ", "\u{3000}", "~", "\u{200b}", "\u{2060}.\u{3164}", "--"] {
            assert_eq!(FileName::new(name), Err(Detail::FileNameEmpty), "{name:?}");
        }
        for name in ["a/b", "../x", "C:\\x", "a\nb", "a\0b", "\u{9b}2J"] {
            assert_eq!(FileName::new(name), Err(Detail::FileNameCharacters), "{name:?}");
        }
        assert!(FileName::new(&"x".repeat(FILE_NAME_BYTES_MAX)).is_ok());
        assert_eq!(
            FileName::new(&"x".repeat(FILE_NAME_BYTES_MAX + 1)),
            Err(Detail::FileNameTooLong { max: FILE_NAME_BYTES_MAX })
        );
    }

    #[test]
    fn a_recorded_name_without_letters_is_decoded_but_refused_for_a_new_file() {
        let line = |name: &str| {
            format!(
                r##"{{"token":"t","to":"#a","id":"01970000-0000-7000-8000-000000000002","name":"{name}","bytes":1,"sha256":"{}"}}"##,
                "0".repeat(64)
            )
        };
        let (old, new) = (line("~"), line("~a"));
        let info: FileInfo = serde_json::from_str(&old).expect("the fields of an event");
        assert_eq!(info.name.as_str(), "~");
        let refusal = serde_json::from_str::<Begin<'_>>(&old).expect_err("no letter").to_string();
        assert!(refusal.starts_with(&Detail::FileNameEmpty.to_string()), "{refusal}");
        let begin: Begin<'_> = serde_json::from_str(&new).expect("a letter");
        assert_eq!(begin.info.name.as_str(), "~a");
    }

    #[test]
    fn a_link_lasts_for_an_hour_to_a_week() {
        let hours = |text: &str| serde_json::from_str::<LinkHours>(text).map(LinkHours::as_ms).ok();
        assert_eq!((hours("1"), hours("168")), (Some(3_600_000), Some(7 * 24 * 3_600_000)));
        assert_eq!(["0", "169", "-1", "1.5"].map(hours), [None; 4]);
        assert_eq!(LinkHours::new(169), Err(Detail::LinkHours { max: LINK_HOURS_MAX }));
    }

    #[test]
    fn a_hash_is_64_digits() {
        let digits = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
        let hash: ContentHash = serde_json::from_str(&format!("\"{digits}\"")).expect("a hash");
        assert_eq!(hash.to_string(), digits);
        let error = serde_json::from_str::<ContentHash>("\"9f86\"").expect_err("too short").to_string();
        assert!(error.starts_with(&Detail::BadHash.to_string()), "{error}");
    }
}

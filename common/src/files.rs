//! Files: `file.begin`, `file.chunk`, `file.commit`, `file.get`, and what an event tells about a file.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

use crate::accounts::Token;
use crate::conversations::Target;
use crate::errors::{Detail, refused};
use crate::hex::{from_hex, to_hex};
use crate::limits::FILE_NAME_BYTES_MAX;

/// The name of a file as its sender calls it: one line, no path. Whoever stores a file under it must still see to it
/// that it fits the file system. Decoding it takes names without a letter or a digit, too, which were allowed once and stand
/// in logs; [`Begin`] takes none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct FileName(Box<str>);

impl FileName {
    /// Checks a name.
    pub fn new(name: &str) -> Result<Self, Detail> {
        let name = Self::recorded(name)?;
        if name.0.contains(is_letter_or_digit) { Ok(name) } else { Err(Detail::FileNameEmpty) }
    }

    /// Checks a name that may have been given to a file earlier.
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

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether a character is one that people see and can name.
fn is_letter_or_digit(character: char) -> bool {
    // The fillers of Hangul are letters to Unicode, and shown as nothing.
    character.is_alphanumeric() && !matches!(character, '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}')
}

impl<'de> Deserialize<'de> for FileName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::recorded(&crate::text::borrowed(deserializer)?).map_err(refused)
    }
}

/// What is in a file: its SHA-256.
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

/// What an event tells about a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileInfo {
    /// As the sender calls it.
    pub name: FileName,
    /// How long it is.
    pub bytes: u64,
    /// What is in it.
    pub sha256: ContentHash,
}

/// Parameters of `file.begin`: begins an upload, or goes on with one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Begin<'a> {
    /// The session.
    #[serde(borrow)]
    pub token: Token<'a>,
    /// `#channel` or `@user`.
    pub to: Target,
    /// The sender's own, a UUID of version 7: that of the event which the file is going to be.
    pub id: Uuid,
    /// What is going to be sent.
    #[serde(flatten, deserialize_with = "new_file")]
    pub info: FileInfo,
}

/// A file that is not in any log yet.
fn new_file<'de, D: Deserializer<'de>>(deserializer: D) -> Result<FileInfo, D::Error> {
    let info = FileInfo::deserialize(deserializer)?;
    FileName::new(info.name.as_str()).map_err(refused)?;
    Ok(info)
}

/// Result of `file.begin`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Begun {
    /// The upload, for `file.chunk` and `file.commit`.
    pub file: Uuid,
    /// How many of its first bytes the server has already.
    pub have: u64,
}

/// Parameters of `file.chunk`. The bytes are a frame of their own behind the line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chunk<'a> {
    /// The session.
    #[serde(borrow)]
    pub token: Token<'a>,
    /// The upload.
    pub file: Uuid,
    /// Where in the file the bytes begin.
    pub offset: u64,
}

/// Result of `file.chunk`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Have {
    /// How many of the first bytes the server has.
    pub have: u64,
}

/// Parameters of `file.commit`. Its result is that of `message.send`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commit<'a> {
    /// The session.
    #[serde(borrow)]
    pub token: Token<'a>,
    /// The upload.
    pub file: Uuid,
}

/// Parameters of `file.get`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Get<'a> {
    /// The session.
    #[serde(borrow)]
    pub token: Token<'a>,
    /// `#channel` or `@user`.
    pub conversation: Target,
    /// The number of the file's event.
    pub n: u64,
    /// From where on.
    pub offset: u64,
    /// How many bytes at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub length: Option<u64>,
}

/// Result of `file.get`. The bytes are a frame of their own behind the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// How long the whole file is.
    pub bytes: u64,
    /// Where in the file the bytes begin.
    pub offset: u64,
    /// How many there are; none at the end of the file.
    pub length: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_no_path_and_obeys_no_terminal() {
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
    fn a_name_that_was_allowed_once_is_read_and_not_taken_again() {
        let line = |name: &str| {
            format!(
                r##"{{"token":"t","to":"#a","id":"01970000-0000-7000-8000-000000000002","name":"{name}","bytes":1,"sha256":"{}"}}"##,
                "0".repeat(64)
            )
        };
        let (old, new) = (line("~"), line("~a"));
        let info: FileInfo = serde_json::from_str(&old).expect("as an event has it");
        assert_eq!(info.name.as_str(), "~");
        let refusal = serde_json::from_str::<Begin<'_>>(&old).expect_err("no letter").to_string();
        assert!(refusal.starts_with(&Detail::FileNameEmpty.to_string()), "{refusal}");
        let begin: Begin<'_> = serde_json::from_str(&new).expect("a letter");
        assert_eq!(begin.info.name.as_str(), "~a");
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

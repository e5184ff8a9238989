//! The lines of a bulk export.

use std::io::{BufRead as _, BufReader, Read};

use disk::ReadFile;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::maintenance::migration::{ENTRY_BYTES_MAX, MigrationError, or_default};

/// A line of an export. Only the field with the name of its kind is present.
#[derive(Deserialize)]
pub(super) struct Line<'a> {
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) version: Option<u32>,
    pub(super) channel: Option<Channel>,
    pub(super) user: Option<User>,
    pub(super) bot: Option<User>,
    pub(super) direct_channel: Option<DirectChannel>,
    #[serde(borrow)]
    pub(super) post: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) direct_post: Option<&'a RawValue>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Channel {
    pub(super) team: String,
    pub(super) name: String,
    #[serde(rename = "type")]
    pub(super) kind: String,
    header: Option<String>,
    purpose: Option<String>,
    pub(super) deleted_at: u64,
}

impl Channel {
    pub(super) fn subject(&self) -> &str {
        let mut subjects = [&self.header, &self.purpose].into_iter().flatten();
        subjects.find(|subject| !subject.trim().is_empty()).map_or("", String::as_str)
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct User {
    pub(super) username: String,
    #[serde(deserialize_with = "or_default")]
    pub(super) nickname: String,
    #[serde(deserialize_with = "or_default")]
    pub(super) first_name: String,
    #[serde(deserialize_with = "or_default")]
    pub(super) last_name: String,
    /// The display name of a bot.
    #[serde(deserialize_with = "or_default")]
    pub(super) display_name: String,
    #[serde(deserialize_with = "or_default")]
    pub(super) roles: String,
    pub(super) delete_at: u64,
    #[serde(deserialize_with = "or_default")]
    pub(super) teams: Vec<Membership>,
    #[serde(skip)]
    pub(super) is_bot: bool,
}

/// A team of a user, with its channels, or a channel of a user.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Membership {
    pub(super) name: String,
    #[serde(deserialize_with = "or_default")]
    pub(super) channels: Vec<Membership>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct DirectChannel {
    #[serde(deserialize_with = "or_default")]
    pub(super) members: Vec<String>,
    #[serde(deserialize_with = "or_default")]
    pub(super) participants: Vec<Participant>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Participant {
    pub(super) username: String,
}

/// Reads the lines of a file, one at a time.
pub(super) struct Lines<'p> {
    path: &'p str,
    reader: BufReader<ReadFile>,
    line: Vec<u8>,
    /// The position of the next line.
    offset: u64,
}

impl<'p> Lines<'p> {
    pub(super) fn new(path: &'p str, file: ReadFile) -> Self {
        Self { path, reader: BufReader::new(file), line: Vec::new(), offset: 0 }
    }

    /// The next line that is not blank, and its position in the file; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<(u64, &[u8])>, MigrationError> {
        loop {
            self.line.clear();
            let mut limited = (&mut self.reader).take(ENTRY_BYTES_MAX);
            let read = limited.read_until(b'\n', &mut self.line).map_err(MigrationError::read(self.path))?;
            if read as u64 == ENTRY_BYTES_MAX {
                return Err(MigrationError::EntryTooLong {
                    path: self.path.to_owned(),
                    max: ENTRY_BYTES_MAX,
                });
            }
            if read == 0 {
                return Ok(None);
            }
            let offset = self.offset;
            self.offset += read as u64;
            if !self.line.trim_ascii().is_empty() {
                return Ok(Some((offset, &self.line)));
            }
        }
    }
}

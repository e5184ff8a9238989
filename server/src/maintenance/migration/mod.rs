//! Imports the export of another team chat into a stopped node: the workspace export of Slack, or the bulk
//! export of Mattermost. A [`Writer`] turns its entries into records.
//!
//! An import records only what the data folder does not contain. The ids and times of its records depend only
//! on the export and on the folder. So a second import of an export adds nothing, and an import that was
//! killed and started again writes the log of an uninterrupted one.

mod report;
mod writer;
mod place;
mod conversation;
mod changes;
mod files;
mod names;
mod parts;
mod emoji;
mod source;
mod json_list;
pub mod slack;
pub mod mattermost;

use std::io;

use serde::{Deserialize, Deserializer};
use thiserror::Error;

pub use report::Report;
pub use writer::{SyncError, Writer};

/// The maximum number of users in an export. Their names are in memory.
const USERS_MAX: usize = 200_000;

/// The maximum number of conversations in an export. Their members are in memory.
const CONVERSATIONS_MAX: usize = 200_000;

/// The maximum bytes of one entry of an export, such as a message with its attachments.
const ENTRY_BYTES_MAX: u64 = 16 << 20;

/// The reason why an import ended early. [`Self::Refused`] concerns one entry, and the import continues.
#[derive(Debug, Error)]
pub enum MigrationError {
    #[error("cannot read {path}: {why}")]
    Read { path: String, why: io::Error },
    #[error("{path} is not JSON: {why}")]
    NotJson { path: String, why: serde_json::Error },
    #[error("{path} is not a ZIP file that papo can read: {why}")]
    NotZip { path: String, why: zip::result::ZipError },
    #[error("{path} has an entry of more than {max} bytes")]
    EntryTooLong { path: String, max: u64 },
    #[error("{path} does not exist: this is not {what}")]
    NotAnExport { path: String, what: &'static str },
    #[error("the export has more than {max} {what}")]
    TooMany { max: usize, what: &'static str },
    #[error("{0}")]
    Refused(common::Error),
    #[error(
        "cannot write the log: {0}; fix the cause and import again: the import continues where it stopped"
    )]
    Log(SyncError),
    #[error(
        "cannot store a file: {0}; fix the cause and import again: the import continues where it stopped"
    )]
    Content(io::Error),
}

impl MigrationError {
    fn read(path: &str) -> impl FnOnce(io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |why| Self::Read { path, why }
    }
}

/// Decodes a field. `null` is the default value.
fn or_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    deserializer: D,
) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

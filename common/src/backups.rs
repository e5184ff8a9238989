//! Backups that a running node makes: `admin.backup`, `admin.backups`, `admin.backup_get`.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::accounts::Token;
use crate::channels::is_false;

/// Result of `admin.backup`. The node makes the backup after the reply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Started {
    /// The name that the backup gets when it is complete and checked.
    pub name: String,
}

/// Result of `admin.backups`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Backups {
    /// The backups in the folder of the node, the newest first.
    pub backups: Vec<Backup>,
    /// The backup that the node is making.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub running: Option<Running>,
    /// The last backup, if it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<Failed>,
    /// The time between two scheduled backups, in milliseconds. `None` if the node has no schedule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every_ms: Option<u64>,
    /// The number of scheduled backups, and the number of requested backups, that the node keeps.
    pub keep: u64,
}

/// A complete backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Backup {
    /// The name of the file.
    pub name: String,
    /// The time at which the backup was started, in Unix milliseconds.
    pub at: u64,
    /// The length of the file in bytes.
    pub bytes: u64,
    /// Whether the node read the file again and checked it. A backup gets its name after this check.
    pub checked: bool,
}

/// A backup in progress.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Running {
    /// The name that the backup gets when it is complete.
    pub name: String,
    /// The time at which the backup was started, in Unix milliseconds.
    pub at: u64,
    /// The number of written bytes.
    pub bytes: u64,
    /// The estimated number of bytes of the whole backup.
    pub total: u64,
    /// Whether all bytes are written, and the node reads and checks them.
    #[serde(default, skip_serializing_if = "is_false")]
    pub checking: bool,
}

/// A backup that failed. The node removed its file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failed {
    /// The time at which the backup was started, in Unix milliseconds.
    pub at: u64,
    /// A sentence in English with the cause.
    pub error: String,
}

/// Parameters of `admin.backup_get`. Its result is that of `file.get`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GetBackup<'a> {
    /// The session token.
    #[serde(borrow)]
    pub token: Token<'a>,
    /// The name of a complete backup.
    #[serde(borrow)]
    pub name: Cow<'a, str>,
    /// The position of the first byte.
    pub offset: u64,
    /// The maximum number of bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub length: Option<u64>,
}

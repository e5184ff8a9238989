//! The node itself: `server.info`.

use serde::{Deserialize, Serialize};

use crate::limits;

/// The protocol versions that this version of papo supports.
pub const PROTOCOL: Protocol = Protocol { min: 1, max: 1 };

/// Parameters of `server.info`: none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoParams {}

/// Result of `server.info`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Info {
    /// Always `papo`.
    pub name: String,
    /// The version of the server, for users.
    pub version: String,
    /// The protocol versions that the server supports.
    pub protocol: Protocol,
    /// The ZeroMQ endpoint of the proxy. The host `*` is the host that the client sent this request to.
    pub events: String,
    /// The limits of the server.
    pub limits: Limits,
    /// The endpoints at which the nodes of the cluster receive requests; empty for a node on its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub nodes: Vec<String>,
}

/// A range of protocol versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Protocol {
    /// The oldest version.
    pub min: u32,
    /// The newest version.
    pub max: u32,
}

/// The limits that a client needs, from [`limits`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// See [`limits::NAME_CHARACTERS_MAX`].
    pub name_characters: usize,
    /// See [`limits::TEXT_BYTES_MAX`].
    pub text_bytes: usize,
    /// See [`limits::FRAME_LINES_MAX`].
    pub frame_lines: usize,
    /// See [`limits::FRAME_BYTES_MAX`].
    pub frame_bytes: usize,
    /// See [`limits::HISTORY_EVENTS_MAX`].
    pub history_events: u64,
    /// See [`limits::FILE_CHUNK_BYTES_MAX`].
    #[serde(default)]
    pub file_chunk_bytes: usize,
    /// The maximum number of bytes of a file. The operator configures this limit.
    #[serde(default)]
    pub file_bytes: u64,
}

impl Limits {
    /// The limits of this version, without `file_bytes`, which the operator configures.
    pub const CURRENT: Self = Self {
        name_characters: limits::NAME_CHARACTERS_MAX,
        text_bytes: limits::TEXT_BYTES_MAX,
        frame_lines: limits::FRAME_LINES_MAX,
        frame_bytes: limits::FRAME_BYTES_MAX,
        history_events: limits::HISTORY_EVENTS_MAX,
        file_chunk_bytes: limits::FILE_CHUNK_BYTES_MAX,
        file_bytes: 0,
    };
}

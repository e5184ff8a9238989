//! The node itself: `server.info`.

use serde::{Deserialize, Serialize};

use crate::limits;

/// The protocol versions that this code speaks, oldest and newest.
pub const PROTOCOL: Protocol = Protocol { min: 1, max: 1 };

/// Parameters of `server.info`: none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Nothing {}

/// Result of `server.info`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Info {
    /// Always `papo`.
    pub name: String,
    /// The version of the server, for people.
    pub version: String,
    /// The versions of the protocol it speaks.
    pub protocol: Protocol,
    /// Where events are published, as ZeroMQ writes it. The host `*` means: the host that this request went to.
    pub events: String,
    /// What a client must keep to.
    pub limits: Limits,
}

/// A window of protocol versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Protocol {
    /// The oldest.
    pub min: u32,
    /// The newest.
    pub max: u32,
}

/// The limits that a client meets, from [`limits`].
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
    /// Bytes in a file, which the operator says.
    #[serde(default)]
    pub file_bytes: u64,
}

impl Limits {
    /// The limits of this version, but for what the operator says.
    pub const OURS: Self = Self {
        name_characters: limits::NAME_CHARACTERS_MAX,
        text_bytes: limits::TEXT_BYTES_MAX,
        frame_lines: limits::FRAME_LINES_MAX,
        frame_bytes: limits::FRAME_BYTES_MAX,
        history_events: limits::HISTORY_EVENTS_MAX,
        file_chunk_bytes: limits::FILE_CHUNK_BYTES_MAX,
        file_bytes: 0,
    };
}

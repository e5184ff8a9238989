//! File contents between the nodes of a cluster. Pure: messages, outcomes of the disk, and times in
//! milliseconds of a monotonic clock go in, actions come out.
//!
//! [`fetches`] receives contents from other nodes: those that a client waits for, those that the leader asks
//! this node to keep, and those that the log names. [`copies`] asks other nodes to keep a content before the
//! leader records its event.

pub mod copies;
pub mod fetches;
#[cfg(test)]
mod tests;

use common::ContentHash;

use crate::replication::link::Header;
use crate::services::files::Outcome;
use crate::services::files::copies::Content;

/// The maximum size of a part of a content in one message.
pub const PART_BYTES_MAX: usize = common::limits::FILE_CHUNK_BYTES_MAX;

/// An effect that the driver carries out.
#[derive(Debug, PartialEq, Eq)]
pub enum Action {
    /// Send a message to a node.
    Send { to: String, header: Header },
    /// Look for the content on the disk. The outcome is [`Done::Checked`].
    Check(Content),
    /// Append a part to the copy of a content. The outcome is [`Done::Appended`].
    Append { sha256: ContentHash, offset: u64, bytes: Vec<u8> },
    /// Make a complete copy durable. The outcome is [`Done::Finished`].
    Finish(Content),
    /// Continue the request with this ticket.
    Answer(u64, Outcome),
}

/// The outcome of an action on the disk.
#[derive(Debug)]
pub enum Done {
    /// Whether the disk has the content.
    Checked(Content, bool),
    /// The length of the copy; `None` if the disk failed.
    Appended(ContentHash, Option<u64>),
    /// Whether the copy was complete and had the right hash. `None` if the disk failed.
    Finished(Content, Option<bool>),
    /// A part of a content for another node; `None` if this node does not have the content.
    Read { to: String, sha256: ContentHash, offset: u64, bytes: Option<Vec<u8>> },
    /// The contents on the disk.
    Listed(Vec<ContentHash>),
}

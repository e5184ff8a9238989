//! The lines of an outbox file: a header, messages, and the ids of acknowledged messages.

use std::collections::HashSet;

use common::{Target, Text, UserName};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use session::Message;

/// The format of the files. A file of another format is ignored.
const FORMAT: u32 = 1;

/// The first line: the user and the server.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Header {
    format: u32,
    server: String,
    user: UserName,
}

/// A line after the header.
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Line<'a> {
    /// A message.
    Message {
        id: Uuid,
        to: Target,
        #[serde(borrow)]
        text: Text<'a>,
        /// The number of the event that the message replies to.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reply: Option<u64>,
    },
    /// The id of a message that is acknowledged, or refused with a final error.
    Done { done: Uuid },
}

pub(super) struct OutboxContent {
    pub(super) header: Header,
    pub(super) header_length: usize,
    /// The messages that are not acknowledged, in the order of sending.
    pub(super) messages: Vec<Message>,
    /// The length of the complete lines. Bytes after them are from a torn write.
    pub(super) complete_length: usize,
    pub(super) damaged_lines: usize,
}

impl Header {
    pub(super) fn new(server: &str, user: &UserName) -> Self {
        Self { format: FORMAT, server: server.to_owned(), user: user.clone() }
    }

    pub(super) fn belongs_to(&self, user: Option<&UserName>, servers: &[String]) -> bool {
        self.format == FORMAT && user == Some(&self.user) && servers.contains(&self.server)
    }
}

impl Line<'_> {
    pub(super) fn of(message: &Message) -> Self {
        let Message { to, id, text, reply } = message.clone();
        Self::Message { id, to, text, reply }
    }
}

impl OutboxContent {
    /// Returns `None` if the file has no complete header, and an error if the header is damaged.
    pub(super) fn read(bytes: &[u8]) -> serde_json::Result<Option<Self>> {
        let complete_length = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1);
        let mut lines =
            bytes.get(..complete_length).unwrap_or_default().split_inclusive(|byte| *byte == b'\n');
        let Some(first) = lines.next() else { return Ok(None) };
        let header = serde_json::from_slice(first)?;
        let (mut messages, mut done, mut damaged_lines) = (Vec::new(), HashSet::new(), 0);
        for line in lines {
            match serde_json::from_slice(line) {
                Ok(Line::Message { id, to, text, reply }) => {
                    messages.push(Message { to, id, text: text.into_owned(), reply });
                }
                Ok(Line::Done { done: id }) => drop(done.insert(id)),
                Err(_) => damaged_lines += 1,
            }
        }
        messages.retain(|message| !done.contains(&message.id));
        Ok(Some(Self { header, header_length: first.len(), messages, complete_length, damaged_lines }))
    }
}

/// Appends a line.
pub(super) fn encode(bytes: &mut Vec<u8>, line: &impl Serialize) {
    // A write to memory does not fail, and all keys are strings.
    let _never_fails = serde_json::to_writer(&mut *bytes, line);
    bytes.push(b'\n');
}

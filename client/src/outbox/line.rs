//! The lines of a file of the outbox: a header, messages, and the ids of acknowledged messages.

use std::collections::HashSet;

use common::{Target, Text, UserName};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use session::Message;

/// The format of the files. A file of a later format is left alone.
const FORMAT: u32 = 1;

/// The first line: the user and the server.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Header {
    format: u32,
    server: String,
    user: UserName,
}

/// Any other line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Line<'a> {
    /// A message that is not acknowledged.
    Waiting {
        id: Uuid,
        to: Target,
        #[serde(borrow)]
        text: Text<'a>,
        /// The number of the event that the message replies to.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reply: Option<u64>,
    },
    /// The message is acknowledged, or refused permanently.
    Done { done: Uuid },
}

/// The contents of a file.
pub(super) struct Contents {
    pub(super) header: Header,
    pub(super) header_length: usize,
    /// The unacknowledged messages, in the order of sending.
    pub(super) messages: Vec<Message>,
    /// The bytes of whole lines. The bytes after them are the torn end of a write.
    pub(super) whole: usize,
    /// The number of damaged lines.
    pub(super) damaged: usize,
}

impl Header {
    pub(super) fn new(server: &str, user: &UserName) -> Self {
        Self { format: FORMAT, server: server.to_owned(), user: user.clone() }
    }

    pub(super) fn is_of(&self, user: Option<&UserName>, servers: &[String]) -> bool {
        self.format == FORMAT && user == Some(&self.user) && servers.contains(&self.server)
    }
}

impl Line<'_> {
    pub(super) fn of(message: &Message) -> Self {
        let Message { to, id, text, reply } = message.clone();
        Self::Waiting { id, to, text, reply }
    }
}

impl Contents {
    /// `None` if there is no whole header; an error if the header is damaged.
    pub(super) fn read(bytes: &[u8]) -> serde_json::Result<Option<Self>> {
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1);
        let mut lines = bytes.get(..whole).unwrap_or_default().split_inclusive(|byte| *byte == b'\n');
        let Some(first) = lines.next() else { return Ok(None) };
        let header = serde_json::from_slice(first)?;
        let (mut waiting, mut done, mut damaged) = (Vec::new(), HashSet::new(), 0);
        for line in lines {
            match serde_json::from_slice(line) {
                Ok(Line::Waiting { id, to, text, reply }) => {
                    waiting.push(Message { to, id, text: text.into_owned(), reply });
                }
                Ok(Line::Done { done: id }) => drop(done.insert(id)),
                Err(_) => damaged += 1,
            }
        }
        waiting.retain(|message| !done.contains(&message.id));
        Ok(Some(Self { header, header_length: first.len(), messages: waiting, whole, damaged }))
    }
}

/// Appends a line.
pub(super) fn encode(bytes: &mut Vec<u8>, line: &impl Serialize) {
    // Writing to memory cannot fail, and all keys are strings.
    let _never_fails = serde_json::to_writer(&mut *bytes, line);
    bytes.push(b'\n');
}

//! The outlet of a team's engine.

use std::convert::Infallible;

use serde_json::Value;
use server::engine::Outlet;
use server::outbound::Publication;
use server::outbound::pending_request::PendingRequest;

/// The replies and events that the engine has sent.
#[derive(Default)]
pub struct Sent {
    pub replies: Vec<Reply>,
    pub published: Vec<Published>,
    pub(super) now_ms: u64,
}

/// A frame of reply lines, and the bytes after it.
pub struct Reply {
    pub lines: String,
    pub bytes: Option<Vec<u8>>,
}

/// An event or a notice, with its topic and the time at which the engine sent it.
pub struct Published {
    pub at_ms: u64,
    pub topic: String,
    pub line: Value,
}

impl Outlet for Sent {
    type Error = Infallible;

    fn reply(&mut self, answered: PendingRequest) -> Result<(), Infallible> {
        let lines = String::from_utf8(answered.reply).expect("UTF-8");
        self.replies.push(Reply { lines, bytes: answered.attached });
        Ok(())
    }

    fn publish(&mut self, publication: Publication) -> Result<(), Infallible> {
        let lines = publication.lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        self.published.extend(lines.map(|line| Published {
            at_ms: self.now_ms,
            topic: publication.topic.to_string(),
            line: serde_json::from_slice(line).expect("JSON"),
        }));
        Ok(())
    }
}

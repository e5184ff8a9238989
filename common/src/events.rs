//! Events: what happened in a conversation, as one line that is the same in the log, on the fan-out and in
//! a page of history.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::conversations::{Conversation, Target};
use crate::names::UserName;
use crate::text::Text;

/// One numbered event of a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "EventLine<'a>", into = "EventLine<'a>")]
#[serde(bound(deserialize = "'de: 'a"))]
pub struct Event<'a> {
    /// 1, 2, 3 ... in its conversation, without a hole.
    pub n: u64,
    /// When the server took it, in Unix milliseconds.
    pub at: u64,
    /// What it was addressed to.
    pub to: Target,
    /// Who caused it.
    pub from: UserName,
    /// What happened.
    pub body: Body<'a>,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body<'a> {
    /// `message`: somebody said something.
    Message {
        /// The sender's id.
        id: Uuid,
        /// What was said.
        text: Text<'a>,
    },
    /// `channel.created`: the channel came into being, with its creator as first member.
    Created,
    /// `channel.joined`: somebody became a member.
    Joined,
    /// `channel.left`: somebody is a member no more.
    Left,
}

impl Event<'_> {
    /// The conversation this event belongs to.
    #[must_use]
    pub fn conversation(&self) -> Conversation {
        Conversation::of(&self.from, &self.to)
    }

    /// The same event, owned.
    #[must_use]
    pub fn into_owned(self) -> Event<'static> {
        let body = match self.body {
            Body::Message { id, text } => Body::Message { id, text: text.into_owned() },
            Body::Created => Body::Created,
            Body::Joined => Body::Joined,
            Body::Left => Body::Left,
        };
        Event { n: self.n, at: self.at, to: self.to, from: self.from, body }
    }
}

/// The flat line, in the order of its fields on the wire.
#[derive(Serialize, Deserialize)]
struct EventLine<'a> {
    n: u64,
    at: u64,
    to: Target,
    from: UserName,
    kind: Kind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    id: Option<Uuid>,
    #[serde(default, skip_serializing_if = "Option::is_none", borrow)]
    text: Option<Text<'a>>,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
enum Kind {
    #[serde(rename = "message")]
    Message,
    #[serde(rename = "channel.created")]
    Created,
    #[serde(rename = "channel.joined")]
    Joined,
    #[serde(rename = "channel.left")]
    Left,
}

impl<'a> From<Event<'a>> for EventLine<'a> {
    fn from(event: Event<'a>) -> Self {
        let (kind, id, text) = match event.body {
            Body::Message { id, text } => (Kind::Message, Some(id), Some(text)),
            Body::Created => (Kind::Created, None, None),
            Body::Joined => (Kind::Joined, None, None),
            Body::Left => (Kind::Left, None, None),
        };
        Self { n: event.n, at: event.at, to: event.to, from: event.from, kind, id, text }
    }
}

impl<'a> TryFrom<EventLine<'a>> for Event<'a> {
    type Error = Cow<'static, str>;

    fn try_from(line: EventLine<'a>) -> Result<Self, Self::Error> {
        let body = match (line.kind, line.id, line.text) {
            (Kind::Message, Some(id), Some(text)) => Body::Message { id, text },
            (Kind::Message, _, _) => return Err("a message needs an \"id\" and a \"text\"".into()),
            (Kind::Created, _, _) => Body::Created,
            (Kind::Joined, _, _) => Body::Joined,
            (Kind::Left, _, _) => Body::Left,
        };
        Ok(Self { n: line.n, at: line.at, to: line.to, from: line.from, body })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOLDEN: [&str; 4] = [
        r##"{"n":17,"at":1763700000123,"to":"#general","from":"alice","kind":"message","id":"01970000-0000-7000-8000-000000000001","text":"oi, João 🙂\n\"tudo bem\"?"}"##,
        r##"{"n":1,"at":1763700000123,"to":"#general","from":"alice","kind":"channel.created"}"##,
        r##"{"n":2,"at":1763700000123,"to":"#general","from":"bob","kind":"channel.joined"}"##,
        r##"{"n":3,"at":1763700000123,"to":"#general","from":"bob","kind":"channel.left"}"##,
    ];

    #[test]
    fn golden_lines_are_read_and_written_byte_for_byte() {
        for line in GOLDEN {
            let event: Event<'_> = serde_json::from_str(line).expect(line);
            assert_eq!(serde_json::to_string(&event).expect("json"), line);
        }
    }

    #[test]
    fn a_line_cut_anywhere_is_refused() {
        for line in GOLDEN {
            for end in 0..line.len() {
                assert!(
                    serde_json::from_slice::<Event<'_>>(&line.as_bytes()[..end]).is_err(),
                    "{line} cut at {end}"
                );
            }
        }
    }

    #[test]
    fn a_message_without_text_is_no_event() {
        let line = r##"{"n":1,"at":1,"to":"@bob","from":"alice","kind":"message"}"##;
        let error = serde_json::from_str::<Event<'_>>(line).expect_err("refused");
        assert_eq!(error.to_string(), "a message needs an \"id\" and a \"text\"");
    }

    #[test]
    fn unknown_fields_are_ignored() {
        let line = r##"{"n":3,"at":1,"to":"#g","from":"bob","kind":"channel.left","reason":"kicked"}"##;
        assert_eq!(serde_json::from_str::<Event<'_>>(line).expect("an event").body, Body::Left);
    }
}

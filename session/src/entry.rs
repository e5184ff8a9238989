//! Events as front ends receive them.

use common::amendments::AmendedFields;
use common::mentions::{Mention, mentions};
use common::messages::Sent;
use common::notify::Level;
use common::{Body, Event, Target, UserName};
use serde::Deserialize;

use super::api::Message;

/// One event of a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The conversation as the user names it.
    pub conversation: Target,
    /// The number of the event.
    pub n: u64,
    /// The line as it was received.
    pub line: Box<str>,
    /// The decoded line, if this version knows its kind.
    pub event: Option<Event<'static>>,
    /// The amendments of the event, if a page of history added them.
    pub amended: Option<Box<AmendedFields<'static>>>,
    /// Whether a user whom the reader blocks sent the event, as a message, a file or an amendment in a
    /// channel. A front end shows the number of such a message, but not its text.
    pub is_hidden: bool,
    /// The notification level of the conversation when the event was emitted.
    pub level: Level,
}

/// The fields of every kind of event.
#[derive(Deserialize)]
struct AnyEvent {
    n: u64,
    to: Target,
    from: UserName,
}

impl Entry {
    /// Decodes an event's line for the user `reader`. `None` if the line is not a numbered event.
    #[must_use]
    pub fn read(reader: &UserName, line: &str) -> Option<Self> {
        let entry = |n, conversation: common::Conversation, event| Self {
            conversation: conversation.seen_by(reader),
            n,
            line: line.into(),
            event,
            amended: None,
            is_hidden: false,
            level: Level::All,
        };
        if let Ok(event) = serde_json::from_str::<Event<'_>>(line) {
            return Some(entry(event.n, event.conversation(), Some(event.into_owned())));
        }
        // Without the event of a later version, the timeline would have a gap.
        let any: AnyEvent = serde_json::from_str(line).ok()?;
        Some(entry(any.n, common::Conversation::of(&any.from, &any.to), None))
    }

    /// Whether the event is a message that mentions this user, by name or with `@here`.
    pub(crate) fn mentions(&self, user: Option<&UserName>) -> bool {
        let Some(Body::Message { text, .. }) = self.event.as_ref().map(|event| &event.body) else {
            return false;
        };
        mentions(text.as_str()).any(|mention| match mention {
            Mention::User(named) => user == Some(&named),
            Mention::Here => true,
        })
    }

    /// Whether a front end must notify this user: the event mentions them, or is a direct message to them,
    /// and its level permits it.
    #[must_use]
    pub fn notifies(&self, user: &UserName) -> bool {
        let is_from_another = |event: &&Event<'_>| event.from != *user && !self.is_hidden;
        let Some(event) = self.event.as_ref().filter(is_from_another) else { return false };
        let is_direct = matches!(self.conversation, Target::User(_));
        match self.level {
            Level::None => false,
            Level::Mentions => self.mentions(Some(user)),
            Level::All => (is_direct && event.body.is_content()) || self.mentions(Some(user)),
        }
    }

    /// Decodes an event's line in a page of history, with the fields of its amendments.
    #[must_use]
    pub fn read_amended(reader: &UserName, line: &str) -> Option<Self> {
        let amended = serde_json::from_str::<AmendedFields<'static>>(line).ok();
        let amended = amended.filter(|amended| *amended != AmendedFields::default()).map(Box::new);
        Self::read(reader, line).map(|entry| Self { amended, ..entry })
    }

    /// Creates the event of the user's own message from the acknowledgement.
    pub(crate) fn own(reader: &UserName, message: &Message, sent: Sent) -> Self {
        let Message { id, text, reply, .. } = message.clone();
        let body = Body::Message { id, text, reply, via: None, command: None };
        // The message may name its channel by a later name, which this session does not know yet.
        let to = sent.channel.map_or_else(|| message.to.clone(), Target::Channel);
        let event = Event { n: sent.n, at: sent.at, to, from: reader.clone(), body };
        let line = event.to_line().into();
        Self {
            conversation: event.conversation().seen_by(reader),
            n: sent.n,
            line,
            event: Some(event),
            amended: None,
            is_hidden: false,
            level: Level::All,
        }
    }
}

//! Events as front ends receive them.

use std::sync::Arc;

use common::amendments::AmendedFields;
use common::mentions::{Mention, mentions};
use common::messages::Sent;
use common::notify::Level;
use common::{Body, Conversation, Event, Target, UserName};
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
    pub line: Arc<str>,
    /// The decoded line, if this version knows its kind.
    pub event: Option<Arc<Event<'static>>>,
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

/// An event that is the same for all readers.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct NumberedEvent {
    n: u64,
    conversation: Conversation,
    line: Arc<str>,
    event: Option<Arc<Event<'static>>>,
}

impl NumberedEvent {
    /// Decodes an event's line. `None` if the line is not a numbered event.
    pub(crate) fn read(line: &str) -> Option<Self> {
        if let Ok(event) = serde_json::from_str::<Event<'_>>(line) {
            let (n, conversation) = (event.n, event.conversation());
            return Some(Self { n, conversation, line: line.into(), event: Some(event.into_owned().into()) });
        }
        // Without the event of a later version, the timeline would have a gap.
        let any: AnyEvent = serde_json::from_str(line).ok()?;
        let conversation = Conversation::of(&any.from, &any.to);
        Some(Self { n: any.n, conversation, line: line.into(), event: None })
    }

    /// The event for the user `reader`.
    pub(crate) fn seen_by(&self, reader: &UserName) -> Entry {
        Entry {
            conversation: self.conversation.seen_by(reader),
            n: self.n,
            line: Arc::clone(&self.line),
            event: self.event.clone(),
            amended: None,
            is_hidden: false,
            level: Level::All,
        }
    }
}

impl Entry {
    /// Decodes an event's line for the user `reader`. `None` if the line is not a numbered event.
    #[must_use]
    pub fn read(reader: &UserName, line: &str) -> Option<Self> {
        Some(NumberedEvent::read(line)?.seen_by(reader))
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
        let is_from_another = |event: &&Arc<Event<'_>>| event.from != *user && !self.is_hidden;
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
            event: Some(event.into()),
            amended: None,
            is_hidden: false,
            level: Level::All,
        }
    }
}

//! The events of a channel in the history, for clients with draft/event-playback.

use common::{Body, Event, Target};

use crate::connection::Connection;
use crate::protocol::capabilities::Cap;
use crate::protocol::line::Line;
use crate::protocol::message_id::message_id;

impl Connection {
    /// Whether CHATHISTORY shows an event that is not a message.
    pub(in crate::connection) fn is_played_back(&self, event: &Event<'_>) -> bool {
        let is_shown = match &event.body {
            Body::Joined | Body::Created { .. } | Body::Left | Body::Kicked(_) => true,
            Body::Set { subject, .. } => subject.is_some(),
            Body::Message { .. }
            | Body::File { .. }
            | Body::Edited { .. }
            | Body::Deleted { .. }
            | Body::Reacted { .. }
            | Body::Unreacted { .. }
            | Body::Redacted { .. }
            | Body::Invited(_)
            | Body::Declined
            | Body::Banned(_)
            | Body::Unbanned(_)
            | Body::Role(..)
            | Body::Renamed(_)
            | Body::ChannelDeleted
            | Body::Unknown => false,
        };
        is_shown && self.caps.has(Cap::EventPlayback) && matches!(event.to, Target::Channel(_))
    }

    /// The line of such an event.
    pub(in crate::connection) fn playback_line(&self, event: &Event<'_>) -> Option<Line> {
        let Target::Channel(channel) = &event.to else { return None };
        let shown = self.shown(channel);
        let line = |command| {
            let line = self.line_of(event, command).tag("msgid", message_id(&event.conversation(), event.n));
            line.param(shown.as_str())
        };
        Some(if let Body::Set { subject: Some(subject), .. } = &event.body {
            self.topic_line(event, &shown, subject.as_str())
        } else if let Body::Kicked(user) = &event.body {
            line("KICK").param(self.shared.shown(user))
        } else if event.body == Body::Left {
            line("PART")
        } else {
            let line = self.line_of(event, "JOIN");
            let line = line.tag("msgid", message_id(&event.conversation(), event.n));
            self.join_line(line, &event.from, &shown)
        })
    }
}

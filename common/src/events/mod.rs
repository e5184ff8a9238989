//! Events: what happened in a conversation, as one line that is the same in the log, on the fan-out and in
//! a page of history. And notices, which are told to one user and kept nowhere.

mod line;

#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::amendments::Emoji;
use crate::channels::Role;
use crate::conversations::{Conversation, Target};
use crate::files::FileInfo;
use crate::json::Object;
use crate::names::{ChannelName, UserName};
use crate::presence::Change;
use crate::text::{Subject, Text};

/// One numbered event of a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "line::EventLine<'a>")]
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
        /// The number of the event that it answers.
        reply: Option<u64>,
    },
    /// `message.edited`: the author of a message says something else instead.
    Edited {
        /// The sender's id.
        id: Uuid,
        /// The number of the message.
        of: u64,
        /// What it says from now on.
        text: Text<'a>,
    },
    /// `message.deleted`: a message was taken back.
    Deleted {
        /// The sender's id.
        id: Uuid,
        /// The number of the message.
        of: u64,
    },
    /// `message.reacted`: somebody reacted to a message.
    Reacted {
        /// The sender's id.
        id: Uuid,
        /// The number of the message.
        of: u64,
        /// With what.
        emoji: Emoji,
    },
    /// `message.unreacted`: somebody took their reaction back.
    Unreacted {
        /// The sender's id.
        id: Uuid,
        /// The number of the message.
        of: u64,
        /// Which.
        emoji: Emoji,
    },
    /// A `message`, or a `message.edited` of one, that was deleted: its text is gone.
    Gone {
        /// The sender's id.
        id: Uuid,
        /// The number of the message, if it was an edit.
        of: Option<u64>,
    },
    /// `file`: somebody sent a file.
    File {
        /// The sender's id.
        id: Uuid,
        /// Which file. On the heap, so that all other events stay small.
        file: Box<FileInfo>,
    },
    /// `channel.created`: the channel came into being, with its creator as first member and owner.
    Created {
        /// Whether only the invited may join.
        private: bool,
    },
    /// `channel.joined`: somebody became a member.
    Joined,
    /// `channel.left`: somebody is a member no more.
    Left,
    /// `channel.invited`: somebody may join.
    Invited(UserName),
    /// `channel.declined`: somebody who was invited does not want to join.
    Declined,
    /// `channel.kicked`: somebody was removed.
    Kicked(UserName),
    /// `channel.banned`: somebody was removed, or kept out, for good.
    Banned(UserName),
    /// `channel.unbanned`: the ban was taken back.
    Unbanned(UserName),
    /// `channel.role`: a member got a role.
    Role(UserName, Role),
    /// `channel.set`: what is given has changed.
    Set {
        /// What the channel is about.
        subject: Option<Subject<'a>>,
        /// Whether it is private.
        private: Option<bool>,
    },
    /// A kind that this version does not know. It has its number like any other.
    Unknown,
}

/// A class of events, for code that treats several kinds alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class<'a> {
    /// A message or a file, with or without its text. Content counts as unread until it is deleted.
    Content {
        /// The sender's id.
        id: Uuid,
    },
    /// A change to an earlier message or file: an edit, a deletion or a reaction.
    Amendment {
        /// The sender's id.
        id: Uuid,
        /// The number of the message or file.
        of: u64,
    },
    /// A change of the sender's own membership. The creation of a channel is one.
    Membership,
    /// An action of a member on another user.
    Moderation {
        /// The other user.
        user: &'a UserName,
    },
    /// A change of the channel's settings.
    Settings,
    /// A kind that this version does not know.
    Unknown,
}

impl Body<'_> {
    /// The class of the event.
    #[must_use]
    pub fn class(&self) -> Class<'_> {
        match self {
            Self::Message { id, .. } | Self::File { id, .. } | Self::Gone { id, of: None } => {
                Class::Content { id: *id }
            }
            Self::Edited { id, of, .. }
            | Self::Deleted { id, of }
            | Self::Reacted { id, of, .. }
            | Self::Unreacted { id, of, .. }
            | Self::Gone { id, of: Some(of) } => Class::Amendment { id: *id, of: *of },
            Self::Created { .. } | Self::Joined | Self::Left | Self::Declined => Class::Membership,
            Self::Invited(user)
            | Self::Kicked(user)
            | Self::Banned(user)
            | Self::Unbanned(user)
            | Self::Role(user, _) => Class::Moderation { user },
            Self::Set { .. } => Class::Settings,
            Self::Unknown => Class::Unknown,
        }
    }

    /// The sender's id, if the event has one.
    #[must_use]
    pub fn id(&self) -> Option<Uuid> {
        match self.class() {
            Class::Content { id } | Class::Amendment { id, .. } => Some(id),
            Class::Membership | Class::Moderation { .. } | Class::Settings | Class::Unknown => None,
        }
    }

    /// Whether the event is content, which counts as unread.
    #[must_use]
    pub fn is_to_be_read(&self) -> bool {
        matches!(self.class(), Class::Content { .. })
    }

    /// The number of the message or file that the event amends.
    #[must_use]
    pub fn amends(&self) -> Option<u64> {
        if let Class::Amendment { of, .. } = self.class() { Some(of) } else { None }
    }
}

impl Event<'_> {
    /// The conversation this event belongs to.
    #[must_use]
    pub fn conversation(&self) -> Conversation {
        Conversation::of(&self.from, &self.to)
    }

    /// Appends the event's one line, without a newline.
    pub fn write(&self, out: &mut Vec<u8>) {
        let mut line = Object::begin(out);
        self.write_fields(&mut line);
        line.end();
    }

    /// Writes all fields of the line.
    pub(crate) fn write_fields(&self, line: &mut Object<'_>) {
        line::write(line, self);
    }

    /// The event's one line, without a newline.
    #[must_use]
    pub fn to_line(&self) -> String {
        let mut out = Vec::new();
        self.write(&mut out);
        // JSON made of strings is UTF-8.
        String::from_utf8(out).unwrap_or_default()
    }

    /// The same event, owned.
    #[must_use]
    pub fn into_owned(self) -> Event<'static> {
        let body = match self.body {
            Body::Message { id, text, reply } => Body::Message { id, text: text.into_owned(), reply },
            Body::Edited { id, of, text } => Body::Edited { id, of, text: text.into_owned() },
            Body::Deleted { id, of } => Body::Deleted { id, of },
            Body::Reacted { id, of, emoji } => Body::Reacted { id, of, emoji },
            Body::Unreacted { id, of, emoji } => Body::Unreacted { id, of, emoji },
            Body::Gone { id, of } => Body::Gone { id, of },
            Body::Set { subject, private } => {
                Body::Set { subject: subject.map(Subject::into_owned), private }
            }
            Body::File { id, file } => Body::File { id, file },
            Body::Created { private } => Body::Created { private },
            Body::Joined => Body::Joined,
            Body::Left => Body::Left,
            Body::Invited(user) => Body::Invited(user),
            Body::Declined => Body::Declined,
            Body::Kicked(user) => Body::Kicked(user),
            Body::Banned(user) => Body::Banned(user),
            Body::Unbanned(user) => Body::Unbanned(user),
            Body::Role(user, role) => Body::Role(user, role),
            Body::Unknown => Body::Unknown,
        };
        Event { n: self.n, at: self.at, to: self.to, from: self.from, body }
    }
}

/// Something that is told and kept nowhere. It has no number: whoever misses it learns the same in another way, or
/// has missed nothing that lasts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind")]
pub enum Notice {
    /// A channel's events are published elsewhere from now on.
    #[serde(rename = "topic.moved")]
    TopicMoved {
        /// Which channel.
        to: ChannelName,
        /// Where.
        topic: String,
    },
    /// Who is something else than before, on `presence.all`.
    #[serde(rename = "presence")]
    Presence {
        /// When, in Unix milliseconds.
        at: u64,
        /// Who, and what.
        users: Vec<Change>,
    },
    /// Somebody is writing, or not any more, where the conversation's events come.
    #[serde(rename = "typing")]
    Typing {
        /// When, in Unix milliseconds.
        at: u64,
        /// Where to.
        to: Target,
        /// Who.
        from: UserName,
        /// Whether they are.
        typing: bool,
    },
    /// The user has read a conversation up to an event, in this session or another.
    #[serde(rename = "read")]
    Read {
        /// Which conversation, as the user names it.
        conversation: Target,
        /// The last event that was read.
        n: u64,
        /// How many messages are still unread.
        unread: u64,
        /// How many of them mention the user.
        mentions: u64,
    },
}

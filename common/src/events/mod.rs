//! Events of conversations, and notices. The line of an event is the same in the log, on the fan-out and in a
//! page of history. Notices are published on the fan-out, and are not stored.

mod line;

#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::amendments::Emoji;
use crate::channels::Role;
use crate::commands::Invocation;
use crate::conversations::{Conversation, Target};
use crate::files::FileInfo;
use crate::hooks::Via;
use crate::json::Object;
use crate::names::{ChannelName, UserName};
use crate::presence::Change;
use crate::text::{Subject, Text};

/// One numbered event of a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "line::EventLine<'a>")]
#[serde(bound(deserialize = "'de: 'a"))]
pub struct Event<'a> {
    /// The number of the event in its conversation: 1, 2, 3 ... without a gap.
    pub n: u64,
    /// The time at which the server accepted the request, in Unix milliseconds.
    pub at: u64,
    /// The channel, or the recipient of a direct message.
    pub to: Target,
    /// The user who sent the request.
    pub from: UserName,
    /// The kind of the event, with its fields.
    pub body: Body<'a>,
}

/// The kind of an event, with its fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body<'a> {
    /// `message`: the sender wrote a text.
    Message {
        /// The message's id.
        id: Uuid,
        /// The text.
        text: Text<'a>,
        /// The number of the event that the message replies to.
        reply: Option<u64>,
        /// The hook that posted the message. The box keeps the other variants small.
        via: Option<Box<Via>>,
        /// The command of a bot that the message runs.
        command: Option<Box<Invocation>>,
    },
    /// `message.edited`: the author replaced the text of a message.
    Edited {
        /// The edit's own id.
        id: Uuid,
        /// The number of the message.
        of: u64,
        /// The new text.
        text: Text<'a>,
    },
    /// `message.deleted`: the sender deleted a message or a file.
    Deleted {
        /// The deletion's own id.
        id: Uuid,
        /// The number of the message.
        of: u64,
    },
    /// `message.reacted`: the sender reacted to a message.
    Reacted {
        /// The reaction's own id.
        id: Uuid,
        /// The number of the message.
        of: u64,
        /// The emoji.
        emoji: Emoji,
    },
    /// `message.unreacted`: the sender removed their reaction.
    Unreacted {
        /// The removal's own id.
        id: Uuid,
        /// The number of the message.
        of: u64,
        /// The emoji.
        emoji: Emoji,
    },
    /// A `message` that was deleted, or a `message.edited` of a deleted message, without its text.
    Redacted {
        /// The id of the message or edit.
        id: Uuid,
        /// The number of the edited message, if the event is an edit.
        of: Option<u64>,
    },
    /// `file`: the sender sent a file.
    File {
        /// The file's id.
        id: Uuid,
        /// The file. The box keeps the other variants small.
        file: Box<FileInfo>,
    },
    /// `channel.created`: the sender created the channel, and is its first member and owner.
    Created {
        /// Whether only invited users may join.
        private: bool,
    },
    /// `channel.joined`: the sender joined the channel.
    Joined,
    /// `channel.left`: the sender left the channel.
    Left,
    /// `channel.invited`: the sender invited a user.
    Invited(UserName),
    /// `channel.declined`: the sender declined an invitation.
    Declined,
    /// `channel.kicked`: the sender removed a member.
    Kicked(UserName),
    /// `channel.banned`: the sender banned a user, who may be a member.
    Banned(UserName),
    /// `channel.unbanned`: the sender lifted a ban.
    Unbanned(UserName),
    /// `channel.role`: the sender gave a member a role.
    Role(UserName, Role),
    /// `channel.set`: the sender changed the settings that are not `None`.
    Set {
        /// The new subject.
        subject: Option<Subject<'a>>,
        /// Whether only invited users may join.
        private: Option<bool>,
        /// Whether the channel is archived (read-only) from now on.
        archived: Option<bool>,
    },
    /// `channel.renamed`: the sender gave the channel this name.
    Renamed(ChannelName),
    /// `channel.deleted`: the sender deleted the channel. This is its last event.
    ChannelDeleted,
    /// A kind that only a later version knows. The other fields of the event are valid.
    Unknown,
}

/// A class of events, for code that handles several kinds in the same way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class<'a> {
    /// A message or a file, with or without its text. Content counts as unread until it is deleted.
    Content {
        /// The id of the message or file.
        id: Uuid,
    },
    /// A change to an earlier message or file: an edit, a deletion or a reaction.
    Amendment {
        /// The amendment's own id.
        id: Uuid,
        /// The number of the message or file.
        of: u64,
    },
    /// A change of the sender's own membership, such as the creation of a channel.
    Membership,
    /// An action of a member on another user.
    Moderation {
        /// The other user.
        user: &'a UserName,
    },
    /// A change of the channel's settings.
    Settings,
    /// A kind that only a later version knows.
    Unknown,
}

impl Body<'_> {
    /// The class of the event.
    #[must_use]
    pub fn class(&self) -> Class<'_> {
        match self {
            Self::Message { id, .. } | Self::File { id, .. } | Self::Redacted { id, of: None } => {
                Class::Content { id: *id }
            }
            Self::Edited { id, of, .. }
            | Self::Deleted { id, of }
            | Self::Reacted { id, of, .. }
            | Self::Unreacted { id, of, .. }
            | Self::Redacted { id, of: Some(of) } => Class::Amendment { id: *id, of: *of },
            Self::Created { .. } | Self::Joined | Self::Left | Self::Declined => Class::Membership,
            Self::Invited(user)
            | Self::Kicked(user)
            | Self::Banned(user)
            | Self::Unbanned(user)
            | Self::Role(user, _) => Class::Moderation { user },
            Self::Set { .. } | Self::Renamed(_) | Self::ChannelDeleted => Class::Settings,
            Self::Unknown => Class::Unknown,
        }
    }

    /// The id that the client created for the event. Only content and amendments have one.
    #[must_use]
    pub fn id(&self) -> Option<Uuid> {
        match self.class() {
            Class::Content { id } | Class::Amendment { id, .. } => Some(id),
            Class::Membership | Class::Moderation { .. } | Class::Settings | Class::Unknown => None,
        }
    }

    /// Whether the event is a message or a file, which counts as unread.
    #[must_use]
    pub fn is_content(&self) -> bool {
        matches!(self.class(), Class::Content { .. })
    }

    /// The number of the message or file that the event amends, if it is an amendment.
    #[must_use]
    pub fn amends(&self) -> Option<u64> {
        if let Class::Amendment { of, .. } = self.class() { Some(of) } else { None }
    }
}

impl Event<'_> {
    /// The conversation of the event.
    #[must_use]
    pub fn conversation(&self) -> Conversation {
        Conversation::of(&self.from, &self.to)
    }

    /// Appends the event's line, without a newline.
    pub fn write(&self, out: &mut Vec<u8>) {
        let mut line = Object::begin(out);
        self.write_fields(&mut line);
        line.end();
    }

    pub(crate) fn write_fields(&self, line: &mut Object<'_>) {
        line::write(line, self);
    }

    /// The event's line, without a newline.
    #[must_use]
    pub fn to_line(&self) -> String {
        let mut out = Vec::new();
        self.write(&mut out);
        // JSON is always UTF-8.
        String::from_utf8(out).unwrap_or_default()
    }

    /// Copies the borrowed parts of the event.
    #[must_use]
    pub fn into_owned(self) -> Event<'static> {
        let body = match self.body {
            Body::Message { id, text, reply, via, command } => {
                Body::Message { id, text: text.into_owned(), reply, via, command }
            }
            Body::Edited { id, of, text } => Body::Edited { id, of, text: text.into_owned() },
            Body::Deleted { id, of } => Body::Deleted { id, of },
            Body::Reacted { id, of, emoji } => Body::Reacted { id, of, emoji },
            Body::Unreacted { id, of, emoji } => Body::Unreacted { id, of, emoji },
            Body::Redacted { id, of } => Body::Redacted { id, of },
            Body::Set { subject, private, archived } => {
                Body::Set { subject: subject.map(Subject::into_owned), private, archived }
            }
            Body::Renamed(name) => Body::Renamed(name),
            Body::ChannelDeleted => Body::ChannelDeleted,
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

/// A line on a topic that has no number and is not stored. A client may lose notices: a later reply has the
/// same data, or the notice is soon outdated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind")]
pub enum Notice {
    /// The server has moved a channel's events to another topic.
    #[serde(rename = "topic.moved")]
    TopicMoved {
        /// The channel.
        to: ChannelName,
        /// The new topic.
        topic: String,
    },
    /// One or more sessions of the user have ended. Published on the topic that the user had before. A client
    /// checks its session with its next request.
    #[serde(rename = "sessions.ended")]
    SessionsEnded {},
    /// The presence of some users has changed. Published on the topic of all users' presence.
    #[serde(rename = "presence")]
    Presence {
        /// The time of the notice, in Unix milliseconds.
        at: u64,
        /// The users with their new states.
        users: Vec<Change>,
    },
    /// A user is typing, or has stopped. Published on the topic of the conversation.
    #[serde(rename = "typing")]
    Typing {
        /// The time of the notice, in Unix milliseconds.
        at: u64,
        /// The channel, or the recipient of direct messages.
        to: Target,
        /// The user.
        from: UserName,
        /// Whether the user is typing.
        typing: bool,
    },
    /// The user has blocked or unblocked another user. Published on the user's own topic.
    #[serde(rename = "user.blocked")]
    Blocked {
        /// The other user.
        user: UserName,
        /// Whether the other user is blocked from now on.
        blocked: bool,
    },
    /// The user has changed notification levels. Published on the user's own topic; `notify.list` returns the
    /// levels.
    #[serde(rename = "notify")]
    Levels {},
    /// The user has read a conversation up to an event. Published on the user's own topic.
    #[serde(rename = "read")]
    Read {
        /// The conversation as the user names it.
        conversation: Target,
        /// The number of the last event that the user has read.
        n: u64,
        /// The number of unread messages.
        unread: u64,
        /// The number of unread messages that mention the user.
        mentions: u64,
    },
}

//! Events: what happened in a conversation, as one line that is the same in the log, on the fan-out and in
//! a page of history. And notices, which are told to one user and kept nowhere.

mod line;

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

impl Body<'_> {
    /// The sender's id, of what has one.
    #[must_use]
    pub fn id(&self) -> Option<Uuid> {
        match self {
            Self::Message { id, .. }
            | Self::File { id, .. }
            | Self::Edited { id, .. }
            | Self::Deleted { id, .. }
            | Self::Reacted { id, .. }
            | Self::Unreacted { id, .. }
            | Self::Gone { id, .. } => Some(*id),
            Self::Created { .. }
            | Self::Joined
            | Self::Left
            | Self::Invited(_)
            | Self::Declined
            | Self::Kicked(_)
            | Self::Banned(_)
            | Self::Unbanned(_)
            | Self::Role(..)
            | Self::Set { .. }
            | Self::Unknown => None,
        }
    }

    /// Whether it says something that one may want to read: a message or a file. This is what is counted as unread.
    #[must_use]
    pub fn is_to_be_read(&self) -> bool {
        match self {
            // One whose text is gone counts as before: nothing else may change with the text.
            Self::Message { .. } | Self::File { .. } | Self::Gone { of: None, .. } => true,
            Self::Edited { .. }
            | Self::Deleted { .. }
            | Self::Reacted { .. }
            | Self::Unreacted { .. }
            | Self::Gone { of: Some(_), .. }
            | Self::Created { .. }
            | Self::Joined
            | Self::Left
            | Self::Declined
            | Self::Invited(_)
            | Self::Kicked(_)
            | Self::Banned(_)
            | Self::Unbanned(_)
            | Self::Role(..)
            | Self::Set { .. }
            | Self::Unknown => false,
        }
    }

    /// The message that it amends.
    #[must_use]
    pub fn amends(&self) -> Option<u64> {
        match self {
            Self::Edited { of, .. }
            | Self::Deleted { of, .. }
            | Self::Reacted { of, .. }
            | Self::Unreacted { of, .. } => Some(*of),
            Self::Gone { of, .. } => *of,
            Self::Message { .. }
            | Self::File { .. }
            | Self::Created { .. }
            | Self::Joined
            | Self::Left
            | Self::Invited(_)
            | Self::Declined
            | Self::Kicked(_)
            | Self::Banned(_)
            | Self::Unbanned(_)
            | Self::Role(..)
            | Self::Set { .. }
            | Self::Unknown => None,
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    const GOLDEN: [&str; 20] = [
        r##"{"n":17,"at":1763700000123,"to":"#general","from":"alice","kind":"message","id":"01970000-0000-7000-8000-000000000001","text":"oi, João 🙂\n\"tudo bem\"?"}"##,
        r##"{"n":18,"at":1763700000123,"to":"#general","from":"alice","kind":"message","id":"01970000-0000-7000-8000-000000000001","text":"sim","reply":17}"##,
        r##"{"n":19,"at":1763700000123,"to":"#general","from":"alice","kind":"message.edited","id":"01970000-0000-7000-8000-000000000001","of":17,"text":"olá"}"##,
        r##"{"n":20,"at":1763700000123,"to":"#general","from":"alice","kind":"message.deleted","id":"01970000-0000-7000-8000-000000000001","of":17}"##,
        r##"{"n":21,"at":1763700000123,"to":"#general","from":"alice","kind":"message.reacted","id":"01970000-0000-7000-8000-000000000001","of":17,"emoji":"👍"}"##,
        r##"{"n":22,"at":1763700000123,"to":"#general","from":"alice","kind":"message.unreacted","id":"01970000-0000-7000-8000-000000000001","of":17,"emoji":"👍"}"##,
        r##"{"n":17,"at":1763700000123,"to":"#general","from":"alice","kind":"message","id":"01970000-0000-7000-8000-000000000001","text":"","deleted":true}"##,
        r##"{"n":19,"at":1763700000123,"to":"#general","from":"alice","kind":"message.edited","id":"01970000-0000-7000-8000-000000000001","of":17,"text":"","deleted":true}"##,
        r##"{"n":18,"at":1763700000123,"to":"@bob","from":"alice","kind":"file","id":"01970000-0000-7000-8000-000000000001","name":"plan.pdf","bytes":1258291,"sha256":"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"}"##,
        r##"{"n":1,"at":1763700000123,"to":"#general","from":"alice","kind":"channel.created"}"##,
        r##"{"n":1,"at":1763700000123,"to":"#board","from":"alice","kind":"channel.created","private":true}"##,
        r##"{"n":2,"at":1763700000123,"to":"#general","from":"bob","kind":"channel.joined"}"##,
        r##"{"n":3,"at":1763700000123,"to":"#general","from":"bob","kind":"channel.left"}"##,
        r##"{"n":4,"at":1763700000123,"to":"#general","from":"alice","kind":"channel.invited","user":"bob"}"##,
        r##"{"n":5,"at":1763700000123,"to":"#general","from":"bob","kind":"channel.declined"}"##,
        r##"{"n":5,"at":1763700000123,"to":"#general","from":"alice","kind":"channel.kicked","user":"bob"}"##,
        r##"{"n":6,"at":1763700000123,"to":"#general","from":"alice","kind":"channel.banned","user":"bob"}"##,
        r##"{"n":7,"at":1763700000123,"to":"#general","from":"alice","kind":"channel.unbanned","user":"bob"}"##,
        r##"{"n":8,"at":1763700000123,"to":"#general","from":"alice","kind":"channel.role","user":"bob","role":"moderator"}"##,
        r##"{"n":9,"at":1763700000123,"to":"#general","from":"alice","kind":"channel.set","subject":"all and nothing","private":false}"##,
    ];

    #[test]
    fn messages_and_files_are_to_be_read_and_nothing_else_is() {
        let is_to_be_read =
            |line: &&&str| serde_json::from_str::<Event<'_>>(line).expect("an event").body.is_to_be_read();
        let lines = GOLDEN.iter().filter(is_to_be_read);
        let kinds: Vec<_> = lines.map(|line| line.split('"').nth(15).expect("a kind")).collect();
        // The third message is one whose text is gone.
        assert_eq!(kinds, ["message", "message", "message", "file"]);
    }

    #[test]
    fn golden_lines_are_read_and_written_byte_for_byte() {
        for line in GOLDEN {
            let event: Event<'_> = serde_json::from_str(line).expect(line);
            assert_eq!(event.to_line(), line);
            assert_eq!(event.into_owned().to_line(), line);
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
    fn an_event_without_what_it_needs_is_refused() {
        let refusal = |rest: &str| {
            let line = format!(r##"{{"n":1,"at":1,"to":"#a","from":"alice",{rest}}}"##);
            serde_json::from_str::<Event<'_>>(&line).expect_err("refused").to_string()
        };
        assert_eq!(refusal(r#""kind":"message""#), "an event of this kind needs an \"id\"");
        assert_eq!(
            refusal(r#""kind":"file","id":"01970000-0000-7000-8000-000000000001","bytes":7"#),
            "a file needs a \"name\", \"bytes\" and a \"sha256\""
        );
        assert_eq!(refusal(r#""kind":"channel.kicked""#), "an event of this kind needs a \"user\"");
        assert_eq!(refusal(r#""kind":"channel.role","user":"bob""#), "a role event needs a \"role\"");
    }

    #[test]
    fn unknown_fields_and_kinds_are_no_error() {
        let line = r##"{"n":3,"at":1,"to":"#g","from":"bob","kind":"channel.left","reason":"kicked"}"##;
        assert_eq!(serde_json::from_str::<Event<'_>>(line).expect("an event").body, Body::Left);
        let line = r##"{"n":4,"at":1,"to":"#g","from":"bob","kind":"poll.opened","options":["a","b"]}"##;
        let event = serde_json::from_str::<Event<'_>>(line).expect("an event");
        assert_eq!((event.n, event.body), (4, Body::Unknown));
    }

    #[test]
    fn a_notice_on_the_wire() {
        let topic = "channel.general.9d8c7b6a5f4e3d2c1b0a998877665544".to_owned();
        let notice = Notice::TopicMoved { to: ChannelName::new("#general").expect("a name"), topic };
        let line = r##"{"kind":"topic.moved","to":"#general","topic":"channel.general.9d8c7b6a5f4e3d2c1b0a998877665544"}"##;
        assert_eq!(serde_json::to_string(&notice).expect("json"), line);
        assert_eq!(serde_json::from_str::<Notice>(line).expect("a notice"), notice);
        for line in [
            r#"{"kind":"presence","at":7,"users":[{"user":"bob","state":"online"},{"user":"eva","state":"away"}]}"#,
            r##"{"kind":"typing","at":7,"to":"#general","from":"bob","typing":true}"##,
        ] {
            let notice: Notice = serde_json::from_str(line).expect("a notice");
            assert_eq!(serde_json::to_string(&notice).expect("json"), line);
            assert!(serde_json::from_str::<Event<'_>>(line).is_err(), "no event");
        }
        let notice = Notice::Read {
            conversation: Target::new("@bob").expect("a name"),
            n: 17,
            unread: 2,
            mentions: 1,
        };
        let line = r#"{"kind":"read","conversation":"@bob","n":17,"unread":2,"mentions":1}"#;
        assert_eq!(serde_json::to_string(&notice).expect("json"), line);
        assert_eq!(serde_json::from_str::<Notice>(line).expect("a notice"), notice);
    }
}

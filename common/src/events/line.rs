//! The JSON of an event: one flat object for all kinds.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Body, Event};
use crate::amendments::Emoji;
use crate::channels::Role;
use crate::commands::Invocation;
use crate::conversations::Target;
use crate::files::{ContentHash, FileInfo, FileName};
use crate::hooks::Via;
use crate::json::Object;
use crate::names::{ChannelName, UserName};
use crate::text::{Subject, Text};

/// The fields of all kinds, in their order on the wire.
#[derive(Deserialize)]
pub(super) struct EventLine<'a> {
    n: u64,
    at: u64,
    to: Target,
    from: UserName,
    kind: Kind,
    #[serde(default)]
    id: Option<Uuid>,
    #[serde(default)]
    of: Option<u64>,
    #[serde(default, borrow)]
    text: Option<LineText<'a>>,
    #[serde(default)]
    reply: Option<u64>,
    #[serde(default)]
    via: Option<Box<Via>>,
    #[serde(default)]
    command: Option<Box<Invocation>>,
    #[serde(default)]
    emoji: Option<Emoji>,
    #[serde(default)]
    deleted: bool,
    #[serde(default)]
    user: Option<UserName>,
    #[serde(default)]
    role: Option<Role>,
    #[serde(default, borrow)]
    subject: Option<Subject<'a>>,
    #[serde(default)]
    private: Option<bool>,
    #[serde(default)]
    archived: Option<bool>,
    #[serde(default)]
    new_name: Option<ChannelName>,
    #[serde(default)]
    name: Option<FileName>,
    #[serde(default)]
    bytes: Option<u64>,
    #[serde(default)]
    sha256: Option<ContentHash>,
}

/// The text in a line. It is empty if the message was deleted.
struct LineText<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for LineText<'a> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        crate::text::borrowed(deserializer).map(Self)
    }
}

#[derive(Clone, Copy, Serialize, Deserialize)]
enum Kind {
    #[serde(rename = "message")]
    Message,
    #[serde(rename = "message.edited")]
    Edited,
    #[serde(rename = "message.deleted")]
    Deleted,
    #[serde(rename = "message.reacted")]
    Reacted,
    #[serde(rename = "message.unreacted")]
    Unreacted,
    #[serde(rename = "file")]
    File,
    #[serde(rename = "channel.created")]
    Created,
    #[serde(rename = "channel.joined")]
    Joined,
    #[serde(rename = "channel.left")]
    Left,
    #[serde(rename = "channel.invited")]
    Invited,
    #[serde(rename = "channel.declined")]
    Declined,
    #[serde(rename = "channel.kicked")]
    Kicked,
    #[serde(rename = "channel.banned")]
    Banned,
    #[serde(rename = "channel.unbanned")]
    Unbanned,
    #[serde(rename = "channel.role")]
    Role,
    #[serde(rename = "channel.set")]
    Set,
    #[serde(rename = "channel.renamed")]
    Renamed,
    #[serde(rename = "channel.deleted")]
    ChannelDeleted,
    #[serde(other, rename = "unknown")]
    Unknown,
}

impl Kind {
    fn of(body: &Body<'_>) -> Self {
        match body {
            Body::Message { .. } | Body::Redacted { of: None, .. } => Self::Message,
            Body::Edited { .. } | Body::Redacted { of: Some(_), .. } => Self::Edited,
            Body::Deleted { .. } => Self::Deleted,
            Body::Reacted { .. } => Self::Reacted,
            Body::Unreacted { .. } => Self::Unreacted,
            Body::File { .. } => Self::File,
            Body::Created { .. } => Self::Created,
            Body::Joined => Self::Joined,
            Body::Left => Self::Left,
            Body::Invited(_) => Self::Invited,
            Body::Declined => Self::Declined,
            Body::Kicked(_) => Self::Kicked,
            Body::Banned(_) => Self::Banned,
            Body::Unbanned(_) => Self::Unbanned,
            Body::Role(..) => Self::Role,
            Body::Set { .. } => Self::Set,
            Body::Renamed(_) => Self::Renamed,
            Body::ChannelDeleted => Self::ChannelDeleted,
            Body::Unknown => Self::Unknown,
        }
    }
}

/// Writes the fields of an event in the order of [`EventLine`], without copies.
pub(super) fn write(line: &mut Object<'_>, event: &Event<'_>) {
    let Event { n, at, to, from, body } = event;
    line.field("n", n).field("at", at);
    match to {
        Target::Channel(name) => line.text("to", name.as_str()),
        Target::User(_) => line.field("to", to),
    };
    line.text("from", from.as_str()).field("kind", &Kind::of(body));
    match body {
        Body::Message { id, text, reply, via, command } => {
            line.field("id", id).text("text", text.as_str());
            line.optional("reply", reply.as_ref()).optional("via", via.as_deref());
            line.optional("command", command.as_deref());
        }
        Body::Edited { id, of, text } => {
            line.field("id", id).field("of", of).text("text", text.as_str());
        }
        Body::Deleted { id, of } => {
            line.field("id", id).field("of", of);
        }
        Body::Reacted { id, of, emoji } | Body::Unreacted { id, of, emoji } => {
            line.field("id", id).field("of", of).field("emoji", emoji);
        }
        Body::Redacted { id, of } => {
            line.field("id", id).optional("of", of.as_ref()).text("text", "").field("deleted", &true);
        }
        Body::File { id, file } => {
            let FileInfo { name, bytes, sha256 } = &**file;
            line.field("id", id).field("name", name).field("bytes", bytes).field("sha256", sha256);
        }
        Body::Created { private } => {
            line.optional("private", Some(private).filter(|private| **private));
        }
        Body::Invited(user) | Body::Kicked(user) | Body::Banned(user) | Body::Unbanned(user) => {
            line.field("user", user);
        }
        Body::Role(user, role) => {
            line.field("user", user).field("role", role);
        }
        Body::Set { subject, private, archived } => {
            line.optional("subject", subject.as_ref()).optional("private", private.as_ref());
            line.optional("archived", archived.as_ref());
        }
        Body::Renamed(new_name) => {
            line.text("new_name", new_name.as_str());
        }
        Body::Joined | Body::Left | Body::Declined | Body::ChannelDeleted | Body::Unknown => {}
    }
}

impl<'a> TryFrom<EventLine<'a>> for Event<'a> {
    type Error = Cow<'static, str>;

    fn try_from(line: EventLine<'a>) -> Result<Self, Self::Error> {
        let EventLine { n, at, to, from, kind, id, of, text, reply, via, command, .. } = line;
        let EventLine { emoji, deleted, user, role, subject, private, archived, new_name, name, .. } = line;
        let EventLine { bytes, sha256, .. } = line;
        let user = user.ok_or("an event of this kind needs a \"user\"");
        let id = id.ok_or("an event of this kind needs an \"id\"");
        let some_of = of.ok_or("an event of this kind needs an \"of\"");
        let emoji = emoji.ok_or("a reaction needs an \"emoji\"");
        let text = text.ok_or(Cow::Borrowed("a message needs a \"text\""));
        let text = text.and_then(|text| Text::new(text.0).map_err(|error| error.to_string().into()));
        let body = match kind {
            Kind::Message if deleted => Body::Redacted { id: id?, of: None },
            Kind::Edited if deleted => Body::Redacted { id: id?, of: Some(some_of?) },
            Kind::Message => Body::Message { id: id?, text: text?, reply, via, command },
            Kind::Edited => Body::Edited { id: id?, of: some_of?, text: text? },
            Kind::Deleted => Body::Deleted { id: id?, of: some_of? },
            Kind::Reacted => Body::Reacted { id: id?, of: some_of?, emoji: emoji? },
            Kind::Unreacted => Body::Unreacted { id: id?, of: some_of?, emoji: emoji? },
            Kind::File => match (name, bytes, sha256) {
                (Some(name), Some(bytes), Some(sha256)) => {
                    Body::File { id: id?, file: Box::new(FileInfo { name, bytes, sha256 }) }
                }
                _missing_field => {
                    return Err("a file needs a \"name\", \"bytes\" and a \"sha256\"".into());
                }
            },
            Kind::Created => Body::Created { private: private.unwrap_or_default() },
            Kind::Joined => Body::Joined,
            Kind::Left => Body::Left,
            Kind::Invited => Body::Invited(user?),
            Kind::Declined => Body::Declined,
            Kind::Kicked => Body::Kicked(user?),
            Kind::Banned => Body::Banned(user?),
            Kind::Unbanned => Body::Unbanned(user?),
            Kind::Role => Body::Role(user?, role.ok_or("a role event needs a \"role\"")?),
            Kind::Set => Body::Set { subject, private, archived },
            Kind::Renamed => Body::Renamed(new_name.ok_or("a renaming needs a \"new_name\"")?),
            Kind::ChannelDeleted => Body::ChannelDeleted,
            Kind::Unknown => Body::Unknown,
        };
        Ok(Self { n, at, to, from, body })
    }
}

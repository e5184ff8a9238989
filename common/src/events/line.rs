//! The form of an event on the wire: one flat object, whatever happened.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Body, Event};
use crate::amendments::Emoji;
use crate::channels::{Role, is_false};
use crate::conversations::Target;
use crate::files::{ContentHash, FileInfo, FileName};
use crate::names::UserName;
use crate::text::{Subject, Text};

/// The flat line, in the order of its fields on the wire.
#[derive(Serialize, Deserialize)]
pub(super) struct EventLine<'a> {
    n: u64,
    at: u64,
    to: Target,
    from: UserName,
    kind: Kind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    id: Option<Uuid>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    of: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none", borrow)]
    text: Option<LineText<'a>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reply: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    emoji: Option<Emoji>,
    #[serde(default, skip_serializing_if = "is_false")]
    deleted: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    user: Option<UserName>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    role: Option<Role>,
    #[serde(default, skip_serializing_if = "Option::is_none", borrow)]
    subject: Option<Subject<'a>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    private: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<FileName>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    bytes: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sha256: Option<ContentHash>,
}

/// A text as it stands in a line: an empty one is what a deletion leaves.
#[derive(Serialize)]
#[serde(transparent)]
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
    #[serde(other, rename = "unknown")]
    Unknown,
}

impl<'a> From<Event<'a>> for EventLine<'a> {
    fn from(event: Event<'a>) -> Self {
        let Event { n, at, to, from, body } = event;
        let bare = |kind| {
            let (id, of, text, reply, emoji, deleted) = Default::default();
            let (user, role, subject, private, name, bytes, sha256) = Default::default();
            EventLine {
                n,
                at,
                to,
                from,
                kind,
                id,
                of,
                text,
                reply,
                emoji,
                deleted,
                user,
                role,
                subject,
                private,
                name,
                bytes,
                sha256,
            }
        };
        match body {
            Body::Message { id, text, reply } => {
                EventLine { id: Some(id), text: Some(text.into()), reply, ..bare(Kind::Message) }
            }
            Body::Edited { id, of, text } => {
                EventLine { id: Some(id), of: Some(of), text: Some(text.into()), ..bare(Kind::Edited) }
            }
            Body::Deleted { id, of } => EventLine { id: Some(id), of: Some(of), ..bare(Kind::Deleted) },
            Body::Reacted { id, of, emoji } => {
                EventLine { id: Some(id), of: Some(of), emoji: Some(emoji), ..bare(Kind::Reacted) }
            }
            Body::Unreacted { id, of, emoji } => {
                EventLine { id: Some(id), of: Some(of), emoji: Some(emoji), ..bare(Kind::Unreacted) }
            }
            Body::Gone { id, of } => {
                let kind = if of.is_some() { Kind::Edited } else { Kind::Message };
                let text = Some(LineText(Cow::Borrowed("")));
                EventLine { id: Some(id), of, text, deleted: true, ..bare(kind) }
            }
            Body::File { id, file } => {
                let FileInfo { name, bytes, sha256 } = *file;
                let (name, bytes, sha256) = (Some(name), Some(bytes), Some(sha256));
                EventLine { id: Some(id), name, bytes, sha256, ..bare(Kind::File) }
            }
            Body::Created { private } => {
                EventLine { private: Some(private).filter(|flag| !is_false(flag)), ..bare(Kind::Created) }
            }
            Body::Joined => bare(Kind::Joined),
            Body::Left => bare(Kind::Left),
            Body::Invited(user) => EventLine { user: Some(user), ..bare(Kind::Invited) },
            Body::Declined => bare(Kind::Declined),
            Body::Kicked(user) => EventLine { user: Some(user), ..bare(Kind::Kicked) },
            Body::Banned(user) => EventLine { user: Some(user), ..bare(Kind::Banned) },
            Body::Unbanned(user) => EventLine { user: Some(user), ..bare(Kind::Unbanned) },
            Body::Role(user, role) => EventLine { user: Some(user), role: Some(role), ..bare(Kind::Role) },
            Body::Set { subject, private } => EventLine { subject, private, ..bare(Kind::Set) },
            Body::Unknown => bare(Kind::Unknown),
        }
    }
}

impl<'a> From<Text<'a>> for LineText<'a> {
    fn from(text: Text<'a>) -> Self {
        Self(text.into_inner())
    }
}

impl<'a> TryFrom<EventLine<'a>> for Event<'a> {
    type Error = Cow<'static, str>;

    fn try_from(line: EventLine<'a>) -> Result<Self, Self::Error> {
        let EventLine { n, at, to, from, kind, id, of, text, reply, emoji, deleted, .. } = line;
        let EventLine { user, role, subject, private, name, bytes, sha256, .. } = line;
        let user = user.ok_or("an event of this kind needs a \"user\"");
        let id = id.ok_or("an event of this kind needs an \"id\"");
        let some_of = of.ok_or("an event of this kind needs an \"of\"");
        let emoji = emoji.ok_or("a reaction needs an \"emoji\"");
        let text = text.ok_or(Cow::Borrowed("a message needs a \"text\""));
        let text = text.and_then(|text| Text::new(text.0).map_err(|error| error.to_string().into()));
        let body = match kind {
            Kind::Message if deleted => Body::Gone { id: id?, of: None },
            Kind::Edited if deleted => Body::Gone { id: id?, of: Some(some_of?) },
            Kind::Message => Body::Message { id: id?, text: text?, reply },
            Kind::Edited => Body::Edited { id: id?, of: some_of?, text: text? },
            Kind::Deleted => Body::Deleted { id: id?, of: some_of? },
            Kind::Reacted => Body::Reacted { id: id?, of: some_of?, emoji: emoji? },
            Kind::Unreacted => Body::Unreacted { id: id?, of: some_of?, emoji: emoji? },
            Kind::File => match (name, bytes, sha256) {
                (Some(name), Some(bytes), Some(sha256)) => {
                    Body::File { id: id?, file: Box::new(FileInfo { name, bytes, sha256 }) }
                }
                _something_is_missing => {
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
            Kind::Set => Body::Set { subject, private },
            Kind::Unknown => Body::Unknown,
        };
        Ok(Self { n, at, to, from, body })
    }
}

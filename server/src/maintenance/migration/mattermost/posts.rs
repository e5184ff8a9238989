//! The posts of a bulk export.

use std::collections::BTreeMap;

use disk::ReadFile;
use serde::Deserialize;
use serde_json::value::RawValue;
use uuid::Uuid;

use super::lines::Channel;
use super::{Key, Mattermost};
use crate::maintenance::migration::place::Imported;
use crate::maintenance::migration::source::is_relative;
use crate::maintenance::migration::writer::{Message, derived, id_of};
use crate::maintenance::migration::{MigrationError, Writer};

/// The maximum number of posts in an export. Each takes 64 bytes of memory.
const POSTS_MAX: usize = 50_000_000;

/// The position of a post or reply in the file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Position {
    /// The number of the conversation in the order of their keys.
    conversation: u32,
    bytes: u32,
    /// The time in Unix milliseconds.
    pub(super) at: u64,
    offset: u64,
    id: Uuid,
    /// The id of the post that a reply belongs to.
    parent: Option<Uuid>,
}

/// The positions of all posts.
#[derive(Default)]
pub(super) struct Posts {
    positions: Vec<Position>,
    /// The conversations in the order of their first posts.
    found: BTreeMap<Key, u32>,
}

/// The fields of a post that the first pass reads.
#[derive(Deserialize)]
struct Head<'a> {
    #[serde(default)]
    team: String,
    #[serde(default)]
    channel: String,
    #[serde(default)]
    channel_members: Vec<String>,
    #[serde(borrow, default)]
    replies: Option<Vec<&'a RawValue>>,
}

impl Head<'_> {
    fn has_conversation(&self) -> bool {
        !self.channel.is_empty() || !self.channel_members.is_empty()
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Post {
    user: String,
    #[serde(rename = "type")]
    kind: Option<String>,
    message: String,
    props: serde_json::Value,
    create_at: u64,
    edit_at: Option<u64>,
    flagged_by: Option<Vec<String>>,
    reactions: Option<Vec<Reaction>>,
    attachments: Option<Vec<Attachment>>,
    is_pinned: Option<bool>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Reaction {
    user: String,
    create_at: u64,
    emoji_name: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Attachment {
    path: String,
}

impl Posts {
    /// Notes a post and its replies.
    pub(super) fn add(
        &mut self,
        writer: &mut Writer<'_>,
        offset: u64,
        line: &[u8],
        raw: &RawValue,
        conversations: &mut BTreeMap<Key, Option<Channel>>,
    ) -> Result<(), MigrationError> {
        let head = serde_json::from_str::<Head<'_>>(raw.get());
        let is_post = serde_json::from_str::<Post>(raw.get()).is_ok();
        let Some(head) = head.ok().filter(|head| is_post && head.has_conversation()) else {
            writer.report.skip("invalid post", 1);
            return Ok(());
        };
        let key = match head.channel_members.is_empty() {
            true => Key::Channel(head.team, head.channel),
            false => Key::direct(&head.channel_members),
        };
        conversations.entry(key.clone()).or_default();
        let next = u32::try_from(self.found.len()).unwrap_or(u32::MAX);
        let conversation = *self.found.entry(key.clone()).or_insert(next);
        let root = self.note(writer, (conversation, &key), (offset, line, raw), None)?;
        for reply in head.replies.unwrap_or_default() {
            self.note(writer, (conversation, &key), (offset, line, reply), root)?;
        }
        Ok(())
    }

    fn note(
        &mut self,
        writer: &mut Writer<'_>,
        (conversation, key): (u32, &Key),
        (offset, line, raw): (u64, &[u8], &RawValue),
        parent: Option<Uuid>,
    ) -> Result<Option<Uuid>, MigrationError> {
        let Ok(post) = serde_json::from_str::<Post>(raw.get()) else {
            writer.report.skip("invalid post", 1);
            return Ok(None);
        };
        if self.positions.len() >= POSTS_MAX {
            return Err(MigrationError::TooMany { max: POSTS_MAX, what: "posts" });
        }
        let at = post.create_at;
        let of = parent.map_or_else(|| format!("{key:?}"), |parent| parent.to_string());
        let id = id_of(at, &["mattermost", &of, &post.user, &post.message]);
        // The raw value is a part of the line.
        let begin = (raw.get().as_ptr() as usize).saturating_sub(line.as_ptr() as usize) as u64;
        let bytes = u32::try_from(raw.get().len()).unwrap_or(u32::MAX);
        self.positions.push(Position { conversation, bytes, at, offset: offset + begin, id, parent });
        Ok(Some(id))
    }

    /// Sorts the posts by conversation and time. The number of a conversation is then its place among all
    /// keys.
    pub(super) fn sort(&mut self, conversations: &BTreeMap<Key, Option<Channel>>) {
        let mut numbers = vec![0; self.found.len()];
        for (number, key) in (0_u32..).zip(conversations.keys()) {
            let found = self.found.get(key).and_then(|found| numbers.get_mut(*found as usize));
            if let Some(place) = found {
                *place = number;
            }
        }
        for position in &mut self.positions {
            position.conversation = numbers.get(position.conversation as usize).copied().unwrap_or_default();
        }
        self.positions.sort_by_key(|post| (post.conversation, post.at, post.parent.is_some(), post.offset));
    }

    /// The posts of a conversation, in the order of their times.
    pub(super) fn of(&self, conversation: u32) -> &[Position] {
        let first = self.positions.partition_point(|post| post.conversation < conversation);
        let end = self.positions.partition_point(|post| post.conversation <= conversation);
        self.positions.get(first..end).unwrap_or_default()
    }
}

impl Mattermost<'_, '_> {
    /// Imports the post at a position.
    pub(super) fn post(
        &mut self,
        conversation: &mut Imported,
        position: &Position,
    ) -> Result<(), MigrationError> {
        let mut json = vec![0; position.bytes as usize];
        self.file.read_exact_at(&mut json, position.offset).map_err(MigrationError::read(&self.shown))?;
        let post: Post = serde_json::from_slice(&json)
            .map_err(|why| MigrationError::NotJson { path: self.shown.clone(), why })?;
        let report = &mut self.writer.report;
        report.skip("pin", u64::from(post.is_pinned == Some(true)));
        report.skip("saved message of a user", post.flagged_by.as_ref().map_or(0, Vec::len) as u64);
        let kind = post.kind.as_deref().unwrap_or_default();
        if kind.starts_with("system_") {
            report.skip(&format!("post of type {kind}"), 1);
            return Ok(());
        }
        if !matches!(kind, "" | "me" | "slack_attachment") {
            report.skip(&format!("unknown type {kind} (the text was imported)"), 1);
        }
        let (at, id) = (position.at, position.id);
        let sender = self.user(&post.user)?;
        let text = post.text();
        let attachments = post.attachments.unwrap_or_default();
        if text.trim().is_empty() && attachments.is_empty() {
            self.writer.report.skip("post without a text", 1);
            return Ok(());
        }
        let mut target = id;
        if text.trim().is_empty() {
            target = derived(id, at, &["file", "0"]);
        } else {
            let new = Message { id, sender: sender.clone(), at, text, reply: position.parent };
            if !self.writer.message(conversation, &new)? {
                return Ok(());
            }
            if let Some(edited_at) = post.edit_at.filter(|edited_at| *edited_at > 0) {
                self.writer.edit(conversation, id, &new.text, edited_at)?;
            }
        }
        for (number, Attachment { path }) in attachments.iter().enumerate() {
            let file = derived(id, at, &["file", &number.to_string()]);
            let name = path.rsplit('/').next().unwrap_or(path);
            let open = || attachment(&self.folder, path);
            self.writer.file(conversation, (file, &sender, at), name, open)?;
        }
        for Reaction { user, create_at, emoji_name } in post.reactions.unwrap_or_default() {
            let user = self.user(&user)?;
            self.writer.react(conversation, target, &user, &emoji_name, create_at.max(at))?;
        }
        Ok(())
    }
}

impl Post {
    /// The text, with the texts of its attachments in the form of Slack.
    fn text(&self) -> String {
        let mut lines = vec![match self.kind.as_deref() {
            Some("me") if !self.message.starts_with('*') => format!("*{}*", self.message),
            _ => self.message.clone(),
        }];
        let attachments = self.props.get("attachments").and_then(serde_json::Value::as_array);
        for attachment in attachments.into_iter().flatten() {
            let text = |field: &str| attachment.get(field).and_then(serde_json::Value::as_str);
            let texts: Vec<_> = ["pretext", "title", "text"].into_iter().filter_map(text).collect();
            let fallback = text("fallback").filter(|_| texts.iter().all(|text| text.trim().is_empty()));
            lines.extend(texts.into_iter().chain(fallback).map(str::to_owned));
        }
        lines.retain(|line| !line.trim().is_empty());
        lines.join("\n")
    }
}

/// Opens an attachment: its path begins at the folder of the export or at `data` in it. `None` if the file
/// does not exist, or is outside of the folder.
fn attachment(folder: &std::path::Path, path: &str) -> Result<Option<ReadFile>, MigrationError> {
    if !is_relative(path) {
        return Ok(None);
    }
    for path in [folder.join("data").join(path), folder.join(path)] {
        match ReadFile::open_regular(&path) {
            Ok(Some(file)) => return Ok(Some(file)),
            Ok(None) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(MigrationError::read(&path.display().to_string())(error)),
        }
    }
    Ok(None)
}

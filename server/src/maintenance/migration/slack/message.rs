//! One message of a Slack export.

use std::collections::HashMap;

use common::UserName;
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use super::people::{People, Profile};
use super::subtypes::{Fate, fate};
use super::text::{self, Lookup};
use crate::maintenance::migration::place::Imported;
use crate::maintenance::migration::writer::{self, id_of};
use crate::maintenance::migration::{MigrationError, Writer, or_default};

#[derive(Deserialize, Default)]
#[serde(default)]
struct Message {
    subtype: Option<String>,
    user: Option<String>,
    user_profile: Option<Profile>,
    bot_id: Option<String>,
    username: Option<String>,
    bot_profile: Option<BotProfile>,
    text: Option<String>,
    ts: String,
    thread_ts: Option<String>,
    edited: Option<Edited>,
    #[serde(deserialize_with = "or_default")]
    reactions: Vec<Reaction>,
    #[serde(deserialize_with = "or_default")]
    files: Vec<File>,
    /// The file of an old `file_share`.
    file: Option<File>,
    comment: Option<Comment>,
    #[serde(deserialize_with = "or_default")]
    attachments: Vec<Attachment>,
    /// The new form of a message, in `message_changed`.
    message: Option<Box<Message>>,
    deleted_ts: Option<String>,
    #[serde(deserialize_with = "or_default")]
    pinned_to: Vec<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct BotProfile {
    name: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Edited {
    ts: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Reaction {
    name: String,
    users: Vec<String>,
    count: u64,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct File {
    name: Option<String>,
    title: Option<String>,
    url_private: Option<String>,
    permalink: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Comment {
    user: Option<String>,
    comment: String,
}

/// A part below the text, such as the preview of a link or the content of a bot's message.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Attachment {
    pretext: Option<String>,
    title: Option<String>,
    title_link: Option<String>,
    text: Option<String>,
    fallback: Option<String>,
    /// The address of a previewed link.
    from_url: Option<String>,
}

/// The import of one message.
pub(super) struct Entry<'i, 'w> {
    pub(super) writer: &'i mut Writer<'w>,
    pub(super) people: &'i mut People,
    pub(super) channels: &'i HashMap<String, String>,
    pub(super) conversation: &'i mut Imported,
    /// The id of the conversation.
    pub(super) of: &'i str,
}

impl Entry<'_, '_> {
    pub(super) fn import(&mut self, element: Value) -> Result<(), MigrationError> {
        let Ok(message) = serde_json::from_value::<Message>(element) else {
            self.writer.report.skip("invalid message", 1);
            return Ok(());
        };
        let subtype = message.subtype.as_deref();
        self.writer.report.skip("pin", message.pinned_to.len() as u64);
        match fate(subtype) {
            Fate::Message | Fate::Action => self.message(&message),
            Fate::Unknown => {
                let kind = format!("unknown subtype {} (the text was imported)", subtype.unwrap_or_default());
                self.writer.report.skip(&kind, 1);
                self.message(&message)
            }
            Fate::Edit => self.edit(&message),
            Fate::Deletion => self.deletion(&message),
            Fate::Counted => {
                self.writer.report.skip(&format!("subtype {}", subtype.unwrap_or_default()), 1);
                Ok(())
            }
        }
    }

    fn message(&mut self, message: &Message) -> Result<(), MigrationError> {
        let Some(at) = unix_ms(&message.ts) else {
            self.writer.report.skip("message without a time", 1);
            return Ok(());
        };
        let text = self.text_of(message);
        if text.trim().is_empty() {
            self.writer.report.skip("message without a text", 1);
            return Ok(());
        }
        let sender = self.sender(message)?;
        let id = self.id_of(&message.ts, at);
        let thread = message.thread_ts.as_deref().filter(|thread| *thread != message.ts);
        let reply = thread.and_then(|thread| Some(self.id_of(thread, unix_ms(thread)?)));
        let new = writer::Message { id, sender, at, text, reply };
        if !self.writer.message(self.conversation, &new)? {
            return Ok(());
        }
        if let Some(edited_at) = message.edited.as_ref().and_then(|edited| unix_ms(&edited.ts)) {
            self.writer.edit(self.conversation, id, &new.text, edited_at)?;
        }
        self.reactions(message, id, at)
    }

    fn reactions(&mut self, message: &Message, id: Uuid, at: u64) -> Result<(), MigrationError> {
        for Reaction { name, users, count } in &message.reactions {
            let unnamed = count.saturating_sub(users.len() as u64);
            self.writer.report.skip("reaction without its user", unnamed);
            for user in users {
                let user = self.people.user_of(self.writer, user, None)?;
                self.writer.react(self.conversation, id, &user, name, at)?;
            }
        }
        Ok(())
    }

    fn edit(&mut self, change: &Message) -> Result<(), MigrationError> {
        let Some(new) = &change.message else {
            self.writer.report.skip("message_changed without a message", 1);
            return Ok(());
        };
        let edited = new.edited.as_ref().map_or(&*change.ts, |edited| &*edited.ts);
        let (Some(at), Some(edited_at)) = (unix_ms(&new.ts), unix_ms(edited)) else {
            self.writer.report.skip("message without a time", 1);
            return Ok(());
        };
        let (id, text) = (self.id_of(&new.ts, at), self.text_of(new));
        self.writer.edit(self.conversation, id, &text, edited_at)
    }

    fn deletion(&mut self, deletion: &Message) -> Result<(), MigrationError> {
        let deleted = deletion.deleted_ts.as_deref().unwrap_or_default();
        let (Some(at), Some(deleted_at)) = (unix_ms(deleted), unix_ms(&deletion.ts)) else {
            self.writer.report.skip("message without a time", 1);
            return Ok(());
        };
        let id = self.id_of(deleted, at);
        self.writer.delete(self.conversation, id, deleted_at)
    }

    /// The author of a message: a user, or a bot.
    fn sender(&mut self, message: &Message) -> Result<UserName, MigrationError> {
        let commenter = message.comment.as_ref().and_then(|comment| comment.user.as_deref());
        if let Some(id) = commenter.or(message.user.as_deref()).filter(|id| !id.is_empty()) {
            return self.people.user_of(self.writer, id, message.user_profile.as_ref());
        }
        let profile = message.bot_profile.as_ref().map(|profile| &*profile.name);
        let name = message.username.as_deref().filter(|name| !name.is_empty()).or(profile);
        self.people.bot(self.writer, message.bot_id.as_deref(), name)
    }

    /// The text of a message, with its attachments and with the links to its files.
    fn text_of(&self, message: &Message) -> String {
        let names = Lookup { people: self.people, channels: self.channels };
        let text = text::converted(message.text.as_deref().unwrap_or_default(), &names);
        let is_action = fate(message.subtype.as_deref()) == Fate::Action;
        let mut lines = vec![if is_action { format!("*{text}*") } else { text }];
        if let Some(comment) = message.comment.as_ref().filter(|_| message.text.is_none()) {
            lines.push(text::converted(&comment.comment, &names));
        }
        for attachment in message.attachments.iter().filter(|attachment| attachment.from_url.is_none()) {
            lines.extend(attachment.lines().map(|line| text::converted(&line, &names)));
        }
        lines.extend(message.files.iter().chain(&message.file).filter_map(File::line));
        lines.retain(|line| !line.trim().is_empty());
        lines.join("\n")
    }

    /// The id of a message of this conversation. Slack identifies a message by its time.
    fn id_of(&self, ts: &str, at: u64) -> Uuid {
        id_of(at, &["slack", self.of, ts])
    }
}

impl Attachment {
    /// The fallback repeats the other texts.
    fn lines(&self) -> impl Iterator<Item = String> {
        let title = match (&self.title, &self.title_link) {
            (Some(title), Some(link)) => Some(format!("{title} ({link})")),
            (Some(title), None) => Some(title.clone()),
            (None, link) => link.clone(),
        };
        let lines: Vec<_> = [self.pretext.clone(), title, self.text.clone()].into_iter().flatten().collect();
        let is_empty = lines.iter().all(|line| line.trim().is_empty());
        let fallback = self.fallback.clone().filter(|_| is_empty);
        lines.into_iter().chain(fallback)
    }
}

impl File {
    /// The name and the link of a file. The export contains no contents.
    fn line(&self) -> Option<String> {
        let name = self.title.as_deref().filter(|title| !title.is_empty()).or(self.name.as_deref());
        match (name, self.url_private.as_deref().or(self.permalink.as_deref())) {
            (Some(name), Some(link)) => Some(format!("{name}: {link}")),
            (Some(name), None) => Some(format!("{name} (file)")),
            (None, link) => link.map(str::to_owned),
        }
    }
}

/// The Unix milliseconds of a time such as `1355517523.000005`: seconds and microseconds.
fn unix_ms(ts: &str) -> Option<u64> {
    let (seconds, fraction) = ts.split_once('.').unwrap_or((ts, ""));
    let seconds: u64 = seconds.parse().ok()?;
    let ms = format!("{fraction:0<3}");
    seconds.checked_mul(1_000)?.checked_add(ms.get(..3)?.parse().ok()?)
}

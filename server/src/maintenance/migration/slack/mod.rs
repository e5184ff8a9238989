//! The workspace export of Slack: lists of users and conversations, and a folder for each conversation with a
//! file for each day.
//!
//! ```text
//! users.json  channels.json  groups.json (private)  mpims.json (groups of users)  dms.json (two users)
//! <name of the channel>/2026-01-31.json    <id of the direct conversation>/2026-01-31.json
//! ```

mod message;
mod people;
mod subtypes;
mod text;

use std::collections::HashMap;
use std::path::Path;

use common::UserName;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::place::{Imported, NewChannel};
use super::source::Source;
use super::{CONVERSATIONS_MAX, MigrationError, USERS_MAX, Writer, json_list, or_default};
use people::{People, User};
use text::Lookup;

/// The lists of conversations, and whether their conversations are private channels.
const CHANNEL_LISTS: [(&str, bool); 3] =
    [("channels.json", false), ("groups.json", true), ("mpims.json", true)];

/// A conversation of the lists.
#[derive(Deserialize, Default)]
#[serde(default)]
struct ListedConversation {
    id: String,
    name: String,
    /// Seconds since 1970.
    created: u64,
    #[serde(deserialize_with = "or_default")]
    creator: String,
    #[serde(deserialize_with = "or_default")]
    members: Vec<String>,
    is_archived: bool,
    topic: Described,
    purpose: Described,
}

/// A topic or a purpose.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Described {
    value: String,
}

/// The import of one export.
struct Slack<'i, 'w> {
    writer: &'i mut Writer<'w>,
    source: Source,
    people: People,
    /// The names of the channels by their ids.
    channels: HashMap<String, String>,
}

/// Imports the ZIP file or the folder `export`.
pub fn import(writer: &mut Writer<'_>, export: &Path) -> Result<(), MigrationError> {
    let mut source = Source::open(export)?;
    let users = users(&mut source, writer)?;
    let people = People::import(writer, &users)?;
    drop(users);
    let mut slack = Slack { writer, source, people, channels: HashMap::new() };
    let mut channels = Vec::new();
    for (name, is_private) in CHANNEL_LISTS {
        for listed in list::<ListedConversation>(&mut slack.source, slack.writer, name, CONVERSATIONS_MAX)? {
            let channel = slack.writer.channel_name(&listed.name, is_private);
            slack.channels.insert(listed.id.clone(), channel.as_str().to_owned());
            channels.push((listed, channel, is_private));
        }
    }
    for (listed, name, is_private) in channels {
        let new = NewChannel {
            name,
            is_private,
            created_at: listed.created.saturating_mul(1_000),
            creator: slack.people.known(&listed.creator).cloned(),
            members: slack.members(&listed.members),
            subject: [&listed.topic.value, &listed.purpose.value]
                .into_iter()
                .find(|subject| !subject.trim().is_empty())
                .map(|subject| slack.converted(subject))
                .unwrap_or_default(),
        };
        if let Some(mut channel) = slack.writer.channel(new)? {
            slack.messages(&mut channel, &listed)?;
            slack.writer.finish(&channel, listed.is_archived)?;
        }
    }
    slack.direct_conversations()?;
    slack.writer.end()
}

fn users(source: &mut Source, writer: &mut Writer<'_>) -> Result<Vec<User>, MigrationError> {
    let names = ["users.json", "org_users.json"];
    for name in names {
        if source.file(name)?.is_some() {
            return list(source, writer, name, USERS_MAX);
        }
    }
    Err(MigrationError::NotAnExport { path: "users.json".to_owned(), what: "an export of a Slack workspace" })
}

/// The elements of a list of the export; none if the list does not exist. Invalid elements are counted.
fn list<T: DeserializeOwned>(
    source: &mut Source,
    writer: &mut Writer<'_>,
    name: &str,
    max: usize,
) -> Result<Vec<T>, MigrationError> {
    let mut elements = Vec::new();
    let Some(reader) = source.file(name)? else { return Ok(elements) };
    json_list::for_each(name, reader, |element| {
        match serde_json::from_value(element) {
            Ok(_) if elements.len() >= max => {
                return Err(MigrationError::TooMany { max, what: "users or conversations" });
            }
            Ok(element) => elements.push(element),
            Err(_) => writer.report.skip(&format!("invalid entry of {name}"), 1),
        }
        Ok(())
    })?;
    Ok(elements)
}

impl Slack<'_, '_> {
    fn members(&self, ids: &[String]) -> Vec<UserName> {
        ids.iter().filter_map(|id| self.people.known(id).cloned()).collect()
    }

    /// A text in papo's form.
    fn converted(&self, text: &str) -> String {
        text::converted(text, &Lookup { people: &self.people, channels: &self.channels })
    }

    fn direct_conversations(&mut self) -> Result<(), MigrationError> {
        let dms = list::<ListedConversation>(&mut self.source, self.writer, "dms.json", CONVERSATIONS_MAX)?;
        for listed in dms {
            let mut users = Vec::new();
            for id in &listed.members {
                users.push(self.people.user_of(self.writer, id, None)?);
            }
            let (first, last) = (users.first().cloned(), users.last().cloned());
            let (Some(first), Some(last)) = (first, last) else {
                self.writer.report.skip("direct conversation without members", 1);
                continue;
            };
            let mut conversation = self.writer.direct(first, last);
            self.messages(&mut conversation, &listed)?;
            self.writer.finish(&conversation, false)?;
        }
        Ok(())
    }

    /// Imports the messages of a conversation. Its folder has its name or its id.
    fn messages(
        &mut self,
        conversation: &mut Imported,
        listed: &ListedConversation,
    ) -> Result<(), MigrationError> {
        let mut days = self.source.json_files(&listed.name)?;
        if days.is_empty() {
            days = self.source.json_files(&listed.id)?;
        }
        for day in days {
            let Self { writer, source, people, channels } = self;
            let Some(reader) = source.file(&day)? else { continue };
            json_list::for_each(&day, reader, |element| {
                let mut entry = message::Entry { writer, people, channels, conversation, of: &listed.id };
                entry.import(element)
            })?;
        }
        Ok(())
    }
}

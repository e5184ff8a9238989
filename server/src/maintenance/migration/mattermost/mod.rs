//! The bulk export of Mattermost: JSON Lines of version 1, and the folder of its attachments.
//!
//! ```text
//! version, team, channel, user, post (with its replies), direct_channel, direct_post: one object per line
//! ```
//!
//! The posts of an export are not in the order of their times. So a first pass reads the users and channels,
//! and notes for each post its conversation, its time and its position in the file. A second pass reads each
//! post at its position, in the order of the times.

mod lines;
mod posts;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use common::UserName;
use disk::ReadFile;

use super::place::{Imported, NewChannel};
use super::writer::Person;
use super::{CONVERSATIONS_MAX, MigrationError, USERS_MAX, Writer};
use lines::{Channel, DirectChannel, Line, Lines, User};
use posts::Posts;

/// The name of a conversation: the team and the channel, or the sorted members of a direct conversation.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Channel(String, String),
    Direct(Vec<String>),
}

impl Key {
    fn direct(members: &[String]) -> Self {
        let mut members = members.to_vec();
        members.sort_unstable();
        members.dedup();
        Self::Direct(members)
    }
}

/// What the first pass found.
#[derive(Default)]
struct Found {
    users: Vec<User>,
    /// The channels and direct conversations, with their definitions if the export has them.
    conversations: BTreeMap<Key, Option<Channel>>,
    /// The members of each channel, in the order of the users.
    members: BTreeMap<Key, Vec<String>>,
    posts: Posts,
}

/// Imports the file `export`, or the file `*.jsonl` in the folder `export`.
pub fn import(writer: &mut Writer<'_>, export: &Path) -> Result<(), MigrationError> {
    let path = jsonl(export)?;
    let shown = path.display().to_string();
    let folder = path.parent().unwrap_or(Path::new("")).to_owned();
    let open = || ReadFile::open_regular(&path).map_err(MigrationError::read(&shown));
    let not_an_export =
        || MigrationError::NotAnExport { path: shown.clone(), what: "a bulk export of Mattermost" };
    let mut found = Found::default();
    let file = open()?.ok_or_else(not_an_export)?;
    let mut lines = Lines::new(&shown, file);
    let mut has_version = false;
    while let Some((offset, line)) = lines.next()? {
        has_version |= found.add(writer, offset, line)?;
    }
    if !has_version {
        return Err(MigrationError::NotAnExport {
            path: format!("the version 1 of {shown}"),
            what: "a bulk export of Mattermost",
        });
    }
    found.collect_members();
    found.posts.sort(&found.conversations);
    let users = import_users(writer, &found.users)?;
    let file = open()?.ok_or_else(not_an_export)?;
    let mut import = Mattermost { writer, folder, file, shown, users };
    for (number, (key, definition)) in (0_u32..).zip(&found.conversations) {
        import.conversation(key, definition.as_ref(), &found, number)?;
    }
    import.writer.end()
}

/// The path of the JSON Lines of an export.
fn jsonl(export: &Path) -> Result<PathBuf, MigrationError> {
    if !disk::is_folder(export) {
        return Ok(export.to_owned());
    }
    let shown = export.display().to_string();
    let mut names = disk::list(export).map_err(MigrationError::read(&shown))?;
    names.retain(|name| name.ends_with(".jsonl"));
    names.sort_unstable();
    let name = names.into_iter().next().ok_or(MigrationError::NotAnExport {
        path: format!("{shown}/import.jsonl"),
        what: "an unpacked bulk export of Mattermost",
    })?;
    Ok(export.join(name))
}

/// Imports all users. A system administrator comes first, because the first account of a server is an
/// administrator's.
fn import_users(
    writer: &mut Writer<'_>,
    users: &[User],
) -> Result<BTreeMap<String, UserName>, MigrationError> {
    writer.begin(users.iter().map(|user| &*user.username));
    let mut names = BTreeMap::new();
    let is_person = |user: &&User| !user.is_bot && user.delete_at == 0;
    let first = users
        .iter()
        .filter(is_person)
        .find(|user| user.roles.split(' ').any(|role| role == "system_admin"))
        .or_else(|| users.iter().find(is_person));
    for user in first.into_iter().chain(users) {
        if names.contains_key(&user.username) {
            continue;
        }
        let full_name = format!("{} {}", user.first_name, user.last_name);
        let person = Person {
            name: &user.username,
            display_names: vec![&full_name, &user.nickname, &user.display_name],
            is_bot: user.is_bot,
            is_disabled: user.delete_at > 0,
        };
        names.insert(user.username.clone(), writer.person(&person)?);
    }
    Ok(names)
}

impl Found {
    /// Notes a line. Returns whether the line is a version that papo reads.
    fn add(&mut self, writer: &mut Writer<'_>, offset: u64, line: &[u8]) -> Result<bool, MigrationError> {
        let bytes = line;
        let Ok(line) = serde_json::from_slice::<Line<'_>>(bytes) else {
            writer.report.skip("invalid line", 1);
            return Ok(false);
        };
        let kind = line.kind.clone();
        match (&*kind, line) {
            ("version", Line { version, .. }) => return Ok(version == Some(1)),
            ("user", Line { user: Some(user), .. }) => self.users.push(user),
            ("bot", Line { bot: Some(user), .. }) => self.users.push(User { is_bot: true, ..user }),
            ("channel", Line { channel: Some(channel), .. }) => {
                let key = Key::Channel(channel.team.clone(), channel.name.clone());
                self.conversations.insert(key, Some(channel));
            }
            ("direct_channel", Line { direct_channel: Some(channel), .. }) => {
                let DirectChannel { members, participants } = channel;
                let users = participants.into_iter().map(|user| user.username).chain(members);
                self.conversations.entry(Key::direct(&users.collect::<Vec<_>>())).or_default();
            }
            ("post" | "direct_post", Line { post, direct_post, .. }) => {
                let Some(post) = post.or(direct_post) else {
                    writer.report.skip("invalid line", 1);
                    return Ok(false);
                };
                self.posts.add(writer, offset, bytes, post, &mut self.conversations)?;
            }
            (kind, _) => writer.report.skip(&format!("line {kind}"), 1),
        }
        if self.users.len() > USERS_MAX || self.conversations.len() > CONVERSATIONS_MAX {
            let (max, what) = (USERS_MAX.min(CONVERSATIONS_MAX), "users or conversations");
            return Err(MigrationError::TooMany { max, what });
        }
        Ok(false)
    }

    /// Collects the members of all channels from the memberships of the users.
    fn collect_members(&mut self) {
        for user in &mut self.users {
            for team in std::mem::take(&mut user.teams) {
                for channel in team.channels {
                    let key = Key::Channel(team.name.clone(), channel.name);
                    self.members.entry(key).or_default().push(user.username.clone());
                }
            }
        }
    }

    fn members(&self, channel: &Key, users: &BTreeMap<String, UserName>) -> Vec<UserName> {
        let members = self.members.get(channel).into_iter().flatten();
        members.filter_map(|user| users.get(user).cloned()).collect()
    }
}

/// The second pass of an import.
struct Mattermost<'i, 'w> {
    writer: &'i mut Writer<'w>,
    /// The folder of the export.
    folder: PathBuf,
    file: ReadFile,
    /// The path of the file for errors.
    shown: String,
    /// The names in papo by the names of the export.
    users: BTreeMap<String, UserName>,
}

impl Mattermost<'_, '_> {
    fn conversation(
        &mut self,
        key: &Key,
        definition: Option<&Channel>,
        found: &Found,
        number: u32,
    ) -> Result<(), MigrationError> {
        let first_at = found.posts.of(number).first().map_or(self.writer.start_ms, |post| post.at);
        let Some(mut conversation) = self.place(key, definition, found, first_at)? else { return Ok(()) };
        for post in found.posts.of(number) {
            self.post(&mut conversation, post)?;
        }
        let is_archived = definition.is_some_and(|channel| channel.deleted_at > 0);
        self.writer.finish(&conversation, is_archived)
    }

    fn place(
        &mut self,
        key: &Key,
        definition: Option<&Channel>,
        found: &Found,
        created_at: u64,
    ) -> Result<Option<Imported>, MigrationError> {
        let new = match key {
            Key::Channel(_, name) => {
                let is_private = definition.is_none_or(|channel| channel.kind != "O");
                NewChannel {
                    name: self.writer.channel_name(name, is_private),
                    is_private,
                    created_at,
                    creator: None,
                    members: found.members(key, &self.users),
                    subject: definition.map(Channel::subject).unwrap_or_default().to_owned(),
                }
            }
            Key::Direct(members) if members.len() <= 2 => {
                let mut users = members.iter();
                let first = users.next().map(|name| self.user(name)).transpose()?;
                let Some(first) = first else { return Ok(None) };
                let second = users.next().map(|name| self.user(name)).transpose()?;
                let second = second.unwrap_or_else(|| first.clone());
                return Ok(Some(self.writer.direct(first, second)));
            }
            Key::Direct(members) => {
                let names = members.iter().map(|name| self.user(name)).collect::<Result<Vec<_>, _>>()?;
                NewChannel {
                    name: self.writer.channel_name(&members.join("-"), true),
                    is_private: true,
                    created_at,
                    creator: None,
                    members: names,
                    subject: String::new(),
                }
            }
        };
        self.writer.channel(new)
    }

    /// The name of a user. A user without a line of their own gets a disabled account.
    fn user(&mut self, name: &str) -> Result<UserName, MigrationError> {
        if let Some(user) = self.users.get(name) {
            return Ok(user.clone());
        }
        if self.users.len() >= USERS_MAX {
            return Err(MigrationError::TooMany { max: USERS_MAX, what: "users" });
        }
        let person = Person { name, display_names: Vec::new(), is_bot: false, is_disabled: true };
        let user = self.writer.person(&person)?;
        self.users.insert(name.to_owned(), user.clone());
        Ok(user)
    }
}

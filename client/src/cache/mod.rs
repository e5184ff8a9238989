//! The cache: the newest events of each conversation, on the disk of this machine. The chat shows them while
//! the server does not answer.
//!
//! The server has all cached data, so the cache ignores damaged files, files of other users and errors of the
//! disk. The cache of a conversation is a run of events without a gap. When an event is missed, all earlier
//! events are dropped, because the missed event may edit or delete an earlier event.

mod run;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use common::{Target, UserName};
use disk::Access;
use serde::{Deserialize, Serialize};

use run::Run;
use session::{Entry, News};

/// The maximum number of cached conversations. Further conversations are not cached.
const CONVERSATIONS_MAX: usize = 256;

/// The format of the files. A file of another format is ignored.
const FORMAT: u32 = 1;

/// The cached conversations of one user at one server. Clones share them.
#[derive(Clone)]
pub(crate) struct Cache {
    shared: Arc<Mutex<CacheState>>,
}

struct CacheState {
    folder: PathBuf,
    server: String,
    owner: Option<UserName>,
    runs: BTreeMap<Target, Run>,
}

/// The first line of a file: its user, server and conversation.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Header {
    format: u32,
    server: String,
    user: UserName,
    conversation: Target,
}

impl Cache {
    pub(crate) fn new(folder: PathBuf, server: String) -> Self {
        let shared = CacheState { folder, server, owner: None, runs: BTreeMap::new() };
        Self { shared: Arc::new(Mutex::new(shared)) }
    }

    /// Switches to the cache of a user.
    pub(crate) fn set_owner(&self, owner: &UserName) {
        let mut shared = self.shared();
        if shared.owner.as_ref() != Some(owner) {
            shared.flush();
            shared.runs.clear();
            shared.owner = Some(owner.clone());
        }
    }

    /// Applies news of the session.
    pub(crate) fn apply(&self, news: &News) {
        let mut shared = self.shared();
        if let News::Entry(entry) = news {
            shared.change(&entry.conversation, |run| run.add(entry));
        } else if let News::Opened { conversation, entries, .. } = news {
            shared.change(conversation, |run| run.add_page(entries));
        } else if let News::MembershipEnded(entry) = news {
            shared.forget(&entry.conversation);
        } else if *news == News::RolledBack {
            let known: Vec<_> = shared.runs.keys().cloned().collect();
            let stored = shared.stored().into_iter().map(|(conversation, _)| conversation);
            known.into_iter().chain(stored).for_each(|conversation| shared.forget(&conversation));
        }
    }

    /// The newest cached events of a conversation, at most `count`.
    pub(crate) fn newest(&self, conversation: &Target, count: usize) -> Vec<Entry> {
        let mut shared = self.shared();
        let Some(owner) = shared.owner.clone() else { return Vec::new() };
        let Some(run) = shared.run(conversation) else { return Vec::new() };
        let skipped = run.lines.len().saturating_sub(count);
        run.lines.iter().skip(skipped).filter_map(|(_, line)| Entry::read(&owner, line)).collect()
    }

    /// The conversation that was open last.
    pub(crate) fn last_open(&self) -> Option<Target> {
        let text = disk::read_text(&self.shared().user_folder()?.join("open")).ok()?;
        Target::new(text.trim()).ok()
    }

    /// Stores the open conversation.
    pub(crate) fn set_open(&self, conversation: &Target) {
        let shared = self.shared();
        let write = |folder: PathBuf| shared.write(&folder.join("open"), &conversation.to_string());
        let _the_server_has_the_data = shared.user_folder().map(write);
    }

    /// Drops all channels except the user's channels.
    pub(crate) fn keep_channels(&self, is_own: impl Fn(&Target) -> bool) {
        let mut shared = self.shared();
        let is_left = |known: &Target| matches!(known, Target::Channel(_)) && !is_own(known);
        let left: Vec<_> = shared.stored().into_iter().filter(|(known, _)| is_left(known)).collect();
        for (conversation, file) in left {
            shared.runs.remove(&conversation);
            let _the_server_has_the_data = disk::remove(&file);
        }
        shared.runs.retain(|known, _| !is_left(known));
    }

    pub(crate) fn forget(&self, conversation: &Target) {
        self.shared().forget(conversation);
    }

    /// Drops all conversations of the user.
    pub(crate) fn forget_all(&self) {
        let mut shared = self.shared();
        shared.runs.clear();
        let _the_server_has_the_data = shared.user_folder().map(|folder| disk::remove_tree(&folder));
        shared.owner = None;
    }

    pub(crate) fn flush(&self) {
        self.shared().flush();
    }

    fn shared(&self) -> MutexGuard<'_, CacheState> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl CacheState {
    /// The folder of the user's files. Two users can have the same folder, because characters of the names
    /// are replaced. So the header of each file contains the user.
    fn user_folder(&self) -> Option<PathBuf> {
        let name = format!("{}@{}", self.owner.as_ref()?, self.server);
        let safe = |character: char| match character {
            '.' | '-' | '_' | '@' => character,
            letter if letter.is_ascii_alphanumeric() => letter,
            _ => '_',
        };
        Some(self.folder.join(name.chars().map(safe).take(200).collect::<String>()))
    }

    fn file(&self, conversation: &Target) -> Option<PathBuf> {
        let name = match conversation {
            Target::Channel(channel) => format!("channel-{}.jsonl", channel.as_str().trim_start_matches('#')),
            Target::User(user) => format!("user-{user}.jsonl"),
        };
        Some(self.user_folder()?.join(name))
    }

    fn header(&self, conversation: &Target) -> Option<Header> {
        let (server, conversation) = (self.server.clone(), conversation.clone());
        Some(Header { format: FORMAT, server, user: self.owner.clone()?, conversation })
    }

    /// The run of a conversation, loaded at its first use. `None` if the cache is full.
    fn run(&mut self, conversation: &Target) -> Option<&mut Run> {
        if !self.runs.contains_key(conversation) {
            if self.runs.len() >= CONVERSATIONS_MAX {
                return None;
            }
            let run = self.load(conversation).unwrap_or_default();
            self.runs.insert(conversation.clone(), run);
        }
        self.runs.get_mut(conversation)
    }

    fn change(&mut self, conversation: &Target, change: impl FnOnce(&mut Run)) {
        if let Some(run) = self.run(conversation) {
            change(run);
            run.is_changed = true;
        }
    }

    fn forget(&mut self, conversation: &Target) {
        self.runs.remove(conversation);
        let _the_server_has_the_data = self.file(conversation).map(|file| disk::remove(&file));
    }

    /// `None` if the file is missing, is damaged, or belongs to another user or server.
    fn load(&self, conversation: &Target) -> Option<Run> {
        let text = disk::read_text(&self.file(conversation)?).ok()?;
        let mut lines = text.lines();
        let header: Header = serde_json::from_str(lines.next()?).ok()?;
        if Some(header) != self.header(conversation) {
            return None;
        }
        let (mut run, owner) = (Run::default(), self.owner.as_ref()?);
        for line in lines {
            let entry = Entry::read(owner, line).filter(|entry| entry.conversation == *conversation)?;
            if run.next().is_some_and(|next| next != entry.n) {
                return None;
            }
            run.push(entry.n, line.into());
        }
        Some(run)
    }

    /// The conversations that have a file, with its path.
    fn stored(&self) -> Vec<(Target, PathBuf)> {
        let Some(folder) = self.user_folder() else { return Vec::new() };
        let read = |name: String| {
            let file = folder.join(name);
            let text = disk::read_text(&file).ok()?;
            let header: Header = serde_json::from_str(text.lines().next()?).ok()?;
            Some((header.conversation, file))
        };
        disk::list(&folder).unwrap_or_default().into_iter().filter_map(read).collect()
    }

    fn flush(&mut self) {
        let changed: Vec<_> =
            self.runs.iter().filter(|(_, run)| run.is_changed).map(|(to, _)| to.clone()).collect();
        for conversation in changed {
            let text = self.runs.get(&conversation).zip(self.header(&conversation)).map(|(run, header)| {
                let header = serde_json::to_string(&header).unwrap_or_default();
                let lines = std::iter::once(&*header).chain(run.lines.iter().map(|(_, line)| &**line));
                lines.collect::<Vec<_>>().join("\n") + "\n"
            });
            if let (Some(text), Some(file)) = (text, self.file(&conversation)) {
                let _the_server_has_the_data = self.write(&file, &text);
            }
            if let Some(run) = self.runs.get_mut(&conversation) {
                run.is_changed = false;
            }
        }
    }

    fn write(&self, file: &Path, text: &str) -> io::Result<()> {
        disk::make_folder(&self.user_folder().ok_or(io::ErrorKind::NotFound)?)?;
        disk::replace_file(file, text.as_bytes(), Access::Owner)
    }
}

//! The last messages of each conversation, on this machine's disk, so that a chat has something to show before the
//! server answers, or without it.
//!
//! All of it is derived: what is damaged, or not ours, is thrown away in silence, and nothing is synced. What is kept of a
//! conversation is one run of events without a hole. So whatever the server says is gone, by an event of its own, is
//! gone here too: where an event was missed, all before it is thrown away.

mod run;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use common::{Target, UserName};
use serde::{Deserialize, Serialize};

use crate::config::write_private;
use run::Run;
use session::{Entry, News};

/// Conversations that are kept: more than anybody reads. Of further ones nothing is.
const CONVERSATIONS_MAX: usize = 256;

/// The format written; files of another are thrown away.
const FORMAT: u32 = 1;

/// What is known of the conversations of one person at one server. Clones are the same.
#[derive(Clone)]
pub(crate) struct Cache {
    shared: Arc<Mutex<Shared>>,
}

struct Shared {
    folder: PathBuf,
    server: String,
    owner: Option<UserName>,
    runs: BTreeMap<Target, Run>,
}

/// The first line of a file: whose it is.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Header {
    format: u32,
    server: String,
    user: UserName,
    conversation: Target,
}

impl Cache {
    pub(crate) fn new(folder: PathBuf, server: String) -> Self {
        let shared = Shared { folder, server, owner: None, runs: BTreeMap::new() };
        Self { shared: Arc::new(Mutex::new(shared)) }
    }

    /// From now on this is what this person knows.
    pub(crate) fn is_of(&self, owner: &UserName) {
        let mut shared = self.shared();
        if shared.owner.as_ref() != Some(owner) {
            shared.flush();
            shared.runs.clear();
            shared.owner = Some(owner.clone());
        }
    }

    /// Takes note of what is told.
    pub(crate) fn note(&self, news: &News) {
        let mut shared = self.shared();
        if let News::Entry(entry) = news {
            shared.change(&entry.conversation, |run| run.add(entry));
        } else if let News::Opened { conversation, entries, .. } = news {
            shared.change(conversation, |run| run.add_page(entries));
        } else if let News::MembershipEnded(entry) = news {
            shared.forget(&entry.conversation);
        } else if *news == News::SetBack {
            let known: Vec<_> = shared.runs.keys().cloned().collect();
            let stored = shared.stored().into_iter().map(|(conversation, _)| conversation);
            known.into_iter().chain(stored).for_each(|conversation| shared.forget(&conversation));
        }
    }

    /// The newest events that are known of a conversation, so many at most.
    pub(crate) fn newest(&self, conversation: &Target, count: usize) -> Vec<Entry> {
        let mut shared = self.shared();
        let Some(owner) = shared.owner.clone() else { return Vec::new() };
        let Some(run) = shared.run(conversation) else { return Vec::new() };
        let skipped = run.lines.len().saturating_sub(count);
        run.lines.iter().skip(skipped).filter_map(|(_, line)| Entry::read(&owner, line)).collect()
    }

    /// The conversation that was open last.
    pub(crate) fn last_open(&self) -> Option<Target> {
        let text = fs::read_to_string(self.shared().home()?.join("open")).ok()?;
        Target::new(text.trim()).ok()
    }

    /// A conversation is open now.
    pub(crate) fn open(&self, conversation: &Target) {
        let shared = self.shared();
        let write = |home: PathBuf| shared.write(&home.join("open"), &conversation.to_string());
        let _derived = shared.home().map(write);
    }

    /// Of channels, the person is in these and no others.
    pub(crate) fn keep_channels(&self, is_own: impl Fn(&Target) -> bool) {
        let mut shared = self.shared();
        let is_gone = |known: &Target| matches!(known, Target::Channel(_)) && !is_own(known);
        let gone: Vec<_> = shared.stored().into_iter().filter(|(known, _)| is_gone(known)).collect();
        for (conversation, file) in gone {
            shared.runs.remove(&conversation);
            let _derived = fs::remove_file(file);
        }
        shared.runs.retain(|known, _| !is_gone(known));
    }

    /// Nothing is known of a conversation any more.
    pub(crate) fn forget(&self, conversation: &Target) {
        self.shared().forget(conversation);
    }

    /// Nothing is known any more: the person has logged out.
    pub(crate) fn forget_all(&self) {
        let mut shared = self.shared();
        shared.runs.clear();
        let _derived = shared.home().map(fs::remove_dir_all);
        shared.owner = None;
    }

    /// Writes what has changed.
    pub(crate) fn flush(&self) {
        self.shared().flush();
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shared {
    /// Where this person's files are. Whose they are stands in each: two names may be written the same here.
    fn home(&self) -> Option<PathBuf> {
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
        Some(self.home()?.join(name))
    }

    fn header(&self, conversation: &Target) -> Option<Header> {
        let (server, conversation) = (self.server.clone(), conversation.clone());
        Some(Header { format: FORMAT, server, user: self.owner.clone()?, conversation })
    }

    /// What is known of a conversation; read from its file the first time.
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
        let _derived = self.file(conversation).map(fs::remove_file);
    }

    /// Nothing when there is no file, or not one of ours, or a damaged one.
    fn load(&self, conversation: &Target) -> Option<Run> {
        let text = fs::read_to_string(self.file(conversation)?).ok()?;
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

    /// The conversations that have files, with these.
    fn stored(&self) -> Vec<(Target, PathBuf)> {
        let files = self.home().and_then(|home| fs::read_dir(home).ok()).into_iter().flatten().flatten();
        let read = |file: PathBuf| {
            let text = fs::read_to_string(&file).ok()?;
            let header: Header = serde_json::from_str(text.lines().next()?).ok()?;
            Some((header.conversation, file))
        };
        files.filter_map(|file| read(file.path())).collect()
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
                let _derived = self.write(&file, &text);
            }
            if let Some(run) = self.runs.get_mut(&conversation) {
                run.is_changed = false;
            }
        }
    }

    /// In place of what was there, as a whole or not at all.
    fn write(&self, file: &Path, text: &str) -> io::Result<()> {
        let home = self.home().ok_or(io::ErrorKind::NotFound)?;
        fs::DirBuilder::new().recursive(true).mode(0o700).create(home)?;
        let temporary = file.with_extension(format!("{}.tmp", std::process::id()));
        write_private(&temporary, text)?;
        fs::rename(&temporary, file)
    }
}

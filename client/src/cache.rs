//! The last messages of each conversation, on this machine's disk, so that a chat has something to show before the
//! server answers, or without it.
//!
//! All of it is derived: what is damaged, or not ours, is thrown away in silence, and nothing is synced. What is kept of a
//! conversation is one run of events without a hole. So whatever the server says is gone, by an event of its own, is
//! gone here too: where an event was missed, all before it is thrown away.

use std::collections::{BTreeMap, VecDeque};
use std::fs;
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use common::{Target, UserName};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::config::write_private;
use crate::session::{Entry, News};

/// Events kept of a conversation: ten screens.
const EVENTS_MAX: usize = 200;

/// Bytes kept of a conversation: room for texts that are far above the usual, and a bound for those that are not.
const BYTES_MAX: usize = 1024 * 1024;

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

/// Events of one conversation without a hole.
#[derive(Default)]
struct Run {
    lines: VecDeque<(u64, Box<str>)>,
    bytes: usize,
    is_changed: bool,
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
        let changed: Vec<_> = self.runs.iter().filter(|(_, run)| run.is_changed).map(|(to, _)| to.clone()).collect();
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

impl Run {
    /// The number of the event that would come next.
    fn next(&self) -> Option<u64> {
        self.lines.back().map(|(n, _)| n + 1)
    }

    /// Adds the next event. After a hole, all before it is thrown away.
    fn add(&mut self, entry: &Entry) {
        if self.next().is_some_and(|next| entry.n < next) {
            return;
        }
        if self.next().is_some_and(|next| next < entry.n) {
            *self = Self::default();
        }
        self.amend(&entry.line);
        self.push(entry.n, entry.line.clone());
    }

    /// Adds a page, which shows things as they are now: it takes the place of what was known of its events.
    fn add_page(&mut self, entries: &[Entry]) {
        let (Some(first), Some(last)) = (entries.first(), entries.last()) else {
            *self = Self::default();
            return;
        };
        // What was known beyond it is of another past: the server was set back.
        let goes_on = self.next().is_some_and(|next| first.n <= next && next <= last.n + 1);
        let kept = self.lines.iter().position(|(n, _)| *n >= first.n).unwrap_or(self.lines.len());
        self.lines.truncate(if goes_on { kept } else { 0 });
        self.bytes = self.lines.iter().map(|(_, line)| line.len()).sum();
        entries.iter().for_each(|entry| self.add(entry));
    }

    fn push(&mut self, n: u64, line: Box<str>) {
        self.bytes += line.len();
        self.lines.push_back((n, line));
        while self.lines.len() > EVENTS_MAX || self.bytes > BYTES_MAX {
            let Some((_, line)) = self.lines.pop_front() else { break };
            self.bytes -= line.len();
        }
    }

    /// When an event says that another was edited or deleted, it is here, too.
    fn amend(&mut self, line: &str) {
        let Some((of, text)) = amendment(line) else { return };
        let Some((_, known)) = self.lines.iter_mut().find(|(n, _)| *n == of) else { return };
        let Ok(Value::Object(mut event)) = serde_json::from_str::<Value>(known) else { return };
        event.insert("text".to_owned(), Value::String(text));
        let amended = Value::Object(event).to_string();
        self.bytes = self.bytes - known.len() + amended.len();
        *known = amended.into();
    }
}

/// Which event an event changes, and what it says from then on: nothing when it was deleted.
fn amendment(line: &str) -> Option<(u64, String)> {
    #[derive(Deserialize)]
    struct Amendment {
        kind: String,
        of: u64,
        text: Option<String>,
    }
    let Amendment { kind, of, text } = serde_json::from_str(line).ok()?;
    match kind.as_str() {
        "message.deleted" => Some((of, String::new())),
        "message.edited" => Some((of, text.unwrap_or_default())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    const SERVER: &str = "tcp://127.0.0.1:5555";

    fn alice() -> UserName {
        UserName::new("alice").expect("a name")
    }

    fn ops() -> Target {
        Target::new("#ops").expect("a name")
    }

    fn entry_of(n: u64, rest: &str) -> Entry {
        let line = format!(r##"{{"n":{n},"at":1,"to":"#ops","from":"bob",{rest}}}"##);
        Entry::read(&alice(), &line).expect("an event")
    }

    fn entry(n: u64) -> Entry {
        let id = uuid::Uuid::from_u128(n.into());
        entry_of(n, &format!(r#""kind":"message","id":"{id}","text":"text {n}""#))
    }

    fn page(numbers: std::ops::RangeInclusive<u64>) -> News {
        let entries = numbers.map(entry).collect();
        News::Opened { conversation: ops(), entries, unread: 0, more: 0 }
    }

    fn cache(folder: &Path) -> Cache {
        let cache = Cache::new(folder.join("cache"), SERVER.to_owned());
        cache.is_of(&alice());
        cache
    }

    /// The numbers that a client finds which is started now.
    fn found(folder: &Path) -> Vec<u64> {
        cache(folder).newest(&ops(), 1000).iter().map(|entry| entry.n).collect()
    }

    fn only_file(folder: &Path) -> PathBuf {
        let home = fs::read_dir(folder.join("cache")).expect("a folder").next().expect("one").expect("one");
        fs::read_dir(home.path()).expect("a folder").next().expect("one").expect("one").path()
    }

    #[test]
    fn what_was_told_is_found_again_up_to_the_bound() {
        let folder = tempfile::tempdir().expect("a folder");
        let cache = cache(folder.path());
        (1..=250).for_each(|n| cache.note(&News::Entry(entry(n))));
        assert_eq!(found(folder.path()), [], "it is not written yet");
        cache.flush();
        assert_eq!(found(folder.path()), (51..=250).collect::<Vec<_>>());
        let mode = fs::metadata(only_file(folder.path())).expect("metadata").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn before_a_hole_nothing_is_known() {
        let folder = tempfile::tempdir().expect("a folder");
        let cache = cache(folder.path());
        cache.note(&page(1..=5));
        [6, 6, 4, 9, 10].into_iter().for_each(|n| cache.note(&News::Entry(entry(n))));
        cache.flush();
        assert_eq!(found(folder.path()), [9, 10]);
        cache.note(&page(8..=12));
        cache.flush();
        assert_eq!(found(folder.path()), [8, 9, 10, 11, 12], "a page takes the place of what was known");
        cache.note(&page(10..=11));
        cache.flush();
        assert_eq!(found(folder.path()), [10, 11], "the server was set back");
    }

    #[test]
    fn what_is_deleted_or_edited_is_so_here_too() {
        let folder = tempfile::tempdir().expect("a folder");
        let cache = cache(folder.path());
        cache.note(&page(1..=3));
        cache.note(&News::Entry(entry_of(4, r#""kind":"message.deleted","of":1"#)));
        cache.note(&News::Entry(entry_of(5, r#""kind":"message.edited","of":2,"text":"better""#)));
        cache.flush();
        let text = fs::read_to_string(only_file(folder.path())).expect("a file");
        assert!(!text.contains("text 1") && !text.contains("text 2"), "{text}");
        assert!(text.contains("better") && text.contains("text 3"), "{text}");
        assert_eq!(found(folder.path()), [1, 2, 3, 4, 5]);
    }

    #[test]
    fn nothing_is_known_of_what_one_left_or_is_not_in() {
        let folder = tempfile::tempdir().expect("a folder");
        let cache = cache(folder.path());
        cache.note(&page(1..=3));
        cache.flush();
        cache.keep_channels(|known| *known == ops());
        assert_eq!(found(folder.path()), [1, 2, 3]);
        cache.keep_channels(|_| false);
        assert_eq!(found(folder.path()), []);
        cache.note(&page(1..=3));
        cache.flush();
        cache.note(&News::MembershipEnded(entry_of(4, r#""kind":"channel.kicked","user":"alice""#)));
        assert_eq!(found(folder.path()), []);
    }

    #[test]
    fn damage_and_other_peoples_files_are_thrown_away_in_silence() {
        let folder = tempfile::tempdir().expect("a folder");
        let cache = cache(folder.path());
        cache.note(&page(1..=3));
        cache.flush();
        let file = only_file(folder.path());
        let whole = fs::read_to_string(&file).expect("a file");
        for damaged in [
            whole.replace("\"n\":2", "\"n\":7"),
            whole.replace("\"alice\"", "\"eve\""),
            whole.replace("\"format\":1", "\"format\":2"),
            whole.replace("text 2\"", "text"),
            String::new(),
        ] {
            write_private(&file, &damaged).expect("written");
            assert_eq!(found(folder.path()), [], "{damaged}");
        }
        write_private(&file, &whole).expect("written");
        assert_eq!(found(folder.path()), [1, 2, 3]);
    }

    #[test]
    fn the_open_conversation_is_remembered_and_a_logout_forgets_all() {
        let folder = tempfile::tempdir().expect("a folder");
        let before = cache(folder.path());
        assert_eq!(before.last_open(), None);
        before.open(&ops());
        assert_eq!(cache(folder.path()).last_open(), Some(ops()));
        before.forget_all();
        assert_eq!(cache(folder.path()).last_open(), None);
    }
}

//! The outbox: sent messages without an acknowledgement, on this machine's disk. They survive the end of the
//! process, however it ends.
//!
//! Each process writes its own files and holds their locks, so two clients of one user never send each
//! other's messages. When a process is killed, its files lose their holder. The next process of the same user
//! and server adopts them. Only messages are synced. A crash may lose an acknowledgement: the message is then
//! sent again under its id, and the server stores it once.
//!
//! docs/STORAGE.md shows the files; docs/decisions/0003-the-outbox-is-a-file-per-process.md gives the
//! reasons.

mod line;

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::io;
use std::sync::Arc;

use common::UserName;
use disk::{AppendFile, Disk, Lock};
use uuid::Uuid;

use line::{Contents, Header, Line};
use session::Message;
use session::limits::{OUTBOX_BYTES_MAX, OUTBOX_MESSAGES_MAX};

/// The folder of the files, within the user's own folder.
const FOLDER: &str = "outbox";

/// Attempts to create a file: another process may adopt and remove it before this one has locked it.
const CREATE_ATTEMPTS_MAX: u32 = 3;

/// Bytes after which a new file is started. The old one is removed when all its messages are acknowledged.
const FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// The unacknowledged messages of one user for one server.
pub(crate) struct Outbox {
    disk: Arc<dyn Disk>,
    /// Every name of the server. The first one is written into new files.
    servers: Vec<String>,
    owner: Option<UserName>,
    /// The oldest file first. New messages are appended to the last one, if it accepts messages.
    files: Vec<Kept>,
    /// The name of each message's file.
    places: HashMap<Uuid, String>,
    bytes: usize,
}

/// A file that this process holds.
struct Kept {
    disk: Arc<dyn Disk>,
    name: String,
    file: Box<dyn AppendFile>,
    waiting: HashMap<Uuid, usize>,
    /// The bytes of its whole lines.
    length: u64,
    header_length: u64,
    /// False if the file ends with a torn line that cannot be cut.
    takes_lines: bool,
    /// False if another process created the file, or if a write to it failed.
    takes_messages: bool,
}

/// The messages of earlier processes.
#[derive(Debug, Default)]
pub(crate) struct Recalled {
    /// In the order of sending.
    pub(crate) messages: Vec<Message>,
    /// Sentences for the user about files that could not be used.
    pub(crate) complaints: Vec<String>,
}

impl Outbox {
    pub(crate) fn new(disk: Arc<dyn Disk>, servers: Vec<String>) -> Self {
        Self { disk, servers, owner: None, files: Vec::new(), places: HashMap::new(), bytes: 0 }
    }

    /// Switches to the messages of `owner`, and adopts the files of processes that ended.
    pub(crate) fn recall(&mut self, owner: &UserName) -> Recalled {
        if self.owner.as_ref() != Some(owner) {
            self.put_down();
            self.owner = Some(owner.clone());
        }
        let mut recalled = Recalled::default();
        match self.list() {
            Ok(mut names) => {
                names.sort_unstable();
                names.retain(|name| self.files.iter().all(|held| held.name != *name));
                names.into_iter().for_each(|name| self.adopt(name, &mut recalled));
            }
            Err(error) => recalled.complaints.push(format!("what waits to be sent cannot be read: {error}")),
        }
        recalled
    }

    /// Writes messages to the disk. They are durable when this returns `Ok`; after an error none of them is
    /// stored.
    pub(crate) fn keep(&mut self, messages: &[Message]) -> io::Result<()> {
        let mut bytes = Vec::new();
        let mut kept = match self.files.pop_if(|last| last.takes_messages && last.length < FILE_BYTES_MAX) {
            Some(kept) => kept,
            None => self.create(&mut bytes)?,
        };
        messages.iter().for_each(|message| line::encode(&mut bytes, &Line::of(message)));
        let before = kept.length;
        let outcome = kept.append(&bytes).and_then(|()| kept.file.sync_data());
        // A new file is durable when its name is.
        let outcome = outcome.and_then(|()| if before == 0 { self.disk.sync_folder(FOLDER) } else { Ok(()) });
        match outcome {
            Ok(()) => messages.iter().for_each(|message| self.note(&mut kept, message)),
            Err(_) => kept.abandon(before),
        }
        if outcome.is_ok() || !kept.waiting.is_empty() {
            self.files.push(kept);
        } else {
            let _it_holds_nothing = self.disk.remove(&path(&kept.name));
        }
        outcome
    }

    /// Forgets acknowledged messages. If the disk fails, they are sent again after a crash, which is
    /// harmless.
    pub(crate) fn release(&mut self, ids: &[Uuid]) {
        let mut gone: HashMap<String, Vec<Uuid>> = HashMap::new();
        for id in ids {
            if let Some(name) = self.places.remove(id) {
                gone.entry(name).or_default().push(*id);
            }
        }
        for kept in &mut self.files {
            if let Some(ids) = gone.remove(&kept.name) {
                self.bytes -= kept.release(&ids);
            }
        }
        let newest = self.files.len().saturating_sub(1);
        let mut at = 0;
        self.files.retain(|kept| {
            let goes_on = !kept.waiting.is_empty() || (at == newest && kept.takes_more());
            at += 1;
            if !goes_on {
                let _is_adopted_and_removed_later = self.disk.remove(&path(&kept.name));
            }
            goes_on
        });
    }

    /// The names of all files; none if there is no folder.
    fn list(&self) -> io::Result<Vec<String>> {
        match self.disk.list(FOLDER) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            listed => listed,
        }
    }

    /// Holds a file; `None` when another process holds it or has removed it.
    fn hold(&self, name: &str) -> io::Result<Option<Box<dyn AppendFile>>> {
        let mut file = match self.disk.open_append(&path(name)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            opened => opened?,
        };
        Ok((file.lock()? == Lock::Held).then_some(file))
    }

    /// Adopts one file, if it belongs to this user and server, and no other process holds it.
    fn adopt(&mut self, name: String, recalled: &mut Recalled) {
        let found = self.hold(&name).and_then(|file| {
            let Some(file) = file else { return Ok(None) };
            Ok(Some((file, self.disk.read(&path(&name))?)))
        });
        let (file, bytes) = match found {
            Ok(Some(found)) => found,
            Ok(None) => return,
            Err(error) => {
                let sentence =
                    format!("messages that wait to be sent are in {name}, which cannot be read: {error}");
                return recalled.complaints.push(sentence);
            }
        };
        let contents = match Contents::read(&bytes) {
            Ok(Some(contents)) => contents,
            // A process was killed before it wrote a message.
            Ok(None) => return drop(self.disk.remove(&path(&name))),
            Err(error) => {
                let sentence =
                    format!("{name} in the outbox is damaged ({error}): look at it, and delete it");
                return recalled.complaints.push(sentence);
            }
        };
        if !contents.header.is_of(self.owner.as_ref(), &self.servers) {
            return;
        }
        if contents.messages.is_empty() {
            return drop(self.disk.remove(&path(&name)));
        }
        let text = |message: &Message| message.text.as_str().len();
        let more: usize = contents.messages.iter().map(text).sum();
        if self.places.len() + contents.messages.len() > OUTBOX_MESSAGES_MAX
            || self.bytes + more > OUTBOX_BYTES_MAX
        {
            let sentence = format!("{} more messages wait for the next start", contents.messages.len());
            return recalled.complaints.push(sentence);
        }
        self.take_over(name, file, &bytes, contents, recalled);
    }

    /// Takes over the messages of an adopted file. Cuts its torn end, so that later lines can be read.
    fn take_over(
        &mut self,
        name: String,
        file: Box<dyn AppendFile>,
        bytes: &[u8],
        contents: Contents,
        recalled: &mut Recalled,
    ) {
        let length = contents.whole as u64;
        let takes_lines = contents.whole == bytes.len() || self.disk.truncate(&path(&name), length).is_ok();
        if contents.damaged > 0 {
            recalled
                .complaints
                .push(format!("{} lines of {name} are damaged and left out", contents.damaged));
        }
        let header_length = contents.header_length as u64;
        let (disk, waiting, takes_messages) = (Arc::clone(&self.disk), HashMap::new(), false);
        let mut kept = Kept { disk, name, file, waiting, length, header_length, takes_lines, takes_messages };
        for message in contents.messages {
            // It is in two files if a process was killed between writing the one and removing the other.
            if !self.places.contains_key(&message.id) {
                self.note(&mut kept, &message);
                recalled.messages.push(message);
            }
        }
        self.files.push(kept);
    }

    fn note(&mut self, kept: &mut Kept, message: &Message) {
        let bytes = message.text.as_str().len();
        self.bytes += bytes;
        self.places.insert(message.id, kept.name.clone());
        kept.waiting.insert(message.id, bytes);
    }

    /// Creates a file of this process. Its header is written together with the first message.
    fn create(&self, bytes: &mut Vec<u8>) -> io::Result<Kept> {
        let owner = self.owner.as_ref().ok_or_else(|| io::Error::other("nobody is logged in"))?;
        let (name, file) = self.create_held()?;
        line::encode(bytes, &Header::new(self.servers.first().map_or("", String::as_str), owner));
        Ok(Kept {
            disk: Arc::clone(&self.disk),
            name,
            file,
            waiting: HashMap::new(),
            length: 0,
            header_length: bytes.len() as u64,
            takes_lines: true,
            takes_messages: true,
        })
    }

    /// Creates a file under a name that sorts after all earlier ones, and holds it.
    fn create_held(&self) -> io::Result<(String, Box<dyn AppendFile>)> {
        self.disk.create_folder(FOLDER)?;
        for _ in 0..CREATE_ATTEMPTS_MAX {
            let name = format!("{}.jsonl", Uuid::now_v7());
            let mut file = self.disk.create_new(&path(&name))?;
            if file.lock()? == Lock::Held {
                return Ok((name, file));
            }
        }
        Err(io::Error::other("another process takes the files away"))
    }

    /// Releases all files. Their messages wait for the next process of the same user.
    fn put_down(&mut self) {
        for kept in self.files.drain(..).filter(|kept| kept.waiting.is_empty()) {
            let _is_adopted_and_removed_later = self.disk.remove(&path(&kept.name));
        }
        self.places.clear();
        self.bytes = 0;
    }
}

impl Drop for Outbox {
    fn drop(&mut self) {
        self.put_down();
    }
}

impl Kept {
    fn takes_more(&self) -> bool {
        self.takes_messages && self.length < FILE_BYTES_MAX
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)?;
        self.length += bytes.len() as u64;
        Ok(())
    }

    /// Handles a failed write or sync, after which the content of the file is unknown: cuts it to the length
    /// it had before, and appends no further messages to it.
    fn abandon(&mut self, length: u64) {
        self.takes_messages = false;
        self.length = length;
        self.takes_lines = self.truncate(length).and_then(|()| self.file.sync_data()).is_ok();
    }

    fn truncate(&self, length: u64) -> io::Result<()> {
        self.disk.truncate(&path(&self.name), length)
    }

    /// Forgets messages of this file. Returns the bytes of their texts.
    fn release(&mut self, ids: &[Uuid]) -> usize {
        let released = ids.iter().filter_map(|id| self.waiting.remove(id)).sum();
        if self.waiting.is_empty() {
            // The outbox removes the file unless it accepts messages.
            if self.takes_messages && self.truncate(self.header_length).is_ok() {
                self.length = self.header_length;
            }
        } else if self.takes_lines {
            let (mut bytes, before) = (Vec::new(), self.length);
            ids.iter().for_each(|id| line::encode(&mut bytes, &Line::Done { done: *id }));
            // Not synced: after a crash the message is sent again.
            if self.append(&bytes).is_err() {
                self.abandon(before);
            }
        }
        released
    }
}

fn path(name: &str) -> String {
    format!("{FOLDER}/{name}")
}

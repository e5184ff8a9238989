//! What the person has sent and nobody has acknowledged yet, on this machine's disk, so that it survives the end of
//! this process in whatever way.
//!
//! Each process writes files of its own and holds their locks, so that two clients of one person never send each
//! other's. What a process leaves behind when it is killed has no holder any more: the next one that speaks for the
//! same person to the same server adopts it. Only messages are synced. That one was acknowledged may be forgotten in a
//! crash: it is sent again then, under its id, and the server stores it once.
//!
//! The files are drawn in docs/STORAGE.md, why they are as they are stands in
//! docs/decisions/0003-the-outbox-is-a-file-per-process.md.

mod folder;
mod line;

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::io;

use common::UserName;
use uuid::Uuid;

pub(crate) use folder::{Folder, LockedFile, OwnFolder};
use line::{Contents, Header, Line};
use session::Message;
use session::limits::{OUTBOX_BYTES_MAX, OUTBOX_MESSAGES_MAX};

/// Bytes after which a new file is begun: the old one goes when all its messages are acknowledged.
const FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// The messages of one person that wait for one server.
pub(crate) struct Outbox<F: Folder> {
    folder: F,
    /// Every name that the server is known by here. The first one is written into new files.
    servers: Vec<String>,
    owner: Option<UserName>,
    /// Oldest first. New messages go into the last one, if it takes any.
    files: Vec<Kept>,
    /// In which file a message is, by the file's name.
    places: HashMap<Uuid, String>,
    bytes: usize,
}

/// A file whose lock this process holds.
struct Kept {
    name: String,
    file: Box<dyn LockedFile>,
    waiting: HashMap<Uuid, usize>,
    /// How far it is whole.
    length: u64,
    header_length: u64,
    /// Not when it ends with a torn line that cannot be cut.
    takes_lines: bool,
    /// Not one of another process, nor one that was damaged by a write that failed.
    takes_messages: bool,
}

/// What was found of before.
#[derive(Debug, Default)]
pub(crate) struct Recalled {
    /// In the order in which they were sent.
    pub(crate) messages: Vec<Message>,
    /// What the person should know about files that could not be used.
    pub(crate) complaints: Vec<String>,
}

impl<F: Folder> Outbox<F> {
    pub(crate) fn new(folder: F, servers: Vec<String>) -> Self {
        Self { folder, servers, owner: None, files: Vec::new(), places: HashMap::new(), bytes: 0 }
    }

    /// From now on these are the messages of `owner`. Adopts what processes that are no more have left behind.
    pub(crate) fn recall(&mut self, owner: &UserName) -> Recalled {
        if self.owner.as_ref() != Some(owner) {
            self.put_down();
            self.owner = Some(owner.clone());
        }
        let mut recalled = Recalled::default();
        match self.folder.list() {
            Ok(mut names) => {
                names.sort_unstable();
                names.retain(|name| self.files.iter().all(|held| held.name != *name));
                names.into_iter().for_each(|name| self.adopt(name, &mut recalled));
            }
            Err(error) => recalled.complaints.push(format!("what waits to be sent cannot be read: {error}")),
        }
        recalled
    }

    /// Writes messages to the disk. They are there for good when this returns.
    ///
    /// # Errors
    ///
    /// When the disk does not take them: then none of them counts.
    pub(crate) fn keep(&mut self, messages: &[Message]) -> io::Result<()> {
        let mut bytes = Vec::new();
        let mut kept = match self.files.pop_if(|last| last.takes_messages && last.length < FILE_BYTES_MAX) {
            Some(kept) => kept,
            None => self.begin_file(&mut bytes)?,
        };
        messages.iter().for_each(|message| line::encode(&mut bytes, &Line::of(message)));
        let before = kept.length;
        let outcome = kept.append(&bytes).and_then(|()| kept.file.sync());
        // A new file is not there for good before its name is.
        let outcome = outcome.and_then(|()| if before == 0 { self.folder.sync() } else { Ok(()) });
        match outcome {
            Ok(()) => messages.iter().for_each(|message| self.note(&mut kept, message)),
            Err(_) => kept.abandon(before),
        }
        if outcome.is_ok() || !kept.waiting.is_empty() {
            self.files.push(kept);
        } else {
            let _it_holds_nothing = self.folder.remove(&kept.name);
        }
        outcome
    }

    /// Forgets messages. What cannot be forgotten on the disk is sent once more after a crash, which does no harm.
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
                let _is_adopted_and_removed_later = self.folder.remove(&kept.name);
            }
            goes_on
        });
    }

    /// Adopts one file, if it is this person's for this server and nobody holds it.
    fn adopt(&mut self, name: String, recalled: &mut Recalled) {
        let found = self.folder.lock(&name).and_then(|file| {
            let Some(mut file) = file else { return Ok(None) };
            let bytes = file.read()?;
            Ok(Some((file, bytes)))
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
            // A process was killed before it had written a message.
            Ok(None) => return drop(self.folder.remove(&name)),
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
            return drop(self.folder.remove(&name));
        }
        let text = |message: &Message| message.text.as_str().len();
        let more: usize = contents.messages.iter().map(text).sum();
        if self.places.len() + contents.messages.len() > OUTBOX_MESSAGES_MAX
            || self.bytes + more > OUTBOX_BYTES_MAX
        {
            let sentence = format!("{} more messages wait for the next start", contents.messages.len());
            return recalled.complaints.push(sentence);
        }
        self.hold(name, file, &bytes, contents, recalled);
    }

    /// Takes over what an adopted file holds. Its torn end is cut, so that what is written after it can be read.
    fn hold(
        &mut self,
        name: String,
        mut file: Box<dyn LockedFile>,
        bytes: &[u8],
        contents: Contents,
        recalled: &mut Recalled,
    ) {
        let length = contents.whole as u64;
        let takes_lines = contents.whole == bytes.len() || file.truncate(length).is_ok();
        if contents.damaged > 0 {
            recalled
                .complaints
                .push(format!("{} lines of {name} are damaged and left out", contents.damaged));
        }
        let header_length = contents.header_length as u64;
        let (waiting, takes_messages) = (HashMap::new(), false);
        let mut kept = Kept { name, file, waiting, length, header_length, takes_lines, takes_messages };
        for message in contents.messages {
            // In two files when a process was killed between writing the one and removing the other.
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

    /// A file of this process's own; its header goes to the disk together with the first message.
    fn begin_file(&self, bytes: &mut Vec<u8>) -> io::Result<Kept> {
        let owner = self.owner.as_ref().ok_or_else(|| io::Error::other("nobody is logged in"))?;
        let (name, file) = self.folder.create()?;
        line::encode(bytes, &Header::new(self.servers.first().map_or("", String::as_str), owner));
        let header_length = bytes.len() as u64;
        let (waiting, takes_lines, takes_messages) = (HashMap::new(), true, true);
        Ok(Kept { name, file, waiting, length: 0, header_length, takes_lines, takes_messages })
    }

    /// Holds nothing any more: what still waits is there for whoever speaks for the person next.
    fn put_down(&mut self) {
        for kept in self.files.drain(..).filter(|kept| kept.waiting.is_empty()) {
            let _is_adopted_and_removed_later = self.folder.remove(&kept.name);
        }
        self.places.clear();
        self.bytes = 0;
    }
}

impl<F: Folder> Drop for Outbox<F> {
    fn drop(&mut self) {
        self.put_down();
    }
}

impl Kept {
    fn takes_more(&self) -> bool {
        self.takes_messages && self.length < FILE_BYTES_MAX
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.append(bytes)?;
        self.length += bytes.len() as u64;
        Ok(())
    }

    /// After a write or sync that failed nobody knows what the file holds: it gets no further message, and what it
    /// has got since it had this length is cut off.
    fn abandon(&mut self, length: u64) {
        self.takes_messages = false;
        self.length = length;
        self.takes_lines = self.file.truncate(length).and_then(|()| self.file.sync()).is_ok();
    }

    /// Forgets messages of this file; returns the bytes of their texts.
    fn release(&mut self, ids: &[Uuid]) -> usize {
        let released = ids.iter().filter_map(|id| self.waiting.remove(id)).sum();
        if self.waiting.is_empty() {
            // It is removed, unless it takes more.
            if self.takes_messages && self.file.truncate(self.header_length).is_ok() {
                self.length = self.header_length;
            }
        } else if self.takes_lines {
            let (mut bytes, before) = (Vec::new(), self.length);
            ids.iter().for_each(|id| line::encode(&mut bytes, &Line::Done { done: *id }));
            // Not synced: what a crash forgets of it is sent again.
            if self.append(&bytes).is_err() {
                self.abandon(before);
            }
        }
        released
    }
}

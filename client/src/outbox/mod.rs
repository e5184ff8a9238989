//! The outbox: messages without an acknowledgement, on the disk of this machine. They survive a crash of the
//! client.
//!
//! Each process writes its own files and locks them, so two clients of one user never send each other's
//! messages. When a process exits, its locks are released. The next process of the same user and server takes
//! over the files. Messages are synced to disk, acknowledgements are not. If a crash loses an
//! acknowledgement, the client sends the message again with the same id, and the server stores it once.
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

use crate::i18n::Catalog;
use line::{Header, Line, OutboxContent};
use session::Message;
use session::limits::{OUTBOX_BYTES_MAX, OUTBOX_MESSAGES_MAX};

/// The folder of the files, within the user's own folder.
const FOLDER: &str = "outbox";

/// The maximum number of attempts to create a file. Another process may lock or remove a new file before this
/// process locks it.
const CREATE_ATTEMPTS_MAX: u32 = 3;

/// The size in bytes after which messages are written to a new file. A file is removed when all its messages
/// are acknowledged.
const FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// The unacknowledged messages of one user for one server.
pub(crate) struct Outbox {
    disk: Arc<dyn Disk>,
    /// The endpoints of the server. The header of a new file contains the first endpoint.
    servers: Vec<String>,
    owner: Option<UserName>,
    /// The oldest file first. New messages are written to the last file if it accepts messages.
    files: Vec<LockedFile>,
    /// The name of the file of each message.
    file_names: HashMap<Uuid, String>,
    bytes: usize,
    catalog: Catalog,
}

/// A file that this process has locked.
struct LockedFile {
    disk: Arc<dyn Disk>,
    name: String,
    file: Box<dyn AppendFile>,
    /// The messages that are not acknowledged, with the bytes of their texts.
    pending: HashMap<Uuid, usize>,
    /// The bytes of complete lines.
    length: u64,
    header_length: u64,
    /// False if the file may end with a torn line that could not be removed.
    accepts_lines: bool,
    /// False if another process created the file, or if a write to it failed.
    accepts_messages: bool,
}

/// The messages of earlier processes.
#[derive(Debug, Default)]
pub(crate) struct LoadedMessages {
    /// In the order of sending.
    pub(crate) messages: Vec<Message>,
    /// Messages for the user about damaged or unreadable files.
    pub(crate) problems: Vec<String>,
}

impl Outbox {
    pub(crate) fn new(disk: Arc<dyn Disk>, servers: Vec<String>, catalog: Catalog) -> Self {
        Self { disk, servers, owner: None, files: Vec::new(), file_names: HashMap::new(), bytes: 0, catalog }
    }

    /// Switches to the messages of `owner`, and takes over the files of processes that have exited.
    pub(crate) fn load(&mut self, owner: &UserName) -> LoadedMessages {
        if self.owner.as_ref() != Some(owner) {
            self.close();
            self.owner = Some(owner.clone());
        }
        let mut loaded = LoadedMessages::default();
        match self.list() {
            Ok(mut names) => {
                names.sort_unstable();
                names.retain(|name| self.files.iter().all(|file| file.name != *name));
                names.into_iter().for_each(|name| self.take_over(name, &mut loaded));
            }
            Err(error) => {
                loaded.problems.push(self.catalog.outbox_unreadable(&self.catalog.io_error(&error)))
            }
        }
        loaded
    }

    /// Makes messages durable. After an error none of these messages is stored.
    pub(crate) fn store(&mut self, messages: &[Message]) -> io::Result<()> {
        let mut bytes = Vec::new();
        let mut file = match self.files.pop_if(|last| last.accepts_messages && last.length < FILE_BYTES_MAX) {
            Some(file) => file,
            None => self.create(&mut bytes)?,
        };
        messages.iter().for_each(|message| line::encode(&mut bytes, &Line::of(message)));
        let before = file.length;
        let outcome = file.append(&bytes).and_then(|()| file.file.sync_data());
        // A new file is durable only after a sync of its folder.
        let outcome = outcome.and_then(|()| if before == 0 { self.disk.sync_folder(FOLDER) } else { Ok(()) });
        match outcome {
            Ok(()) => messages.iter().for_each(|message| self.track(&mut file, message)),
            Err(_) => file.abandon(before),
        }
        if outcome.is_ok() || !file.pending.is_empty() {
            self.files.push(file);
        } else {
            let _retried_by_the_next_process = self.disk.remove(&path(&file.name));
        }
        outcome
    }

    /// Removes acknowledged messages. If the disk fails, a later process sends the messages again, and the
    /// server stores each message once.
    pub(crate) fn remove(&mut self, ids: &[Uuid]) {
        let mut removed: HashMap<String, Vec<Uuid>> = HashMap::new();
        for id in ids {
            if let Some(name) = self.file_names.remove(id) {
                removed.entry(name).or_default().push(*id);
            }
        }
        for file in &mut self.files {
            if let Some(ids) = removed.remove(&file.name) {
                self.bytes -= file.remove(&ids);
            }
        }
        let newest = self.files.len().saturating_sub(1);
        let mut at = 0;
        self.files.retain(|file| {
            let is_needed = !file.pending.is_empty() || (at == newest && file.has_room());
            at += 1;
            if !is_needed {
                let _retried_by_the_next_process = self.disk.remove(&path(&file.name));
            }
            is_needed
        });
    }

    /// The names of all files. Empty if the folder does not exist.
    fn list(&self) -> io::Result<Vec<String>> {
        match self.disk.list(FOLDER) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            listed => listed,
        }
    }

    /// Opens and locks a file. `None` if another process has locked or removed it.
    fn open_locked(&self, name: &str) -> io::Result<Option<Box<dyn AppendFile>>> {
        let mut file = match self.disk.open_append(&path(name)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            opened => opened?,
        };
        Ok((file.lock()? == Lock::Held).then_some(file))
    }

    /// Takes over a file if it belongs to this user and server, and no other process has locked it.
    fn take_over(&mut self, name: String, loaded: &mut LoadedMessages) {
        let found = self.open_locked(&name).and_then(|file| {
            let Some(file) = file else { return Ok(None) };
            Ok(Some((file, self.disk.read(&path(&name))?)))
        });
        let (file, bytes) = match found {
            Ok(Some(found)) => found,
            Ok(None) => return,
            Err(error) => {
                let error = self.catalog.io_error(&error);
                return loaded.problems.push(self.catalog.outbox_file_unreadable(&name, &error));
            }
        };
        let content = match OutboxContent::read(&bytes) {
            Ok(Some(content)) => content,
            // The process exited before it wrote a message.
            Ok(None) => return drop(self.disk.remove(&path(&name))),
            Err(error) => {
                let error = error.to_string();
                return loaded.problems.push(self.catalog.outbox_file_damaged(&name, &error));
            }
        };
        if !content.header.belongs_to(self.owner.as_ref(), &self.servers) {
            return;
        }
        if content.messages.is_empty() {
            return drop(self.disk.remove(&path(&name)));
        }
        let text = |message: &Message| message.text.as_str().len();
        let more: usize = content.messages.iter().map(text).sum();
        if self.file_names.len() + content.messages.len() > OUTBOX_MESSAGES_MAX
            || self.bytes + more > OUTBOX_BYTES_MAX
        {
            return loaded.problems.push(self.catalog.outbox_full(content.messages.len()));
        }
        self.load_file(name, file, &bytes, content, loaded);
    }

    /// Loads the messages of a locked file. Removes a torn line at the end of the file, so later lines can be
    /// read.
    fn load_file(
        &mut self,
        name: String,
        file: Box<dyn AppendFile>,
        bytes: &[u8],
        content: OutboxContent,
        loaded: &mut LoadedMessages,
    ) {
        let length = content.complete_length as u64;
        let accepts_lines =
            content.complete_length == bytes.len() || self.disk.truncate(&path(&name), length).is_ok();
        if content.damaged_lines > 0 {
            loaded.problems.push(self.catalog.outbox_lines_damaged(&name, content.damaged_lines));
        }
        let header_length = content.header_length as u64;
        let (disk, pending, accepts_messages) = (Arc::clone(&self.disk), HashMap::new(), false);
        let mut file =
            LockedFile { disk, name, file, pending, length, header_length, accepts_lines, accepts_messages };
        for message in content.messages {
            // A message can be in two files after a failed removal.
            if !self.file_names.contains_key(&message.id) {
                self.track(&mut file, &message);
                loaded.messages.push(message);
            }
        }
        self.files.push(file);
    }

    fn track(&mut self, file: &mut LockedFile, message: &Message) {
        let bytes = message.text.as_str().len();
        self.bytes += bytes;
        self.file_names.insert(message.id, file.name.clone());
        file.pending.insert(message.id, bytes);
    }

    /// Creates a file of this process. Appends the header to `bytes`, which the caller writes with the first
    /// message.
    fn create(&self, bytes: &mut Vec<u8>) -> io::Result<LockedFile> {
        let owner = self.owner.as_ref().ok_or_else(|| io::Error::other("no user is logged in"))?;
        let (name, file) = self.create_locked()?;
        line::encode(bytes, &Header::new(self.servers.first().map_or("", String::as_str), owner));
        Ok(LockedFile {
            disk: Arc::clone(&self.disk),
            name,
            file,
            pending: HashMap::new(),
            length: 0,
            header_length: bytes.len() as u64,
            accepts_lines: true,
            accepts_messages: true,
        })
    }

    /// Creates and locks a file with a name that sorts after all earlier names.
    fn create_locked(&self) -> io::Result<(String, Box<dyn AppendFile>)> {
        self.disk.create_folder(FOLDER)?;
        for _ in 0..CREATE_ATTEMPTS_MAX {
            let name = format!("{}.jsonl", Uuid::now_v7());
            let mut file = self.disk.create_new(&path(&name))?;
            if file.lock()? == Lock::Held {
                return Ok((name, file));
            }
        }
        Err(io::Error::other("another process removes the new files"))
    }

    /// Closes all files, which releases their locks. Removes files without pending messages.
    fn close(&mut self) {
        for file in self.files.drain(..).filter(|file| file.pending.is_empty()) {
            let _retried_by_the_next_process = self.disk.remove(&path(&file.name));
        }
        self.file_names.clear();
        self.bytes = 0;
    }
}

impl Drop for Outbox {
    fn drop(&mut self) {
        self.close();
    }
}

impl LockedFile {
    fn has_room(&self) -> bool {
        self.accepts_messages && self.length < FILE_BYTES_MAX
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)?;
        self.length += bytes.len() as u64;
        Ok(())
    }

    /// Handles a failed write or sync, after which the end of the file is unknown. Truncates the file to its
    /// earlier length, and accepts no further messages.
    fn abandon(&mut self, length: u64) {
        self.accepts_messages = false;
        self.length = length;
        self.accepts_lines = self.truncate(length).and_then(|()| self.file.sync_data()).is_ok();
    }

    fn truncate(&self, length: u64) -> io::Result<()> {
        self.disk.truncate(&path(&self.name), length)
    }

    /// Removes messages of this file. Returns the bytes of their texts.
    fn remove(&mut self, ids: &[Uuid]) -> usize {
        let bytes_removed = ids.iter().filter_map(|id| self.pending.remove(id)).sum();
        if self.pending.is_empty() {
            // Only a file that accepts messages is kept.
            if self.accepts_messages && self.truncate(self.header_length).is_ok() {
                self.length = self.header_length;
            }
        } else if self.accepts_lines {
            let (mut bytes, before) = (Vec::new(), self.length);
            ids.iter().for_each(|id| line::encode(&mut bytes, &Line::Done { done: *id }));
            // The line is not synced: after a crash the client sends the message again.
            if self.append(&bytes).is_err() {
                self.abandon(before);
            }
        }
        bytes_removed
    }
}

fn path(name: &str) -> String {
    format!("{FOLDER}/{name}")
}

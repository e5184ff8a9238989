//! A folder on a disk that fails, shared by processes that hold its files.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};

use common::{Target, Text, UserName};
use disk::faulty::FaultyDisk;
use disk::{AppendFile, Disk as _};
use uuid::Uuid;

use super::super::*;

const SERVER: &str = "tcp://127.0.0.1:5555";

/// Where the files are.
const FOLDER: &str = "outbox";

/// A machine with one disk and some processes.
#[derive(Clone, Default)]
pub(super) struct Stage {
    pub(super) disk: FaultyDisk,
    held: Arc<Mutex<BTreeSet<String>>>,
}

impl Stage {
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// After a power cut: nobody holds anything.
    pub(super) fn with(disk: FaultyDisk) -> Self {
        Self { disk, ..Self::default() }
    }

    pub(super) fn alice(&self) -> UserName {
        user("alice")
    }

    /// A process starts.
    pub(super) fn outbox(&self) -> Outbox<Shared> {
        self.outbox_at(SERVER)
    }

    pub(super) fn outbox_at(&self, server: &str) -> Outbox<Shared> {
        Outbox::new(Shared(self.clone()), vec![server.to_owned()])
    }

    /// `kill -9`: its locks are gone, and nothing else happens.
    pub(super) fn process_dies(&self, mut outbox: Outbox<Shared>) {
        outbox.files.clear();
    }

    pub(super) fn files(&self) -> Vec<String> {
        self.disk.list(FOLDER).expect("a folder")
    }

    pub(super) fn bytes(&self) -> u64 {
        self.files().iter().map(|name| self.disk.len(&path(name)).expect("a file")).sum()
    }

    /// Changes the only file.
    pub(super) fn tamper(&self, change: impl FnOnce(&mut Vec<u8>)) {
        let [name] = self.files().try_into().expect("one file");
        self.disk.tamper(&path(&name), change).expect("a file");
    }

    fn held(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.held.lock().expect("no panic")
    }
}

/// The folder as one process sees it.
pub(super) struct Shared(Stage);

impl Folder for Shared {
    fn list(&self) -> io::Result<Vec<String>> {
        self.0.disk.list(FOLDER)
    }

    fn create(&self) -> io::Result<(String, Box<dyn LockedFile>)> {
        let last = self.list()?.into_iter().max().and_then(|name| name.get(..6)?.parse::<u64>().ok());
        let name = format!("{:06}.jsonl", last.map_or(0, |last| last + 1));
        self.0.disk.create_new(&path(&name))?;
        let file = self.lock(&name)?.expect("it is new");
        Ok((name, file))
    }

    fn lock(&self, name: &str) -> io::Result<Option<Box<dyn LockedFile>>> {
        if !self.0.held().insert(name.to_owned()) {
            return Ok(None);
        }
        let file = self.0.disk.open_append(&path(name))?;
        Ok(Some(Box::new(Held { stage: self.0.clone(), name: name.to_owned(), file })))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.0.disk.remove(&path(name))
    }

    fn sync(&self) -> io::Result<()> {
        self.0.disk.sync_folder(FOLDER)
    }
}

struct Held {
    stage: Stage,
    name: String,
    file: Box<dyn AppendFile>,
}

impl LockedFile for Held {
    fn read(&mut self) -> io::Result<Vec<u8>> {
        self.stage.disk.read(&path(&self.name))
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        self.stage.disk.truncate(&path(&self.name), length)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.file.sync_data()
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.stage.held().remove(&self.name);
    }
}

fn path(name: &str) -> String {
    format!("{FOLDER}/{name}")
}

/// An outbox in a folder of the operating system.
pub(super) fn on_disk(folder: &Path) -> Outbox<OwnFolder> {
    Outbox::new(OwnFolder::new(folder.to_owned()), vec![SERVER.to_owned()])
}

pub(super) fn user(name: &str) -> UserName {
    UserName::new(name).expect("a name")
}

pub(super) fn message(id: u128) -> Message {
    let (to, text) = (Target::new("#ops").expect("a name"), Text::new(id.to_string()).expect("a text"));
    Message { to, id: Uuid::from_u128(id), text, reply: None }
}

pub(super) fn texts(recalled: &Recalled) -> Vec<&str> {
    recalled.messages.iter().map(|message| message.text.as_str()).collect()
}

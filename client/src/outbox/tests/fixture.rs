//! A machine with a failing disk, and processes that lock files on it.

use std::path::Path;
use std::sync::Arc;

use common::UserName;
use disk::faulty::FaultyDisk;
use disk::{Disk as _, RealDisk};
use testkit::{target, user};
use uuid::Uuid;

use super::super::*;

const SERVER: &str = "tcp://127.0.0.1:5555";

#[derive(Clone, Default)]
pub(super) struct Fixture {
    pub(super) disk: FaultyDisk,
}

impl Fixture {
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// The machine after a power cut.
    pub(super) fn with(disk: FaultyDisk) -> Self {
        Self { disk }
    }

    pub(super) fn alice(&self) -> UserName {
        user("alice")
    }

    /// The outbox of a new process.
    pub(super) fn outbox(&self) -> Outbox {
        self.outbox_at(SERVER)
    }

    pub(super) fn outbox_at(&self, server: &str) -> Outbox {
        Outbox::new(Arc::new(self.disk.clone()), vec![server.to_owned()], Catalog::ENGLISH)
    }

    /// `kill -9`: the process only loses its locks.
    pub(super) fn kill(&self, mut outbox: Outbox) {
        outbox.files.clear();
    }

    pub(super) fn files(&self) -> Vec<String> {
        self.disk.list(FOLDER).expect("a folder")
    }

    pub(super) fn bytes(&self) -> u64 {
        self.files().iter().map(|name| self.disk.len(&path(name)).expect("a file")).sum()
    }

    /// Changes the bytes of the only file.
    pub(super) fn tamper(&self, change: impl FnOnce(&mut Vec<u8>)) {
        let [name] = self.files().try_into().expect("one file");
        self.disk.tamper(&path(&name), change).expect("a file");
    }
}

/// An outbox in a folder of the operating system.
pub(super) fn on_disk(folder: &Path) -> Outbox {
    Outbox::new(Arc::new(RealDisk::new(folder)), vec![SERVER.to_owned()], Catalog::ENGLISH)
}

pub(super) fn message(id: u128) -> Message {
    let (to, text) = (target("#ops"), testkit::text(id.to_string()));
    Message { to, id: Uuid::from_u128(id), text, reply: None }
}

pub(super) fn texts(loaded: &LoadedMessages) -> Vec<&str> {
    loaded.messages.iter().map(|message| message.text.as_str()).collect()
}

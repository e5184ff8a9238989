//! Ledgers without an engine, for the tests of storage and of the offline tools.

use std::sync::Arc;

use common::Conversation;
use disk::Disk as _;
use disk::faulty::FaultyDisk;
use server::domain::Command;
use server::storage::commit_log::CommitMode;
use server::storage::data_folder::Store;
use server::storage::ledger::{Ledger, Sizes};

use super::NOW_MS;
use crate::{target, user};

/// A disk with a fixed secret for topics. All topic keys are then known.
pub fn faulty_disk() -> FaultyDisk {
    let disk = FaultyDisk::new();
    disk.replace_atomically("keys/topic.secret", "07".repeat(32).as_bytes()).expect("a sound disk");
    disk
}

pub fn store(disk: &FaultyDisk) -> Store {
    Store::on(Arc::new(disk.clone()))
}

/// A ledger that commits when it is polled.
pub fn open_ledger(store: Store, sizes: Sizes) -> Ledger {
    Ledger::open_with(store, &CommitMode::WhenPolled, sizes).expect("a sound data folder")
}

/// Records a command and makes it durable.
pub fn record(ledger: &mut Ledger, command: Command<'_>) {
    ledger.record(command, NOW_MS).expect("an allowed command");
    sync(ledger);
}

/// Makes all records durable.
pub fn sync(ledger: &mut Ledger) {
    while !ledger.is_quiet() {
        ledger.flush();
        ledger.poll().map_err(|failure| failure.answer).expect("a sound disk");
    }
}

/// The event lines of a conversation. `conversation` is its name as `by` addresses it.
pub fn event_lines(ledger: &Ledger, by: &str, conversation: &str) -> String {
    let conversation = Conversation::of(&user(by), &target(conversation));
    let mut lines = Vec::new();
    ledger.read(&conversation, 1, u64::MAX, &mut lines).expect("a log that can be read");
    String::from_utf8(lines).expect("UTF-8")
}

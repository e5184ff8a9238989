//! The records of the shared log, as the checkers need them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use cluster::Head;
use common::{Body, Conversation, Target, UserName};
use disk::Disk as _;
use disk::faulty::FaultyDisk;
use server::domain::records::Record;
use server::journal::record_lines;

use super::shared_log::StoredBatch;

/// The bytes and the records of the shared log, with the log that the nodes had before they were a cluster.
#[derive(Default)]
pub(crate) struct SharedLines {
    pub(crate) bytes: Vec<u8>,
    /// The chain after each batch, by its last record.
    pub(crate) chains: BTreeMap<u64, String>,
    /// The number of batches that were taken from the shared log.
    pub(crate) batches: usize,
    last_record: u64,
    /// The records of the events, by line.
    records: HashMap<Box<str>, u64>,
    heads: BTreeMap<Conversation, u64>,
    /// The channels of each user.
    channels: BTreeMap<UserName, BTreeSet<Conversation>>,
    /// The numbers of the events with which users joined and left.
    membership_changes: BTreeMap<(Conversation, UserName), BTreeSet<u64>>,
}

impl SharedLines {
    /// Reads the log of a node that is not in a cluster yet. Returns its end.
    pub(crate) fn begin(disk: &FaultyDisk) -> (Head, Self) {
        let mut lines = Self::default();
        let bytes = log_bytes(disk);
        lines.add_records(&bytes);
        lines.bytes = bytes;
        let head: Head = server::journal::verify(disk).expect("a whole log").head.into();
        lines.chains.insert(head.record, head.chain.clone());
        (head, lines)
    }

    pub(crate) fn add(&mut self, stored: &StoredBatch) {
        let batch = &stored.batch;
        self.add_records(&batch.bytes);
        self.bytes.extend_from_slice(&batch.bytes);
        self.chains.insert(batch.after.record, batch.after.chain.clone());
        self.batches += 1;
    }

    fn add_records(&mut self, bytes: &[u8]) {
        for line in record_lines(bytes) {
            self.last_record += 1;
            let Ok(Record::Event(event)) = Record::decode(line) else { continue };
            let conversation = event.conversation();
            self.heads.insert(conversation.clone(), event.n);
            if matches!(event.body, Body::Created { .. } | Body::Joined | Body::Left) {
                let channels = self.channels.entry(event.from.clone()).or_default();
                let is_left = matches!(event.body, Body::Left);
                let _changed = if is_left {
                    channels.remove(&conversation)
                } else {
                    channels.insert(conversation.clone())
                };
                let changes = self.membership_changes.entry((conversation, event.from.clone())).or_default();
                changes.insert(event.n);
            }
            self.records.insert(String::from_utf8_lossy(line).into(), self.last_record);
        }
    }

    /// The number of the last record.
    pub(crate) fn last_record(&self) -> u64 {
        self.last_record
    }

    /// The record of an event; `None` if the shared log does not contain its line.
    pub(crate) fn record(&self, line: &str) -> Option<u64> {
        self.records.get(line).copied()
    }

    /// The conversations of a user, with their newest events.
    pub(crate) fn conversations(&self, user: &UserName) -> Vec<(Target, u64)> {
        let is_own = |conversation: &Conversation| match conversation {
            Conversation::Channel(_) => {
                self.channels.get(user).is_some_and(|channels| channels.contains(conversation))
            }
            Conversation::Direct(first, second) => first == user || second == user,
        };
        let own = self.heads.iter().filter(|(conversation, _)| is_own(conversation));
        own.map(|(conversation, n)| (conversation.seen_by(user), *n)).collect()
    }

    pub(crate) fn head(&self, conversation: &Conversation) -> u64 {
        self.heads.get(conversation).copied().unwrap_or_default()
    }

    /// Whether the user joined or left with event `after` or a later event.
    pub(crate) fn membership_changed(
        &self,
        user: &UserName,
        conversation: &Conversation,
        after: u64,
    ) -> bool {
        let changes = self.membership_changes.get(&(conversation.clone(), user.clone()));
        changes.is_some_and(|changes| changes.range(after..).next().is_some())
    }
}

/// The bytes of the log on a disk, in order.
pub(crate) fn log_bytes(disk: &FaultyDisk) -> Vec<u8> {
    let mut names = disk.list("log").unwrap_or_default();
    names.retain(|name| name.ends_with(".log"));
    names.sort();
    names.iter().flat_map(|name| disk.read(&format!("log/{name}")).unwrap_or_default()).collect()
}

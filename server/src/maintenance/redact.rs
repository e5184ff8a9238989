//! Takes the texts of messages, and files, out of a data folder for good: out of the log, whose chain is computed anew,
//! and out of what is derived from it. The server is stopped meanwhile.
//!
//! The events keep their lines, so nothing else changes: not the numbers, nor what anybody has read. What makes it
//! safe against a crash stands in [`journal::rewrite`](crate::journal::rewrite).
//!
//! Contents of files go last, once no event of the log refers to them. When a crash comes before that, they are
//! contents that nobody needs: the next start removes them, as does the same redaction said once more.

use std::collections::{BTreeSet, HashSet};
use std::io;
use std::ops::ControlFlow;
use std::path::Path;

use common::amendments::without_text;
use common::{Body, Conversation, Event};
use serde::Serialize;
use thiserror::Error;
use uuid::Uuid;

use crate::domain::State;
use crate::domain::records::{Record, ServerRecord};
use crate::journal::{Checkpoint, JournalError, Options, for_each_line, rewrite};
use crate::services::files::Folder;
use crate::services::search::SEARCH_FOLDER;
use crate::storage::data_folder::{SNAPSHOTS, Store, StoreError};
use crate::storage::ledger::LedgerError;
use crate::storage::replay;
use disk::Disk;

/// Messages in one redaction: all their numbers stand in one line of the log, which stays below 64 KiB.
pub const NUMBERS_MAX: usize = 3000;

/// Which texts are to go.
#[derive(Debug, Clone)]
pub struct Request {
    /// Where.
    pub conversation: Conversation,
    /// The numbers of the messages; their edits go along.
    pub numbers: BTreeSet<u64>,
    /// Also those of messages that are not deleted: they are from then on.
    pub force: bool,
}

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Redaction {
    /// How many lines lost their text; 0 when all of them had before.
    pub redacted: usize,
    /// How many contents of files were removed: those that no event and no upload needs any more.
    pub contents: u64,
    /// The chain at the end of the log before.
    pub chain_before: String,
    /// The number of the last record.
    pub records: u64,
    /// The chain after it.
    pub chain: String,
}

/// Why nothing was redacted.
#[derive(Debug, Error)]
pub enum RedactError {
    /// The data folder.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The data in it.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The log.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// Nothing or too much was asked for.
    #[error(
        "name 1 to {NUMBERS_MAX} messages by their numbers, as `papo history` and `papo log tail` show them"
    )]
    Numbers,
    /// There is no such event, or it has no text of its own.
    #[error("{1} has no message {0}; nothing was redacted. `papo log tail` shows the numbers")]
    NoSuchMessage(u64, Conversation),
    /// Its author has not deleted it, and nobody else.
    #[error(
        "message {0} of {1} is not deleted; nothing was redacted. Delete it first, or say --force, which deletes it, too"
    )]
    NotDeleted(u64, Conversation),
    /// The log is redacted, and a file in it is not removed.
    #[error(
        "the log is redacted, but not every content that nobody needs any more is removed from files/: {0}; run it again, \
         or start the server, which removes them"
    )]
    Files(#[source] io::Error),
    /// A line cannot be written.
    #[error("a line of the log cannot be written: {0}")]
    Line(#[from] serde_json::Error),
}

impl Request {
    /// Redacts in a data folder that no server works on.
    ///
    /// # Errors
    ///
    /// Any [`RedactError`]. When the disk refuses something, the next start knows whether it was done, and
    /// finishes or forgets it.
    pub fn run(&self, data: &Path, at_ms: u64) -> Result<Redaction, RedactError> {
        self.run_on(&Store::open_existing(data)?, at_ms)
    }

    /// The same in an open data folder.
    ///
    /// # Errors
    ///
    /// Those of [`run`](Self::run).
    pub fn run_on(&self, store: &Store, at_ms: u64) -> Result<Redaction, RedactError> {
        if !(1..=NUMBERS_MAX).contains(&self.numbers.len()) {
            return Err(RedactError::Numbers);
        }
        let disk = store.disk();
        recover(&*disk)?;
        // As a start does it: a torn tail is cut, and damage is refused.
        let (state, opened) = replay::open(store, Options::default())?;
        let before = opened.recovery.head;
        drop(opened);
        let lines = self.lines(&*disk, &state)?;
        let end = if lines.is_empty() { before } else { self.rewrite(&*disk, before, &lines, at_ms)? };
        let contents = sweep(store)?;
        let (chain_before, chain) = (before.chain.to_string(), end.chain.to_string());
        Ok(Redaction { redacted: lines.len(), contents, chain_before, records: end.record, chain })
    }

    /// Writes the log anew without the texts of these records. Returns its end.
    fn rewrite(
        &self,
        disk: &dyn Disk,
        before: Checkpoint,
        lines: &BTreeSet<u64>,
        at_ms: u64,
    ) -> Result<Checkpoint, RedactError> {
        let mut last = Vec::new();
        Record::Server(self.record(at_ms, before)).encode(&mut last)?;
        let redacted = |record, line: &[u8]| lines.contains(&record).then(|| emptied(line)).flatten();
        let end = rewrite::stage(disk, redacted, &last).inspect_err(|_| {
            // Should they stay, the next start removes them.
            let _stay = rewrite::discard(disk);
        })?;
        rewrite::decide(disk)?;
        recover(disk)?;
        Ok(end)
    }

    fn record(&self, at: u64, before: Checkpoint) -> ServerRecord {
        ServerRecord::Redacted {
            at,
            conversation: self.conversation.key().into(),
            numbers: self.numbers.iter().copied().collect(),
            by: "operator".into(),
            head_before: before.chain.to_string().into(),
        }
    }

    /// The records whose text is to go: the messages that still have one, and their edits.
    fn lines(&self, disk: &dyn Disk, state: &State) -> Result<BTreeSet<u64>, RedactError> {
        let (mut lines, mut missing) = (BTreeSet::new(), self.numbers.clone());
        for_each_line(disk, |record, line| {
            // Opening has decoded every line already.
            if let Ok(Record::Event(event)) = Record::decode(line)
                && event.conversation() == self.conversation
                && let Some(message) = message_of(&event)
                && self.numbers.contains(&message)
            {
                missing.remove(&message);
                if has_text(&event) {
                    lines.insert(record);
                }
            }
            ControlFlow::Continue(())
        })?;
        if let Some(number) = missing.first() {
            return Err(RedactError::NoSuchMessage(*number, self.conversation.clone()));
        }
        let amendments = state.channels.amendments(&self.conversation);
        let is_deleted =
            |number: u64| amendments.and_then(|all| all.of(number)).is_some_and(|one| one.deleted);
        match self.numbers.iter().find(|number| !self.force && !is_deleted(**number)) {
            Some(number) => Err(RedactError::NotDeleted(*number, self.conversation.clone())),
            None => Ok(lines),
        }
    }
}

/// Finishes a redaction that a crash has cut short, or throws away what is left of it. For whoever has the folder's
/// lock, before anything is read.
///
/// # Errors
///
/// What the disk refuses.
pub fn recover(disk: &dyn Disk) -> Result<(), JournalError> {
    if !rewrite::is_decided(disk)? {
        return rewrite::discard(disk);
    }
    // They stand for places in the old log.
    SNAPSHOTS.iter().try_for_each(|file| rewrite::remove(disk, file))?;
    disk.sync_folder("").map_err(|error| JournalError::io("sync", "the data folder", error))?;
    // It knows the words, and may keep those of deleted messages for a while.
    for file in rewrite::names(disk, SEARCH_FOLDER)? {
        rewrite::remove(disk, &format!("{SEARCH_FOLDER}/{file}"))?;
    }
    rewrite::place(disk)
}

/// Removes the contents of files that neither an event nor an upload needs. Returns how many.
fn sweep(store: &Store) -> Result<u64, RedactError> {
    let folder = Folder::new(store.disk());
    if folder.contents().map_err(RedactError::Files)?.is_empty() {
        return Ok(0);
    }
    let (state, opened) = replay::open(store, Options::default())?;
    drop(opened);
    let mut needed: HashSet<_> = state.files.contents().copied().collect();
    let uploads = folder.load().map_err(RedactError::Files)?;
    let sent = if uploads.is_empty() { HashSet::new() } else { ids(&*store.disk())? };
    for upload in uploads {
        // Its note outlived it, when the server was killed right behind the event.
        if !sent.contains(&upload.id) {
            needed.insert(upload.sha256);
        }
    }
    folder.sweep(&needed).map_err(RedactError::Files)
}

/// The ids of all that was sent.
fn ids(disk: &dyn Disk) -> Result<HashSet<Uuid>, JournalError> {
    let mut ids = HashSet::new();
    for_each_line(disk, |_, line| {
        if let Ok(Record::Event(event)) = Record::decode(line) {
            ids.extend(event.body.id());
        }
        ControlFlow::Continue(())
    })?;
    Ok(ids)
}

/// The message whose text an event has, or had; a file is one.
fn message_of(event: &Event<'_>) -> Option<u64> {
    if let Body::Message { .. } | Body::File { .. } | Body::Gone { of: None, .. } = event.body {
        return Some(event.n);
    }
    if let Body::Edited { of, .. } | Body::Gone { of: Some(of), .. } = event.body { Some(of) } else { None }
}

/// Whether there is something to take out of an event: its text, or the name and the hash of a file.
fn has_text(event: &Event<'_>) -> bool {
    matches!(event.body, Body::Message { .. } | Body::File { .. } | Body::Edited { .. })
}

/// The event's line without its text.
fn emptied(line: &[u8]) -> Option<Vec<u8>> {
    let Ok(Record::Event(event)) = Record::decode(line) else { return None };
    Some(without_text(event).to_line().into_bytes())
}

//! Redaction permanently removes files, and the texts of messages, from the log and from all data that is
//! derived from the log. The server must be stopped.
//!
//! The events keep their lines, so numbers and read marks do not change. The chain is recomputed.
//! [`journal::rewrite`](crate::journal::rewrite) explains why a crash loses no data. [`finish_redaction`]
//! completes an interrupted redaction.
//!
//! The contents of files are removed last, when no event refers to them. If a crash prevents this, the server
//! removes them at its next startup.

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
use crate::storage::data_folder::{Store, StoreError, finish_redaction};
use crate::storage::ledger::LedgerError;
use crate::storage::replay;
use disk::Disk;

/// The maximum number of messages in one redaction. It keeps the record of the redaction below 64 KiB.
pub const NUMBERS_MAX: usize = 3000;

/// The messages to redact.
#[derive(Debug, Clone)]
pub struct Request {
    pub conversation: Conversation,
    /// The numbers of the messages. Their edits are redacted too.
    pub numbers: BTreeSet<u64>,
    /// Whether to also redact messages that no user has deleted.
    pub force: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Redaction {
    /// The number of lines that this redaction changed.
    pub redacted: usize,
    /// The number of removed file contents.
    pub contents: u64,
    /// The chain at the end of the old log.
    pub chain_before: String,
    pub records: u64,
    /// The chain at the end of the new log.
    pub chain: String,
}

#[derive(Debug, Error)]
pub enum RedactError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The request has no message numbers, or too many.
    #[error("give 1 to {NUMBERS_MAX} numbers of messages, as `papo history` and `papo log tail` show them")]
    Numbers,
    /// The event does not exist, or has no text.
    #[error("{1} has no message {0}; nothing was redacted. `papo log tail` shows the numbers")]
    NoSuchMessage(u64, Conversation),
    #[error(
        "message {0} of {1} is not deleted; nothing was redacted. Delete it first, or use --force to delete and redact it"
    )]
    NotDeleted(u64, Conversation),

    #[error(
        "the log is redacted, but some contents in files/ could not be removed: {0}. Run the command again, or \
         start the server, which removes them"
    )]
    Files(#[source] io::Error),
    #[error("cannot write a line of the log: {0}")]
    Line(#[from] serde_json::Error),
}

impl Request {
    /// Redacts the data folder `data`. No server may run on it.
    pub fn run(&self, data: &Path, at_ms: u64) -> Result<Redaction, RedactError> {
        self.run_on(&Store::open_existing(data)?, at_ms)
    }

    /// Like [`run`](Self::run), for an open data folder.
    pub fn run_on(&self, store: &Store, at_ms: u64) -> Result<Redaction, RedactError> {
        if !(1..=NUMBERS_MAX).contains(&self.numbers.len()) {
            return Err(RedactError::Numbers);
        }
        let disk = store.disk();
        finish_redaction(&*disk)?;
        // Like server startup, this cuts off an incomplete last batch and refuses a damaged log.
        let (state, opened) = replay::open(store, Options::default())?;
        let before = opened.recovery.head;
        drop(opened);
        let request = self.with_first_name(&state);
        let lines = request.lines(&*disk, &state)?;
        let end = if lines.is_empty() { before } else { request.rewrite(&*disk, before, &lines, at_ms)? };
        let contents = sweep(store)?;
        let (chain_before, chain) = (before.chain.to_string(), end.chain.to_string());
        Ok(Redaction { redacted: lines.len(), contents, chain_before, records: end.record, chain })
    }

    /// The request with the first name of its channel, which the log uses.
    fn with_first_name(&self, state: &State) -> Self {
        let conversation = match &self.conversation {
            Conversation::Channel(name) => Conversation::Channel(state.channels.first_name(name).clone()),
            direct @ Conversation::Direct(..) => direct.clone(),
        };
        Self { conversation, ..self.clone() }
    }

    /// Rewrites the log without the texts of these records. Returns its end.
    fn rewrite(
        &self,
        disk: &dyn Disk,
        before: Checkpoint,
        lines: &BTreeSet<u64>,
        at_ms: u64,
    ) -> Result<Checkpoint, RedactError> {
        let mut last = Vec::new();
        Record::Server(self.record(at_ms, before)).encode(&mut last)?;
        let redacted =
            |record, line: &[u8]| lines.contains(&record).then(|| without_text_line(line)).flatten();
        let end = rewrite::stage(disk, redacted, &last).inspect_err(|_| {
            // The next startup removes remaining staged segments.
            let _ignored = rewrite::discard(disk);
        })?;
        rewrite::activate(disk)?;
        finish_redaction(disk)?;
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

    /// The records to redact: the messages that still have a text, and their edits.
    fn lines(&self, disk: &dyn Disk, state: &State) -> Result<BTreeSet<u64>, RedactError> {
        let (mut lines, mut missing) = (BTreeSet::new(), self.numbers.clone());
        for_each_line(disk, |record, line| {
            // `replay::open` has already decoded every line.
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
        let is_deleted = |number: u64| {
            amendments.and_then(|all| all.of(number)).is_some_and(|amendment| amendment.deleted)
        };
        match self.numbers.iter().find(|number| !self.force && !is_deleted(**number)) {
            Some(number) => Err(RedactError::NotDeleted(*number, self.conversation.clone())),
            None => Ok(lines),
        }
    }
}

/// Removes the file contents to which neither an event nor an upload refers. Returns their number.
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
        // An upload whose event is recorded no longer needs its content. Its files remain if the server was
        // killed.
        if !sent.contains(&upload.id) {
            needed.insert(upload.sha256);
        }
    }
    folder.sweep(&needed).map_err(RedactError::Files)
}

/// The ids of all messages and files.
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

/// The number of the message or file to which an event belongs; `None` if the event is not a message, a file
/// or an edit. Includes redacted events.
fn message_of(event: &Event<'_>) -> Option<u64> {
    if let Body::Message { .. } | Body::File { .. } | Body::Redacted { of: None, .. } = event.body {
        return Some(event.n);
    }
    if let Body::Edited { of, .. } | Body::Redacted { of: Some(of), .. } = event.body {
        Some(of)
    } else {
        None
    }
}

/// Whether an event has a text, or the name and the hash of a file.
fn has_text(event: &Event<'_>) -> bool {
    matches!(event.body, Body::Message { .. } | Body::File { .. } | Body::Edited { .. })
}

/// The event's line without its text.
fn without_text_line(line: &[u8]) -> Option<Vec<u8>> {
    let Ok(Record::Event(event)) = Record::decode(line) else { return None };
    Some(without_text(event).to_line().into_bytes())
}

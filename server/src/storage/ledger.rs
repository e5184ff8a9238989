//! State and journal kept in step: the one place where something becomes a record.
//!
//! A record is appended, applied and queued for the fan-out in one go; nobody is told before [`Ledger::poll`]
//! says that it is on disk. After a failed write everything that was not on disk is taken back, by reading the
//! log again, and there is only reading: when the disk was full, until there is room; else until a restart.

use std::error::Error as _;
use std::io;
use std::sync::Arc;

use common::{Conversation, Detail, Error, Event, Reason, UserName};
use thiserror::Error as ThisError;
use tracing::{error, info, warn};

use crate::domain::records::Record;
use crate::domain::{self, Command, State};
use crate::journal::{Appended, Checkpoint, CommitAck, CommitNews, Journal, JournalError, Options};
use crate::outbound::OutboundQueue;
use crate::outbound::fan_out;
use crate::storage::commit_log::{CommitLog, CommitMode};
use crate::storage::data_folder::{Prepared, Store, StoreError};
use crate::storage::replay::{self, key_of};
use disk::Disk;

/// How large things grow on the disk.
#[derive(Debug, Clone, Copy)]
pub struct Sizes {
    /// Of the log's segments.
    pub segments: Options,
    /// Log bytes after which the snapshots are renewed: so much is replayed at a start at the most, beside the
    /// segment that was open.
    pub snapshot_every_bytes: u64,
}

impl Default for Sizes {
    /// 64 MiB: a start takes well under a second, and a busy team fills it in days.
    fn default() -> Self {
        Self { segments: Options::default(), snapshot_every_bytes: 64 << 20 }
    }
}

/// Bytes that may gather while the disk is busy; beyond, no requests are taken.
const GATHERING_BYTES_MAX: usize = 8 << 20;

/// Why the data cannot be opened or written.
#[derive(Debug, ThisError)]
pub enum LedgerError {
    /// The data folder.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The log in it.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The system gives no thread.
    #[error("cannot start a thread: {0}")]
    Thread(#[from] io::Error),
}

/// State, journal and what waits for the disk.
pub struct Ledger {
    store: Store,
    sizes: Sizes,
    state: State,
    journal: Journal,
    committer: CommitLog,
    /// What waits until it is on disk.
    pub held: OutboundQueue,
    durable: Checkpoint,
    restored_ms: Option<u64>,
    gathering_bytes: usize,
    bytes_since_snapshot: u64,
    /// What every writer is told while nothing can be written.
    failure: Option<Error>,
}

/// The disk took no more.
#[derive(Debug)]
pub struct DiskFailure {
    /// The last record that is on disk.
    pub durable: u64,
    /// What every writer is told from now on.
    pub answer: Error,
    /// What went wrong.
    pub cause: LedgerError,
    /// Whether it was taken back. Otherwise not even what is on disk can be read, and nobody may be told anything.
    pub is_taken_back: bool,
}

/// An event that was recorded.
#[derive(Debug, Clone, Copy)]
pub struct Receipt {
    /// Its number in the conversation.
    pub n: u64,
    /// When, in Unix milliseconds.
    pub at: u64,
}

impl Ledger {
    /// Brings the state of a data folder up to date with its log.
    pub fn open(store: Store, commits: &CommitMode) -> Result<Self, LedgerError> {
        Self::open_with(store, commits, Sizes::default())
    }

    /// The same with other sizes.
    pub fn open_with(store: Store, commits: &CommitMode, sizes: Sizes) -> Result<Self, LedgerError> {
        let (state, opened) = replay::open(&store, sizes.segments)?;
        let recovery = opened.recovery;
        if recovery.bytes_cut > 0 {
            warn!(bytes = recovery.bytes_cut, "cut a torn batch off the log; it was never acknowledged");
        }
        if recovery.indexes_rebuilt > 0 {
            info!(segments = recovery.indexes_rebuilt, "rebuilt missing indexes");
        }
        info!(records = recovery.head.record, "the log is whole");
        let committer = CommitLog::start(commits, opened.writer)?;
        Ok(Self {
            restored_ms: store.restored_ms()?,
            store,
            sizes,
            state,
            journal: opened.journal,
            committer,
            held: OutboundQueue::default(),
            durable: recovery.head,
            gathering_bytes: 0,
            bytes_since_snapshot: 0,
            failure: None,
        })
    }

    /// The state, with everything that was recorded.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// The files of the data folder.
    pub fn disk(&self) -> Arc<dyn Disk> {
        self.store.disk()
    }

    /// A secret of the data folder.
    pub fn secret(&self, name: &str) -> Result<[u8; 32], LedgerError> {
        Ok(self.store.secret(name)?)
    }

    /// When the data folder was made of a backup, in Unix milliseconds.
    pub fn restored_ms(&self) -> Option<u64> {
        self.restored_ms
    }

    /// The number of the newest record: what is read now may be told when that one is on disk.
    pub fn position(&self) -> u64 {
        self.journal.last()
    }

    /// The number of the newest record that is on disk.
    #[must_use]
    pub fn durable(&self) -> u64 {
        self.durable.record
    }

    /// Decides a command, and records what comes of it. `None`: things are so already.
    pub fn record(&mut self, command: Command<'_>, now_ms: u64) -> Result<Option<Receipt>, Error> {
        let Some(record) = domain::decide(&self.state, command, now_ms)? else { return Ok(None) };
        self.may_write()?;
        let Self { journal, state, held, .. } = self;
        // The line is made once, in the batch itself: the fan-out and the history copy it.
        let appended = journal.append_with(key_of(&record).as_ref(), |batch| record.encode(batch));
        let Appended { record: number, line } = appended.map_err(internal)?;
        self.gathering_bytes += line.len();
        let receipt = match &record {
            Record::Event(event) => {
                // An event that moves a topic is told to all who were there when it happened.
                let topic = fan_out::topic_of(state, event);
                state.apply(number, &record);
                fan_out::publish(state, held, event, topic, line);
                Some(Receipt { n: event.n, at: event.at })
            }
            Record::Server(private) => {
                state.apply(number, &record);
                fan_out::tell_read(state, held, private);
                None
            }
        };
        fan_out::tell_moved(state, held);
        Ok(receipt)
    }

    /// What every writer is told while nothing can be written.
    pub fn failure(&self) -> Option<&Error> {
        self.failure.as_ref()
    }

    /// Refuses while nothing can be written, as [`record`](Self::record) does when there is something to record.
    pub fn may_write(&self) -> Result<(), Error> {
        self.failure.clone().map_or(Ok(()), Err)
    }

    /// The event that was recorded under this id before, for who sends it again.
    pub fn sent_before(&self, id: uuid::Uuid, by: &UserName) -> Result<Option<Receipt>, Error> {
        let Some(line) = self.journal.line_by_id(id.as_u128()).map_err(unreadable)? else { return Ok(None) };
        let event: Event<'_> = serde_json::from_slice(&line).map_err(internal)?;
        if event.from != *by {
            return Err(Detail::IdTaken.into());
        }
        Ok(Some(Receipt { n: event.n, at: event.at }))
    }

    /// Appends the lines of some events to `out`.
    pub fn read(
        &self,
        conversation: &Conversation,
        first_n: u64,
        last_n: u64,
        out: &mut Vec<u8>,
    ) -> Result<(), Error> {
        self.journal.read(&conversation.key(), first_n, last_n, out).map_err(unreadable)
    }

    /// One event of a conversation, if there is one of this number; it may not be on disk yet.
    pub fn event(&self, conversation: &Conversation, n: u64) -> Result<Option<Event<'static>>, Error> {
        let mut line = Vec::new();
        if (1..=self.state.head(conversation)).contains(&n) {
            self.read(conversation, n, n, &mut line)?;
        }
        if line.is_empty() {
            return Ok(None);
        }
        serde_json::from_slice::<Event<'_>>(&line).map(|event| Some(event.into_owned())).map_err(internal)
    }

    /// Whether so much waits that no more requests should be taken.
    pub fn is_full(&self) -> bool {
        self.gathering_bytes >= GATHERING_BYTES_MAX || self.held.reply_bytes() >= 8 * GATHERING_BYTES_MAX
    }

    /// Hands what has gathered to the disk, if it is not busy.
    pub fn flush(&mut self) {
        if !self.committer.is_idle() || self.failure.is_some() {
            return;
        }
        let last = self.journal.last();
        if let Some(batch) = self.journal.seal() {
            self.held.seal(last);
            self.gathering_bytes = 0;
            self.committer.submit(batch);
        }
    }

    /// Takes note of what the disk has done. Returns the position up to which everything may be told.
    ///
    /// # Errors
    ///
    /// When the disk failed. The state is what is on disk again, and the caller takes back what [waits](Self::held).
    pub fn poll(&mut self) -> Result<u64, Box<DiskFailure>> {
        while let Some(news) = self.committer.poll() {
            match news {
                CommitNews::Batch(Ok(committed)) => self.committed(&committed),
                CommitNews::Batch(Err(failed)) => return Err(Box::new(self.fail(failed))),
                CommitNews::Room => {
                    info!("the disk has room again: writing goes on");
                    self.failure = None;
                }
            }
        }
        Ok(self.durable.record)
    }

    fn committed(&mut self, committed: &CommitAck) {
        self.journal.committed(committed);
        self.durable = committed.head;
        self.bytes_since_snapshot += committed.bytes;
    }

    /// Whether the snapshots should be renewed: then requests wait until the ledger [is quiet](Self::is_quiet).
    pub fn wants_snapshot(&self) -> bool {
        self.bytes_since_snapshot >= self.sizes.snapshot_every_bytes && self.failure.is_none()
    }

    /// Whether everything recorded is on disk.
    pub fn is_quiet(&self) -> bool {
        self.committer.is_idle() && self.journal.last() == self.durable.record
    }

    /// Renews the snapshots, beside the event loop. Only a quiet ledger knows the chain of its state.
    pub fn snapshot(&mut self) {
        debug_assert!(self.is_quiet(), "the state is ahead of the disk");
        self.bytes_since_snapshot = 0;
        let disk = self.store.disk();
        match Store::prepare(&self.state, self.durable) {
            Ok(prepared) => self.committer.run(Box::new(move || write_snapshots(&*disk, &prepared))),
            Err(error) => error!(%error, "cannot make a snapshot"),
        }
    }

    /// The end: the snapshots are written, so that the next start is a quick one.
    pub fn close(mut self) {
        if self.failure.is_none() && self.is_quiet() {
            // Dropping the committer waits for it.
            self.snapshot();
        }
    }

    /// Takes back what is not on disk, and goes on reading only.
    fn fail(&mut self, failed: JournalError) -> DiskFailure {
        let answer = unwritable(&failed);
        if answer.reason() == Some(Reason::StorageFull) {
            error!(error = %failed, "the disk is full: until there is room, there is only reading");
        } else {
            error!(error = %failed, cause = ?failed.source(), "the log cannot be written: until a restart there is only reading");
        }
        self.failure = Some(answer.clone());
        self.gathering_bytes = 0;
        let durable = self.durable.record;
        match replay::take_back(&self.store, &mut self.journal, self.durable) {
            Ok(state) => {
                self.state = state;
                DiskFailure { durable, answer, cause: failed.into(), is_taken_back: true }
            }
            Err(cause) => DiskFailure { durable, answer, cause, is_taken_back: false },
        }
    }
}

fn write_snapshots(disk: &dyn Disk, prepared: &Prepared) {
    if let Err(error) = Store::write(disk, prepared) {
        warn!(%error, "cannot write the snapshots; the next start takes longer");
    }
}

pub(crate) fn internal(error: impl std::fmt::Display) -> Error {
    error!(%error, "a failure of the server itself");
    Detail::Internal.into()
}

fn unreadable(error: JournalError) -> Error {
    error!(%error, "the log cannot be read");
    // The first is not temporary: it stays until a backup is restored.
    match error {
        JournalError::Damaged { file, offset, .. } => Detail::ConversationDamaged { file, offset },
        JournalError::StorageFull { .. }
        | JournalError::Unavailable { .. }
        | JournalError::IndexDamaged { .. }
        | JournalError::Missing { .. }
        | JournalError::Checkpoint { .. }
        | JournalError::Record { .. } => Detail::LogUnreadable,
    }
    .into()
}

fn unwritable(error: &JournalError) -> Error {
    match error {
        JournalError::StorageFull { .. } => Detail::StorageFull,
        JournalError::Unavailable { .. }
        | JournalError::Damaged { .. }
        | JournalError::IndexDamaged { .. }
        | JournalError::Missing { .. }
        | JournalError::Checkpoint { .. }
        | JournalError::Record { .. } => Detail::LogUnwritable,
    }
    .into()
}

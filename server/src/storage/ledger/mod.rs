//! The ledger keeps state and journal consistent. For each command, it asks the domain for a decision,
//! appends the record to the journal, and applies the record to the state. The engine publishes a record
//! after [`Ledger::poll`] has reported it as durable.
//!
//! After a failed write, the ledger restores the state that is on the disk, and refuses commands. If the disk
//! was full, the ledger accepts commands again when the disk has room. After any other failure, the server
//! must restart.

mod reads;
mod shared;

use std::collections::VecDeque;
use std::error::Error as _;
use std::sync::Arc;

use common::events::Class;
use common::{Detail, Error, Reason};
use tracing::{error, info, warn};
use transport::metrics::Histogram;

use crate::domain::records::Record;
use crate::domain::{self, Command, ReservePart, State};
use crate::journal::{Appended, Batch, Checkpoint, CommitAck, Journal, JournalError, Options};
use crate::storage::commit_log::{CommitLog, CommitMode, CommitNews};
use crate::storage::data_folder::Store;
use crate::storage::replay::{self, key_of};
use crate::storage::session_log;
use crate::storage::snapshots::{self, Prepared};
use disk::Disk;

use self::shared::Standing;

pub use crate::storage::error::LedgerError;
use crate::storage::error::unwritable;
pub use crate::storage::recorded::{Receipt, Recorded};

#[derive(Debug, Clone, Copy)]
pub struct Sizes {
    pub segments: Options,
    /// The snapshots are renewed after this number of log bytes. Server startup replays at most these bytes
    /// and the open segment.
    pub snapshot_every_bytes: u64,
}

impl Default for Sizes {
    /// 64 MiB: server startup takes less than a second, and a busy team writes 64 MiB in a few days.
    fn default() -> Self {
        Self { segments: Options::default(), snapshot_every_bytes: 64 << 20 }
    }
}

/// The maximum size of the open batch while the commit log is busy. At this size, the engine accepts no
/// requests.
const OPEN_BATCH_BYTES_MAX: usize = 8 << 20;

/// The size of the reserve on the disk: about 100,000 revocations.
pub const RESERVE_BYTES: u64 = 16 << 20;

/// The approximate bytes of a commit line. Each command may be a batch of its own.
const COMMIT_LINE_BYTES: u64 = 150;

/// State, journal and commit log.
pub struct Ledger {
    store: Store,
    sizes: Sizes,
    state: State,
    journal: Journal,
    commit_log: Box<dyn CommitLog>,
    durable: Checkpoint,
    restored_ms: Option<u64>,
    /// Closed batches that wait until the commit log is idle.
    closed: VecDeque<Batch>,
    /// The bytes of the records that were not submitted to the commit log.
    open_batch_bytes: usize,
    standing: Standing,
    /// The bytes of the lines that were appended since server startup.
    appended_bytes: u64,
    messages: u64,
    sync_times: Arc<Histogram>,
    bytes_since_snapshot: u64,
    /// The error for every command while the log cannot be written; `None` if it can be written.
    failure: Option<Error>,
    reserve_bytes: u64,
    /// The bytes of the reserve that were used since the disk was full.
    reserve_used: u64,
}

/// The log could not be written.
#[derive(Debug)]
pub struct DiskFailure {
    /// The last record on the disk.
    pub durable: u64,
    /// The error for every command from now on.
    pub answer: Error,

    pub cause: LedgerError,
    /// Whether the state was restored from the disk. If false, the disk cannot be read, and the server must
    /// stop.
    pub is_rolled_back: bool,
}

impl Ledger {
    /// Loads the snapshots of a data folder, and replays the log after them.
    pub fn open(store: Store, commits: &CommitMode) -> Result<Self, LedgerError> {
        Self::open_with(store, commits, Sizes::default())
    }

    /// Like [`open`](Self::open), with other sizes.
    pub fn open_with(store: Store, commits: &CommitMode, sizes: Sizes) -> Result<Self, LedgerError> {
        Self::open_with_reserve(store, commits, sizes, 0)
    }

    /// Like `open_with`, with a reserve of bytes for [some commands](Command::reserve) on a full disk.
    pub fn open_with_reserve(
        store: Store,
        commits: &CommitMode,
        sizes: Sizes,
        reserve_bytes: u64,
    ) -> Result<Self, LedgerError> {
        let (state, opened) = replay::open(&store, sizes.segments)?;
        let recovery = opened.recovery;
        if recovery.bytes_cut > 0 {
            warn!(bytes = recovery.bytes_cut, "cut a torn batch off the log; it was never acknowledged");
        }
        if recovery.indexes_rebuilt > 0 {
            info!(segments = recovery.indexes_rebuilt, "rebuilt missing indexes");
        }
        info!(records = recovery.head.record, "the log is complete");
        let sync_times = opened.writer.sync_times();
        let commit_log = commits.start(opened.writer.with_reserve(reserve_bytes))?;
        Ok(Self {
            restored_ms: store.restored_ms()?,
            store,
            sizes,
            state,
            journal: opened.journal,
            commit_log,
            durable: recovery.head,
            closed: VecDeque::new(),
            open_batch_bytes: 0,
            standing: Standing::of(commits),
            appended_bytes: 0,
            messages: 0,
            sync_times,
            bytes_since_snapshot: 0,
            failure: None,
            reserve_bytes,
            reserve_used: 0,
        })
    }

    /// The state after the newest record.
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

    /// The time at which the data folder was restored from a backup, in Unix milliseconds; `None` if it was
    /// not restored.
    pub fn restored_ms(&self) -> Option<u64> {
        self.restored_ms
    }

    /// The number of the newest record. A reply that depends on the state waits until this record is durable.
    pub fn position(&self) -> u64 {
        self.journal.last()
    }

    /// The number of the newest durable record.
    #[must_use]
    pub fn durable(&self) -> u64 {
        self.durable.record
    }

    /// Decides a command, appends its record to the open batch, and applies it to the state. Returns `None`
    /// if the command changes nothing.
    pub fn record<'a>(
        &'a mut self,
        command: Command<'a>,
        now_ms: u64,
    ) -> Result<Option<Recorded<'a>>, Error> {
        self.may_lead()?;
        let reserve = self.failure.as_ref().map(|_| command.reserve(&self.state));
        let Some(record) = domain::decide(&self.state, command, now_ms)? else { return Ok(None) };
        if let Some(reserve) = reserve {
            self.may_use(reserve)?;
        }
        let Self { journal, state, open_batch_bytes, appended_bytes, messages, reserve_used, .. } = self;
        let appended = append(journal, &record)?;
        *open_batch_bytes += appended.line.len();
        *appended_bytes += appended.line.len() as u64;
        *messages += u64::from(is_content(&record));
        if reserve.is_some() {
            *reserve_used += appended.line.len() as u64 + COMMIT_LINE_BYTES;
        }
        Ok(Some(apply(state, record, appended)))
    }

    /// The bytes of all lines that were appended since server startup, durable or not.
    pub fn appended_bytes(&self) -> u64 {
        self.appended_bytes
    }

    /// The messages and files that were appended since server startup, durable or not.
    pub fn messages(&self) -> u64 {
        self.messages
    }

    /// The size of the log in bytes.
    pub fn log_bytes(&self) -> u64 {
        self.journal.log_bytes()
    }

    /// The durations of the calls of `fdatasync`.
    pub fn sync_times(&self) -> &Histogram {
        &self.sync_times
    }

    pub fn failure(&self) -> Option<&Error> {
        self.failure.as_ref()
    }

    /// Returns an error unless the disk is full and the command may use the rest of the reserve.
    fn may_use(&self, reserve: ReservePart) -> Result<(), Error> {
        let room = match reserve {
            ReservePart::None => 0,
            ReservePart::Half => self.reserve_bytes / 2,
            ReservePart::Whole => self.reserve_bytes,
        };
        if self.is_disk_full() && self.reserve_used < room { Ok(()) } else { self.may_write() }
    }

    fn is_disk_full(&self) -> bool {
        self.failure.as_ref().is_some_and(|failure| failure.reason() == Some(Reason::StorageFull))
    }

    /// Returns an error while the log cannot be written. [`record`](Self::record) returns the same error for
    /// a command that may not use the reserve.
    pub fn may_write(&self) -> Result<(), Error> {
        self.may_lead()?;
        self.failure.clone().map_or(Ok(()), Err)
    }

    /// Whether the engine must stop accepting requests until a batch is durable.
    pub fn is_full(&self) -> bool {
        self.open_batch_bytes >= OPEN_BATCH_BYTES_MAX
    }

    /// Submits the first closed batch, or the open batch, if the commit log is idle. Returns the last record
    /// of the open batch if it was submitted.
    pub fn flush(&mut self) -> Option<u64> {
        if !self.commit_log.is_idle() || (self.failure.is_some() && !self.is_disk_full()) {
            return None;
        }
        if let Some(batch) = self.closed.pop_front() {
            self.open_batch_bytes = self.open_batch_bytes.saturating_sub(batch.bytes());
            self.commit_log.submit(batch);
            return None;
        }
        let last = self.journal.last();
        let batch = self.journal.close_batch()?;
        self.open_batch_bytes = 0;
        self.commit_log.submit(batch);
        Some(last)
    }

    /// Collects the reports of the commit log. Returns the last durable record.
    ///
    /// After an error, the state is that of the last durable record, and the caller must discard the replies
    /// and events of later records.
    pub fn poll(&mut self) -> Result<u64, Box<DiskFailure>> {
        while let Some(news) = self.commit_log.poll() {
            match news {
                CommitNews::Batch(Ok(ack)) => self.committed(&ack),
                CommitNews::Batch(Err(failed)) => return Err(Box::new(self.fail(failed))),
                CommitNews::Room => {
                    info!("the disk has room again: writing continues");
                    (self.failure, self.reserve_used) = (None, 0);
                }
            }
        }
        Ok(self.durable.record)
    }

    fn committed(&mut self, ack: &CommitAck) {
        self.journal.committed(ack);
        self.durable = ack.head;
        self.bytes_since_snapshot += ack.bytes;
    }

    /// Whether the snapshots must be renewed. The engine then accepts no requests until the ledger [is
    /// quiet](Self::is_quiet).
    pub fn wants_snapshot(&self) -> bool {
        self.bytes_since_snapshot >= self.sizes.snapshot_every_bytes && self.failure.is_none()
    }

    /// Whether every record is durable.
    pub fn is_quiet(&self) -> bool {
        self.commit_log.is_idle() && self.journal.last() == self.durable.record
    }

    /// Renews the snapshots, outside the event loop. The ledger must be [quiet](Self::is_quiet), because the
    /// chain is known only for the last durable record.
    pub fn snapshot(&mut self) {
        debug_assert!(self.is_quiet(), "the state is ahead of the disk");
        self.bytes_since_snapshot = 0;
        let disk = self.store.disk();
        match snapshots::prepare(&self.state, self.durable) {
            Ok(prepared) => self.commit_log.run(Box::new(move || write_snapshots(&*disk, &prepared))),
            Err(error) => error!(%error, "cannot make a snapshot"),
        }
    }

    /// Writes the snapshots, which make the next startup fast.
    pub fn close(mut self) {
        if self.failure.is_none() && self.is_quiet() {
            // Dropping the commit log waits for the task.
            self.snapshot();
        }
    }

    /// Restores the state of the last durable record. The ledger then refuses commands.
    fn fail(&mut self, failed: JournalError) -> DiskFailure {
        let answer = unwritable(&failed);
        if let JournalError::NotShared(_) = failed {
            return self.take_back(failed, answer);
        }
        if answer.reason() == Some(Reason::StorageFull) {
            error!(error = %failed, "the disk is full: the server is read-only until there is room");
        } else {
            error!(error = %failed, cause = ?failed.source(), "the log cannot be written: the server is read-only until a restart");
        }
        if self.is_disk_full() {
            // The reserve is empty.
            self.reserve_used = self.reserve_bytes;
        }
        self.failure = Some(answer.clone());
        if self.leads() {
            // The shared log has the batch, and other nodes receive it. So no request in it is refused: the
            // next leader answers them.
            return self.take_back(failed, Detail::NoLeader.into());
        }
        self.roll_back(failed, answer)
    }

    fn roll_back(&mut self, failed: JournalError, answer: Error) -> DiskFailure {
        self.open_batch_bytes = 0;
        self.closed.clear();
        let durable = self.durable.record;
        match replay::roll_back(&self.store, &mut self.journal, self.durable) {
            Ok(state) => {
                self.state = state;
                DiskFailure { durable, answer, cause: failed.into(), is_rolled_back: true }
            }
            Err(cause) => DiskFailure { durable, answer, cause, is_rolled_back: false },
        }
    }
}

fn is_content(record: &Record<'_>) -> bool {
    matches!(record, Record::Event(event) if matches!(event.body.class(), Class::Content { .. }))
}

fn append<'a>(journal: &'a mut Journal, record: &Record<'_>) -> Result<Appended<'a>, Error> {
    journal.append_with(key_of(record).as_ref(), |batch| record.encode(batch)).map_err(internal)
}

/// Applies an appended record to the state.
fn apply<'a>(state: &'a mut State, record: Record<'a>, appended: Appended<'a>) -> Recorded<'a> {
    let topic_before = match &record {
        Record::Event(event) => state.members_topic(event),
        Record::Server(record) => record.ended_user().map(|user| state.user_topic(user).into()),
    };
    session_log::apply(state, appended.record, &record);
    let moved = state.channels.take_moved();
    Recorded { record, line: appended.line, state, topic_before, moved }
}

fn write_snapshots(disk: &dyn Disk, prepared: &Prepared) {
    if let Err(error) = snapshots::write(disk, prepared) {
        warn!(%error, "cannot write the snapshots; the next startup takes longer");
    }
}

pub(crate) fn internal(error: impl std::fmt::Display) -> Error {
    error!(%error, "internal error of the server");
    Detail::Internal.into()
}

//! The commit log makes the batches of the journal durable, one after the other, without blocking the event
//! loop.
//!
//! [`CommitLog`] is the contract. The local log has two implementations: [`CommitThread`] for a server, and
//! [`PolledCommitLog`] for simulations and tests, in which nothing happens between two calls.

mod thread;

use std::io;

use transport::wake::Waker;

use crate::journal::{Batch, CommitAck, JournalError, Writer};
pub use thread::CommitThread;

/// Selects the implementation that commits the batches.
#[derive(Clone)]
pub enum CommitMode {
    /// A thread commits each batch and then wakes the event loop.
    OnThread(Waker),
    /// [`CommitLog::poll`] commits the batch.
    WhenPolled,
}

/// A task for the thread of a commit log.
pub type Task = Box<dyn FnOnce() + Send>;

#[derive(Debug)]
pub enum CommitNews {
    /// The result for the batch in flight.
    Batch(Result<CommitAck, JournalError>),
    /// The disk was full and has room again: the log accepts batches again.
    Room,
}

/// Makes batches of records durable, in the order in which they were submitted.
///
/// The ledger is the only caller, on the thread of the event loop. An implementation may write only to the
/// local disk, or also to other machines. The ledger relies only on these rules:
///
/// - **No call blocks.** [`submit`](Self::submit) and [`run`](Self::run) hand over work, [`poll`](Self::poll)
///   collects reports. The implementation wakes the event loop whenever `poll` has a new report.
/// - **One batch is in flight.** The ledger submits a batch only while the log [is idle](Self::is_idle), and
///   fills the next batch meanwhile. So a slow log gets larger batches, not a longer queue.
/// - **Acknowledged means durable.** After `Batch(Ok(ack))`, the log contains the submitted bytes as the
///   continuation of the batch that was acknowledged before. `ack.head` is the last record of the batch and
///   the chain after it. No later failure removes the batch. The bytes are then also in the local segments,
///   from which the journal reads their lines.
/// - **A failed batch is not acknowledged.** After `Batch(Err(..))`, the ledger discards the batch and all
///   later records, and restores the state of the last acknowledged batch from the local segments. With
///   [`JournalError::StorageFull`], the log does not contain the batch. With any other error, the log may
///   contain it, and a later start may restore it. Clients that send a request again are safe in both cases,
///   because each event is recognised by its `id`.
/// - **After a failure, the log refuses each batch** until it reports [`CommitNews::Room`]. A log that cannot
///   recover before the next start never reports it.
/// - **Dropping the log waits** for the batches and tasks that were handed to a thread.
pub trait CommitLog: Send {
    /// Whether no batch is in flight.
    fn is_idle(&self) -> bool;

    /// Hands over a batch, which must continue the batch submitted before. The log must be
    /// [idle](Self::is_idle).
    fn submit(&mut self, batch: Batch);

    /// The next report, if there is one.
    fn poll(&mut self) -> Option<CommitNews>;

    /// Runs a task outside the event loop, after all batches submitted so far. `poll` does not report its
    /// end.
    fn run(&self, task: Task);
}

impl CommitMode {
    /// Starts the local log, which continues the open segment of `writer`. Fails if the system cannot start a
    /// thread.
    pub fn start(&self, writer: Writer) -> io::Result<Box<dyn CommitLog>> {
        Ok(match self {
            Self::OnThread(waker) => {
                let waker = waker.clone();
                Box::new(CommitThread::start(writer, move || waker.wake())?)
            }
            Self::WhenPolled => Box::new(PolledCommitLog { writer, batch: None }),
        })
    }
}

/// The local log without a thread: [`poll`](CommitLog::poll) commits the batch, so that a simulation controls
/// the time of the commit.
pub struct PolledCommitLog {
    writer: Writer,
    batch: Option<Batch>,
}

impl CommitLog for PolledCommitLog {
    fn is_idle(&self) -> bool {
        self.batch.is_none()
    }

    fn submit(&mut self, batch: Batch) {
        debug_assert!(self.is_idle(), "one batch at a time");
        self.batch = Some(batch);
    }

    fn poll(&mut self) -> Option<CommitNews> {
        match self.batch.take() {
            Some(batch) => Some(CommitNews::Batch(self.writer.commit(batch))),
            None => self.writer.find_room().then_some(CommitNews::Room),
        }
    }

    fn run(&self, task: Task) {
        task();
    }
}

//! The commit log makes the batches of the journal durable, in order, without blocking the event loop.
//!
//! [`CommitLog`] is the contract. Its implementations are [`CommitThread`] for a server, and
//! [`PolledCommitLog`] for simulations and tests, which commits only when it is called. `shared` stores the
//! batches of a cluster in the shared log, on the thread or when it is called.

mod thread;
mod shared;

use std::io;
use std::sync::Arc;

use transport::wake::Waker;

use crate::journal::{Batch, CommitAck, JournalError, Writer};
use shared::PolledSharedLog;
pub use shared::{OpenSharedLog, SharedCommits, SimulatedTime};
pub use thread::CommitThread;

/// Selects the implementation that commits the batches.
#[derive(Clone)]
pub enum CommitMode {
    /// A thread commits each batch and then wakes the event loop.
    OnThread(Waker),
    /// Like `OnThread`, but the thread stores each batch in the shared log of the cluster first.
    Shared(Waker, SharedCommits),
    /// [`CommitLog::poll`] commits the batch on the calling thread.
    WhenPolled,
    /// Like `WhenPolled`, in a cluster.
    SharedWhenPolled(SharedCommits, SimulatedTime),
}

/// A task for the thread of a commit log.
pub type Task = Box<dyn FnOnce() + Send>;

#[derive(Debug)]
pub enum CommitNews {
    /// The result for the batch in flight.
    Batch(Result<CommitAck, JournalError>),
    /// The disk was full and has room again. The log accepts batches again.
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
///   appends to the next batch meanwhile. So a slow log gets larger batches, not a longer queue.
/// - **Acknowledged means durable.** After `Batch(Ok(ack))`, the log contains the submitted bytes as the
///   continuation of the batch that was acknowledged before. `ack.head` is the last record of the batch and
///   the chain after it. No later failure removes the batch. The bytes are then also in the local segments,
///   from which the journal reads their lines.
/// - **A failed batch is not acknowledged.** After `Batch(Err(..))`, the ledger discards the batch and all
///   later records, and restores the state of the last acknowledged batch from the local segments. With
///   [`JournalError::StorageFull`], the log does not contain the batch. With any other error, the log may
///   contain it, and a later startup may restore it. In both cases, clients can safely send a request again,
///   because the server stores each `id` once.
/// - **After a failure, the log refuses each batch** until it reports [`CommitNews::Room`]. A log that cannot
///   recover before the server restarts never reports `Room`.
/// - **Dropping the log waits** for the submitted batches and tasks.
pub trait CommitLog: Send {
    /// Whether no batch is in flight.
    fn is_idle(&self) -> bool;

    /// Submits a batch, which must follow the batch submitted before. The log must be [idle](Self::is_idle).
    fn submit(&mut self, batch: Batch);

    /// The next report, if there is one.
    fn poll(&mut self) -> Option<CommitNews>;

    /// Runs a task outside the event loop, after all submitted batches. `poll` does not report the end of the
    /// task.
    fn run(&self, task: Task);
}

impl CommitMode {
    /// Starts a commit log on the local disk. Returns an error if the system cannot start a thread.
    pub fn start(&self, writer: Writer) -> io::Result<Box<dyn CommitLog>> {
        Ok(match self {
            Self::OnThread(waker) => {
                let waker = waker.clone();
                Box::new(CommitThread::start(writer, move || waker.wake())?)
            }
            Self::Shared(waker, commits) => {
                let (waker, mut committer) = (waker.clone(), commits.committer()?);
                let commit = move |writer: &mut Writer, batch| committer.commit(writer, batch);
                Box::new(CommitThread::start_with(writer, commit, move || waker.wake())?)
            }
            Self::WhenPolled => Box::new(PolledCommitLog { writer, batch: None }),
            Self::SharedWhenPolled(commits, now) => {
                Box::new(PolledSharedLog::new(writer, commits.committer()?, Arc::clone(now)))
            }
        })
    }
}

/// A commit log without a thread. [`poll`](CommitLog::poll) commits the batch, so a simulation controls the
/// time of the commit.
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

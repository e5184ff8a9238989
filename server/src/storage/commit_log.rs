//! Who makes batches durable: a thread beside the event loop, or whoever drives the engine, in its own time.

use std::io;

use transport::wake::Waker;

use crate::journal::{Batch, CommitNews, CommitThread, Task, Writer};

/// How batches are made durable.
#[derive(Clone)]
pub enum CommitMode {
    /// On a thread, which wakes the event loop when it is done.
    OnThread(Waker),
    /// When the ledger is polled: for a simulation, where nothing happens by itself.
    WhenPolled,
}

/// What makes batches durable.
pub enum CommitLog {
    /// See [`CommitMode::OnThread`].
    OnThread(CommitThread),
    /// See [`CommitMode::WhenPolled`].
    WhenPolled {
        /// What writes.
        writer: Writer,
        /// What is to be written.
        batch: Option<Batch>,
    },
}

impl CommitLog {
    /// Starts with an open log.
    pub fn start(commits: &CommitMode, writer: Writer) -> io::Result<Self> {
        Ok(match commits {
            CommitMode::OnThread(waker) => {
                let waker = waker.clone();
                Self::OnThread(CommitThread::start(writer, move || waker.wake())?)
            }
            CommitMode::WhenPolled => Self::WhenPolled { writer, batch: None },
        })
    }

    /// Whether nothing is in flight: time to submit what has gathered.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        match self {
            Self::OnThread(syncer) => syncer.is_idle(),
            Self::WhenPolled { batch, .. } => batch.is_none(),
        }
    }

    /// Takes a batch. Only when [idle](Self::is_idle).
    pub fn submit(&mut self, next: Batch) {
        match self {
            Self::OnThread(syncer) => syncer.submit(next),
            Self::WhenPolled { batch, .. } => {
                debug_assert!(batch.is_none(), "one batch at a time");
                *batch = Some(next);
            }
        }
    }

    /// What became of the batch in flight, when that is known, or that a full disk has room again.
    pub fn poll(&mut self) -> Option<CommitNews> {
        match self {
            Self::OnThread(syncer) => syncer.poll(),
            Self::WhenPolled { writer, batch } => match batch.take() {
                Some(batch) => Some(CommitNews::Batch(writer.commit(batch))),
                None => writer.find_room().then_some(CommitNews::Room),
            },
        }
    }

    /// Has something else done without holding up the event loop.
    pub fn run(&self, task: Task) {
        match self {
            Self::OnThread(syncer) => syncer.run(task),
            Self::WhenPolled { .. } => task(),
        }
    }
}

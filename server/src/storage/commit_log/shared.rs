//! The commits of a node in a cluster: the shared log first, then the local disk. So the local log contains
//! committed batches only, and is always a prefix of the shared log.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use cluster::{Appending, Refused, SharedLog, Step};
use tracing::warn;
use transport::clock;

use super::{CommitLog, CommitNews, Task};
use crate::journal::{Batch, CommitAck, JournalError, Writer};

/// The maximum time that a batch waits for the shared log. Then the node no longer leads.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(2);

/// The time before the next question when an etcd server refused the connection.
const RETRY_DELAY: Duration = Duration::from_millis(20);

/// The number of batches that stay in the shared log for nodes that were down.
const WINDOW_BATCHES: u64 = 20_000;

/// The number of bytes after which the oldest batches are removed, and the number of batches.
const TRIM_EVERY_BYTES: u64 = 64 << 20;
const TRIM_EVERY_BATCHES: u64 = 5_000;

/// Opens a connection to the shared log.
pub type OpenSharedLog = Arc<dyn Fn() -> io::Result<Box<dyn SharedLog>> + Send + Sync>;

/// The shared log of a node in a cluster.
#[derive(Clone)]
pub struct SharedCommits {
    pub open: OpenSharedLog,
    /// The term in which this node leads; 0 while it does not lead.
    pub term: Arc<AtomicU64>,
}

impl SharedCommits {
    pub(super) fn committer(&self) -> io::Result<Committer> {
        Ok(Committer { log: (self.open)()?, term: Arc::clone(&self.term), bytes: 0, batches: 0 })
    }
}

/// Returns the monotonic time of a simulation.
pub type SimulatedTime = Arc<dyn Fn() -> Duration + Send + Sync>;

pub(super) struct Committer {
    log: Box<dyn SharedLog>,
    term: Arc<AtomicU64>,
    /// The bytes and the batches that were appended since the oldest batches were removed.
    bytes: u64,
    batches: u64,
}

impl Committer {
    /// Stores a batch of this node in the shared log, and then on the local disk. Writes a batch that was
    /// received from the shared log on the local disk only.
    pub(super) fn commit(&mut self, writer: &mut Writer, batch: Batch) -> Result<CommitAck, JournalError> {
        if !batch.is_received() {
            self.share(writer, &batch)?;
        }
        writer.commit(batch)
    }

    fn share(&mut self, writer: &Writer, batch: &Batch) -> Result<(), JournalError> {
        let (appending, started) = (self.begin(writer, batch), clock::now());
        let bytes = appending.batch().bytes.len();
        let mut may_wait = || {
            thread::sleep(RETRY_DELAY);
            clock::now().duration_since(started) < ANSWER_TIMEOUT
        };
        cluster::append(&mut *self.log, appending, &mut may_wait).map_err(JournalError::NotShared)?;
        self.appended(bytes);
        Ok(())
    }

    /// Begins to store a batch in the shared log.
    fn begin(&self, writer: &Writer, batch: &Batch) -> Appending {
        Appending::new(self.term.load(Ordering::Acquire), writer.shared(batch))
    }

    fn appended(&mut self, bytes: usize) {
        self.bytes += bytes as u64;
        self.batches += 1;
        self.trim();
    }

    /// Removes the oldest batches of the window from time to time: all but the newest [`WINDOW_BATCHES`], and
    /// fewer if the batches are large.
    fn trim(&mut self) {
        if self.bytes < TRIM_EVERY_BYTES && self.batches < TRIM_EVERY_BATCHES {
            return;
        }
        // `batches` batches had `bytes` bytes, so this number of batches has about `TRIM_EVERY_BYTES`.
        let fitting = self.batches.saturating_mul(2 * TRIM_EVERY_BYTES) / self.bytes.max(1);
        let window = WINDOW_BATCHES.min(fitting.max(1));
        (self.bytes, self.batches) = (0, 0);
        if let Err(error) = self.log.trim(window) {
            warn!(%error, "the oldest batches stay in etcd until the next attempt");
        }
    }
}

/// The commit log of a node in a cluster without a thread, for simulations. Each [`poll`](CommitLog::poll)
/// sends one request to the shared log, or writes the batch on the local disk.
pub(super) struct PolledSharedLog {
    writer: Writer,
    committer: Committer,
    now: SimulatedTime,
    stage: Option<Stage>,
}

/// The progress of the batch in flight.
enum Stage {
    /// The batch is not in the shared log, or this node does not know it yet.
    Sharing { batch: Batch, appending: Appending, since: Duration },
    /// The batch is in the shared log.
    Writing(Batch),
}

impl PolledSharedLog {
    pub(super) fn new(writer: Writer, committer: Committer, now: SimulatedTime) -> Self {
        Self { writer, committer, now, stage: None }
    }

    /// Sends one request to the shared log.
    fn share(&mut self, batch: Batch, mut appending: Appending, since: Duration) -> Option<CommitNews> {
        let is_late = (self.now)().saturating_sub(since) >= ANSWER_TIMEOUT;
        let refused = match appending.step(&mut *self.committer.log) {
            Step::Done(Ok(())) => {
                self.committer.appended(appending.batch().bytes.len());
                self.stage = Some(Stage::Writing(batch));
                return None;
            }
            Step::Done(Err(refused)) => refused,
            Step::Wait if is_late => Refused::Unavailable,
            Step::Wait | Step::Again => {
                self.stage = Some(Stage::Sharing { batch, appending, since });
                return None;
            }
        };
        Some(CommitNews::Batch(Err(JournalError::NotShared(refused))))
    }
}

impl CommitLog for PolledSharedLog {
    fn is_idle(&self) -> bool {
        self.stage.is_none()
    }

    fn submit(&mut self, batch: Batch) {
        debug_assert!(self.is_idle(), "one batch at a time");
        self.stage = Some(if batch.is_received() {
            Stage::Writing(batch)
        } else {
            let appending = self.committer.begin(&self.writer, &batch);
            Stage::Sharing { batch, appending, since: (self.now)() }
        });
    }

    fn poll(&mut self) -> Option<CommitNews> {
        match self.stage.take() {
            None => self.writer.find_room().then_some(CommitNews::Room),
            Some(Stage::Sharing { batch, appending, since }) => self.share(batch, appending, since),
            Some(Stage::Writing(batch)) => Some(CommitNews::Batch(self.writer.commit(batch))),
        }
    }

    fn run(&self, task: Task) {
        task();
    }
}

//! The commits of a node in a cluster: the shared log first, then the local disk. So the local log contains
//! committed batches only, and is always a prefix of the shared log.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use cluster::SharedLog;
use tracing::warn;
use transport::clock;

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
        let (shared, started) = (writer.shared(batch), clock::now());
        let mut may_wait = || {
            thread::sleep(RETRY_DELAY);
            clock::now().duration_since(started) < ANSWER_TIMEOUT
        };
        let term = self.term.load(Ordering::Acquire);
        cluster::append(&mut *self.log, term, &shared, &mut may_wait).map_err(JournalError::NotShared)?;
        self.bytes += shared.bytes.len() as u64;
        self.batches += 1;
        self.trim();
        Ok(())
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

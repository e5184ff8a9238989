//! The log that several nodes share: a window of it is in etcd, the archive is in the segments of each node.
//!
//! [`SharedLog`] is the contract. [`Etcd`] implements it on etcd, and [`Model`] in memory for tests. Every
//! change is one transaction that compares the term of the leader and the head of the log, so a writer that
//! was deposed, or whose log differs, can store nothing.

mod head;
mod resolve;
mod model;
mod etcd;
mod address;

pub use address::{Address, AddressError};
pub use etcd::{Broken, Etcd, Tls};
pub use head::{Head, HeadSyntax};
pub use model::Model;
pub use resolve::{Appending, Refused, Step, append};

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The maximum size of the value of a batch, in bytes: 512 KiB, one more line of 128 KiB, and the commit
/// line. etcd refuses requests of more than 1.5 MiB by default.
pub const BATCH_BYTES_MAX: usize = 656 * 1024;

/// A node of the cluster, as the other nodes see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Node {
    /// The name of the node, such as `n1`.
    pub name: String,
    /// The endpoint at which the other nodes connect to it.
    pub link: String,
    /// The endpoint at which clients send requests to it.
    pub clients: String,
}

/// The state of the shared log at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The number of the current leader's term. Each takeover begins a greater term.
    pub term: u64,
    /// The name of the leader; empty before the first takeover.
    pub leader: String,
    /// The end of the log.
    pub head: Head,
    /// All nodes that have registered.
    pub nodes: Vec<Node>,
}

/// A batch of the shared log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SharedBatch {
    pub before: Head,
    pub after: Head,
    /// The bytes of the batch in the segment, with the commit line.
    pub bytes: Vec<u8>,
}

/// The outcome of [`SharedLog::append`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Append {
    /// The batch is in the log.
    Stored,
    /// Another node has taken over. The batch is not in the log, unless an earlier attempt stored it.
    Deposed { term: u64 },
    /// The term is still the writer's, but the log does not end where the batch begins.
    Behind { head: Head },
    /// No answer: the batch may be in the log, or arrive there later.
    Unknown,
}

/// The outcome of [`SharedLog::take_over`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TakeOver {
    /// The caller leads. The log ends at `head` until the caller appends.
    Won { term: u64, head: Head },
    /// Another node was faster.
    Lost,
}

/// The outcome of [`SharedLog::follow`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Followed {
    /// The next batches, in order; none if there was none within the time.
    Batches(Vec<SharedBatch>),
    /// The window no longer contains the next batch: it begins after this position.
    Trimmed { start: Head },
    /// The log does not contain the position from which the caller follows.
    Diverged { head: Head },
}

/// No answer of the shared log. The request may still take effect.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("etcd does not answer: {0}")]
pub struct Unavailable(pub String);

impl Unavailable {
    /// Whether etcd refused a write because its quota is used.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.0.contains("database space exceeded")
    }
}

/// The shared log of a cluster. Calls block for a bounded time, so the event loop of a server never calls it.
pub trait SharedLog: Send {
    /// Appends a batch in one transaction, if the term is `term` and the log ends at `batch.before`.
    fn append(&mut self, term: u64, batch: &SharedBatch) -> Append;

    /// The state of the log. Linearizable: the result is not older than the call.
    fn standing(&mut self) -> Result<Standing, Unavailable>;

    /// The batches after `from`. Waits for at most `wait` if there are none.
    fn follow(&mut self, from: &Head, wait: Duration) -> Result<Followed, Unavailable>;

    /// Begins a new term with the leader `name` in one transaction, if the term is `seen`.
    fn take_over(&mut self, seen: u64, name: &str) -> Result<TakeOver, Unavailable>;

    /// Removes the oldest batches of the window, so that at most `batches` batches remain.
    fn trim(&mut self, batches: u64) -> Result<(), Unavailable>;

    /// Publishes the endpoints of a node.
    fn register(&mut self, node: &Node) -> Result<(), Unavailable>;
}

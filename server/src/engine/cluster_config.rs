//! The configuration of a node in a cluster, and its registration.

use cluster::{Head, Node, SharedLog, Standing, Unavailable};
use thiserror::Error as ThisError;
use transport::TransportError;

use crate::journal::JournalError;
use crate::replication::link::Link;
use crate::storage::commit_log::OpenSharedLog;
use crate::storage::ledger::LedgerError;

/// The number of attempts to register at startup. Each goes to another etcd server.
const REGISTER_ATTEMPTS: usize = 6;

/// A node of a cluster.
#[derive(Clone)]
pub struct ClusterConfig {
    pub name: String,
    pub node: String,
    /// Listen for the other nodes at this endpoint.
    pub link: String,
    /// The endpoint at which the other nodes connect. `None` means the endpoint at which the node listens.
    pub link_address: Option<String>,
    /// The endpoint at which clients send requests.
    pub clients: String,
    pub log: OpenSharedLog,
}

/// Why a node cannot stay in its cluster.
#[derive(Debug, ThisError)]
pub enum ClusterError {
    #[error(transparent)]
    Transport(#[from] TransportError),
    #[error(transparent)]
    Journal(#[from] JournalError),
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    #[error(transparent)]
    SharedLog(#[from] Unavailable),
    #[error("cannot start a thread: {0}")]
    Thread(#[from] std::io::Error),
    #[error(
        "the log of this node ends with record {} and chain {}, which the log of the cluster does not contain: \
         move the data folder away, and run `papo cluster join`", .0.record, .0.chain
    )]
    Diverged(Head),
}

/// Publishes the endpoints of the node, and returns the state of the log.
pub(super) fn register(
    log: &mut dyn SharedLog,
    config: &ClusterConfig,
    link: &Link,
) -> Result<Standing, Unavailable> {
    let node = Node {
        name: config.node.clone(),
        link: config.link_address.clone().unwrap_or_else(|| link.endpoint().to_owned()),
        clients: config.clients.clone(),
    };
    let mut registered = log.register(&node);
    for _ in 1..REGISTER_ATTEMPTS {
        if registered.is_ok() {
            break;
        }
        registered = log.register(&node);
    }
    registered?;
    log.standing()
}

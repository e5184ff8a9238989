//! A node in a cluster: who leads, which requests go to the leader, and the connections to the other nodes.
//!
//! [`election`] decides when the node takes over, and [`forwarding`] holds the requests that wait for the
//! leader. Both are pure. [`follower`] is the thread that reads the shared log, and [`link`] has the sockets
//! to the other nodes. [`contents`] exchanges file contents with them, [`catch_up`] receives batches that the
//! shared log no longer keeps, and [`applied`] waits until they have applied a record.
//! [`cluster_node`](crate::engine) drives them.

pub mod applied;
pub mod catch_up;
pub mod contents;
pub mod election;
pub mod follower;
pub mod forwarding;
pub mod link;
mod local_reads;

use cluster::Head;

/// The log of this node, which ends with this head, is not a part of the shared log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Differs(pub Head);

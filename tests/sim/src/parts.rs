//! The parts of a node, and the outcomes of its server.

use std::fmt;

use cluster::Unavailable;
use disk::faulty::Loss;
use server::engine::cluster_config::ClusterError;
use server::storage::ledger::LedgerError;

use crate::outlet::Outgoing;

/// A scheduled round of the event loop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Round {
    pub(crate) at_ms: u64,
    /// Whether the round only checks the time.
    pub(crate) is_idle: bool,
}

/// The model of the broker or of the proxy.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Role {
    pub(crate) is_up: bool,
    /// The number of kills. A frame that was in transit during a kill is lost.
    pub(crate) kills: u64,
}

impl Role {
    pub(crate) const UP: Self = Self { is_up: true, kills: 0 };

    pub(crate) fn kill(&mut self) {
        (self.is_up, self.kills) = (false, self.kills + 1);
    }
}

/// Why a server did not start.
#[derive(Debug)]
pub(crate) enum StartError {
    Ledger(LedgerError),
    SharedLog(Unavailable),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ledger(error) => error.fmt(f),
            Self::SharedLog(error) => error.fmt(f),
        }
    }
}

pub(crate) enum RoundEnd {
    /// The round succeeded with this output.
    Success(Outgoing),
    /// The power was cut during the round.
    PowerCut(Loss),
    /// The server stopped because its disk cannot be read.
    Failed(LedgerError),
    /// The server stopped because it cannot stay in its cluster.
    LeftCluster(ClusterError),
}

//! Where the engine sends replies and events.

use crate::outbound::Publication;
use crate::outbound::pending_request::PendingRequest;
use crate::storage::ledger::LedgerError;

/// The sockets of the server, or the network of a simulation.
pub trait Outlet {
    /// A failure of the sockets. An unreachable peer is not a failure.
    type Error;
    /// Sends the reply of an answered request. A client that does not receive it sends the request again.
    fn reply(&mut self, request: PendingRequest) -> Result<(), Self::Error>;
    /// Sends event lines of one topic.
    fn publish(&mut self, publication: Publication) -> Result<(), Self::Error>;
}

/// Why [`Engine::send`](super::Engine::send) failed.
#[derive(Debug)]
pub enum SendError<E> {
    Outlet(E),
    /// The disk cannot be read.
    Ledger(LedgerError),
}

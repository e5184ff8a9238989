//! Connections that another listener passes to the front, such as WebSockets of the gateway.

use std::net::IpAddr;

use tokio::io::DuplexStream;
use tokio::sync::mpsc::{Receiver, Sender, channel};

use crate::limits::ARRIVALS_MAX;

/// Passes connections to the front.
#[derive(Debug, Clone)]
pub struct Door(Sender<(DuplexStream, IpAddr)>);

/// The connections that a [`Door`] passes.
#[derive(Debug)]
pub struct Arrivals(pub(crate) Receiver<(DuplexStream, IpAddr)>);

impl Door {
    /// A door, and its end for the front.
    #[must_use]
    pub fn new() -> (Self, Arrivals) {
        let (door, arrivals) = channel(ARRIVALS_MAX);
        (Self(door), Arrivals(arrivals))
    }

    /// Passes the stream of a client with this address. Returns false if too many connections wait for the
    /// front, or if the front has stopped.
    #[must_use]
    pub fn open(&self, stream: DuplexStream, address: IpAddr) -> bool {
        self.0.try_send((stream, address)).is_ok()
    }
}

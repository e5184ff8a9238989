//! The sender of a request. The limits of logins count requests by sender.

use crate::domain::records::ClientKey;

/// The identity of a client for the limits. A client of the gateway has the sender in the tag of its request.
/// Any other client has its key or, without encryption, the address of its connection. Clients with the same
/// key count as one sender.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PeerId(Box<[u8]>);

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer {
    pub id: PeerId,
    /// The key that the client has proved to own; `None` without encryption.
    pub key: Option<ClientKey>,
}

impl Peer {
    /// Creates the peer from the key of a client and the address of its connection.
    #[must_use]
    pub fn new(key: Option<[u8; 32]>, address: impl FnOnce() -> Box<[u8]>) -> Self {
        let id = PeerId(key.map_or_else(address, |key| key.into()));
        Self { id, key: key.map(ClientKey::from_bytes) }
    }
}

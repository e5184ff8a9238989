//! Tests of the gateway on a real node: WebSocket, HTTP, and the API of the older systems.

mod cookies;
mod events;
pub(crate) mod files;
pub(crate) mod links;
mod hooks;
mod deliveries;
mod push;
mod bots;
mod backups;
mod legacy;
mod metrics;
mod monitors;
mod presence;
mod proxies;
mod requests;
mod rights;
mod sessions;
mod sites;
mod slow_readers;
mod transcripts;
mod tls;
mod authority;
mod websocket;

use e2e::{Node, Peer, peers};

/// Alice and bob, both members of `#ops`, on a node with a gateway.
fn team(node: &Node) -> [Peer; 2] {
    let [mut alice, mut bob] = peers(node, ["alice", "bob"]);
    alice.create("#ops").expect("a channel");
    bob.join("#ops").expect("a member");
    [alice, bob]
}

pub(crate) fn token(peer: &Peer) -> String {
    peer.session().token.to_string()
}

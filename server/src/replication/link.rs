//! The connections to the other nodes of the cluster. Each node listens on a ROUTER and has a DEALER to each
//! other node. All messages go through the DEALER of the sender, so the ROUTER only receives.
//!
//! The first frame of a message is a [`Header`] as JSON. CURVE admits only owners of the cluster's service
//! key, so the name in a header is the name of a node.

use std::collections::HashMap;

use cluster::{Head, Node};
use common::ContentHash;
use serde::{Deserialize, Serialize};
use tracing::warn;
use transport::security::NodeSecurity;
use transport::{Context, Frame, Kind, Sent, Socket, TransportError};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Header {
    /// The node has started: the receiver connects to it again.
    Hello { from: String },
    /// The node leads in this term. `lacks_answer` means that the shared log has not answered it recently.
    Heartbeat {
        from: String,
        term: u64,
        #[serde(default)]
        lacks_answer: bool,
    },
    /// A request of a client, for the leader of this term. Its frames follow, without the name of the broker.
    Forward { from: String, term: u64, ticket: u64 },
    /// The reply to a forwarded request: its lines and its bytes follow. The client receives it when the disk
    /// of its node has the record `position`.
    Reply { ticket: u64, position: u64 },
    /// A notice of presence or typing: its topic and its lines follow.
    Notice {},
    /// The sender has applied all records up to this one: they are on its disk, and their events are with its
    /// proxy. The answer to a heartbeat.
    Applied { from: String, record: u64 },
    /// The sender asks for a part of a file content.
    Fetch { from: String, sha256: ContentHash, offset: u64, length: u64 },
    /// A part of a file content. Its bytes follow; without bytes, the sender does not have the content.
    Part { from: String, sha256: ContentHash, offset: u64 },
    /// The leader asks the receiver to fetch a file content from it, and to keep it.
    Keep { from: String, sha256: ContentHash, bytes: u64 },
    /// The sender has this file content on its disk.
    Kept { from: String, sha256: ContentHash },
    /// The sender lacks the batches after `after`, up to `until`, and the shared log no longer keeps them.
    Lacking { from: String, after: Head, until: Head },
    /// The answer to `Lacking`. The bytes of the next batches follow, in frames of at most 256 KiB.
    Holding { from: String, after: Head, holding: Holding },
}

/// The answer of a node to [`Header::Lacking`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Holding {
    /// The bytes of the next batches follow.
    Batches,
    /// The node does not have the end of the asked batches, or cannot read them now.
    Lacks,
    /// The node reads its log for another node.
    Busy,
    /// The node has the end of the asked batches, and its log does not contain their beginning. So the log of
    /// the asking node is not a part of the shared log.
    Differs,
}

/// The connections of a node to the other nodes: sockets, or the network of a simulation. No call blocks.
pub trait NodeLink {
    /// The name of this node.
    fn name(&self) -> &str;

    /// Connects to the registered nodes, and greets each new one. Closes the connections to nodes that have
    /// left the cluster.
    fn connect(&mut self, nodes: &[Node]);

    /// Connects again to a node that has restarted, without the delay of a reconnection.
    fn greeted_by(&mut self, name: &str);

    /// Sends a message. Returns false if the node is unknown, or if too many messages wait for it.
    fn send(&self, to: &str, header: &Header, frames: impl IntoIterator<Item = Frame>) -> bool;

    /// Sends a message to all other nodes.
    fn broadcast(&self, header: &Header, frames: &[&[u8]]);

    /// Receives the next message: its header, and the other frames. A message without a valid header is
    /// skipped, because a newer version may have sent it.
    fn receive(&self, frames: &mut Vec<Frame>) -> Result<Option<Header>, TransportError>;
}

/// The sockets to the other nodes.
pub struct Link {
    name: String,
    context: Context,
    security: NodeSecurity,
    incoming: Socket,
    endpoint: String,
    /// The other nodes by name: their endpoints, and the sockets to them.
    outgoing: HashMap<String, (String, Socket)>,
}

impl Link {
    /// Listens at `endpoint` for the other nodes.
    pub fn bind(
        context: &Context,
        security: &NodeSecurity,
        endpoint: &str,
        name: &str,
    ) -> Result<Self, TransportError> {
        let incoming = context.socket(Kind::Server, &security.inner())?;
        let endpoint = incoming.bind(endpoint)?;
        Ok(Self {
            name: name.to_owned(),
            context: context.clone(),
            security: security.clone(),
            incoming,
            endpoint,
            outgoing: HashMap::new(),
        })
    }

    /// The endpoint at which the node listens.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    #[must_use]
    pub fn socket(&self) -> &Socket {
        &self.incoming
    }

    fn open(&self, endpoint: &str) -> Result<Socket, TransportError> {
        let socket = self.context.socket(Kind::Link, &self.security.link())?;
        socket.connect(endpoint)?;
        Ok(socket)
    }
}

impl NodeLink for Link {
    fn name(&self) -> &str {
        &self.name
    }

    fn connect(&mut self, nodes: &[Node]) {
        self.outgoing.retain(|name, _| nodes.iter().any(|node| node.name == *name));
        for node in nodes.iter().filter(|node| node.name != self.name) {
            if self.outgoing.get(&node.name).is_some_and(|(endpoint, _)| *endpoint == node.link) {
                continue;
            }
            match self.open(&node.link) {
                Ok(socket) => {
                    self.outgoing.insert(node.name.clone(), (node.link.clone(), socket));
                    self.send(&node.name, &Header::Hello { from: self.name.clone() }, []);
                }
                Err(error) => warn!(%error, node = node.name, "cannot connect to a node of the cluster"),
            }
        }
    }

    fn greeted_by(&mut self, name: &str) {
        let Some((endpoint, _)) = self.outgoing.get(name) else { return };
        let endpoint = endpoint.clone();
        if let Ok(socket) = self.open(&endpoint) {
            self.outgoing.insert(name.to_owned(), (endpoint, socket));
        }
    }

    fn send(&self, to: &str, header: &Header, frames: impl IntoIterator<Item = Frame>) -> bool {
        let Some((_, socket)) = self.outgoing.get(to) else { return false };
        let header = serde_json::to_vec(header).unwrap_or_default();
        let sent = socket.send([Frame::from(header)].into_iter().chain(frames));
        matches!(sent, Ok(Sent::Done))
    }

    fn broadcast(&self, header: &Header, frames: &[&[u8]]) {
        for name in self.outgoing.keys() {
            self.send(name, header, frames.iter().map(|frame| Frame::from(*frame)));
        }
    }

    fn receive(&self, frames: &mut Vec<Frame>) -> Result<Option<Header>, TransportError> {
        while self.incoming.receive(frames)? {
            if let Some(header) = frames.get(1).and_then(|header| serde_json::from_slice(header).ok()) {
                frames.drain(..2);
                return Ok(Some(header));
            }
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use transport::key_folder::KeyFolder;
    use transport::poll::{Watch, wait};

    fn receive(link: &Link) -> (Header, Vec<Vec<u8>>) {
        let mut frames = Vec::new();
        for _ in 0..100 {
            if let Some(header) = link.receive(&mut frames).expect("a message") {
                return (header, frames.iter().map(|frame| frame.to_vec()).collect());
            }
            wait(&[Watch::Readable(link.socket())], Some(Duration::from_millis(100))).expect("waiting");
        }
        panic!("no message");
    }

    fn node(link: &Link) -> Node {
        Node { name: link.name.clone(), link: link.endpoint().to_owned(), clients: String::new() }
    }

    #[test]
    fn nodes_with_the_same_keys_exchange_messages_and_others_are_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let security = |name: &str| {
            let keys = KeyFolder::new(folder.path().join(name));
            NodeSecurity::Encrypted {
                node: keys.node().expect("keys"),
                service: keys.service().expect("keys"),
            }
        };
        let context = Context::new();
        let open = |keys: &str, name: &str| {
            Link::bind(&context, &security(keys), "tcp://127.0.0.1:*", name).expect("a link")
        };
        let (mut one, mut two, mut stranger) =
            (open("cluster", "n1"), open("cluster", "n2"), open("other", "n3"));
        stranger.connect(&[node(&one)]);
        one.connect(&[node(&one), node(&two)]);
        two.connect(&[node(&one), node(&two)]);
        assert_eq!(receive(&two).0, Header::Hello { from: "n1".into() });
        assert_eq!(receive(&one).0, Header::Hello { from: "n2".into() });
        two.greeted_by("n1");
        let forward = Header::Forward { from: "n2".into(), term: 7, ticket: 3 };
        assert!(two.send("n1", &forward, ["client", "", "line"].map(Frame::from)));
        assert_eq!(receive(&one), (forward, vec![b"client".to_vec(), Vec::new(), b"line".to_vec()]));
        one.broadcast(&Header::Notice {}, &[b"topic", b"line\n"]);
        assert_eq!(receive(&two), (Header::Notice {}, vec![b"topic".to_vec(), b"line\n".to_vec()]));
        assert!(!two.send("n9", &Header::Notice {}, []));
    }
}

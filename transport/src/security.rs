//! How a socket is protected: said whenever one is made, so that none is unprotected by oversight.
//!
//! Encryption is CURVE (CurveZMQ, RFC 26). Who may come in is decided by the gatekeeper.

use crate::error::TransportError;
use crate::gatekeeper::Door;
use crate::keys::{KeyPair, PublicKey};
use crate::limits::CURVE_FRAME_BYTES_MORE;

/// The protection of one socket. `inproc://` stays within the process, and none of this applies to it.
#[derive(Debug, Clone, Default)]
pub enum Security {
    /// None, so the socket is for this machine only: loopback addresses and `ipc://`. Others are refused.
    #[default]
    Plain,
    /// None, wherever the endpoint is: anybody on the way may read, change and invent messages.
    PlainAnywhere,
    /// Listens: encrypted, for anybody who knows the node's public key.
    Outer {
        /// The node's pair.
        node: KeyPair,
    },
    /// Listens: encrypted, for the holder of one key only.
    Inner {
        /// The node's pair.
        node: KeyPair,
        /// Who is admitted.
        service: PublicKey,
    },
    /// Connects: encrypted, and only to the holder of the secret that belongs to `server`.
    Client {
        /// Whom to talk to.
        server: PublicKey,
        /// Who we are: a pair made for the occasion, or the node's service pair.
        own: KeyPair,
    },
}

/// What the roles of a node protect their sockets with.
#[derive(Debug, Clone)]
pub enum NodeSecurity {
    /// Nothing: the node is for this machine only.
    Plain,
    /// Nothing, by the operator's explicit wish.
    PlainAnywhere,
    /// CURVE.
    Encrypted {
        /// What clients know the node by.
        node: KeyPair,
        /// What the server role shows at the inner ports.
        service: KeyPair,
    },
}

impl NodeSecurity {
    /// For the ports of clients and subscribers.
    #[must_use]
    pub fn outer(&self) -> Security {
        match self {
            Self::Plain => Security::Plain,
            Self::PlainAnywhere => Security::PlainAnywhere,
            Self::Encrypted { node, .. } => Security::Outer { node: node.clone() },
        }
    }

    /// For the ports of the node's own server role.
    #[must_use]
    pub fn inner(&self) -> Security {
        match self {
            Self::Plain => Security::Plain,
            Self::PlainAnywhere => Security::PlainAnywhere,
            Self::Encrypted { node, service } => {
                Security::Inner { node: node.clone(), service: service.public }
            }
        }
    }

    /// For the server role, which connects to the inner ports.
    #[must_use]
    pub fn link(&self) -> Security {
        match self {
            Self::Plain => Security::Plain,
            Self::PlainAnywhere => Security::PlainAnywhere,
            Self::Encrypted { node, service } => {
                Security::Client { server: node.public, own: service.clone() }
            }
        }
    }

    /// For control sockets, which tell counters and no secrets: not encrypted, and for this machine only.
    #[must_use]
    pub fn control(&self) -> Security {
        match self {
            Self::Plain | Self::Encrypted { .. } => Security::Plain,
            Self::PlainAnywhere => Security::PlainAnywhere,
        }
    }

    /// What an invite says of the node: nothing when there is no key to rely on.
    #[must_use]
    pub fn public_key(&self) -> Option<PublicKey> {
        match self {
            Self::Plain | Self::PlainAnywhere => None,
            Self::Encrypted { node, .. } => Some(node.public),
        }
    }
}

impl Security {
    /// Who may come in at a socket that listens; None when libzmq does not ask.
    fn door(&self) -> Option<Door> {
        match self {
            Self::Plain | Self::PlainAnywhere | Self::Client { .. } => None,
            Self::Outer { .. } => Some(Door::Outer),
            Self::Inner { service, .. } => Some(Door::Inner(*service)),
        }
    }

    /// Whether a gatekeeper must be at work before a socket with this protection may listen.
    pub(crate) fn needs_gatekeeper(&self) -> bool {
        self.door().is_some()
    }

    /// Sets the options of a socket that was just made.
    pub(crate) fn apply(&self, socket: &zmq::Socket) -> Result<(), TransportError> {
        match self {
            Self::Plain | Self::PlainAnywhere => return Ok(()),
            Self::Outer { .. } | Self::Inner { .. } | Self::Client { .. } => has_curve(zmq::has("curve"))?,
        }
        self.set(socket).map_err(|source| TransportError::Socket { doing: "setting the keys", source })
    }

    fn set(&self, socket: &zmq::Socket) -> Result<(), zmq::Error> {
        match self {
            Self::Plain | Self::PlainAnywhere => return Ok(()),
            Self::Outer { node } | Self::Inner { node, .. } => {
                socket.set_curve_server(true)?;
                socket.set_curve_secretkey(node.secret.as_bytes())?;
            }
            Self::Client { server, own } => {
                socket.set_curve_serverkey(server.as_bytes())?;
                socket.set_curve_publickey(own.public.as_bytes())?;
                socket.set_curve_secretkey(own.secret.as_bytes())?;
            }
        }
        if let Some(door) = self.door() {
            socket.set_zap_domain(&door.to_string())?;
        }
        // libzmq measures frames as they are on the wire.
        socket.set_maxmsgsize(socket.get_maxmsgsize()?.saturating_add(CURVE_FRAME_BYTES_MORE))
    }

    /// Refuses to carry plain text over a network.
    pub(crate) fn permit(&self, endpoint: &str) -> Result<(), TransportError> {
        match self {
            Self::Plain if !stays_on_this_machine(endpoint) => {
                Err(TransportError::PlainTextElsewhere { endpoint: endpoint.to_owned() })
            }
            Self::Plain
            | Self::PlainAnywhere
            | Self::Outer { .. }
            | Self::Inner { .. }
            | Self::Client { .. } => Ok(()),
        }
    }
}

fn has_curve(answer: Option<bool>) -> Result<(), TransportError> {
    if answer == Some(true) { Ok(()) } else { Err(TransportError::NoCurve) }
}

/// Whether what goes through `endpoint` never leaves the machine. `localhost` is taken at its word.
#[must_use]
pub fn stays_on_this_machine(endpoint: &str) -> bool {
    let Some(address) = endpoint.strip_prefix("tcp://") else {
        return endpoint.starts_with("ipc://") || endpoint.starts_with("inproc://");
    };
    let host = address.rsplit_once(':').map_or(address, |(host, _port)| host);
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    let is_loopback = |address: std::net::IpAddr| address.to_canonical().is_loopback();
    host.eq_ignore_ascii_case("localhost") || bare.parse().is_ok_and(is_loopback)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_leaves_the_machine_is_known() {
        for local in [
            "tcp://127.0.0.1:5555",
            "tcp://127.9.9.9:*",
            "tcp://[::1]:5555",
            "tcp://[::ffff:127.0.0.1]:1",
            "tcp://localhost:5555",
            "tcp://LocalHost:0",
            "ipc:///run/papo/clients",
            "inproc://clients",
        ] {
            assert!(stays_on_this_machine(local), "{local}");
        }
        for elsewhere in [
            "tcp://*:5555",
            "tcp://0.0.0.0:5555",
            "tcp://[::]:5555",
            "tcp://192.168.1.7:5555",
            "tcp://eth0:5555",
            "tcp://127.0.0.1.example.org:5555",
            "tcp://localhost.example.org:5555",
            "tcp://127.0.0.1:0;192.0.2.1:5555",
            "tcp://192.0.2.1;127.0.0.1:5555",
            "tcp://",
            "pgm://eth0;239.192.1.1:5555",
            "",
        ] {
            assert!(!stays_on_this_machine(elsewhere), "{elsewhere}");
        }
    }

    #[test]
    fn a_libzmq_without_curve_is_refused_and_what_to_install_is_said() {
        assert!(has_curve(Some(true)).is_ok());
        for answer in [Some(false), None] {
            assert_eq!(
                has_curve(answer).expect_err("a refusal").to_string(),
                "this libzmq cannot encrypt: install one that is built with libsodium (Debian and Ubuntu: apt \
                 install libzmq5; Fedora: dnf install zeromq; Homebrew: brew install zeromq), or stay on this \
                 machine with --plaintext"
            );
        }
    }
}

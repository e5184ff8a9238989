//! The protection of sockets. Every socket is created with a [`Security`], so no socket is unprotected by
//! mistake.
//!
//! Encryption is CURVE (CurveZMQ, RFC 26). The ZAP handler decides which peers may connect.

use crate::error::TransportError;
use crate::keys::{KeyPair, PublicKey};
use crate::limits::CURVE_OVERHEAD_BYTES;
use crate::zap_handler::ZapDomain;

/// The protection of one socket. It does not apply to `inproc://` endpoints, which stay within the process.
#[derive(Debug, Clone, Default)]
pub enum Security {
    /// No encryption. Only endpoints of this machine are accepted: loopback addresses and `ipc://`.
    #[default]
    Plain,
    /// No encryption, on any endpoint: an attacker on the network can read, change and forge messages.
    PlainAnywhere,
    /// For a socket that listens. Encrypted. Admits all peers that know the node's public key.
    Outer { node: KeyPair },
    /// For a socket that listens. Encrypted. Admits only the owner of one key.
    Inner {
        node: KeyPair,
        /// The key of the only peer that is admitted.
        service: PublicKey,
    },
    /// For a socket that connects. Encrypted. Connects only to the owner of the secret key of `server`.
    Client {
        server: PublicKey,
        /// A key pair for this connection, or the node's service pair.
        own: KeyPair,
    },
}

/// The protection of all sockets of a node.
#[derive(Debug, Clone)]
pub enum NodeSecurity {
    /// No encryption: the node serves this machine only.
    Plain,
    /// No encryption on any network. The operator must request it explicitly.
    PlainAnywhere,
    Encrypted {
        /// The pair that identifies the node to clients.
        node: KeyPair,
        /// The pair with which the node's own roles connect.
        service: KeyPair,
    },
}

impl NodeSecurity {
    /// The protection of the ports for clients and subscribers.
    #[must_use]
    pub fn outer(&self) -> Security {
        match self {
            Self::Plain => Security::Plain,
            Self::PlainAnywhere => Security::PlainAnywhere,
            Self::Encrypted { node, .. } => Security::Outer { node: node.clone() },
        }
    }

    /// The protection of the inner ports, to which the node's own server role connects.
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

    /// The protection of the sockets with which the node's own roles connect: the server to the inner ports,
    /// the gateway and the IRC front to the ports for clients and subscribers.
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

    /// The protection of control sockets. Control sockets report no secrets, so they are not encrypted. They
    /// serve only this machine, unless the operator permits plain text on any network.
    #[must_use]
    pub fn control(&self) -> Security {
        match self {
            Self::Plain | Self::Encrypted { .. } => Security::Plain,
            Self::PlainAnywhere => Security::PlainAnywhere,
        }
    }

    /// The key of the node's own roles; `None` without encryption.
    #[must_use]
    pub fn service_key(&self) -> Option<PublicKey> {
        match self {
            Self::Plain | Self::PlainAnywhere => None,
            Self::Encrypted { service, .. } => Some(service.public),
        }
    }

    /// The key in the node's invite; `None` without encryption.
    #[must_use]
    pub fn public_key(&self) -> Option<PublicKey> {
        match self {
            Self::Plain | Self::PlainAnywhere => None,
            Self::Encrypted { node, .. } => Some(node.public),
        }
    }
}

impl Security {
    /// The ZAP domain of a socket that listens; `None` if the socket needs no ZAP handler.
    fn zap_domain(&self) -> Option<ZapDomain> {
        match self {
            Self::Plain | Self::PlainAnywhere | Self::Client { .. } => None,
            Self::Outer { .. } => Some(ZapDomain::Outer),
            Self::Inner { service, .. } => Some(ZapDomain::Inner(*service)),
        }
    }

    /// Whether a ZAP handler must run before a socket with this protection listens.
    pub(crate) fn needs_zap_handler(&self) -> bool {
        self.zap_domain().is_some()
    }

    /// Sets the options of a new socket.
    pub(crate) fn apply(&self, socket: &zmq::Socket) -> Result<(), TransportError> {
        match self {
            Self::Plain | Self::PlainAnywhere => return Ok(()),
            Self::Outer { .. } | Self::Inner { .. } | Self::Client { .. } => has_curve(zmq::has("curve"))?,
        }
        self.set(socket).map_err(|source| TransportError::Socket { action: "set the keys", source })
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
        if let Some(zap_domain) = self.zap_domain() {
            socket.set_zap_domain(&zap_domain.to_string())?;
        }
        // libzmq measures frames after encryption.
        socket.set_maxmsgsize(socket.get_maxmsgsize()?.saturating_add(CURVE_OVERHEAD_BYTES))
    }

    /// Refuses endpoints that would send plain text over a network.
    pub(crate) fn check_endpoint(&self, endpoint: &str) -> Result<(), TransportError> {
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

/// Whether messages through `endpoint` stay on this machine. Treats `localhost` as a loopback address without
/// resolving it.
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
    fn endpoints_on_other_machines_are_recognised() {
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
        for remote in [
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
            assert!(!stays_on_this_machine(remote), "{remote}");
        }
    }

    #[test]
    fn a_libzmq_without_curve_is_refused_with_the_packages_to_install() {
        assert!(has_curve(Some(true)).is_ok());
        for answer in [Some(false), None] {
            assert_eq!(
                has_curve(answer).expect_err("CURVE is missing").to_string(),
                "this libzmq cannot encrypt: install one that is built with libsodium (Debian and Ubuntu: apt \
                 install libzmq5; Fedora: dnf install zeromq; Homebrew: brew install zeromq), or stay on this \
                 machine with --plaintext"
            );
        }
    }
}

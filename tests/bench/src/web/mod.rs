//! The gateway in the bench: its own process, WebSockets, and the sessions of many users.

pub(crate) mod frames;
pub(crate) mod receiver;
pub(crate) mod sender;
pub(crate) mod sessions;
pub(crate) mod socket;

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpStream};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result};
use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, connect, socket_with};
use serde_json::Value;

use crate::papo::Node;
use crate::process::Process;

/// The maximum number of connections that the gateway accepts from one user.
pub(crate) const CONNECTIONS_PER_USER: usize = 20;

/// Connections of one address. The gateway accepts 50 new ones per second.
const CONNECTIONS_PER_ADDRESS: usize = 50;

/// Maximum wait for a reply.
const ANSWER_WAIT: Duration = Duration::from_secs(30);

/// A gateway in its own process.
pub(crate) struct Gateway {
    pub(crate) process: Process,
    pub(crate) address: SocketAddr,
}

impl Gateway {
    /// Starts a gateway for an encrypted node with this data folder.
    pub(crate) fn start(papo: &Path, node: &Node, data: &Path, flags: &[&str]) -> Result<Self> {
        let mut command = Command::new(papo);
        command.args(["gateway", "--broker", &node.clients, "--proxy", &node.subscribers]);
        command.args(["--web=127.0.0.1:0", "--metrics=off", "--role-controls=off"]);
        command.args(["--control", "tcp://127.0.0.1:0", "--keys"]).arg(data.join("keys")).args(flags);
        let (process, ready) = Process::start_until_ready(&mut command)?;
        let address = address(&ready, "web").context("the gateway has no address")?;
        Ok(Self { process, address })
    }
}

/// The address for WebSockets (`web`) or IRC clients (`irc`) in a ready line.
pub(crate) fn address(ready: &Value, front: &str) -> Option<SocketAddr> {
    ready.get(front).and_then(Value::as_str).and_then(|address| address.parse().ok())
}

/// Connects as the client with this number. Many addresses of the loopback network are the sources, because
/// the gateway limits each address.
pub(crate) fn connect_as(number: usize, to: SocketAddr) -> Result<TcpStream> {
    let first = u32::from(Ipv4Addr::new(127, 0, 1, 1));
    let source = Ipv4Addr::from(first + u32::try_from(number / CONNECTIONS_PER_ADDRESS)?);
    let connection = socket_with(AddressFamily::INET, SocketType::STREAM, SocketFlags::CLOEXEC, None)?;
    bind(&connection, &SocketAddrV4::new(source, 0))?;
    connect(&connection, &to)?;
    let stream = TcpStream::from(connection);
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(ANSWER_WAIT))?;
    Ok(stream)
}

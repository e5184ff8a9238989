//! The IRC front: any IRC client is a client of papo. Each connection has its own session of the node.
//!
//! A tokio thread runs a task for each connection, and the relay thread owns the ZeroMQ sockets. The front
//! adds and relaxes no right: the server decides about each request.

mod connection;
mod door;
mod inbox;
mod limits;
mod listener;
mod protocol;
mod rate;
mod relay;
mod shared;
mod tls;
mod topics;
mod waiting;
#[doc(hidden)]
pub mod fuzzing;

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread;

use transport::control::Control;
use transport::security::NodeSecurity;
use transport::shutdown::Shutdown;
use transport::wake::Wake;
use transport::{Context, TransportError, clock};

pub use crate::door::{Arrivals, Door};
pub use crate::tls::Tls;

use crate::relay::{Relay, RelayHandle, Sockets};
use crate::shared::{Settings, Shared};

#[derive(Debug, thiserror::Error)]
pub enum IrcError {
    #[error(transparent)]
    Transport(#[from] TransportError),
    #[error("{address} is in use by another program: stop it, or choose another port with --irc")]
    InUse { address: SocketAddr },
    #[error("cannot listen at {address}: {source}. Choose another address with --irc")]
    Listen { address: SocketAddr, source: io::Error },
    #[error(
        "--irc {address} would serve IRC without encryption to other machines, and everyone on the network could \
         read the passwords: use --irc-tls, or use --irc-insecure if the network itself is protected"
    )]
    PlainText { address: SocketAddr },
    #[error("--irc-guests needs a loopback address: with it, everyone gets an account without a password")]
    OpenGuests,
    #[error("--irc-name {name}: write a name without spaces, such as irc.example.org")]
    BadName { name: String },
    #[error("cannot start the IRC front: {0}")]
    Start(io::Error),
}

/// The flags of the front, and the endpoints of the other roles.
#[derive(Debug, Clone)]
pub struct Config {
    pub broker: String,
    pub proxy: String,
    pub control: String,
    pub address: SocketAddr,
    /// The name of the server, which precedes its replies.
    pub name: String,
    /// The description of the server, which WHOIS and LINKS show.
    pub description: String,
    /// The address to which clients post files, such as `https://chat.example/upload`; `None` if the front
    /// knows none.
    pub uploads: Option<String>,
    /// Serve other machines without encryption.
    pub is_insecure: bool,
    /// Give a client without a password an account. For tests.
    pub has_guests: bool,
}

/// The ways to the front, beside plain text.
#[derive(Default)]
pub struct Access {
    /// The encryption of the listener; `None` for plain text.
    pub tls: Option<Tls>,
    /// The connections of other listeners.
    pub arrivals: Option<Arrivals>,
}

pub struct Irc {
    relay: Relay,
    listener: TcpListener,
    tls: Option<Tls>,
    arrivals: Option<Arrivals>,
    shared: Arc<Shared>,
}

impl Irc {
    /// Listens at the address of `config`, and connects to broker and proxy.
    pub fn bind(
        context: &Context,
        config: &Config,
        Access { tls, arrivals }: Access,
        security: &NodeSecurity,
    ) -> Result<Self, IrcError> {
        let Config { broker, proxy, control, address, name, description, uploads, is_insecure, has_guests } =
            config;
        let is_local = address.ip().is_loopback();
        if !is_local && *has_guests {
            return Err(IrcError::OpenGuests);
        }
        if !is_local && !is_insecure && tls.is_none() {
            return Err(IrcError::PlainText { address: *address });
        }
        if name.is_empty() || name.len() > 63 || name.contains(|c: char| !c.is_ascii_graphic() || c == ':') {
            return Err(IrcError::BadName { name: name.clone() });
        }
        let listener = listen(*address)?;
        let control = Control::bind(context, control, &security.control())?;
        let (waker, wake) = Wake::new()?;
        let (handle, inputs) = RelayHandle::new(waker);
        let problems = tls.as_ref().map(|tls| Arc::clone(&tls.problems));
        let sockets = Sockets { context, security: security.link(), broker, proxy, control, problems };
        let relay = Relay::new(sockets, wake, inputs)?;
        let settings = Settings {
            name: name.clone(),
            description: description.clone(),
            uploads: uploads.clone().filter(|address| connection::is_token_value(address)),
            has_guests: *has_guests,
            started_ms: clock::unix_ms(),
        };
        Ok(Self { relay, listener, tls, arrivals, shared: Arc::new(Shared::new(settings, handle)) })
    }

    #[must_use]
    pub fn control(&self) -> &str {
        self.relay.control()
    }

    /// The actual address, with the port that the system chose.
    #[must_use]
    pub fn address(&self) -> Option<SocketAddr> {
        self.listener.local_addr().ok()
    }

    /// Serves until `shutdown` is requested. Then closes the connections of all clients.
    pub fn run(self, shutdown: &Shutdown) -> Result<(), IrcError> {
        let Self { relay, listener, tls, arrivals, shared } = self;
        tracing::info!(address = ?listener.local_addr().ok(), "IRC front started");
        let relay_shutdown = Shutdown::new();
        relay_shutdown.watch(shared.relay.waker());
        thread::scope(|scope| {
            let relay = thread::Builder::new().name("papo-irc-zmq".to_owned()).spawn_scoped(scope, || {
                let ended = relay.run(&relay_shutdown);
                shutdown.request();
                ended
            });
            let served = listener::serve((listener, tls), arrivals, &shared, shutdown);
            shutdown.request();
            relay_shutdown.request();
            let relayed = relay.map_err(IrcError::Start)?.join();
            relayed.unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
            tracing::info!("IRC front stopped");
            served
        })
    }
}

fn listen(address: SocketAddr) -> Result<TcpListener, IrcError> {
    let listener = TcpListener::bind(address).map_err(|source| {
        if source.kind() == io::ErrorKind::AddrInUse {
            IrcError::InUse { address }
        } else {
            IrcError::Listen { address, source }
        }
    })?;
    listener.set_nonblocking(true).map_err(IrcError::Start)?;
    Ok(listener)
}

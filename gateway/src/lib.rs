//! The gateway: HTTP and WebSocket for browsers, scripts and monitors. No other crate names HTTP.
//!
//! The gateway is a thin relay. One thread owns the ZeroMQ sockets and the pure `hub`, a tokio thread owns
//! the connections of the clients. The gateway grants no rights: the server decides about each request, and
//! the key of a topic is a capability.

mod close;
mod connection_id;
mod courier;
mod hooks;
mod hub;
mod http;
mod limits;
mod link;
mod metrics;
mod outbound;
mod push_encryption;
mod relay;
mod tls;
mod token;
#[doc(hidden)]
pub mod fuzzing;

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;

pub use http::irc::IrcDoor;
pub use http::uploads::uploads_at;
pub use ipnet::IpNet;
pub use tls::lan;
pub use tls::lines::{LineAcceptor, LineTls};
pub use tls::{AcmeConfig, LETS_ENCRYPT, TlsConfig, TlsError};
use transport::control::Control;
use transport::security::NodeSecurity;
use transport::shutdown::Shutdown;
use transport::wake::Wake;
use transport::{Context, TransportError};

use crate::http::guard::Origins;
use crate::http::web::Web;
use crate::link::HubHandle;
use crate::metrics::Gauges;
use crate::metrics::pages::Statuses;
use crate::relay::{Relay, Sockets, random};
use crate::tls::Tls;
use crate::tls::certificate::load_roots;

#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    #[error(transparent)]
    Transport(#[from] TransportError),
    #[error(
        "{address} is in use by another program: stop that program, choose another port with {flag}, or \
         disable this listener with {flag} off"
    )]
    InUse { flag: &'static str, address: SocketAddr },
    #[error("cannot listen at {address}: {source}. Choose another address with {flag}")]
    Listen { flag: &'static str, address: SocketAddr, source: io::Error },
    #[error(
        "--web {address} would serve plain HTTP to other machines, and everyone on the network could read the \
         sessions: use --web-tls, put a reverse proxy with TLS in front and name it with --trusted-proxy, or use \
         --web-insecure if the network itself is protected"
    )]
    PlainHttp { address: SocketAddr },
    #[error("--web-origin {origin}: write a scheme and a host, such as https://chat.example")]
    BadOrigin { origin: String },
    #[error(transparent)]
    Tls(#[from] TlsError),
    #[error("cannot start the gateway: {0}")]
    Start(io::Error),
}

/// The flags of the gateway, and the endpoints of the other roles.
#[derive(Debug, Clone)]
pub struct Config {
    pub broker: String,
    pub proxy: String,
    pub control: String,
    /// The address for browsers and scripts; `None` if it is off.
    pub web: Option<SocketAddr>,
    /// The address for monitors; `None` if it is off.
    pub metrics: Option<SocketAddr>,
    /// The origins, such as `https://chat.example`, under which a reverse proxy serves the gateway.
    pub origins: Vec<String>,
    /// The reverse proxies whose `X-Forwarded-For` and `X-Forwarded-Proto` the gateway trusts.
    pub trusted_proxies: Vec<IpNet>,
    /// The internal networks to which outgoing webhooks may deliver.
    pub hooks_allow: Vec<IpNet>,
    /// A file in PEM with root certificates that outgoing webhooks trust in addition to those of the system.
    pub hooks_root: Option<PathBuf>,
    /// Serve plain HTTP to other machines.
    pub insecure: bool,
    /// The source of the certificate; `None` for plain HTTP.
    pub tls: Option<TlsConfig>,
    /// Serve the API of the older systems.
    pub legacy_api: bool,
    /// The IRC front of this process; `None` if it has none.
    pub irc: Option<IrcDoor>,
    /// Serve the page from this folder instead of the embedded files, for its development.
    pub web_folder: Option<PathBuf>,
    /// The folder on whose file system posted files wait until their hash is known. They have no names there.
    pub scratch_folder: PathBuf,
    /// The control endpoints of the other roles, for `/metrics` and `/readyz`.
    pub statuses: Vec<String>,
}

impl Config {
    /// The origins of the flags, and those of the domains of the certificate.
    fn origins(&self) -> Vec<String> {
        let domains = match &self.tls {
            None => &[][..],
            Some(TlsConfig::Files { domains, .. }) => domains,
            Some(TlsConfig::Acme(acme)) => &acme.domains,
        };
        self.origins.iter().cloned().chain(domains.iter().map(|domain| format!("https://{domain}"))).collect()
    }
}

pub struct Gateway {
    relay: Relay,
    web: Option<TcpListener>,
    metrics: Option<TcpListener>,
    state: Web,
    tls: Option<Tls>,
}

impl Gateway {
    /// Listens at the addresses of `config`, and connects to broker and proxy.
    pub fn bind(context: &Context, config: &Config, security: &NodeSecurity) -> Result<Self, GatewayError> {
        if let Some(address) = config.web
            && config.tls.is_none()
            && !(address.ip().is_loopback() || config.insecure || !config.trusted_proxies.is_empty())
        {
            return Err(GatewayError::PlainHttp { address });
        }
        let origins = Origins::new(&config.origins())?;
        let hooks_roots = config.hooks_root.as_deref().map(load_roots).transpose()?.unwrap_or_default();
        let tls = config.tls.as_ref().map(Tls::new).transpose()?;
        let certificates = tls.as_ref().map(|tls| Arc::clone(&tls.certificates));
        let web = config.web.map(|address| listen("--web", address)).transpose()?;
        let metrics = config.metrics.map(|address| listen("--metrics", address)).transpose()?;
        let control = Control::bind(context, &config.control, &security.control())?;
        let (waker, wake) = Wake::new()?;
        let (hub, inputs) = HubHandle::new(waker.clone(), random());
        let gauges = Arc::new(Gauges::default());
        let (broker, proxy) = (&*config.broker, &*config.proxy);
        let sockets = Sockets { context, security: security.link(), broker, proxy, control, certificates };
        let relay = Relay::new(sockets, (waker, wake), inputs, Arc::clone(&gauges))?;
        let statuses = config.statuses.iter().cloned().chain([relay.control().to_owned()]).collect();
        let statuses = Statuses::new(context.clone(), statuses);
        let state = Web::new(hub, gauges, statuses, origins, hooks_roots, config);
        Ok(Self { relay, web, metrics, state, tls })
    }

    #[must_use]
    pub fn control(&self) -> &str {
        self.relay.control()
    }

    /// The actual address for browsers, with the port that the system chose.
    #[must_use]
    pub fn web(&self) -> Option<SocketAddr> {
        self.web.as_ref().and_then(|listener| listener.local_addr().ok())
    }

    /// The origin of the addresses in links, such as `https://chat.example`: the first configured one, or the
    /// address of the listener. `None` if other machines need a name that the gateway does not know.
    #[must_use]
    pub fn origin(&self) -> Option<String> {
        let listener = self.web().filter(|address| !address.ip().is_unspecified());
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        let known = self.state.origins().first().map(str::to_owned);
        known.or_else(|| listener.map(|address| format!("{scheme}://{address}")))
    }

    /// The address to which a client of another front posts files; `None` if clients cannot reach it.
    #[must_use]
    pub fn uploads(&self) -> Option<String> {
        let origin = self.origin().filter(|_| self.web.is_some())?;
        Some(uploads_at(&origin))
    }

    /// The actual address for monitors.
    #[must_use]
    pub fn metrics(&self) -> Option<SocketAddr> {
        self.metrics.as_ref().and_then(|listener| listener.local_addr().ok())
    }

    /// TLS with the certificates of the gateway for the listener of another role; `None` without `--web-tls`.
    pub fn line_tls(&self) -> Result<Option<LineTls>, TlsError> {
        self.tls.as_ref().map(|tls| LineTls::sharing(&tls.certificates)).transpose()
    }

    /// Serves until `shutdown` is requested. Then closes the connections of all clients.
    pub fn run(self, shutdown: &Shutdown) -> Result<(), GatewayError> {
        let Self { relay, web, metrics, state, tls } = self;
        shutdown.watch(state.hub.waker());
        tracing::info!(web = ?address_of(web.as_ref()), metrics = ?address_of(metrics.as_ref()), "gateway started");
        let relay_shutdown = Shutdown::new();
        relay_shutdown.watch(state.hub.waker());
        thread::scope(|scope| {
            let relay =
                thread::Builder::new().name("papo-gateway-zmq".to_owned()).spawn_scoped(scope, || {
                    let ended = relay.run(&relay_shutdown);
                    shutdown.request();
                    ended
                });
            let served = http::web::serve((web, tls), metrics, state, shutdown);
            shutdown.request();
            relay_shutdown.request();
            let relayed = relay.map_err(GatewayError::Start)?.join();
            relayed.unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
            tracing::info!("gateway stopped");
            served
        })
    }
}

fn listen(flag: &'static str, address: SocketAddr) -> Result<TcpListener, GatewayError> {
    let listener = TcpListener::bind(address).map_err(|source| {
        if source.kind() == io::ErrorKind::AddrInUse {
            GatewayError::InUse { flag, address }
        } else {
            GatewayError::Listen { flag, address, source }
        }
    })?;
    listener.set_nonblocking(true).map_err(GatewayError::Start)?;
    Ok(listener)
}

fn address_of(listener: Option<&TcpListener>) -> Option<SocketAddr> {
    listener.and_then(|listener| listener.local_addr().ok())
}

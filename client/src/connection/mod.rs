//! The server that the client connects to, and its key. The key is from an invite, from the stored keys, or
//! from the folder of a node on this machine. The key of an invite is stored after the first answer: the
//! answer proves that the server has the secret key.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::builder::FalseyValueParser;
use transport::endpoint::{self, Use};
use transport::invite::Invite;
use transport::key_folder::{KeyFolder, KeyFolderError};
use transport::keys::{KeyPair, PublicKey};
use transport::security::{Security, stays_on_this_machine};

use crate::cli_error::CliError;
use crate::config::{Config, LastServer};
use crate::local_error::{KeySource, LocalError};

/// The maximum number of endpoints of one server. The client tries all endpoints within half a minute.
const ENDPOINTS_MAX: usize = 8;

/// The endpoint of a node without configuration.
const DEFAULT_ENDPOINT: &str = "tcp://127.0.0.1:5555";

/// The folder of the keys in the data folder of a node.
const KEYS_FOLDER: &str = "keys";

/// How long a command waits for an answer of the node on this machine.
const LOCAL_TIMEOUT: Duration = Duration::from_secs(5);

/// Options about the server and the user's own folder.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Connection {
    /// Connect to this server: an invite (papo://<key>@host:port, or with a join code to register
    /// papo://<key>@host:port/<code>), or tcp://host:port if the server is known or runs on this machine.
    /// Separate several endpoints of one node by commas; when one does not answer, papo tries the next.
    /// [default: tcp://127.0.0.1:5555 if --data is the data folder of a node, else the server that answered
    /// last]
    #[arg(long, value_name = "ENDPOINT", env = "PAPO_SERVER", value_delimiter = ',')]
    server: Vec<String>,
    /// Subscribe to events at this endpoint, in a network where the endpoint that the node advertises does
    /// not reach the proxy.
    #[arg(long, value_name = "ENDPOINT", env = "PAPO_EVENTS_AT")]
    events_at: Option<String>,
    /// Read the key of a node on this machine from its data folder.
    #[arg(long, value_name = "DIR", env = "PAPO_DATA", default_value = "data")]
    data: PathBuf,
    /// Do not encrypt, for a node that runs with --plaintext. For loopback addresses and ipc:// only.
    #[arg(long, env = "PAPO_PLAINTEXT", value_parser = FalseyValueParser::new())]
    plaintext: bool,
    /// Do not encrypt, on any network. Everybody between you and the server can read and change all data.
    #[arg(long, env = "PAPO_PLAINTEXT_ANYWHERE", value_parser = FalseyValueParser::new())]
    plaintext_anywhere: bool,
    /// Store sessions and the keys of servers in this folder instead of ~/.config/papo.
    #[arg(long, value_name = "DIR", env = "PAPO_CONFIG")]
    pub(crate) config: Option<PathBuf>,
    /// Wait at most this long for an answer of the server.
    #[arg(long, value_name = "SECONDS", env = "PAPO_TIMEOUT", default_value = "5", value_parser = parse_seconds)]
    pub(crate) timeout: Duration,
}

pub(crate) fn parse_seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    seconds.filter(|timeout| !timeout.is_zero()).ok_or_else(|| "give a number of seconds above 0".to_owned())
}

/// One address of a server, with the keys for the connection.
#[derive(Debug, Clone)]
pub(crate) struct Endpoint {
    /// The ZeroMQ endpoint. Sessions are stored under it.
    pub(crate) address: String,
    /// The key that the server must have, and the key pair of this client.
    pub(crate) security: Security,
    /// The join code of the invite, for a registration. It is not stored.
    pub(crate) join_code: Option<String>,
    /// The text that is stored as the last server. `None` if the key is from the folder of a node: then
    /// nothing is stored.
    stored_as: Option<String>,
    /// The endpoint for subscriptions. `None`: the node advertises it.
    pub(crate) events_at: Option<String>,
}

impl Endpoint {
    /// The key that the server must have.
    fn key(&self) -> Option<PublicKey> {
        match &self.security {
            Security::Client { server, .. } => Some(*server),
            Security::Plain | Security::PlainAnywhere | Security::Outer { .. } | Security::Inner { .. } => {
                None
            }
        }
    }

    /// The address of the node with a join code; only the code if the connection is not encrypted TCP.
    pub(crate) fn address_with(&self, code: &str) -> String {
        let invite = self.key().and_then(|key| Invite::for_endpoint(key, &self.address, None).ok().flatten());
        let invite = invite.and_then(|invite| invite.with_join_code(code).ok());
        invite.map_or_else(|| code.to_owned(), |invite| invite.to_string())
    }

    /// Whether the connection is not encrypted.
    pub(crate) fn is_plain(&self) -> bool {
        match self.security {
            Security::Plain | Security::PlainAnywhere => true,
            Security::Client { .. } | Security::Outer { .. } | Security::Inner { .. } => false,
        }
    }
}

/// A server with all its endpoints. Its key and addresses are stored after its first answer.
pub(crate) struct KnownServer {
    pub(crate) endpoints: Vec<Endpoint>,
    config: Config,
    /// The endpoints that have answered, by index.
    answered: BTreeSet<usize>,
}

impl KnownServer {
    pub(crate) fn new(endpoints: Vec<Endpoint>, config: Config) -> Self {
        Self { endpoints, config, answered: BTreeSet::new() }
    }

    /// Records an answer from an endpoint, which proves that the server has the key. Stores the key, the
    /// client's own key pair, and the server as the default server.
    pub(crate) fn record_answer(&mut self, endpoint: usize) -> Result<(), CliError> {
        if !self.answered.insert(endpoint) {
            return Ok(());
        }
        let Some(here) = self.endpoints.get(endpoint) else { return Ok(()) };
        if let Security::Client { server, own } = &here.security {
            self.config.own_keys().store_client(server, own).map_err(LocalError::Keys)?;
        }
        if here.stored_as.is_none() {
            return Ok(());
        }
        if let Some(key) = here.key()
            && self.config.known_key(host(&here.address))?.is_none()
        {
            self.config.store_key(host(&here.address), key)?;
        }
        let all: Option<Vec<_>> = self.endpoints.iter().map(|endpoint| endpoint.stored_as.clone()).collect();
        all.map_or(Ok(()), |all| self.config.store_last_server(last_server(here.is_plain()), &all))
    }
}

impl Connection {
    /// The options for a node whose data folder is on this machine.
    pub(crate) fn to_local_node(server: String, data: &Path, config: Option<PathBuf>) -> Self {
        Self {
            server: vec![server],
            events_at: None,
            data: data.to_owned(),
            plaintext: false,
            plaintext_anywhere: false,
            config,
            timeout: LOCAL_TIMEOUT,
        }
    }

    /// Returns the options with the default server filled in. A second connection then uses the same server.
    pub(crate) fn with_server(&self) -> Result<Self, CliError> {
        let server = self.servers(&Config::new(self.config.clone())?)?;
        Ok(Self { server, ..self.clone() })
    }

    /// Returns the server of the command line. Without one, the node of the data folder, or else the last
    /// server that answered.
    fn servers(&self, config: &Config) -> Result<Vec<String>, CliError> {
        if !self.server.is_empty() {
            return Ok(self.server.clone());
        }
        let is_plain = self.plaintext || self.plaintext_anywhere;
        let is_node_here = !is_plain && self.key_on_this_machine()?.is_some();
        let last = if is_node_here { None } else { config.last_server(last_server(is_plain))? };
        Ok(last.unwrap_or_else(|| vec![DEFAULT_ENDPOINT.to_owned()]))
    }

    /// Returns the endpoints of the server with their keys. All endpoints must have the same key, because
    /// they receive the same token.
    pub(crate) fn endpoints(&self, config: &Config) -> Result<Vec<Endpoint>, CliError> {
        let servers = self.servers(config)?;
        if servers.len() > ENDPOINTS_MAX {
            return Err(LocalError::TooManyEndpoints(ENDPOINTS_MAX).into());
        }
        if let Some(events_at) = &self.events_at {
            endpoint::check(events_at, Use::Connect)?;
        }
        let with_events_at = |endpoint| Endpoint { events_at: self.events_at.clone(), ..endpoint };
        let endpoints: Vec<_> = servers
            .iter()
            .map(|server| self.endpoint(server.trim(), config).map(with_events_at))
            .collect::<Result<_, _>>()?;
        let mut keys = endpoints.iter().map(Endpoint::key);
        let first = keys.next().flatten();
        if keys.any(|key| key != first) {
            return Err(LocalError::DifferentKeys.into());
        }
        Ok(endpoints)
    }

    fn endpoint(&self, server: &str, config: &Config) -> Result<Endpoint, CliError> {
        let plain = |security| {
            let stored_as = Some(server.to_owned());
            Ok(Endpoint { address: server.to_owned(), security, join_code: None, stored_as, events_at: None })
        };
        if server.starts_with("papo://") {
            return self.endpoint_from_invite(server, config);
        }
        if self.plaintext_anywhere {
            return plain(Security::PlainAnywhere);
        }
        if self.plaintext {
            return plain(Security::Plain);
        }
        let host = host(server);
        let known = config.known_key(host)?;
        let own = if stays_on_this_machine(server) { self.key_on_this_machine()? } else { None };
        match (known, own) {
            (Some(known), Some(own)) if known != own => {
                Err(key_changed(host, KeySource::Folder(self.data.join(KEYS_FOLDER)), config))
            }
            (Some(key), _) => {
                let invite = Invite::for_endpoint(key, server, None).map_err(LocalError::NoInvite)?;
                encrypted(config, server.to_owned(), key, invite.map(|invite| invite.to_string()))
            }
            (None, Some(key)) => encrypted(config, server.to_owned(), key, None),
            (None, None) => Err(key_unknown(server, &self.data)),
        }
    }

    /// Accepts any key for an unknown server, and only the stored key for a known server.
    fn endpoint_from_invite(&self, server: &str, config: &Config) -> Result<Endpoint, CliError> {
        let mut invite: Invite = server.parse().map_err(LocalError::NoInvite)?;
        let join_code = invite.take_join_code();
        if self.plaintext || self.plaintext_anywhere {
            return Err(LocalError::InviteInPlainText.into());
        }
        let (endpoint, key) = (invite.endpoint(), invite.key());
        match config.known_key(host(&endpoint))? {
            Some(known) if known != key => Err(key_changed(host(&endpoint), KeySource::Invite, config)),
            Some(_) | None => {
                let stored_as = Some(invite.to_string());
                encrypted(config, endpoint, key, stored_as).map(|endpoint| Endpoint { join_code, ..endpoint })
            }
        }
    }

    fn key_on_this_machine(&self) -> Result<Option<PublicKey>, CliError> {
        match KeyFolder::new(self.data.join(KEYS_FOLDER)).node_public() {
            Ok(key) => Ok(Some(key)),
            Err(KeyFolderError::None(_)) => Ok(None),
            Err(error) => Err(LocalError::Keys(error).into()),
        }
    }
}

/// Connects with the stored key pair, by which the server recognises a client that has logged in before, or
/// with a new one.
fn encrypted(
    config: &Config,
    address: String,
    server: PublicKey,
    stored_as: Option<String>,
) -> Result<Endpoint, CliError> {
    let own = match config.own_keys().client(&server).map_err(LocalError::Keys)? {
        Some(own) => own,
        None => KeyPair::generate()?,
    };
    Ok(Endpoint {
        address,
        security: Security::Client { server, own },
        join_code: None,
        stored_as,
        events_at: None,
    })
}

/// Plain-text servers are stored separately: only a user with `--plaintext` connects to them.
fn last_server(is_plain: bool) -> LastServer {
    if is_plain { LastServer::InPlainText } else { LastServer::Encrypted }
}

/// The name under which the key of a server is stored.
fn host(endpoint: &str) -> &str {
    endpoint.strip_prefix("tcp://").unwrap_or(endpoint)
}

fn key_changed(host: &str, source: KeySource, config: &Config) -> CliError {
    LocalError::KeyChanged { source, host: host.to_owned(), known_hosts: config.known_hosts() }.into()
}

fn key_unknown(server: &str, data: &Path) -> CliError {
    let data = stays_on_this_machine(server).then(|| data.to_owned());
    LocalError::KeyUnknown { server: server.to_owned(), data }.into()
}

#[cfg(test)]
mod tests;

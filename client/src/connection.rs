//! The server that the client connects to, and its key. The key is from an invite, from the stored keys, or
//! from the folder of a node on this machine. The key of an invite is stored after the first answer: the
//! answer proves that the server has the secret key.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::builder::FalseyValueParser;
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

/// Options about the server and the user's own folder.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Connection {
    /// Connect to this server: an invite (papo://<key>@host:port, with /<join code> for `papo register`), or tcp://host:port if the server is known
    /// or runs on this machine. Separate several endpoints of one node by commas; when one does not answer,
    /// papo tries the next. [default: tcp://127.0.0.1:5555 if --data is the data folder of a node, else the
    /// server that answered last]
    #[arg(long, value_name = "ENDPOINT", env = "PAPO_SERVER", value_delimiter = ',')]
    server: Vec<String>,
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
    /// The text that is stored as the last server. `None` if the key is from the folder of a node: then
    /// nothing is stored.
    stored_as: Option<String>,
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

    /// The invite with a join code; only the code if the connection is not encrypted TCP.
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
        let endpoints: Vec<_> =
            servers.iter().map(|server| self.endpoint(server.trim(), config)).collect::<Result<_, _>>()?;
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
            Ok(Endpoint { address: server.to_owned(), security, join_code: None, stored_as })
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
            (Some(key), _) => encrypted(config, server.to_owned(), key, Some(format!("papo://{key}@{host}"))),
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
    Ok(Endpoint { address, security: Security::Client { server, own }, join_code: None, stored_as })
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
mod tests {
    use super::*;

    const SERVER: &str = "tcp://chat.example:5555";

    struct Fixture {
        folder: tempfile::TempDir,
    }

    impl Fixture {
        fn new() -> Self {
            Self { folder: tempfile::tempdir().expect("a folder") }
        }

        /// The endpoints of a command line with their keys, or the error.
        fn endpoint(&self, line: &str) -> String {
            self.endpoints(line, false)
        }

        /// Like `endpoint`, but the server answers at the first endpoint.
        fn answered(&self, line: &str) -> String {
            self.endpoints(line, true)
        }

        fn endpoints(&self, line: &str, answers: bool) -> String {
            #[derive(clap::Parser)]
            struct Program {
                #[command(flatten)]
                connection: Connection,
            }
            let data = self.folder.path().join("data");
            let flags = ["papo", "--data", data.to_str().expect("UTF-8")];
            let arguments = flags.into_iter().chain(line.split_whitespace());
            let connection = <Program as clap::Parser>::parse_from(arguments).connection;
            let config = Config::new(Some(self.folder.path().join("config"))).expect("a config");
            let shown = |endpoint: Endpoint| match endpoint.key() {
                Some(key) => format!("{} {key}", endpoint.address),
                None => format!("{} plain", endpoint.address),
            };
            let endpoints = connection.endpoints(&config).inspect(|endpoints| {
                let mut server = KnownServer::new(endpoints.clone(), config.clone());
                if answers {
                    server.record_answer(0).expect("stored");
                }
            });
            match endpoints {
                Ok(endpoints) => endpoints.into_iter().map(shown).collect::<Vec<_>>().join(", "),
                Err(failure) => failure.to_string().replace(&self.folder.path().display().to_string(), "~"),
            }
        }
    }

    fn invite() -> (PublicKey, String) {
        let key = KeyPair::generate().expect("a key pair").public;
        (key, Invite::new(key, "chat.example", 5555).expect("an invite").to_string())
    }

    #[test]
    fn the_key_of_the_first_answered_invite_is_stored() {
        let fixture = Fixture::new();
        let (key, right) = invite();
        let (_, mistyped) = invite();
        fixture.endpoint(&format!("--server {mistyped}"));
        let expected = format!("{SERVER} {key}");
        assert_eq!(fixture.answered(&format!("--server {right}")), expected);
        assert_eq!(fixture.endpoint(&format!("--server {SERVER}")), expected);
        assert_eq!(fixture.endpoint(&format!("--server {right}")), expected);
    }

    /// A server does not lock out a client that has logged in before, and recognises it by its key.
    #[test]
    fn a_client_keeps_its_own_key_pair_for_each_node_that_answered() {
        let fixture = Fixture::new();
        let config = Config::new(Some(fixture.folder.path().join("config"))).expect("a config");
        let own = |key: PublicKey| {
            let stored = config.own_keys().client(&key).expect("a folder that can be read");
            stored.map(|pair| pair.public)
        };
        let (key, invite) = self::invite();
        fixture.endpoint(&format!("--server {invite}"));
        assert_eq!(own(key), None, "a server that does not answer leaves nothing behind");
        fixture.answered(&format!("--server {invite}"));
        let first = own(key).expect("stored");
        fixture.answered("");
        assert_eq!(own(key), Some(first));
        let (other, invite) = self::invite();
        fixture.answered(&format!("--server {invite}"));
        assert_ne!(own(other), Some(first), "two nodes cannot recognise one user");
    }

    #[test]
    fn the_server_that_answered_last_is_the_default() {
        let fixture = Fixture::new();
        let (key, invite) = invite();
        let last = format!("{SERVER} {key}");
        fixture.answered(&format!("--server {invite}"));
        fixture
            .endpoint(&format!("--server {}", Invite::new(key, "silent.example", 5555).expect("an invite")));
        assert_eq!(fixture.endpoint(""), last);
        assert_eq!(
            fixture.endpoint("--plaintext"),
            format!("{DEFAULT_ENDPOINT} plain"),
            "--plaintext does not select an encrypted server"
        );
        fixture.answered("--plaintext --server tcp://127.0.0.1:7");
        assert_eq!(fixture.endpoint("--plaintext"), "tcp://127.0.0.1:7 plain");
        assert_eq!(fixture.endpoint(""), last, "a server in plain text is not the default");

        let here = KeyFolder::new(fixture.folder.path().join("data/keys")).node().expect("keys").public;
        assert_eq!(fixture.answered(""), format!("{DEFAULT_ENDPOINT} {here}"), "the node's own machine");
        std::fs::remove_dir_all(fixture.folder.path().join("data")).expect("removed");
        assert_eq!(fixture.endpoint(""), last, "the local node was not stored");
    }

    #[test]
    fn all_endpoints_of_the_last_server_are_stored() {
        let fixture = Fixture::new();
        let key = KeyPair::generate().expect("a key pair").public;
        let [one, other] =
            ["a.example", "b.example"].map(|host| Invite::new(key, host, 5555).expect("an invite"));
        let both = fixture.answered(&format!("--server {one},{other}"));
        assert_eq!(fixture.endpoint(""), both);
        let refused = fixture.endpoint("--server tcp://b.example:5555");
        assert!(refused.starts_with("the key of tcp://b.example:5555 is not known"), "{refused}");
    }

    #[test]
    fn a_changed_key_is_refused_with_its_causes_and_a_remedy() {
        let fixture = Fixture::new();
        let (key, first) = invite();
        fixture.answered(&format!("--server {first}"));
        let (_, second) = invite();
        insta::assert_snapshot!(fixture.endpoint(&format!("--server {second}")), @r#"the key in the invite is not the known key of chat.example:5555. Either its operator made new keys (`papo keys rotate`) or set the node up again, or somebody impersonates it and would read everything. Ask the operator, but not over this chat. If the key is right, delete "chat.example:5555" from ~/config/known_hosts.json and try again"#);
        assert_eq!(
            fixture.endpoint(&format!("--server {SERVER}")),
            format!("{SERVER} {key}"),
            "the stored key is kept"
        );
    }

    #[test]
    fn the_key_of_a_node_on_this_machine_is_in_its_folder() {
        let fixture = Fixture::new();
        let key = KeyFolder::new(fixture.folder.path().join("data/keys")).node().expect("keys").public;
        assert_eq!(fixture.endpoint(""), format!("tcp://127.0.0.1:5555 {key}"));
        assert_eq!(fixture.endpoint("--server ipc:///run/papo"), format!("ipc:///run/papo {key}"));
        insta::assert_snapshot!(fixture.endpoint(&format!("--server {SERVER}")), @"the key of tcp://chat.example:5555 is not known: ask its operator for the invite (`papo invite` prints it) and use --server <invite> once; or use --plaintext if the node runs with it");
        let other = Invite::new(invite().0, "127.0.0.1", 5555).expect("an invite");
        fixture.answered(&format!("--server {other}"));
        let refused = fixture.endpoint("");
        assert!(refused.starts_with("the node's key in ~/data/keys is not the known key of"), "{refused}");
    }

    #[test]
    fn a_server_without_a_known_key_is_refused() {
        let fixture = Fixture::new();
        insta::assert_snapshot!(fixture.endpoint(""), @"the key of tcp://127.0.0.1:5555 is not known: ask its operator for the invite (`papo invite` prints it) and use --server <invite> once; or, if the node's data folder is not ~/data, use --data <its folder>; or use --plaintext if the node runs with it");
        insta::assert_snapshot!(fixture.endpoint("--server papo://oops@h:1"), @"an invite has a key of 64 hexadecimal digits before the @: papo://<key>@host:port");
    }

    #[test]
    fn several_endpoints_must_have_one_key() {
        let fixture = Fixture::new();
        let key = KeyPair::generate().expect("a key pair").public;
        let [one, other] =
            ["a.example", "b.example"].map(|host| Invite::new(key, host, 5555).expect("an invite"));
        let both = format!("tcp://a.example:5555 {key}, tcp://b.example:5555 {key}");
        assert_eq!(fixture.endpoint(&format!("--server {one},{other}")), both);
        fixture.answered(&format!("--server {one}"));
        fixture.answered(&format!("--server {other}"));
        assert_eq!(fixture.endpoint("--server tcp://a.example:5555 --server tcp://b.example:5555"), both);
        insta::assert_snapshot!(fixture.endpoint(&format!("--server {one},{}", invite().1)), @"the endpoints have different keys: give only endpoints of the same node, because the node receives your session");
        insta::assert_snapshot!(fixture.endpoint(&format!("--plaintext --server {}", ["tcp://127.0.0.1:1"; 9].join(","))), @"give at most 8 endpoints of a server");
    }

    #[test]
    fn plain_text_needs_a_flag() {
        let fixture = Fixture::new();
        assert_eq!(fixture.endpoint("--plaintext"), "tcp://127.0.0.1:5555 plain");
        assert_eq!(
            fixture.endpoint(&format!("--plaintext-anywhere --server {SERVER}")),
            format!("{SERVER} plain")
        );
        insta::assert_snapshot!(fixture.endpoint(&format!("--plaintext --server {}", invite().1)), @"an invite is for an encrypted connection: leave out --plaintext, or use tcp://host:port");
    }
}

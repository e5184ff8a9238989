//! Which server to talk to, and the key it must have: from an invite, from what is known already, or, for a node on
//! this machine, from its own folder. What an invite says is written down when the server has answered: only who has
//! the key can.

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

/// Endpoints of one server: more than anybody runs, and all are tried within half a minute.
const ENDPOINTS_MAX: usize = 8;

/// Where a node listens unless told otherwise.
const LOCAL: &str = "tcp://127.0.0.1:5555";

/// Where a node keeps its keys in its data folder.
const KEYS_FOLDER: &str = "keys";

/// Which server, and on whose behalf.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Connection {
    /// Where the server is: an invite (papo://<key>@host:port), or tcp://host:port for one that is known already or
    /// runs on this machine. Several, given one by one or with commas between, are ways to the same node: when one
    /// does not answer, the next is tried. [default: tcp://127.0.0.1:5555 if the data folder of a node is here, else
    /// the server that answered last]
    #[arg(long, value_name = "ENDPOINT", env = "PAPO_SERVER", value_delimiter = ',')]
    server: Vec<String>,
    /// The data folder of a node on this machine: its key is read there.
    #[arg(long, value_name = "DIR", env = "PAPO_DATA", default_value = "data")]
    data: PathBuf,
    /// Do not encrypt, for a node that runs with --plaintext; for loopback addresses and ipc:// only.
    #[arg(long, env = "PAPO_PLAINTEXT", value_parser = FalseyValueParser::new())]
    plaintext: bool,
    /// Do not encrypt, on any network: whoever is on the way can read, change and invent everything.
    #[arg(long, env = "PAPO_PLAINTEXT_ANYWHERE", value_parser = FalseyValueParser::new())]
    plaintext_anywhere: bool,
    /// Where sessions and the keys of servers are kept, instead of ~/.config/papo.
    #[arg(long, value_name = "DIR", env = "PAPO_CONFIG")]
    pub(crate) config: Option<PathBuf>,
    /// How long the server may take to answer, in seconds.
    #[arg(long, value_name = "SECONDS", env = "PAPO_TIMEOUT", default_value = "5", value_parser = seconds)]
    pub(crate) timeout: Duration,
}

/// Reads a number of seconds.
pub(crate) fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    seconds.filter(|timeout| !timeout.is_zero()).ok_or_else(|| "say a number of seconds above 0".to_owned())
}

/// One address of a server, with the keys to talk to it.
#[derive(Debug, Clone)]
pub(crate) struct Endpoint {
    /// As ZeroMQ writes it; sessions are kept under it.
    pub(crate) address: String,
    /// With the key that the server must have, and a pair of our own that nobody else ever sees.
    pub(crate) security: Security,
    /// What leads here again, wherever papo is started. Nothing when the key is from a folder.
    again: Option<String>,
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

    /// Whether nothing is encrypted on the way.
    pub(crate) fn is_plain(&self) -> bool {
        match self.security {
            Security::Plain | Security::PlainAnywhere => true,
            Security::Client { .. } | Security::Outer { .. } | Security::Inner { .. } => false,
        }
    }
}

/// A server with all its endpoints; writes its key and addresses to the config once it has answered.
pub(crate) struct KnownServer {
    pub(crate) endpoints: Vec<Endpoint>,
    config: Config,
    /// At which endpoints it has answered.
    answered: BTreeSet<usize>,
}

impl KnownServer {
    pub(crate) fn new(endpoints: Vec<Endpoint>, config: Config) -> Self {
        Self { endpoints, config, answered: BTreeSet::new() }
    }

    /// The server has answered at one of its endpoints, and so has the key that it must have. From now on it is known by
    /// it, and gone to when no other is named.
    pub(crate) fn answers_at(&mut self, endpoint: usize) -> Result<(), CliError> {
        if !self.answered.insert(endpoint) {
            return Ok(());
        }
        let Some(here) = self.endpoints.get(endpoint).filter(|here| here.again.is_some()) else {
            return Ok(());
        };
        if let Some(key) = here.key()
            && self.config.known_key(host(&here.address))?.is_none()
        {
            self.config.know(host(&here.address), key)?;
        }
        let all: Option<Vec<_>> = self.endpoints.iter().map(|endpoint| endpoint.again.clone()).collect();
        all.map_or(Ok(()), |all| self.config.remember(last_server(here.is_plain()), &all))
    }
}

impl Connection {
    /// With the server that is meant when none is named, so that a second connection goes to the same one.
    pub(crate) fn settled(&self) -> Result<Self, CliError> {
        let server = self.servers(&Config::new(self.config.clone())?)?;
        Ok(Self { server, ..self.clone() })
    }

    /// The server that was named; else the node whose data folder is here; else the one that answered last.
    fn servers(&self, config: &Config) -> Result<Vec<String>, CliError> {
        if !self.server.is_empty() {
            return Ok(self.server.clone());
        }
        let is_plain = self.plaintext || self.plaintext_anywhere;
        let is_node_here = !is_plain && self.key_on_this_machine()?.is_some();
        let last = if is_node_here { None } else { config.last_server(last_server(is_plain))? };
        Ok(last.unwrap_or_else(|| vec![LOCAL.to_owned()]))
    }

    /// Finds out how to talk to the server, at each of its endpoints. All must have one key: a token is shown to all of
    /// them, and only one node's.
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
        let plain =
            |security| Ok(Endpoint { address: server.to_owned(), security, again: Some(server.to_owned()) });
        if server.starts_with("papo://") {
            return self.invited(server, config);
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
                Err(changed(host, KeySource::Folder(self.data.join(KEYS_FOLDER)), config))
            }
            (Some(key), _) => encrypted(server.to_owned(), key, Some(format!("papo://{key}@{host}"))),
            (None, Some(key)) => encrypted(server.to_owned(), key, None),
            (None, None) => Err(unknown(server, &self.data)),
        }
    }

    /// The first invite to a server that answers is believed; another key than that is not.
    fn invited(&self, server: &str, config: &Config) -> Result<Endpoint, CliError> {
        let invite: Invite = server.parse().map_err(LocalError::NoInvite)?;
        if self.plaintext || self.plaintext_anywhere {
            return Err(LocalError::InviteInPlainText.into());
        }
        let (endpoint, key) = (invite.endpoint(), invite.key());
        match config.known_key(host(&endpoint))? {
            Some(known) if known != key => Err(changed(host(&endpoint), KeySource::Invite, config)),
            Some(_) | None => encrypted(endpoint, key, Some(invite.to_string())),
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

fn encrypted(address: String, server: PublicKey, again: Option<String>) -> Result<Endpoint, CliError> {
    let own = KeyPair::generate()?;
    Ok(Endpoint { address, security: Security::Client { server, own }, again })
}

/// Under which of the two the last server is remembered: nobody is led to plain text who has not asked for it.
fn last_server(is_plain: bool) -> LastServer {
    if is_plain { LastServer::InPlainText } else { LastServer::Encrypted }
}

/// Under which name a server is known.
fn host(endpoint: &str) -> &str {
    endpoint.strip_prefix("tcp://").unwrap_or(endpoint)
}

fn changed(host: &str, source: KeySource, config: &Config) -> CliError {
    LocalError::KeyChanged { source, host: host.to_owned(), known_hosts: config.known_hosts() }.into()
}

fn unknown(server: &str, data: &Path) -> CliError {
    let data = stays_on_this_machine(server).then(|| data.to_owned());
    LocalError::KeyUnknown { server: server.to_owned(), data }.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERVER: &str = "tcp://chat.example:5555";

    struct Stage {
        folder: tempfile::TempDir,
    }

    impl Stage {
        fn new() -> Self {
            Self { folder: tempfile::tempdir().expect("a folder") }
        }

        /// The key that is relied on, `plain`, or why there is none.
        fn endpoint(&self, line: &str) -> String {
            self.endpoints(line, false)
        }

        /// The same, and the server answers at the first endpoint.
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
            let words = flags.into_iter().chain(line.split_whitespace());
            let connection = <Program as clap::Parser>::parse_from(words).connection;
            let config = Config::new(Some(self.folder.path().join("config"))).expect("a config");
            let shown = |endpoint: Endpoint| match endpoint.key() {
                Some(key) => format!("{} {key}", endpoint.address),
                None => format!("{} plain", endpoint.address),
            };
            let endpoints = connection.endpoints(&config).inspect(|endpoints| {
                let mut server = KnownServer::new(endpoints.clone(), config.clone());
                if answers {
                    server.answers_at(0).expect("written down");
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
    fn the_first_invite_that_is_answered_is_believed_and_makes_the_server_known() {
        let stage = Stage::new();
        let (key, right) = invite();
        let (_, mistyped) = invite();
        stage.endpoint(&format!("--server {mistyped}"));
        let expected = format!("{SERVER} {key}");
        assert_eq!(stage.answered(&format!("--server {right}")), expected);
        assert_eq!(stage.endpoint(&format!("--server {SERVER}")), expected);
        assert_eq!(stage.endpoint(&format!("--server {right}")), expected);
    }

    #[test]
    fn the_server_that_answered_last_is_gone_to_when_none_is_named() {
        let stage = Stage::new();
        let (key, invite) = invite();
        let last = format!("{SERVER} {key}");
        stage.answered(&format!("--server {invite}"));
        stage.endpoint(&format!("--server {}", Invite::new(key, "silent.example", 5555).expect("an invite")));
        assert_eq!(stage.endpoint(""), last);
        assert_eq!(stage.endpoint("--plaintext"), format!("{LOCAL} plain"), "not led to it by plain text");
        stage.answered("--plaintext --server tcp://127.0.0.1:7");
        assert_eq!(stage.endpoint("--plaintext"), "tcp://127.0.0.1:7 plain");
        assert_eq!(stage.endpoint(""), last, "nor to plain text");

        let here = KeyFolder::new(stage.folder.path().join("data/keys")).node().expect("keys").public;
        assert_eq!(stage.answered(""), format!("{LOCAL} {here}"), "the node's own machine");
        std::fs::remove_dir_all(stage.folder.path().join("data")).expect("removed");
        assert_eq!(stage.endpoint(""), last, "which is not remembered elsewhere");
    }

    #[test]
    fn all_ways_to_the_last_server_are_remembered() {
        let stage = Stage::new();
        let key = KeyPair::generate().expect("a key pair").public;
        let [one, other] =
            ["a.example", "b.example"].map(|host| Invite::new(key, host, 5555).expect("an invite"));
        let both = stage.answered(&format!("--server {one},{other}"));
        assert_eq!(stage.endpoint(""), both);
        let refused = stage.endpoint("--server tcp://b.example:5555");
        assert!(refused.starts_with("the key of tcp://b.example:5555 is not known"), "{refused}");
    }

    #[test]
    fn a_changed_key_is_refused_with_what_it_could_mean_and_what_to_do() {
        let stage = Stage::new();
        let (key, first) = invite();
        stage.answered(&format!("--server {first}"));
        let (_, second) = invite();
        insta::assert_snapshot!(stage.endpoint(&format!("--server {second}")), @r#"the key in the invite is not the known key of chat.example:5555. Either its operator made new keys (`papo keys rotate`) or set the node up again, or somebody impersonates it and would read everything. Ask the operator, but not over this chat. If the key is right, delete "chat.example:5555" from ~/config/known_hosts.json and try again"#);
        assert_eq!(
            stage.endpoint(&format!("--server {SERVER}")),
            format!("{SERVER} {key}"),
            "nothing is forgotten"
        );
    }

    #[test]
    fn a_node_on_this_machine_is_known_by_its_folder() {
        let stage = Stage::new();
        let key = KeyFolder::new(stage.folder.path().join("data/keys")).node().expect("keys").public;
        assert_eq!(stage.endpoint(""), format!("tcp://127.0.0.1:5555 {key}"));
        assert_eq!(stage.endpoint("--server ipc:///run/papo"), format!("ipc:///run/papo {key}"));
        insta::assert_snapshot!(stage.endpoint(&format!("--server {SERVER}")), @"the key of tcp://chat.example:5555 is not known: ask its operator for the invite (`papo invite` prints it) and use --server <invite> once; or use --plaintext if the node runs with it");
        let other = Invite::new(invite().0, "127.0.0.1", 5555).expect("an invite");
        stage.answered(&format!("--server {other}"));
        let refused = stage.endpoint("");
        assert!(refused.starts_with("the node's key in ~/data/keys is not the known key of"), "{refused}");
    }

    #[test]
    fn an_unknown_server_is_not_talked_to() {
        let stage = Stage::new();
        insta::assert_snapshot!(stage.endpoint(""), @"the key of tcp://127.0.0.1:5555 is not known: ask its operator for the invite (`papo invite` prints it) and use --server <invite> once; or, if the node's data folder is not ~/data, use --data <its folder>; or use --plaintext if the node runs with it");
        insta::assert_snapshot!(stage.endpoint("--server papo://oops@h:1"), @"an invite has a key of 64 hexadecimal digits before the @: papo://<key>@host:port");
    }

    #[test]
    fn several_endpoints_are_of_one_node() {
        let stage = Stage::new();
        let key = KeyPair::generate().expect("a key pair").public;
        let [one, other] =
            ["a.example", "b.example"].map(|host| Invite::new(key, host, 5555).expect("an invite"));
        let both = format!("tcp://a.example:5555 {key}, tcp://b.example:5555 {key}");
        assert_eq!(stage.endpoint(&format!("--server {one},{other}")), both);
        stage.answered(&format!("--server {one}"));
        stage.answered(&format!("--server {other}"));
        assert_eq!(stage.endpoint("--server tcp://a.example:5555 --server tcp://b.example:5555"), both);
        insta::assert_snapshot!(stage.endpoint(&format!("--server {one},{}", invite().1)), @"the endpoints have different keys: name endpoints of one node only, because it receives your session");
        insta::assert_snapshot!(stage.endpoint(&format!("--plaintext --server {}", ["tcp://127.0.0.1:1"; 9].join(","))), @"name at most 8 endpoints of a server");
    }

    #[test]
    fn plain_text_only_where_it_is_asked_for() {
        let stage = Stage::new();
        assert_eq!(stage.endpoint("--plaintext"), "tcp://127.0.0.1:5555 plain");
        assert_eq!(
            stage.endpoint(&format!("--plaintext-anywhere --server {SERVER}")),
            format!("{SERVER} plain")
        );
        insta::assert_snapshot!(stage.endpoint(&format!("--plaintext --server {}", invite().1)), @"an invite is for an encrypted connection: leave out --plaintext, or use tcp://host:port");
    }
}

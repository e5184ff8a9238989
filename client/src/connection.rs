//! Which server to talk to, and the key it must have: from an invite, from what is known already, or, for a node on
//! this machine, from its own folder.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::builder::FalseyValueParser;
use transport::invite::Invite;
use transport::key_folder::{KeyFolder, KeyFolderError};
use transport::keys::{KeyPair, PublicKey};
use transport::security::{Security, stays_on_this_machine};

use crate::config::Config;
use crate::failure::Failure;
use crate::trouble::{KeySource, Trouble};

/// Endpoints of one server: more than anybody runs, and all are tried within half a minute.
const ENDPOINTS_MAX: usize = 8;

/// Where a node keeps its keys in its data folder.
const KEYS_FOLDER: &str = "keys";

/// Which server, and on whose behalf.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Connection {
    /// Where the server is: an invite (papo://<key>@host:port), or tcp://host:port for one that is known already or
    /// runs on this machine. Several, given one by one or with commas between, are ways to the same node: when one
    /// does not answer, the next is tried.
    #[arg(
        long,
        value_name = "ENDPOINT",
        env = "PAPO_SERVER",
        default_value = "tcp://127.0.0.1:5555",
        value_delimiter = ','
    )]
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

/// Where a server is, and how to talk to it.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    /// As ZeroMQ writes it; sessions are kept under it.
    pub(crate) endpoint: String,
    /// With the key that the server must have, and a pair of our own that nobody else ever sees.
    pub(crate) security: Security,
}

impl Place {
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

impl Connection {
    /// Finds out how to talk to the server, at each of its endpoints. A key that comes with an invite is known from then
    /// on. All must have one key: a token is shown to all of them, and only one node's.
    pub(crate) fn places(&self, config: &Config) -> Result<Vec<Place>, Failure> {
        if self.server.len() > ENDPOINTS_MAX {
            return Err(Trouble::TooManyEndpoints(ENDPOINTS_MAX).into());
        }
        let places: Vec<_> =
            self.server.iter().map(|server| self.place(server.trim(), config)).collect::<Result<_, _>>()?;
        let mut keys = places.iter().map(Place::key);
        let first = keys.next().flatten();
        if keys.any(|key| key != first) {
            return Err(Trouble::DifferentKeys.into());
        }
        Ok(places)
    }

    fn place(&self, server: &str, config: &Config) -> Result<Place, Failure> {
        let plain = |security| Ok(Place { endpoint: server.to_owned(), security });
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
            (Some(key), _) | (None, Some(key)) => encrypted(server.to_owned(), key),
            (None, None) => Err(unknown(server, &self.data)),
        }
    }

    /// The first invite to a server is believed; another key than that is not.
    fn invited(&self, server: &str, config: &Config) -> Result<Place, Failure> {
        let invite: Invite = server.parse().map_err(Trouble::NoInvite)?;
        if self.plaintext || self.plaintext_anywhere {
            return Err(Trouble::InviteInPlainText.into());
        }
        let (endpoint, key) = (invite.endpoint(), invite.key());
        match config.known_key(host(&endpoint))? {
            Some(known) if known == key => {}
            Some(_another) => {
                return Err(changed(host(&endpoint), KeySource::Invite, config));
            }
            None => config.know(host(&endpoint), key)?,
        }
        encrypted(endpoint, key)
    }

    fn key_on_this_machine(&self) -> Result<Option<PublicKey>, Failure> {
        match KeyFolder::new(self.data.join(KEYS_FOLDER)).node_public() {
            Ok(key) => Ok(Some(key)),
            Err(KeyFolderError::None(_)) => Ok(None),
            Err(error) => Err(Trouble::Keys(error).into()),
        }
    }
}

fn encrypted(endpoint: String, server: PublicKey) -> Result<Place, Failure> {
    let own = KeyPair::generate()?;
    Ok(Place { endpoint, security: Security::Client { server, own } })
}

/// Under which name a server is known.
fn host(endpoint: &str) -> &str {
    endpoint.strip_prefix("tcp://").unwrap_or(endpoint)
}

fn changed(host: &str, source: KeySource, config: &Config) -> Failure {
    Trouble::KeyChanged { source, host: host.to_owned(), known_hosts: config.known_hosts() }.into()
}

fn unknown(server: &str, data: &Path) -> Failure {
    let data = stays_on_this_machine(server).then(|| data.to_owned());
    Trouble::KeyUnknown { server: server.to_owned(), data }.into()
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
        fn place(&self, line: &str) -> String {
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
            let shown = |place: Place| match place.key() {
                Some(key) => format!("{} {key}", place.endpoint),
                None => format!("{} plain", place.endpoint),
            };
            match connection.places(&config) {
                Ok(places) => places.into_iter().map(shown).collect::<Vec<_>>().join(", "),
                Err(failure) => failure.to_string().replace(&self.folder.path().display().to_string(), "~"),
            }
        }
    }

    fn invite() -> (PublicKey, String) {
        let key = KeyPair::generate().expect("a key pair").public;
        (key, Invite::new(key, "chat.example", 5555).expect("an invite").to_string())
    }

    #[test]
    fn the_first_invite_is_believed_and_makes_the_server_known() {
        let stage = Stage::new();
        let (key, invite) = invite();
        let expected = format!("{SERVER} {key}");
        assert_eq!(stage.place(&format!("--server {invite}")), expected);
        assert_eq!(stage.place(&format!("--server {SERVER}")), expected);
        assert_eq!(stage.place(&format!("--server {invite}")), expected);
    }

    #[test]
    fn a_changed_key_is_refused_with_what_it_could_mean_and_what_to_do() {
        let stage = Stage::new();
        let (key, first) = invite();
        stage.place(&format!("--server {first}"));
        let (_, second) = invite();
        insta::assert_snapshot!(stage.place(&format!("--server {second}")), @r#"the key in the invite is not the one that chat.example:5555 is known by. Either its operator has made new keys (`papo keys rotate`) or set the node up anew, or somebody wants to be taken for it, and would read everything. Ask the operator, not by this chat. If the key is right, delete "chat.example:5555" from ~/config/known_hosts.json and try again"#);
        assert_eq!(
            stage.place(&format!("--server {SERVER}")),
            format!("{SERVER} {key}"),
            "nothing is forgotten"
        );
    }

    #[test]
    fn a_node_on_this_machine_is_known_by_its_folder() {
        let stage = Stage::new();
        let key = KeyFolder::new(stage.folder.path().join("data/keys")).node().expect("keys").public;
        assert_eq!(stage.place(""), format!("tcp://127.0.0.1:5555 {key}"));
        assert_eq!(stage.place("--server ipc:///run/papo"), format!("ipc:///run/papo {key}"));
        insta::assert_snapshot!(stage.place(&format!("--server {SERVER}")), @"the key of tcp://chat.example:5555 is not known: ask its operator for the invite (`papo invite` prints it) and say --server <invite> once; or say --plaintext if the node runs with it");
        let other = Invite::new(invite().0, "127.0.0.1", 5555).expect("an invite");
        stage.place(&format!("--server {other}"));
        let refused = stage.place("");
        assert!(refused.starts_with("the node's key in ~/data/keys is not the one"), "{refused}");
    }

    #[test]
    fn an_unknown_server_is_not_talked_to() {
        let stage = Stage::new();
        insta::assert_snapshot!(stage.place(""), @"the key of tcp://127.0.0.1:5555 is not known: ask its operator for the invite (`papo invite` prints it) and say --server <invite> once; or, if the node's data folder is not ~/data, say --data <its folder>; or say --plaintext if the node runs with it");
        insta::assert_snapshot!(stage.place("--server papo://oops@h:1"), @"an invite has a key of 64 hexadecimal digits before the @: papo://<key>@host:port");
    }

    #[test]
    fn several_endpoints_are_of_one_node() {
        let stage = Stage::new();
        let key = KeyPair::generate().expect("a key pair").public;
        let [one, other] =
            ["a.example", "b.example"].map(|host| Invite::new(key, host, 5555).expect("an invite"));
        let both = format!("tcp://a.example:5555 {key}, tcp://b.example:5555 {key}");
        assert_eq!(stage.place(&format!("--server {one},{other}")), both);
        assert_eq!(stage.place("--server tcp://a.example:5555 --server tcp://b.example:5555"), both);
        insta::assert_snapshot!(stage.place(&format!("--server {one},{}", invite().1)), @"the endpoints have different keys: give those of one node only, it gets your session");
        insta::assert_snapshot!(stage.place(&format!("--plaintext --server {}", ["tcp://127.0.0.1:1"; 9].join(","))), @"say at most 8 endpoints of a server");
    }

    #[test]
    fn plain_text_only_where_it_is_asked_for() {
        let stage = Stage::new();
        assert_eq!(stage.place("--plaintext"), "tcp://127.0.0.1:5555 plain");
        assert_eq!(
            stage.place(&format!("--plaintext-anywhere --server {SERVER}")),
            format!("{SERVER} plain")
        );
        insta::assert_snapshot!(stage.place(&format!("--plaintext --server {}", invite().1)), @"an invite is for talking encrypted: leave out --plaintext, or say tcp://host:port");
    }
}

//! Tests of the choice of the server and its key.

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
        let shown = |endpoint: Endpoint| {
            let code = endpoint.join_code.as_ref().map(|code| format!(", join code {code}"));
            let key = endpoint.key().map_or_else(|| "plain".to_owned(), |key| key.to_string());
            let events_at = endpoint.events_at.as_ref().map(|endpoint| format!(", events at {endpoint}"));
            format!("{} {key}{}{}", endpoint.address, code.unwrap_or_default(), events_at.unwrap_or_default())
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
    assert_eq!(fixture.answered(&format!("--server {SERVER}")), expected);
    assert_eq!(fixture.endpoint(""), expected, "the stored server is an invite");
}

#[test]
fn a_join_code_is_for_one_registration_and_is_not_stored() {
    let fixture = Fixture::new();
    let (key, invite) = invite();
    let shown = fixture.answered(&format!("--server {invite}/4f0c19a2"));
    assert_eq!(shown, format!("{SERVER} {key}, join code 4f0c19a2"));
    assert_eq!(fixture.endpoint(""), format!("{SERVER} {key}"));
    insta::assert_snapshot!(fixture.endpoint(&format!("--server {invite}/")), @"a join code has letters and digits only: papo://<key>@host:port/<code>");
}

#[test]
fn the_address_with_a_join_code_is_an_invite_if_the_node_encrypts() {
    let config = Config::new(Some(Fixture::new().folder.path().to_owned())).expect("a config");
    let address = |server: &str, plaintext| {
        let connection =
            Connection { plaintext, ..Connection::to_local_node(server.to_owned(), Path::new("data"), None) };
        let endpoints = connection.endpoints(&config).expect("endpoints");
        endpoints.first().expect("an endpoint").address_with("4f0c19a2")
    };
    let (_, invite) = invite();
    assert_eq!(address(&invite, false), format!("{invite}/4f0c19a2"));
    assert_eq!(address("tcp://127.0.0.1:5555", true), "4f0c19a2");
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
    fixture.endpoint(&format!("--server {}", Invite::new(key, "silent.example", 5555).expect("an invite")));
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

#[test]
fn the_user_may_choose_the_endpoint_of_the_events() {
    let fixture = Fixture::new();
    let chosen = fixture.endpoint("--plaintext --server tcp://127.0.0.1:5555 --events-at tcp://proxy:5558");
    assert_eq!(chosen, "tcp://127.0.0.1:5555 plain, events at tcp://proxy:5558");
    let refused = fixture.endpoint("--plaintext --server tcp://127.0.0.1:5555 --events-at proxy:5558");
    assert!(refused.contains("proxy:5558"), "{refused}");
}

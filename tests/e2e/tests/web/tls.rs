//! TLS: certificates from files and from an authority, renewal, and certificates for a local network.

use std::path::Path;
use std::thread;
use std::time::Duration;

use e2e::fake_ca::{DOMAIN, FakeCa};
use e2e::{DEADLINE, Node, PASSWORD, Process, TlsClient};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use serde_json::json;
use transport::clock;
use tungstenite::Message;

use super::{team, token};

const DAY: Duration = Duration::from_secs(86_400);

/// Waits until a condition is true.
fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
    let started = clock::now();
    while !condition() {
        assert!(started.elapsed() < DEADLINE, "{what}");
        // A browser's address has 50 handshakes a second.
        thread::sleep(Duration::from_millis(50));
    }
}

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

fn with_files(ca: &FakeCa) -> Node {
    let [certificate, key] = ca.write_certificate(&ca.issue(DOMAIN, DAY));
    Node::with_gateway(&[
        ("web-tls", "files"),
        ("web-cert", text(&certificate)),
        ("web-key", text(&key)),
        ("web-domain", DOMAIN),
    ])
}

#[test]
fn cookies_origins_and_headers_are_those_of_https() {
    let ca = FakeCa::start(DAY);
    let node = with_files(&ca);
    let _team = team(&node);
    let browser = TlsClient::new(&node.web(), DOMAIN, ca.root());
    let login = json!({ "user": "alice", "password": PASSWORD }).to_string();
    let origin = format!("https://{DOMAIN}");
    let json = ("Content-Type", "application/json");
    let answer = browser.request("POST", "/session", &[json, ("Origin", &origin)], login.as_bytes());
    assert_eq!(answer.status, 200, "{answer:?}");
    let cookie = answer.header("set-cookie").expect("a cookie");
    assert!(cookie.starts_with("__Host-papo-0=") && cookie.contains("; Secure; "), "{cookie}");
    assert_eq!(answer.header("strict-transport-security"), Some("max-age=15552000"));
    let cookie = cookie.split(';').next().expect("a cookie");
    let send = |origin: &str| {
        let headers = [json, ("Cookie", cookie), ("Origin", origin)];
        let body = json!({ "to": "#ops", "text": "hello" }).to_string();
        browser.request("POST", "/messages", &headers, body.as_bytes()).status
    };
    assert_eq!((send(&origin), send(&format!("http://{DOMAIN}"))), (200, 403));
    let stranger = TlsClient::new(&node.web(), DOMAIN, FakeCa::start(DAY).root());
    assert!(stranger.connect().is_err(), "another authority");
    let plain = node.web().begin("GET", "/healthz", &[], b"");
    let mut answer = Vec::new();
    let _reset = std::io::Read::read_to_end(&mut &plain, &mut answer);
    assert!(!answer.starts_with(b"HTTP/1.1 200"), "plain HTTP on the port of TLS");
}

#[test]
fn new_files_are_used_without_dropping_connections_and_bad_ones_are_a_problem() {
    let ca = FakeCa::start(DAY);
    let node = with_files(&ca);
    let [alice, _bob] = team(&node);
    let browser = TlsClient::new(&node.web(), DOMAIN, ca.root());
    let mut socket = browser.socket(&token(&alice));
    assert!(socket.read().expect("a hello").into_text().expect("text").contains("hello"));
    let first = browser.certificate().expect("a handshake");

    ca.write("web.pem", "not a certificate");
    wait_until("no problem", || !node.problems("gateway").is_empty());
    let [problem] = &node.problems("gateway")[..] else { panic!("one problem") };
    assert!(problem.starts_with("the old certificate stays in use: "), "{problem}");
    assert_eq!(browser.certificate().expect("a handshake"), first);

    ca.write_certificate(&ca.issue(DOMAIN, DAY));
    wait_until("the old certificate", || browser.certificate().expect("a handshake") != first);
    wait_until("a problem", || node.problems("gateway").is_empty());
    let ping = json!({ "jsonrpc": "2.0", "id": 1, "method": "gateway.ping", "params": {} }).to_string();
    socket.send(Message::text(ping)).expect("the connection is open");
    assert!(socket.read().expect("a reply").into_text().expect("text").contains("\"now\""));
}

/// The flags for an authority.
fn acme(ca: &FakeCa) -> Vec<(String, String)> {
    let flag = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    vec![
        flag("web-tls", "acme"),
        flag("web-domain", DOMAIN),
        flag("acme-contact", "admin@chat.example"),
        flag("acme-directory", &ca.directory()),
        flag("acme-root", text(&ca.root_file())),
    ]
}

fn with_acme(ca: &FakeCa) -> Node {
    with_acme_at(ca, None)
}

/// Starts a node that the authority validates at its own address, or at another one.
fn with_acme_at(ca: &FakeCa, other: Option<&str>) -> Node {
    // The authority must know the address before the node starts.
    let port = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
    ca.validate_at(other.unwrap_or(&port.to_string()));
    let (flags, web) = (acme(ca), port.to_string());
    let mut flags: Vec<_> = flags.iter().map(|(name, value)| (&**name, &**value)).collect();
    flags.extend([("web", &*web), ("gateway-control", "tcp://127.0.0.1:0")]);
    Node::up_with_flags(tempfile::tempdir().expect("a folder"), &flags)
}

#[test]
fn an_authority_validates_the_node_and_its_certificate_is_kept_over_a_restart() {
    let ca = FakeCa::start(DAY);
    let mut node = with_acme(&ca);
    let browser = TlsClient::new(&node.web(), DOMAIN, ca.root());
    wait_until("no certificate", || browser.certificate().is_ok());
    wait_until("a problem", || node.problems("gateway").is_empty());
    let first = browser.certificate().expect("a handshake");
    assert_eq!(browser.request("GET", "/healthz", &[], b"").status, 200);
    node.restart("up");
    assert_eq!(browser.certificate().expect("a handshake"), first);
    assert_eq!((ca.issued(), ca.accounts(), ca.refusals()), (1, 1, vec![]));
    let backup = ca.folder().join("backup.tar");
    let backup = Process::run(["backup", text(&backup), "--data", text(node.data())]);
    assert_eq!(backup.code, Some(0), "{}", backup.log);
    let stored = node.data().join("keys/acme");
    for file in std::fs::read_dir(stored).expect("a folder") {
        let mode = std::os::unix::fs::PermissionsExt::mode(
            &file.expect("a file").metadata().expect("a mode").permissions(),
        );
        assert_eq!(mode & 0o077, 0, "keys are for their owner only");
    }
}

#[test]
fn an_authority_that_lost_its_accounts_gets_a_new_one() {
    let ca = FakeCa::start(DAY);
    let mut node = with_acme(&ca);
    let browser = TlsClient::new(&node.web(), DOMAIN, ca.root());
    wait_until("no certificate", || browser.certificate().is_ok());
    node.kill("up");
    ca.forget_accounts();
    for file in std::fs::read_dir(node.data().join("keys/acme")).expect("a folder") {
        let path = file.expect("a file").path();
        if path.extension().is_some_and(|extension| extension == "pem") {
            std::fs::remove_file(path).expect("removed");
        }
    }
    node.start("up");
    wait_until("no new certificate", || browser.certificate().is_ok());
    assert_eq!(
        (ca.issued(), ca.accounts(), ca.refusals()),
        (2, 2, vec!["the account is unknown".to_owned()])
    );
}

#[test]
fn a_certificate_is_renewed_and_a_failing_authority_changes_nothing() {
    let ca = FakeCa::start(Duration::from_secs(30));
    let node = with_acme(&ca);
    let browser = TlsClient::new(&node.web(), DOMAIN, ca.root());
    wait_until("no certificate", || browser.certificate().is_ok());
    let first = browser.certificate().expect("a handshake");
    ca.set_failing(true);
    wait_until("no problem", || !node.problems("gateway").is_empty());
    let problem = node.problems("gateway").concat();
    assert!(
        problem.contains("no new certificate for chat.example: ") && problem.contains("out of order"),
        "{problem}"
    );
    assert_eq!(browser.certificate().expect("a handshake"), first);
    ca.set_failing(false);
    wait_until("no renewal", || browser.certificate().is_ok_and(|certificate| certificate != first));
    wait_until("a problem", || node.problems("gateway").is_empty());
    assert_eq!((ca.issued(), ca.accounts()), (2, 1));
}

#[test]
fn a_failed_validation_and_an_untrusted_authority_are_problems() {
    let ca = FakeCa::start(DAY);
    let other = with_files(&ca);
    let node = with_acme_at(&ca, Some(other.web().address()));
    let problems = || node.problems("gateway").concat();
    wait_until("no problem", || problems().contains("could not validate"));
    assert!(problems().contains("chat.example: "), "{}", problems());
    assert!(problems().contains("there is no certificate yet"), "{}", problems());
    assert_eq!((ca.issued(), ca.refusals().len()), (0, 1));

    let impostor = FakeCa::start(DAY);
    let mut flags = acme(&ca);
    flags[4].1 = text(&impostor.root_file()).to_owned();
    let flags: Vec<_> = flags.iter().map(|(name, value)| (&**name, &**value)).collect();
    let node = Node::with_gateway(&flags);
    wait_until("no problem", || node.problems("gateway").concat().contains("invalid peer certificate"));
}

#[test]
fn a_local_network_has_its_own_authority() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = ["--data", text(folder.path())];
    let created = Process::run([&["web-ca", "chat.lan", "127.0.0.1"][..], &data].concat());
    assert_eq!(created.code, Some(0), "{}", created.log);
    let command = created.output.lines().find(|line| line.contains("papo up")).expect("a command");
    let value = |flag: &str| {
        let mut words = command.split_whitespace().skip_while(|word| *word != flag);
        words.nth(1).expect("a value").to_owned()
    };
    let (certificate, key) = (value("--web-cert"), value("--web-key"));
    let node = Node::with_gateway(&[
        ("web-tls", "files"),
        ("web-cert", &certificate),
        ("web-key", &key),
        ("web-domain", &value("--web-domain")),
    ]);
    let root = CertificateDer::from_pem_file(folder.path().join("keys/web/ca.pem")).expect("a certificate");
    for name in ["chat.lan", "127.0.0.1"] {
        let browser = TlsClient::new(&node.web(), name, root.clone());
        assert_eq!(browser.request("GET", "/healthz", &[], b"").status, 200, "{name}");
    }
    let foreign = Process::run([&["web-ca", "mail.lan"][..], &data].concat());
    assert_eq!(foreign.code, Some(1));
    assert!(foreign.log.contains("cannot sign for mail.lan"), "{}", foreign.log);
}

#[test]
fn plain_http_leaves_the_machine_only_with_a_flag() {
    let refused = |flags: &[&str]| {
        let folder = tempfile::tempdir().expect("a folder");
        let all = [
            "up",
            "--data",
            text(folder.path()),
            "--clients",
            "tcp://127.0.0.1:0",
            "--subscribers",
            "tcp://127.0.0.1:0",
        ];
        let finished = Process::run([&all[..], flags].concat());
        assert_eq!(finished.code, Some(1));
        finished.log
    };
    assert!(refused(&["--web", "0.0.0.0:0"]).contains("would serve plain HTTP to other machines"));
    assert!(
        refused(&["--web", "0.0.0.0:0", "--web-tls", "files"])
            .contains("needs both --web-cert and --web-key")
    );
    assert!(refused(&["--web", "0.0.0.0:0", "--web-tls", "acme"]).contains("--web-domain"));
    assert!(refused(&["--web", "off", "--web-tls", "files"]).contains("--web-tls needs --web"));
    let missing = [
        "--web",
        "127.0.0.1:0",
        "--web-tls",
        "files",
        "--web-cert",
        "/missing.pem",
        "--web-key",
        "/missing.key",
    ];
    assert!(refused(&missing).contains("cannot read /missing.pem"));
}

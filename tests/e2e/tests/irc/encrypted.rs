//! TLS, and IRC over the WebSockets of the gateway.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::time::Duration;

use e2e::fake_ca::{DOMAIN, FakeCa};
use e2e::{DEADLINE, IrcClient, Node, PASSWORD, TlsClient, Web, peers};
use transport::clock;
use tungstenite::Message;

const DAY: Duration = Duration::from_secs(86_400);

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
    let started = clock::now();
    while !condition() {
        assert!(started.elapsed() < DEADLINE, "{what}");
        // The front permits 50 handshakes a second.
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Logs in over TLS. Returns the line of the welcome.
fn welcome(client: &TlsClient, user: &str) -> String {
    let mut stream = BufReader::new(client.connect().expect("a handshake"));
    let login = format!("PASS :{user}:{PASSWORD}\r\nNICK {user}\r\nUSER {user} 0 * :{user}\r\n");
    stream.get_mut().write_all(login.as_bytes()).expect("written");
    let mut line = String::new();
    while !line.contains(" 001 ") {
        line.clear();
        assert!(stream.read_line(&mut line).expect("a line") > 0, "the connection ended");
    }
    line
}

#[test]
fn a_client_talks_over_tls_and_new_files_are_used() {
    let ca = FakeCa::start(DAY);
    let [certificate, key] = ca.write_certificate(&ca.issue(DOMAIN, DAY));
    let node =
        Node::with_irc(&[("irc-tls", "files"), ("irc-cert", text(&certificate)), ("irc-key", text(&key))]);
    let _peers = peers(&node, ["alice"]);
    let front = Web::new(node.endpoint("irc"));
    let client = TlsClient::new(&front, DOMAIN, ca.root());
    assert!(welcome(&client, "alice").contains(" 001 alice :Welcome"));
    let stranger = TlsClient::new(&front, DOMAIN, FakeCa::start(DAY).root());
    assert!(stranger.connect().is_err(), "another authority");
    let mut plain = IrcClient::connect(node.endpoint("irc"));
    plain.send("NICK alice");
    assert!(plain.rest().iter().all(|line| !line.contains("NOTICE") && !line.contains(" 001 ")));

    let first = client.certificate().expect("a handshake");
    ca.write("web.pem", "not a certificate");
    wait_until("no problem", || !node.problems("irc").is_empty());
    assert_eq!(client.certificate().expect("a handshake"), first, "the old certificate stays in use");
    ca.write_certificate(&ca.issue(DOMAIN, DAY));
    wait_until("the old certificate", || client.certificate().expect("a handshake") != first);
    wait_until("a problem", || node.problems("irc").is_empty());
}

#[test]
fn the_certificate_of_an_authority_serves_irc_too() {
    let ca = FakeCa::start(DAY);
    // The authority must know the address before the node starts.
    let port = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
    let (web, directory, root) = (port.to_string(), ca.directory(), ca.root_file());
    ca.validate_at(&web);
    let node = Node::with_irc(&[
        ("irc-tls", "acme"),
        ("web", &*web),
        ("gateway-control", "tcp://127.0.0.1:0"),
        ("web-tls", "acme"),
        ("web-domain", DOMAIN),
        ("acme-directory", &*directory),
        ("acme-root", text(&root)),
    ]);
    let _peers = peers(&node, ["alice"]);
    let client = TlsClient::new(&Web::new(node.endpoint("irc")), DOMAIN, ca.root());
    wait_until("no certificate", || client.certificate().is_ok());
    let browser = TlsClient::new(&node.web(), DOMAIN, ca.root());
    assert_eq!(client.certificate().expect("a handshake"), browser.certificate().expect("a handshake"));
    assert!(welcome(&client, "alice").contains(" 001 alice :Welcome"));
}

/// A node with an IRC front and a gateway.
fn with_gateway() -> Node {
    Node::with_irc(&[("web", "127.0.0.1:0"), ("gateway-control", "tcp://127.0.0.1:0"), ("irc-guests", "")])
}

#[test]
fn a_web_client_talks_with_other_clients() {
    let node = with_gateway();
    let [mut bob] = peers(&node, ["bob"]);
    bob.create("#ops").expect("created");
    for (path, protocol, is_binary) in [
        ("/irc", "text.ircv3.net", false),
        ("/irc", "binary.ircv3.net", true),
        ("/", "text.ircv3.net", false),
    ] {
        let headers = [("Sec-WebSocket-Protocol", protocol)];
        let mut client = node.web().socket(path, &headers).expect("a WebSocket");
        let answered = client.response.headers().get("sec-websocket-protocol").expect("a protocol");
        assert_eq!(answered, protocol);
        let message = |line: &str| match is_binary {
            true => Message::binary(line.as_bytes().to_vec()),
            false => Message::text(line),
        };
        for line in [&format!("PASS :bob:{PASSWORD}"), "NICK bob", "USER bob 0 * :Bob", "PRIVMSG #ops :oi"] {
            client.socket.send(message(line)).expect("sent");
        }
        client.socket.send(message("PING end")).expect("sent");
        let mut lines = Vec::new();
        while !lines.last().is_some_and(|line: &String| line.ends_with(" end")) {
            let received = client.socket.read().expect("a message");
            assert_eq!(received.is_binary(), is_binary);
            lines.push(received.into_text().expect("UTF-8").to_string());
        }
        assert!(lines.iter().any(|line| line.contains(" 001 bob ")), "{lines:?}");
        assert!(lines.iter().all(|line| !line.contains(['\r', '\n'])), "{lines:?}");
    }
    assert_eq!(bob.texts("#ops"), ["oi"; 3]);
}

#[test]
fn a_web_client_is_refused_by_the_rules_of_the_gateway_and_of_the_front() {
    let node = with_gateway();
    let text = ("Sec-WebSocket-Protocol", "text.ircv3.net");
    assert_eq!(node.web().socket("/irc", &[text, ("Origin", "http://evil.example")]).err(), Some(403));
    let without_front = Node::with_gateway(&[]);
    assert_eq!(without_front.web().socket("/irc", &[text]).err(), Some(404));
    assert_eq!(node.web().request("GET", "/", &[], b"").status, 200, "the page is at the same address");

    let mut client = node.web().socket("/irc", &[text]).expect("a WebSocket");
    client.socket.send(Message::binary(b"NICK \xff".to_vec())).expect("sent");
    assert!(client.socket.read().expect("a message").into_text().expect("UTF-8").contains("INVALID_UTF8"));
    client.socket.send(Message::text("x".repeat(9_000))).expect("sent");
    assert!(client.socket.read().expect("a message").into_text().expect("UTF-8").contains(" 417 "));
    client.socket.send(Message::text("QUIT :tchau")).expect("sent");
    assert!(client.socket.read().expect("a message").into_text().expect("UTF-8").contains("ERROR"));
    assert_eq!(client.close_code(), 1000);
    let mut flood = node.web().socket("/irc", &[text]).expect("a WebSocket");
    flood.socket.send(Message::text("x".repeat(20_000))).expect("sent");
    assert!(flood.close_code() != 0, "a message above the bound closes the connection");
}

//! Hostile WebSocket frames (RFC 6455, section 5), and floods of handshakes.

use std::io::{Read as _, Write as _};
use std::thread;
use std::time::{Duration, Instant};

use e2e::fake_ca::{DOMAIN, FakeCa};
use e2e::{ChatSocket, Node, TlsClient, Web, peers};
use serde_json::json;
use transport::clock;
use tungstenite::Message;

use super::super::web::token;

/// A text frame's first byte: the last part of a message.
const TEXT: u8 = 0x81;
const MASKED: u8 = 0x80;

/// A WebSocket whose frames the test writes itself.
fn raw_socket(web: &Web, token: &str) -> ChatSocket {
    let mut socket = web.chat(token);
    assert_eq!(socket.next_line()["kind"], "hello");
    socket
}

fn write(socket: &mut ChatSocket, bytes: &[u8]) {
    let _closed_early = socket.socket.get_mut().write_all(bytes);
}

/// The head of a masked frame of `length` bytes.
fn head(first: u8, length: u64) -> Vec<u8> {
    let mut head = vec![first, MASKED | 127];
    head.extend(length.to_be_bytes());
    head.extend([0; 4]);
    head
}

#[test]
fn invalid_frames_close_only_their_own_connection() {
    let node = Node::with_gateway(&[]);
    let [alice, bob] = peers(&node, ["alice", "bob"]);
    let (web, token_of_bob) = (node.web(), token(&bob));
    let mut honest = web.chat(&token(&alice));
    for (what, bytes) in [
        ("a length of 2^63", head(TEXT, 1 << 63)),
        ("a length of 2^64 - 1", head(TEXT, u64::MAX)),
        ("one byte too many", head(TEXT, (1 << 20) + 1)),
        ("an unmasked frame", vec![TEXT, 2, b'{', b'}']),
        ("a reserved bit", vec![TEXT | 0x40, MASKED, 0, 0, 0, 0]),
        ("a reserved kind", vec![0x83, MASKED, 0, 0, 0, 0]),
        ("a continuation of nothing", vec![0x80, MASKED, 0, 0, 0, 0]),
        ("a ping in parts", vec![0x09, MASKED, 0, 0, 0, 0]),
        ("a ping of 126 bytes", [&[0x89, MASKED | 126, 0, 126, 0, 0, 0, 0][..], &[0; 126]].concat()),
        ("a close frame of one byte", vec![0x88, MASKED | 1, 0, 0, 0, 0, 3]),
        ("invalid UTF-8", vec![TEXT, MASKED | 2, 0, 0, 0, 0, 0xc3, 0x28]),
        ("binary", vec![0x82, MASKED | 1, 0, 0, 0, 0, 0]),
    ] {
        let mut socket = raw_socket(&web, &token_of_bob);
        write(&mut socket, &bytes);
        let stream = socket.socket.get_mut();
        let mut rest = Vec::new();
        let ended = stream.read_to_end(&mut rest);
        // A close frame begins with 0x88. Its code is 4400, or 1000 and more of the library.
        let is_closed =
            ended.is_ok() || ended.is_err_and(|error| error.kind() == std::io::ErrorKind::ConnectionReset);
        assert!(is_closed, "{what}: the connection stays open");
    }
    honest.call("gateway.ping", json!({})).expect("an answer");
    node.assert_healthy();
}

/// An unfinished message has a limit for each connection. Without a limit for all of them together, many
/// connections could fill the memory.
#[test]
fn unfinished_messages_are_bounded_for_all_connections_together() {
    const UNFINISHED: usize = 900_000;
    // Of the 16 MiB of one address.
    const FIT: usize = (16 << 20) / (14 << 16);
    let node = Node::with_gateway(&[]);
    let [alice, bob] = peers(&node, ["alice", "bob"]);
    let web = node.web();
    let mut honest = web.chat(&token(&alice));
    let mut sockets: Vec<_> =
        [&alice, &bob].iter().flat_map(|peer| (0..15).map(|_| raw_socket(&web, &token(peer)))).collect();
    let mut closed = 0;
    for socket in &mut sockets {
        write(socket, &head(TEXT, 1_000_000));
        write(socket, &vec![b'x'; UNFINISHED]);
    }
    let started = clock::now();
    while closed < sockets.len() - FIT {
        assert!(started.elapsed() < e2e::DEADLINE, "{closed} of {} connections are closed", sockets.len());
        closed = sockets.iter_mut().map(|socket| usize::from(socket.has_ended())).sum();
    }
    assert!(closed <= sockets.len() - FIT + 1, "{closed} connections are closed");
    honest.call("gateway.ping", json!({})).expect("short frames do not count");
    drop(sockets);
    let started = clock::now();
    while web
        .post(
            "/rpc",
            &token(&alice),
            &json!({ "jsonrpc": "2.0", "id": 1, "method": "session.list", "params": {} }),
        )
        .status
        != 200
    {
        assert!(started.elapsed() < e2e::DEADLINE, "the bytes of closed connections still count");
    }
}

/// Pings do not end the count of an unfinished message, and many pings do not count as one.
#[test]
fn pings_between_the_parts_of_a_message_change_no_count() {
    let node = Node::with_gateway(&[]);
    let [alice] = peers(&node, ["alice"]);
    let mut socket = raw_socket(&node.web(), &token(&alice));
    for _ in 0..50_000 {
        write(&mut socket, &[0x8a, MASKED | 4, 0, 0, 0, 0, b'p', b'o', b'n', b'g']);
    }
    socket.call("gateway.ping", json!({})).expect("an answer after 500 KB of pongs");
}

#[test]
fn ten_thousand_handshakes_do_not_delay_an_honest_client() {
    const HANDSHAKES: usize = 10_000;
    const THREADS: usize = 4;
    let ca = FakeCa::start(Duration::from_secs(3_600));
    let [certificate_file, key_file] = ca.write_certificate(&ca.issue(DOMAIN, Duration::from_secs(3_600)));
    let path = |path: &std::path::Path| path.to_str().expect("UTF-8").to_owned();
    let node = Node::with_gateway(&[
        ("web-tls", "files"),
        ("web-cert", &path(&certificate_file)),
        ("web-key", &path(&key_file)),
        ("web-domain", DOMAIN),
    ]);
    let [alice] = peers(&node, ["alice"]);
    let client = TlsClient::new(&node.web(), DOMAIN, ca.root());
    let mut honest = client.socket(&token(&alice));
    assert!(honest.read().expect("a hello").into_text().expect("text").contains("hello"));
    let attackers: Vec<_> = (0..THREADS)
        .map(|_| {
            let client = client.clone();
            thread::spawn(move || (0..HANDSHAKES / THREADS).filter(|_| client.connect().is_ok()).count())
        })
        .collect();
    let mut slowest = Duration::ZERO;
    let begun = clock::now();
    while attackers.iter().any(|attacker| !attacker.is_finished()) {
        let asked: Instant = clock::now();
        let ping = json!({ "jsonrpc": "2.0", "id": 1, "method": "gateway.ping", "params": {} }).to_string();
        honest.send(Message::text(ping)).expect("sending succeeds");
        while !honest.read().expect("an answer").into_text().expect("text").contains("\"now\":") {}
        slowest = slowest.max(asked.elapsed());
        thread::sleep(Duration::from_millis(5));
    }
    let done: usize = attackers.into_iter().map(|attacker| attacker.join().expect("no panic")).sum();
    let permitted = 50 * (2 + usize::try_from(begun.elapsed().as_secs()).expect("a number"));
    assert!(done <= permitted, "{done} handshakes of one address in {:?}", begun.elapsed());
    assert!(slowest < Duration::from_secs(2), "an answer took {slowest:?}");
    assert!(node.process("up").memory_bytes() < 192 << 20, "{} bytes", node.process("up").memory_bytes());
}

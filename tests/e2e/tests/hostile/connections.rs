//! Tests of connections that do not use CURVE, send nothing, or send too much. They get no reply and do not
//! affect other clients.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use common::limits::FRAME_BYTES_MAX;
use e2e::{DEADLINE, Node, Process};
use serde_json::json;
use testkit::Rng;
use transport::limits::HANDSHAKE_MS_MAX;
use transport::{clock, open_files};

use super::assert_node_answers;

/// The ports of a node in three processes, except the control ports.
const PORTS: [&str; 4] = ["clients", "subscribers", "servers", "events"];

/// The ZMTP 3.0 greeting (RFC 23): signature, version, mechanism NULL, not a server, filler.
fn greeting() -> Vec<u8> {
    let mut greeting = vec![0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 3, 0];
    greeting.extend(b"NULL");
    greeting.resize(64, 0);
    greeting
}

/// The READY command of a socket type.
fn ready(socket_type: &str) -> Vec<u8> {
    let mut body = b"\x05READY\x0bSocket-Type\0\0\0".to_vec();
    body.push(socket_type.len() as u8);
    body.extend(socket_type.as_bytes());
    [&[4, body.len() as u8], &body[..]].concat()
}

/// A short frame that ends a message.
fn frame(body: &[u8]) -> Vec<u8> {
    [&[0, body.len() as u8], body].concat()
}

/// The header of a long frame with this length.
fn head_of_frame(bytes: u64) -> Vec<u8> {
    [&[2], &bytes.to_be_bytes()[..]].concat()
}

fn connect(address: &str) -> TcpStream {
    let stream = TcpStream::connect(address).expect("a listener");
    stream.set_read_timeout(Some(DEADLINE)).expect("a time-out");
    stream
}

/// Reads until `wanted` arrives. Returns false if the node closes the connection first.
fn receives(stream: &mut TcpStream, wanted: &[u8]) -> bool {
    let (mut received, mut chunk) = (Vec::new(), [0; 1024]);
    while !received.windows(wanted.len()).any(|window| window == wanted) {
        match stream.read(&mut chunk) {
            Ok(count @ 1..) => received.extend_from_slice(&chunk[..count]),
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                panic!("neither a reply nor the end of the connection")
            }
            Ok(0) | Err(_) => return false,
        }
    }
    true
}

/// Makes the handshake without encryption; `None` if the node closes the connection. The caller must not send
/// before, because the node would read the bytes as a part of the handshake.
fn handshake(address: &str, socket_type: &str) -> Option<TcpStream> {
    let mut stream = connect(address);
    stream.write_all(&[greeting(), ready(socket_type)].concat()).expect("a connection");
    receives(&mut stream, b"READY").then_some(stream)
}

/// Sends bytes without encryption, and returns whether `wanted` arrives.
fn is_answered(address: &str, socket_type: &str, sent: &[u8], wanted: &[u8]) -> bool {
    handshake(address, socket_type).is_some_and(|mut stream| {
        stream.write_all(sent).expect("a connection");
        receives(&mut stream, wanted)
    })
}

/// Waits until the node closes the connection.
#[track_caller]
fn assert_closed(stream: &mut TcpStream) {
    match stream.read_to_end(&mut Vec::new()) {
        Ok(_) => {}
        Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset, "still open"),
    }
}

#[test]
fn an_unencrypted_peer_gets_no_answer() {
    let request = br#"{"jsonrpc":"2.0","id":1,"method":"server.info"}"#;
    let asks = [&[1, 0], &frame(request)[..]].concat();
    let barrier = b"sync.raw.00112233445566778899aabbccddeeff";
    let subscribes = frame(&[b"\x01", &barrier[..]].concat());
    let attacks = |node: &Node| {
        [
            is_answered(node.address("clients"), "DEALER", &asks, b"\"name\":\"papo\""),
            is_answered(node.address("subscribers"), "SUB", &subscribes, barrier),
        ]
    };
    assert_eq!(attacks(&Node::up()), [false, false]);
    assert_eq!(attacks(&Node::plaintext()), [true, true], "the attack works without encryption");
}

#[test]
fn garbage_on_any_port_affects_no_other_client() {
    let node = Node::in_three_processes();
    let mut rng = Rng::of_this_run();
    let mut noise = || (0..500).map(|_| rng.within(0..256) as u8).collect::<Vec<_>>();
    let all = [
        b"GET / HTTP/1.1\r\nHost: papo\r\n\r\n".to_vec(),
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 and the rest of a TLS hello".to_vec(),
        b"SSH-2.0-OpenSSH_9.6\r\n".to_vec(),
        noise(),
        [&[0xff], &noise()[..]].concat(),
        [greeting(), noise()].concat(),
        [greeting(), ready("ROUTER"), noise()].concat(),
        [greeting(), head_of_frame(1 << 62)].concat(),
        [&greeting()[..12], b"CURVE", &[0; 47], b"\x04\xc8\x05HELLO\x01\x00", &noise()].concat(),
        [&greeting()[..12], b"CURVE", &[0; 47], b"\x04\x0a\x08INITIATE", &noise()].concat(),
    ];
    let mut open = Vec::new();
    for garbage in &all {
        for port in PORTS.iter().chain(&["control"]) {
            let mut stream = connect(node.address(port));
            // The node may close the connection before it has read all bytes.
            let _ignore_closed = stream.write_all(garbage);
            open.push(stream);
        }
    }
    // The control ports are in plain text, so a message reaches the role.
    let mut stream = handshake(node.address("control"), "DEALER").expect("plain text is accepted");
    stream.write_all(&[&[1, 0], &frame(b"GET / HTTP/1.1")[..], &frame(b"{")].concat()).expect("a connection");
    assert!(receives(&mut stream, b"-32700"), "the reply is a parse error");
    assert_node_answers(&node);
    drop(open);
    assert_node_answers(&node);
}

/// Each port closes connections that do not complete the handshake in time, so they cannot accumulate.
#[test]
fn half_open_handshakes_are_closed() {
    const EACH: usize = 100;
    let node = Node::in_three_processes();
    let begun = clock::now();
    let mut silent: Vec<_> =
        PORTS.iter().flat_map(|port| (0..EACH).map(|_| connect(node.address(port)))).collect();
    // Half of the connections send the beginning of a greeting.
    silent
        .iter_mut()
        .step_by(2)
        .for_each(|stream| stream.write_all(&greeting()[..12]).expect("a connection"));
    assert_node_answers(&node);
    silent.iter_mut().for_each(|stream| assert_closed(stream));
    let limit = Duration::from_millis(2 * HANDSHAKE_MS_MAX as u64);
    assert!(begun.elapsed() < limit, "it took {:?}", begun.elapsed());
}

/// The usual limit of open files is lower. The node raises its limit, and recovers after the connections are
/// closed.
#[test]
fn a_thousand_connections_do_not_block_other_clients() {
    const CONNECTIONS: usize = 1_000;
    open_files::raise_limit();
    let node = Node::up();
    let process: &Process = node.process("up");
    assert_node_answers(&node);
    let before = process.open_files();
    let connections: Vec<_> = (0..CONNECTIONS).map(|_| connect(node.address("clients"))).collect();
    let begun = clock::now();
    while process.open_files() < before + CONNECTIONS {
        assert!(
            begun.elapsed() < DEADLINE,
            "only {} of {CONNECTIONS} were accepted",
            process.open_files() - before
        );
    }
    assert_node_answers(&node);
    drop(connections);
    while process.open_files() > before + 10 {
        assert!(begun.elapsed() < DEADLINE, "{} are still open", process.open_files() - before);
    }
    assert_node_answers(&node);
}

#[test]
fn a_huge_frame_closes_the_connection_without_using_memory() {
    const GROWTH_BYTES_MAX: u64 = 64 << 20;
    let node = Node::plaintext();
    assert_node_answers(&node);
    let before = node.process("up").memory_bytes();
    for (port, socket_type) in [("clients", "DEALER"), ("subscribers", "SUB")] {
        for bytes in [FRAME_BYTES_MAX as u64 + 1, 1 << 40, u64::MAX] {
            let mut stream = handshake(node.address(port), socket_type).expect("plain text is accepted");
            stream.write_all(&head_of_frame(bytes)).expect("a connection");
            assert_closed(&mut stream);
        }
    }
    let after = node.process("up").memory_bytes();
    assert!(after < before + GROWTH_BYTES_MAX, "{before} bytes became {after}");

    // A node with encryption also refuses the frame before it is complete.
    let node = Node::up();
    let peer = node.peer();
    peer.post(&vec![b' '; FRAME_BYTES_MAX + 1]);
    let mut honest = node.peer();
    honest.call("server.info", json!({})).expect("an answer");
    assert_eq!(peer.reply_within(e2e::RESEND_DELAY), None);
    assert_eq!(node.counter("broker", "requests"), 1);
    assert_node_answers(&node);
}

//! Tests of an attacker on the network who reads and replays all bytes.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;

use e2e::{DEADLINE, Node, PASSWORD, Peer, Recorded, RecordingRelay, peers};
use serde_json::json;

const SECRET: &str = "an eavesdropper must not read this";

/// The strings that must not be readable on the network.
fn secrets(alice: &Peer, topic: &str) -> [String; 5] {
    let session = alice.session();
    [SECRET.to_owned(), PASSWORD.to_owned(), session.token.clone(), session.topic.clone(), topic.to_owned()]
}

/// Alice sends and receives messages through recording relays. Returns the number of the five secrets that
/// each relay forwarded in plain text.
fn readable_secrets(node: &Node, inner: &[RecordingRelay]) -> Vec<usize> {
    let [requests, events] = ["clients", "subscribers"].map(|port| RecordingRelay::to(node.endpoint(port)));
    let mut alice = node.peer_at(requests.endpoint());
    alice.register("alice").expect("an account");
    alice.login("alice").expect("a session");
    let topic = alice.create("#general").expect("a channel").topic;
    let mut subscriber = node.subscriber_at(events.endpoint());
    subscriber.follow(&[&topic, &alice.session().topic]);
    alice.send("#general", SECRET).expect("stored");
    alice.send("@alice", SECRET).expect("stored");
    // The creation of the channel may arrive before the messages.
    let mut missing = 2;
    while missing > 0 {
        missing -= usize::from(subscriber.next_event().1.body.is_content());
    }

    let secrets = secrets(&alice, &topic);
    let wires = [&requests, &events].into_iter().chain(inner);
    wires
        .map(|relay| {
            assert!(!relay.connections().is_empty(), "the relay forwarded no bytes");
            secrets.iter().filter(|secret| relay.has_recorded(secret.as_bytes())).count()
        })
        .collect()
}

#[test]
fn client_ports_carry_no_secret_in_plain_text() {
    assert_eq!(readable_secrets(&Node::up(), &[]), [0, 0]);
    assert_eq!(readable_secrets(&Node::plaintext(), &[]), [5, 3], "readable in plain text");
}

#[test]
fn inner_ports_carry_no_secret_in_plain_text() {
    let node = |flags: &[(&str, &str)]| {
        let inner = std::cell::RefCell::new(Vec::new());
        let node = Node::in_three_processes_via(flags, |endpoint| {
            let relay = RecordingRelay::to(endpoint);
            let instead = relay.endpoint().to_owned();
            inner.borrow_mut().push(relay);
            instead
        });
        (node, inner.into_inner())
    };
    let (encrypted, inner) = node(&[]);
    assert_eq!(readable_secrets(&encrypted, &inner), [0, 0, 0, 0]);
    let (plain, inner) = node(&[("plaintext", "")]);
    assert_eq!(readable_secrets(&plain, &inner), [5, 3, 5, 3], "readable in plain text");
}

/// Alice leaves a channel and joins again. The attacker replays the recorded bytes of the leave on a new
/// connection. Returns whether alice is no longer a member.
fn replay_succeeds(node: &Node) -> bool {
    let [mut alice, mut bob] = peers(node, ["alice", "bob"]);
    bob.create("#general").expect("a channel");
    let relay = RecordingRelay::to(node.endpoint("clients"));
    let mut leaving = node.peer_at(relay.endpoint());
    leaving.resume(alice.session());
    alice.join("#general").expect("a member");
    leaving.call("channel.leave", json!({ "channel": "#general" })).expect("left");
    alice.join("#general").expect("a member again");

    let recorded = relay.connections().remove(0);
    let mut replay = TcpStream::connect(node.address("clients")).expect("a connection");
    replay.set_read_timeout(Some(DEADLINE)).expect("a time-out");
    for Recorded { is_upward, mut bytes } in recorded {
        // Send and receive in the recorded order. The node closes the connection at an invalid frame.
        let done = if is_upward { replay.write_all(&bytes) } else { replay.read_exact(&mut bytes) };
        match done {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                panic!("neither a reply nor the end of the connection")
            }
            Err(_) => break,
            Ok(()) => {}
        }
    }
    alice.call("channel.members", json!({ "channel": "#general" })).is_err()
}

#[test]
fn a_recorded_connection_cannot_be_replayed() {
    assert!(!replay_succeeds(&Node::up()));
    assert!(replay_succeeds(&Node::plaintext()), "the attack works without encryption");
}

//! Somebody on the way: reads every byte that goes over the network, and sends it once more.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;

use e2e::{DEADLINE, Node, PASSWORD, Peer, Said, Wire, peers};
use serde_json::json;

const SECRET: &str = "nobody on the way may read this";

/// What must not be read on the way.
fn secrets(alice: &Peer, topic: &str) -> [String; 5] {
    let session = alice.session();
    [SECRET.to_owned(), PASSWORD.to_owned(), session.token.clone(), session.topic.clone(), topic.to_owned()]
}

/// Alice says something in a channel, and hears it, over wires that record everything. Which of the secrets each of
/// them has carried in clear, out of five.
fn overheard(node: &Node, inner: &[Wire]) -> Vec<usize> {
    let [requests, events] = ["clients", "subscribers"].map(|port| Wire::to(node.endpoint(port)));
    let mut alice = node.peer_at(requests.endpoint());
    alice.register("alice").expect("an account");
    alice.login("alice").expect("a session");
    let topic = alice.create("#general").expect("a channel").topic;
    let mut listener = node.listener_at(events.endpoint());
    listener.follow(&[&topic, &alice.session().topic]);
    alice.send("#general", SECRET).expect("stored");
    alice.send("@alice", SECRET).expect("stored");
    (0..2).for_each(|_| drop(listener.hear()));

    let secrets = secrets(&alice, &topic);
    let wires = [&requests, &events].into_iter().chain(inner);
    wires
        .map(|wire| {
            assert!(!wire.conversations().is_empty(), "nobody speaks over this wire");
            secrets.iter().filter(|secret| wire.has_carried(secret.as_bytes())).count()
        })
        .collect()
}

#[test]
fn nothing_is_in_clear_on_5555_and_5558() {
    assert_eq!(overheard(&Node::up(), &[]), [0, 0]);
    assert_eq!(overheard(&Node::plain(), &[]), [5, 3], "in plain text, it is there to be read");
}

#[test]
fn nothing_is_in_clear_between_the_processes_of_a_node() {
    let node = |flags: &[(&str, &str)]| {
        let inner = std::cell::RefCell::new(Vec::new());
        let node = Node::three_linked(flags, |endpoint| {
            let wire = Wire::to(endpoint);
            let instead = wire.endpoint().to_owned();
            inner.borrow_mut().push(wire);
            instead
        });
        (node, inner.into_inner())
    };
    let (encrypted, inner) = node(&[]);
    assert_eq!(overheard(&encrypted, &inner), [0, 0, 0, 0]);
    let (plain, inner) = node(&[("plaintext", "")]);
    assert_eq!(overheard(&plain, &inner), [5, 3, 5, 3], "in plain text, it is there to be read");
}

/// Alice leaves a channel and comes back. Whether she is out again after somebody has sent the recorded bytes of her
/// leaving once more, on a connection of their own.
fn a_replay_works(node: &Node) -> bool {
    let [mut alice, mut bob] = peers(node, ["alice", "bob"]);
    bob.create("#general").expect("a channel");
    let wire = Wire::to(node.endpoint("clients"));
    let mut leaving = node.peer_at(wire.endpoint());
    leaving.resume(alice.session());
    alice.join("#general").expect("a member");
    leaving.call("channel.leave", json!({ "channel": "#general" })).expect("left");
    alice.join("#general").expect("a member again");

    let recorded = wire.conversations().remove(0);
    let mut replay = TcpStream::connect(node.address("clients")).expect("a listener");
    replay.set_read_timeout(Some(DEADLINE)).expect("a time-out");
    for Said { is_upward, mut bytes } in recorded {
        // In the rhythm of the record. What is not understood ends the connection.
        let done = if is_upward { replay.write_all(&bytes) } else { replay.read_exact(&mut bytes) };
        match done {
            Err(error) if error.kind() == ErrorKind::WouldBlock => panic!("no answer and no end"),
            Err(_) => break,
            Ok(()) => {}
        }
    }
    alice.call("channel.members", json!({ "channel": "#general" })).is_err()
}

#[test]
fn what_was_recorded_cannot_be_sent_again() {
    assert!(!a_replay_works(&Node::up()));
    assert!(a_replay_works(&Node::plain()), "the attack is one");
}

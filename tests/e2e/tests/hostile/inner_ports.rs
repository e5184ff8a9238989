//! Tests of the inner ports. Only a peer with the service key can publish at 5557 or serve requests at 5556.

use common::Event;
use e2e::{DEADLINE, Node, RESEND_DELAY, peers};
use serde_json::json;
use transport::keys::KeyPair;
use transport::poll::{Watch, wait};
use transport::security::Security;
use transport::{Context, Frame, Kind, Socket, clock};

/// Peers that the inner ports must refuse.
fn strangers(node: &Node) -> [(&'static str, Security); 4] {
    let other_node = KeyPair::generate().expect("a key pair");
    let own = KeyPair::generate().expect("a key pair");
    let Security::Client { own: service, .. } = node.service_security() else { panic!("not encrypted") };
    [
        ("without encryption", Security::PlainAnywhere),
        ("with a key of its own", node.client_security()),
        ("with the public half of the service key", {
            let Security::Client { server, .. } = node.client_security() else { panic!("not encrypted") };
            Security::Client { server, own: KeyPair { public: service.public, secret: own.secret } }
        }),
        ("for another node", Security::Client { server: other_node.public, own: service }),
    ]
}

fn stranger(kind: Kind, endpoint: &str, security: &Security) -> Socket {
    let socket = Context::new().socket(kind, security).expect("a socket");
    socket.connect(endpoint).expect("an endpoint");
    socket
}

/// Waits until a role has refused `count` peers. Peers without CURVE or without the secret key fail earlier
/// and are not counted. No peer tries twice.
fn wait_for_refusals(node: &Node, role: &str, count: u64) {
    let begun = clock::now();
    while node.counter(role, "refused_peers") < count {
        assert!(begun.elapsed() < DEADLINE, "no peer was refused");
    }
}

#[test]
fn only_the_service_key_can_publish_events() {
    let node = Node::in_three_processes();
    let [mut alice] = peers(&node, ["alice"]);
    let topic = alice.create("#general").expect("a channel").topic;
    let mut subscriber = node.subscriber();
    subscriber.follow(&[&topic]);
    let forged = br##"{"n":2,"at":1,"to":"#general","from":"alice","kind":"message","id":"01970000-0000-7000-8000-000000000001","text":"forged"}"##;
    let publish = |socket: &Socket| {
        let _undelivered =
            socket.send([Frame::from(topic.as_bytes()), Frame::from(&forged[..])]).expect("sending succeeds");
    };
    let is_forged = |(_, event): (String, Event<'_>)| format!("{event:?}").contains("forged");
    let publishes = |security: &Security| stranger(Kind::Publisher, node.endpoint("events"), security);
    let strangers = strangers(&node).map(|(_, security)| publishes(&security));
    wait_for_refusals(&node, "proxy", 1);
    for _ in 0..10 {
        strangers.iter().for_each(publish);
        alice.send("#general", "genuine").expect("stored");
        subscriber.barrier();
        assert!(!subscriber.received().any(is_forged));
    }

    // With the service key the attack works.
    let (server, begun) = (publishes(&node.service_security()), clock::now());
    while !subscriber.received().any(is_forged) {
        assert!(begun.elapsed() < DEADLINE, "the service key is not accepted");
        publish(&server);
        subscriber.barrier();
    }
}

#[test]
fn only_the_service_key_can_serve_requests() {
    const REQUESTS: usize = 50;
    const REQUEST: &[u8] = br#"{"jsonrpc":"2.0","id":"x","method":"server.info"}"#;
    let node = Node::in_three_processes();
    let mut alice = node.peer();
    let serves = |security: &Security| stranger(Kind::Router, node.endpoint("servers"), security);
    let strangers = strangers(&node).map(|(how, security)| (how, serves(&security)));
    wait_for_refusals(&node, "broker", 1);
    for _ in 0..REQUESTS {
        alice.call("server.info", json!({})).expect("an answer of the node's own server");
    }
    for (how, socket) in &strangers {
        assert!(
            !socket.receive(&mut Vec::new()).expect("receiving succeeds"),
            "a peer {how} received a request"
        );
    }

    // With the service key the attack works: the second server receives requests.
    let (second, begun) = (serves(&node.service_security()), clock::now());
    while !second.receive(&mut Vec::new()).expect("receiving succeeds") {
        assert!(begun.elapsed() < DEADLINE, "the service key is not accepted");
        alice.post(REQUEST);
        wait(&[Watch::Readable(&second)], Some(RESEND_DELAY)).expect("waiting succeeds");
    }
}

/// Strangers must not be able to fill the log.
#[test]
fn refusals_are_counted_and_rarely_logged() {
    const REFUSALS: u64 = 20;
    let node = Node::in_three_processes();
    let connect = |_| stranger(Kind::Dealer, node.endpoint("servers"), &node.client_security());
    let strangers: Vec<_> = (0..REFUSALS).map(connect).collect();
    wait_for_refusals(&node, "broker", REFUSALS);
    let log = node.log("broker");
    let lines = log.lines().filter(|line| line.contains("not the service key of this node")).count();
    assert!((1..=3).contains(&lines), "{lines} lines about {REFUSALS} refusals:\n{log}");
    drop(strangers);
}

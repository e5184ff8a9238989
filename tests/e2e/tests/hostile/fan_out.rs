//! Hostile subscribers at 5558, and clients who never read: nobody hears what is not theirs, nobody else waits.

use std::sync::atomic::{AtomicBool, Ordering};

use common::Body;
use e2e::{DEADLINE, Node, Wire, peers};
use serde_json::json;
use transport::{Context, Frame, Kind, Sent, clock};
use uuid::Uuid;

use super::assert_well;

#[test]
fn subscriptions_that_are_no_whole_topic_hear_nothing() {
    let node = Node::up();
    let [mut alice] = peers(&node, ["alice"]);
    let topic = alice.create("#general").expect("a channel").topic;
    let (mut member, mut nosy) = (node.listener(), node.listener());
    member.follow(&[&topic, &alice.session().topic]);
    let another_key = format!("channel.general.{}", "0".repeat(32));
    let shortened = &topic[..topic.len() - 1];
    nosy.follow(&[
        "",
        "channel.",
        "channel.general",
        "channel.general.",
        shortened,
        &another_key,
        "user.alice.",
    ]);
    alice.send("#general", "among us").expect("stored");
    alice.send("@alice", "a note").expect("stored");
    let mut heard = (false, false);
    while heard != (true, true) {
        let (on, event) = member.hear();
        let is_message = matches!(event.body, Body::Message { .. });
        heard = (heard.0 || is_message && on == topic, heard.1 || is_message && on == alice.session().topic);
    }
    // The proxy has told the member, so that it has told whoever else it tells.
    nosy.barrier();
    assert_eq!(nosy.heard().collect::<Vec<_>>(), []);
    assert_well(&node);
}

/// Whoever subscribes without end has its turn like the events, and no more.
#[test]
fn a_flood_of_subscriptions_holds_up_no_event() {
    const MESSAGES: u64 = 20;
    let node = Node::up();
    let [mut alice] = peers(&node, ["alice"]);
    let topic = alice.create("#general").expect("a channel").topic;
    let mut member = node.listener();
    member.follow(&[&topic]);
    let is_enough = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for number in 0..2 {
            let (socket, is_enough) = (Context::new().socket(Kind::XSubscriber, &node.client()), &is_enough);
            let socket = socket.expect("a socket");
            socket.connect(node.endpoint("subscribers")).expect("an endpoint");
            scope.spawn(move || {
                // One topic on and off: it keeps the proxy as busy as many, and fills no memory.
                let topic = format!("channel.flood.{number:032x}");
                while !is_enough.load(Ordering::Relaxed) {
                    socket.subscribe(topic.as_bytes()).expect("a subscription");
                    socket.unsubscribe(topic.as_bytes()).expect("a subscription less");
                }
            });
        }
        let _enough = AtTheEnd(&is_enough);
        let before = node.counter("proxy", "subscriptions");
        let begun = clock::now();
        while node.counter("proxy", "subscriptions") < before + 1_000 {
            assert!(begun.elapsed() < DEADLINE, "there is no flood");
        }
        for _ in 0..MESSAGES {
            let sent = alice.send("#general", "above water").expect("stored");
            while member.hear().1.n < sent.n {}
        }
    });
    assert_well(&node);
}

/// Tells the others that it is enough, also when the test has failed.
struct AtTheEnd<'a>(&'a AtomicBool);

impl Drop for AtTheEnd<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// The test publishes in the server's place: more than the proxy may hold for one reader, as fast as another hears it.
#[test]
fn a_subscriber_who_never_reads_slows_nobody_down() {
    const BURSTS: u64 = 60;
    const BURST: u64 = 300;
    let node = Node::three();
    let [mut alice] = peers(&node, ["alice"]);
    let topic = alice.create("#general").expect("a channel").topic;
    let wire = Wire::to(node.endpoint("subscribers"));
    let (mut deaf, mut listener) = (node.listener_at(wire.endpoint()), node.listener());
    deaf.follow(&[&topic]);
    listener.follow(&[&topic]);
    wire.hold();
    let server = Context::new().socket(Kind::Publisher, &node.service()).expect("a socket");
    server.connect(node.endpoint("events")).expect("an endpoint");
    let publish = |n: u64| {
        let (id, text) = (Uuid::now_v7(), "x".repeat(1_000));
        let line = json!({ "n": n, "at": 1, "to": "#general", "from": "alice", "kind": "message", "id": id, "text": text });
        let frames = [Frame::from(topic.as_bytes()), Frame::from(format!("{line}\n").into_bytes())];
        assert_eq!(server.send(frames).expect("a send"), Sent::Done);
    };
    // A PUB drops what it sends before its connection is there.
    let begun = clock::now();
    while listener.heard().count() == 0 {
        assert!(begun.elapsed() < DEADLINE, "the link never works");
        publish(0);
        listener.barrier();
    }
    for first in (0..BURSTS).map(|burst| 1 + burst * BURST) {
        (first..first + BURST).for_each(publish);
        (first..first + BURST).for_each(|n| while listener.hear().1.n != n {});
    }
    assert_well(&node);
}

/// Its replies wait at the broker, up to a bound, and then are dropped.
#[test]
fn a_client_who_never_reads_slows_nobody_down() {
    const REQUESTS: usize = 12_000;
    let node = Node::up();
    let wire = Wire::to(node.endpoint("clients"));
    let mut deaf = node.peer_at(wire.endpoint());
    deaf.call("server.info", json!({})).expect("an answer");
    wire.hold();
    let line = deaf.line("server.info", json!({})).repeat(20);
    let [mut alice] = peers(&node, ["alice"]);
    for number in 0..REQUESTS {
        deaf.post(&line);
        if number % 100 == 0 {
            alice.send("@alice", "still here").expect("an answer");
        }
    }
    let begun = clock::now();
    while node.counter("broker", "dropped_full") == 0 {
        assert!(begun.elapsed() < DEADLINE, "nothing is dropped: where does it all go?");
        alice.send("@alice", "still here").expect("an answer");
    }
    assert_well(&node);
}

/// Large replies are bounded by their bytes, and who reads gets as many of them as ever.
#[test]
fn a_client_who_never_reads_costs_little_memory() {
    const REQUESTS: u64 = 120;
    const ROOM: u64 = 64 << 20;
    let node = Node::three();
    let [mut alice] = peers(&node, ["alice"]);
    for _ in 0..70 {
        alice.send("@alice", &"x".repeat(15_000)).expect("stored");
    }
    let wire = Wire::to(node.endpoint("clients"));
    let mut deaf = node.peer_at(wire.endpoint());
    deaf.resume(alice.session());
    deaf.call("server.info", json!({})).expect("an answer");
    wire.hold();
    let (before, counted) = (node.process("broker").memory_bytes(), || {
        node.counter("broker", "replies") + node.counter("broker", "dropped_full")
    });
    let answered = counted();
    // A page of a mebibyte each.
    let line = deaf.line("message.history", json!({ "conversation": "@alice", "limit": 70 }));
    (0..REQUESTS).for_each(|_| deaf.post(&line));
    let begun = clock::now();
    while counted() < answered + REQUESTS {
        assert!(begun.elapsed() < DEADLINE, "only {} were answered", counted() - answered);
    }
    let after = node.process("broker").memory_bytes();
    assert!(after < before + ROOM, "{before} bytes became {after}");
    let pages = (0..20).map(|_| alice.history("@alice").len());
    assert!(pages.into_iter().all(|events| events == 70));
    assert_well(&node);
}

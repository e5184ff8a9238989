//! Tests of hostile subscribers at port 5558, and of clients that never read. They receive no events of other
//! users, and do not slow down other clients.

use std::sync::atomic::{AtomicBool, Ordering};

use common::Body;
use e2e::{DEADLINE, Node, RecordingRelay, peers};
use serde_json::json;
use transport::{Context, Frame, Kind, Sent, clock};
use uuid::Uuid;

use super::assert_node_answers;

#[test]
fn a_subscription_to_a_partial_topic_receives_nothing() {
    let node = Node::up();
    let [mut alice] = peers(&node, ["alice"]);
    let topic = alice.create("#general").expect("a channel").topic;
    let (mut member, mut outsider) = (node.subscriber(), node.subscriber());
    member.follow(&[&topic, &alice.session().topic]);
    let another_key = format!("channel.general.{}", "0".repeat(32));
    let shortened = &topic[..topic.len() - 1];
    outsider.follow(&[
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
    let mut received = (false, false);
    while received != (true, true) {
        let (on, event) = member.next_event();
        let is_message = matches!(event.body, Body::Message { .. });
        received = (
            received.0 || is_message && on == topic,
            received.1 || is_message && on == alice.session().topic,
        );
    }
    // The member received the events, so the proxy has sent them to all subscribers.
    outsider.barrier();
    assert_eq!(outsider.received().collect::<Vec<_>>(), []);
    assert_node_answers(&node);
}

#[test]
fn a_flood_of_subscriptions_does_not_delay_events() {
    const MESSAGES: u64 = 20;
    let node = Node::up();
    let [mut alice] = peers(&node, ["alice"]);
    let topic = alice.create("#general").expect("a channel").topic;
    let mut member = node.subscriber();
    member.follow(&[&topic]);
    let must_stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for number in 0..2 {
            let (socket, must_stop) =
                (Context::new().socket(Kind::XSubscriber, &node.client_security()), &must_stop);
            let socket = socket.expect("a socket");
            socket.connect(node.endpoint("subscribers")).expect("an endpoint");
            scope.spawn(move || {
                // Subscribe and unsubscribe one topic. It is as much work for the proxy as many topics, but
                // needs no memory.
                let topic = format!("channel.flood.{number:032x}");
                while !must_stop.load(Ordering::Relaxed) {
                    socket.subscribe(topic.as_bytes()).expect("a subscription");
                    socket.unsubscribe(topic.as_bytes()).expect("an unsubscription");
                }
            });
        }
        let _stop_on_drop = StopOnDrop(&must_stop);
        let before = node.counter("proxy", "subscriptions");
        let begun = clock::now();
        while node.counter("proxy", "subscriptions") < before + 1_000 {
            assert!(begun.elapsed() < DEADLINE, "the flood did not start");
        }
        for _ in 0..MESSAGES {
            let sent = alice.send("#general", "above water").expect("stored");
            while member.next_event().1.n < sent.n {}
        }
    });
    assert_node_answers(&node);
}

/// Stops the other threads when it is dropped, even after a panic.
struct StopOnDrop<'a>(&'a AtomicBool);

impl Drop for StopOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// The test publishes more events than the proxy may queue for one subscriber, as fast as another subscriber
/// receives them.
#[test]
fn a_subscriber_that_never_reads_does_not_slow_down_other_clients() {
    const BURSTS: u64 = 60;
    const BURST: u64 = 300;
    let node = Node::in_three_processes();
    let [mut alice] = peers(&node, ["alice"]);
    let topic = alice.create("#general").expect("a channel").topic;
    let relay = RecordingRelay::to(node.endpoint("subscribers"));
    let (mut non_reader, mut subscriber) = (node.subscriber_at(relay.endpoint()), node.subscriber());
    non_reader.follow(&[&topic]);
    subscriber.follow(&[&topic]);
    relay.stall();
    let server = Context::new().socket(Kind::Publisher, &node.service_security()).expect("a socket");
    server.connect(node.endpoint("events")).expect("an endpoint");
    let publish = |n: u64| {
        let (id, text) = (Uuid::now_v7(), "x".repeat(1_000));
        let line = json!({ "n": n, "at": 1, "to": "#general", "from": "alice", "kind": "message", "id": id, "text": text });
        let frames = [Frame::from(topic.as_bytes()), Frame::from(format!("{line}\n").into_bytes())];
        assert_eq!(server.send(frames).expect("sending succeeds"), Sent::Done);
    };
    // A PUB socket drops events until it is connected.
    let begun = clock::now();
    while subscriber.received().count() == 0 {
        assert!(begun.elapsed() < DEADLINE, "no event arrives");
        publish(0);
        subscriber.barrier();
    }
    for first in (0..BURSTS).map(|burst| 1 + burst * BURST) {
        (first..first + BURST).for_each(publish);
        (first..first + BURST).for_each(|n| while subscriber.next_event().1.n != n {});
    }
    assert_node_answers(&node);
}

/// The broker queues the client's replies up to a bound, then drops them. After 30 seconds, which a slow
/// machine needs for all requests, the system closes the connection of the client. Then the client can send
/// nothing more, because the relay also stops the next handshake.
#[test]
fn a_client_that_never_reads_does_not_slow_down_other_clients() {
    const REQUESTS: usize = 12_000;
    let node = Node::up();
    let relay = RecordingRelay::to(node.endpoint("clients"));
    let mut non_reader = node.peer_at(relay.endpoint());
    non_reader.call("server.info", json!({})).expect("an answer");
    relay.stall();
    let line = non_reader.line("server.info", json!({})).repeat(20);
    let [mut alice] = peers(&node, ["alice"]);
    for number in 0..REQUESTS {
        if number % 100 == 0 {
            alice.send("@alice", "still here").expect("an answer");
            if node.counter("broker", "unreachable") > 0 {
                break;
            }
        }
        non_reader.post(&line);
    }
    let begun = clock::now();
    while node.counter("broker", "dropped_full") == 0 {
        assert!(begun.elapsed() < DEADLINE, "the broker drops no reply");
        alice.send("@alice", "still here").expect("an answer");
    }
    assert_node_answers(&node);
}

#[test]
fn a_client_that_never_reads_uses_bounded_memory() {
    const REQUESTS: u64 = 120;
    const GROWTH_BYTES_MAX: u64 = 64 << 20;
    let node = Node::in_three_processes();
    let [mut alice] = peers(&node, ["alice"]);
    for _ in 0..70 {
        alice.send("@alice", &"x".repeat(15_000)).expect("stored");
    }
    let relay = RecordingRelay::to(node.endpoint("clients"));
    let mut non_reader = node.peer_at(relay.endpoint());
    non_reader.resume(alice.session());
    non_reader.call("server.info", json!({})).expect("an answer");
    relay.stall();
    let (before, counted) = (node.process("broker").memory_bytes(), || {
        node.counter("broker", "replies") + node.counter("broker", "dropped_full")
    });
    let answered = counted();
    // Each page has one MiB.
    let line = non_reader.line("message.history", json!({ "conversation": "@alice", "limit": 70 }));
    (0..REQUESTS).for_each(|_| non_reader.post(&line));
    let begun = clock::now();
    while counted() < answered + REQUESTS {
        assert!(begun.elapsed() < DEADLINE, "only {} were answered", counted() - answered);
    }
    let after = node.process("broker").memory_bytes();
    assert!(after < before + GROWTH_BYTES_MAX, "{before} bytes became {after}");
    let pages = (0..20).map(|_| alice.history("@alice").len());
    assert!(pages.into_iter().all(|events| events == 70));
    assert_node_answers(&node);
}

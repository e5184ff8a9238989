//! Tests of messages: they are stored once, published to subscribers, and read from the history.

use common::{Body, Event, Reason};
use e2e::{Node, Peer, Subscriber, peers};
use serde_json::json;
use uuid::Uuid;

/// An event in short form: `3 alice: oi`, `2 bob joined`.
fn short(event: &Event<'_>) -> String {
    let what = if let Body::Message { text, .. } = &event.body {
        format!(": {}", text.as_str())
    } else {
        format!(" {:?}", event.body).to_lowercase()
    };
    format!("{} {}{what}", event.n, event.from)
}

fn history(peer: &mut Peer, conversation: &str) -> Vec<String> {
    peer.history(conversation).iter().map(short).collect()
}

/// Waits for the events `first` to `last` on a topic. Skips older events, because a subscriber can receive
/// events that were sent shortly before it subscribed.
fn receive_events(subscriber: &mut Subscriber, on: &str, first: u64, last: u64) -> Vec<String> {
    let mut received = Vec::new();
    while received.len() as u64 <= last - first {
        let (topic, event) = subscriber.next_event();
        assert_eq!(topic, on, "{event:?}");
        if event.n >= first {
            received.push(short(&event));
        }
    }
    received
}

#[test]
fn the_same_id_is_one_message_across_restarts() {
    let mut node = Node::up();
    let [mut alice, mut bob] = peers(&node, ["alice", "bob"]);
    let id = Uuid::now_v7();
    let first = alice.send_as(id, "@bob", "once").expect("stored");
    let resent = |node: &Node, when| {
        let mut again = node.peer();
        again.resume(alice.session());
        assert_eq!(again.send_as(id, "@bob", "once"), Ok(first.clone()), "{when}");
        assert_eq!(history(&mut again, "@bob"), ["1 alice: once"], "{when}");
    };
    resent(&node, "at once");
    node.restart("up");
    resent(&node, "after a clean stop");
    node.kill("up");
    node.start("up");
    resent(&node, "after a kill");

    let params = json!({ "to": "@alice", "id": id, "text": "mine" });
    let taken = bob.call_until_answered("message.send", params).expect_err("refused");
    assert_eq!(taken.reason(), Some(Reason::IdTaken));
}

#[test]
fn a_frame_of_many_lines_is_answered_line_by_line_in_order() {
    let node = Node::up();
    let [mut alice] = peers(&node, ["alice"]);
    let mut lines = Vec::new();
    for number in 1..=100 {
        let text = format!("line {number}");
        lines.extend(
            alice.line("message.send", json!({ "to": "@alice", "id": Uuid::now_v7(), "text": text })),
        );
    }
    alice.post(&lines);
    let reply = String::from_utf8(alice.reply()).expect("utf-8");
    let numbers = reply.lines().map(|line| {
        let reply: serde_json::Value = serde_json::from_str(line).expect("a reply");
        reply["result"]["n"].as_u64().expect("a number")
    });
    assert!(numbers.eq(1..=100), "{reply}");
    assert_eq!(alice.history("@alice").len(), 100);
}

#[test]
fn two_members_receive_the_same_events_without_gaps() {
    let node = Node::up();
    let [mut alice, mut bob] = peers(&node, ["alice", "bob"]);
    let (mut alice_events, mut bob_events) = (node.subscriber(), node.subscriber());

    let topic = alice.create("#general").expect("a channel").topic;
    alice_events.follow(&[&topic]);
    alice.send("#general", "anybody here?").expect("stored");

    // A client joins, subscribes, waits for the barrier, and reads the history. It merges history and events
    // by `n`.
    let joined = bob.join("#general").expect("a member");
    assert_eq!((joined.n, &joined.topic), (3, &topic));
    bob_events.follow(&[&joined.topic]);
    alice.send("#general", "welcome").expect("stored");
    let before = history(&mut bob, "#general");
    bob.send("#general", "oi").expect("stored");
    assert_eq!(
        before,
        ["1 alice created { private: false }", "2 alice: anybody here?", "3 bob joined", "4 alice: welcome"]
    );

    let received = receive_events(&mut alice_events, &topic, 2, 5);
    assert_eq!(received, ["2 alice: anybody here?", "3 bob joined", "4 alice: welcome", "5 bob: oi"]);
    let received = receive_events(&mut bob_events, &topic, 4, 5);
    assert_eq!(
        received,
        ["4 alice: welcome", "5 bob: oi"],
        "event 4 is also in the history, and none is missing"
    );
}

#[test]
fn direct_messages_reach_both_users_in_one_conversation() {
    let node = Node::up();
    let [mut alice, mut bob, mut carol] = peers(&node, ["alice", "bob", "carol"]);
    let topics = [&alice, &bob, &carol].map(|peer| peer.session().topic.clone());
    let mut subscribers = [node.subscriber(), node.subscriber(), node.subscriber()];
    subscribers.iter_mut().zip(&topics).for_each(|(subscriber, topic)| subscriber.follow(&[topic]));
    let [alice_events, bob_events, carol_events] = &mut subscribers;

    alice.send("@bob", "oi").expect("stored");
    bob.send("@alice", "oi oi").expect("stored");
    for (subscriber, topic) in [(alice_events, &topics[0]), (bob_events, &topics[1])] {
        assert_eq!(receive_events(subscriber, topic, 1, 2), ["1 alice: oi", "2 bob: oi oi"]);
    }
    assert_eq!(history(&mut alice, "@bob"), history(&mut bob, "@alice"));
    carol_events.barrier();
    assert_eq!(carol_events.received().count(), 0, "a third user receives nothing");
    assert_eq!(history(&mut carol, "@bob"), [""; 0]);
}

#[test]
fn a_member_who_left_can_neither_read_nor_write() {
    let node = Node::up();
    let [mut alice, mut bob] = peers(&node, ["alice", "bob"]);
    let topic = alice.create("#general").expect("a channel").topic;
    bob.join("#general").expect("a member");
    let mut alice_events = node.subscriber();
    alice_events.follow(&[&topic]);
    assert_eq!(bob.call("channel.leave", json!({ "channel": "#general" })), Ok(json!({})));
    assert_eq!(receive_events(&mut alice_events, &topic, 3, 3), ["3 bob left"]);

    let refused = |result: Result<_, common::Error>| result.expect_err("refused").to_string();
    let sentence = "you are not a member of #general: join it first";
    assert_eq!(refused(bob.send("#general", "one more thing").map(|_| json!({}))), sentence);
    assert_eq!(refused(bob.call("message.history", json!({ "conversation": "#general" }))), sentence);
    assert_eq!(refused(bob.call("channel.members", json!({ "channel": "#general" }))), sentence);
    assert_eq!(bob.heads().heads.iter().map(|head| head.conversation.to_string()).collect::<Vec<_>>(), ["*"]);

    assert_eq!(bob.join("#general").expect("joined again").n, 4);
    assert_eq!(
        history(&mut bob, "#general"),
        ["1 alice created { private: false }", "2 bob joined", "3 bob left", "4 bob joined"]
    );
}

#[test]
fn concurrent_messages_are_published_in_log_order() {
    const EACH: usize = 200;
    let node = Node::in_three_processes();
    let mut crowd = peers(&node, ["alice", "bob", "carol"]);
    let topic = crowd[0].create("#general").expect("a channel").topic;
    let mut subscriber = node.subscriber();
    subscriber.follow(&[&topic]);
    std::thread::scope(|scope| {
        for peer in &mut crowd {
            scope.spawn(|| {
                peer.join("#general").expect("a member");
                for _ in 0..EACH {
                    peer.send("#general", "me too").expect("stored");
                }
            });
        }
    });
    let stored = history(&mut crowd[0], "#general");
    assert_eq!(stored.len(), 1 + 2 + 3 * EACH);
    assert_eq!(receive_events(&mut subscriber, &topic, 2, stored.len() as u64), stored[1..]);
}

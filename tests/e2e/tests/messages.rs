//! Messages: sent once, told live, found again in the history.

use common::{Body, Event, Reason};
use e2e::{Listener, Node, Peer, peers};
use serde_json::json;
use uuid::Uuid;

/// An event in short: `3 alice: oi`, `2 bob joined`.
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

/// The events that are told on a topic, from number `first` to number `last`. One that is older may come as well: a
/// reply does not wait for the fan-out, so that an event can arrive behind what was asked after it.
fn live(listener: &mut Listener, on: &str, first: u64, last: u64) -> Vec<String> {
    let mut heard = Vec::new();
    while heard.len() as u64 <= last - first {
        let (topic, event) = listener.hear();
        assert_eq!(topic, on, "{event:?}");
        if event.n >= first {
            heard.push(short(&event));
        }
    }
    heard
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
        assert_eq!(again.send_as(id, "@bob", "once"), Ok(first), "{when}");
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
fn two_people_in_a_channel_see_the_same_without_a_hole() {
    let node = Node::up();
    let [mut alice, mut bob] = peers(&node, ["alice", "bob"]);
    let (mut hears_alice, mut hears_bob) = (node.listener(), node.listener());

    let topic = alice.create("#general").expect("a channel").topic;
    hears_alice.follow(&[&topic]);
    alice.send("#general", "anybody here?").expect("stored");

    // Joining is: subscribe, barrier, then the history of what came before; what is live is merged by `n`.
    let joined = bob.join("#general").expect("a member");
    assert_eq!((joined.n, &joined.topic), (3, &topic));
    hears_bob.follow(&[&joined.topic]);
    alice.send("#general", "welcome").expect("stored");
    let before = history(&mut bob, "#general");
    bob.send("#general", "oi").expect("stored");
    assert_eq!(
        before,
        ["1 alice created { private: false }", "2 alice: anybody here?", "3 bob joined", "4 alice: welcome"]
    );

    let heard = live(&mut hears_alice, &topic, 2, 5);
    assert_eq!(heard, ["2 alice: anybody here?", "3 bob joined", "4 alice: welcome", "5 bob: oi"]);
    let heard = live(&mut hears_bob, &topic, 4, 5);
    assert_eq!(heard, ["4 alice: welcome", "5 bob: oi"], "one in the history too, and none missing");
}

#[test]
fn direct_messages_reach_both_and_are_one_conversation() {
    let node = Node::up();
    let [mut alice, mut bob, mut carol] = peers(&node, ["alice", "bob", "carol"]);
    let topics = [&alice, &bob, &carol].map(|peer| peer.session().topic.clone());
    let mut listeners = [node.listener(), node.listener(), node.listener()];
    listeners.iter_mut().zip(&topics).for_each(|(listener, topic)| listener.follow(&[topic]));
    let [hears_alice, hears_bob, hears_carol] = &mut listeners;

    alice.send("@bob", "oi").expect("stored");
    bob.send("@alice", "oi oi").expect("stored");
    for (listener, topic) in [(hears_alice, &topics[0]), (hears_bob, &topics[1])] {
        assert_eq!(live(listener, topic, 1, 2), ["1 alice: oi", "2 bob: oi oi"]);
    }
    assert_eq!(history(&mut alice, "@bob"), history(&mut bob, "@alice"));
    hears_carol.barrier();
    assert_eq!(hears_carol.heard().count(), 0, "what is between two concerns no third");
    assert_eq!(history(&mut carol, "@bob"), [""; 0]);
}

#[test]
fn who_has_left_is_seen_to_go_and_may_neither_read_nor_write() {
    let node = Node::up();
    let [mut alice, mut bob] = peers(&node, ["alice", "bob"]);
    let topic = alice.create("#general").expect("a channel").topic;
    bob.join("#general").expect("a member");
    let mut hears_alice = node.listener();
    hears_alice.follow(&[&topic]);
    assert_eq!(bob.call("channel.leave", json!({ "channel": "#general" })), Ok(json!({})));
    assert_eq!(live(&mut hears_alice, &topic, 3, 3), ["3 bob left"]);

    let refused = |result: Result<_, common::Error>| result.expect_err("refused").to_string();
    let sentence = "you are not a member of #general: join it first";
    assert_eq!(refused(bob.send("#general", "one more thing").map(|_| json!({}))), sentence);
    assert_eq!(refused(bob.call("message.history", json!({ "conversation": "#general" }))), sentence);
    assert_eq!(refused(bob.call("channel.members", json!({ "channel": "#general" }))), sentence);
    assert_eq!(bob.heads().heads.iter().map(|head| head.conversation.to_string()).collect::<Vec<_>>(), ["*"]);

    assert_eq!(bob.join("#general").expect("back again").n, 4);
    assert_eq!(
        history(&mut bob, "#general"),
        ["1 alice created { private: false }", "2 bob joined", "3 bob left", "4 bob joined"]
    );
}

/// Many at once: the numbers that are told live are those of the history, each once.
#[test]
fn what_many_say_at_once_is_told_in_the_order_of_the_log() {
    const EACH: usize = 200;
    let node = Node::three();
    let mut crowd = peers(&node, ["alice", "bob", "carol"]);
    let topic = crowd[0].create("#general").expect("a channel").topic;
    let mut listener = node.listener();
    listener.follow(&[&topic]);
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
    assert_eq!(live(&mut listener, &topic, 2, stored.len() as u64), stored[1..]);
}

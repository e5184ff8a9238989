//! Server-sent events: a script follows a conversation and resumes after the last event that it has.

use common::limits::HISTORY_EVENTS_MAX;
use e2e::Node;

use super::{team, token};

#[test]
fn a_stream_resumes_after_the_last_event_and_continues_with_new_ones() {
    let mut node = Node::in_three_processes();
    node.add_gateway();
    let [mut alice, bob] = team(&node);
    let token = token(&bob);
    let mut stream = node.web().events("%23ops", &token, Some("#ops:0"));
    let first = stream.next_event();
    assert_eq!((&*first.0, &first.1["kind"]), ("#ops:1", &serde_json::json!("channel.created")));
    drop(stream);
    let last = (0..=HISTORY_EVENTS_MAX).map(|n| alice.send("#ops", &n.to_string()).expect("stored").n).last();
    let mut stream = node.web().events("%23ops", &token, Some(&first.0));
    for n in 2..=last.expect("a number") {
        let (id, event) = stream.next_event();
        assert_eq!((id, event["n"].as_u64()), (format!("#ops:{n}"), Some(n)));
    }
    node.kill("server");
    node.start("server");
    alice = node.peer();
    alice.login("alice").expect("a session");
    let n = alice.send("#ops", "after the restart").expect("stored").n;
    assert_eq!(stream.next_event().1["n"], n);
}

#[test]
fn a_stream_of_direct_messages_shows_both_directions_and_no_other_conversation() {
    let node = Node::with_gateway(&[]);
    let [mut alice, mut bob] = team(&node);
    let mut stream = node.web().events("%40alice", &token(&bob), Some("@alice:0"));
    alice.send("#ops", "not here").expect("stored");
    alice.send("@bob", "one").expect("stored");
    bob.send("@alice", "two").expect("stored");
    alice.send("@alice", "not here").expect("stored");
    alice.send("@bob", "three").expect("stored");
    for text in ["one", "two", "three"] {
        assert_eq!(stream.next_event().1["text"], text);
    }
}

#[test]
fn a_user_who_leaves_receives_an_error_and_strangers_receive_no_stream() {
    let node = Node::with_gateway(&[]);
    let [alice, _bob] = team(&node);
    let answer = node.web().get("/events?conversation=%23none", &token(&alice));
    assert_eq!((answer.status, &*answer.reason()), (404, "no_such_channel"));
    assert_eq!(node.web().request("GET", "/events?conversation=%23ops", &[], b"").status, 401);
    assert_eq!(node.web().get("/events", &token(&alice)).status, 400);
}

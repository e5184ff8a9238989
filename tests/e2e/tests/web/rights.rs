//! The gateway adds and relaxes no right: each request has the same outcome over HTTP, over a WebSocket and
//! over ZeroMQ.

use e2e::{Node, Peer, peers};
use serde_json::{Value, json};
use uuid::Uuid;

use super::token;

/// The reason of a refused request, or `ok`.
fn outcome(result: Result<Value, common::Error>) -> String {
    result.map_or_else(|error| error.data.reason, |_| "ok".to_owned())
}

#[test]
fn every_way_to_the_server_has_the_same_rights() {
    let node = Node::with_gateway(&[]);
    let [mut alice, mut bob, mut carol]: [Peer; 3] = peers(&node, ["alice", "bob", "carol"]);
    alice.create_private("#board").expect("a channel");
    alice.send("#board", "secret").expect("stored");
    alice.create("#ops").expect("a channel");
    bob.join("#ops").expect("a member");
    let web = node.web();
    for (method, params) in [
        ("message.history", json!({ "conversation": "#board" })),
        ("message.history", json!({ "conversation": "#ops" })),
        ("channel.members", json!({ "channel": "#board" })),
        ("channel.set", json!({ "channel": "#ops", "subject": "mine" })),
        ("channel.kick", json!({ "channel": "#ops", "user": "alice" })),
        ("message.search", json!({ "query": "secret", "conversation": "#board" })),
        ("admin.users", json!({})),
        ("admin.disable", json!({ "user": "alice", "disabled": true })),
        ("file.get", json!({ "conversation": "#board", "n": 1, "offset": 0 })),
    ] {
        for peer in [&mut bob, &mut carol] {
            let token = token(peer);
            let direct = outcome(peer.call(method, params.clone()));
            let mut socket = web.chat(&token);
            assert_eq!(outcome(socket.call(method, params.clone())), direct, "{method}");
            let line = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
            let reply = web.post("/rpc", &token, &line).json();
            let reason = reply["error"]["data"]["reason"].as_str().unwrap_or("ok").to_owned();
            assert_eq!(reason, direct, "{method}");
        }
    }
    for path in ["/history/%23board", "/events?conversation=%23board", "/files/%23board/1/x"] {
        let answer = web.get(path, &token(&carol));
        assert_eq!((answer.status, &*answer.reason()), (404, "no_such_channel"), "{path}");
        assert!(!String::from_utf8_lossy(&answer.body).contains("secret"));
    }
    let answer =
        web.post("/messages", &token(&carol), &json!({ "to": "#board", "text": "x", "id": Uuid::now_v7() }));
    assert_eq!(answer.status, 404);
}

#[test]
fn a_removed_member_receives_nothing_more_over_a_websocket() {
    let node = Node::with_gateway(&[]);
    let [mut alice, mut bob]: [Peer; 2] = peers(&node, ["alice", "bob"]);
    alice.create_private("#ops").expect("a channel");
    alice.call("channel.invite", json!({ "channel": "#ops", "user": "bob" })).expect("invited");
    let topic = bob.join("#ops").expect("a member").topic;
    let mut socket = node.web().chat(&token(&bob));
    socket.call("gateway.subscribe", json!({ "topics": [topic] })).expect("a barrier");
    alice.call("channel.kick", json!({ "channel": "#ops", "user": "bob" })).expect("removed");
    let n = alice.send("#ops", "without bob").expect("stored").n;
    // A barrier after the message: whatever the topic carried has arrived before it.
    let own = bob.heads().topic;
    socket.call("gateway.subscribe", json!({ "topics": [own] })).expect("a barrier");
    alice.send("@bob", "end").expect("stored");
    loop {
        let event = socket.next_event();
        assert_ne!((&event["to"], event["n"].as_u64()), (&json!("#ops"), Some(n)));
        if event["text"] == "end" {
            break;
        }
    }
}

//! Two users chat over WebSockets.

use common::limits::TEXT_BYTES_MAX;
use e2e::{ChatSocket, Node, peers};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{team, token};

/// Subscribes to the topics of the user's conversations, and returns after the barrier.
fn follow(socket: &mut ChatSocket) {
    let heads = socket.call("sync.heads", json!({})).expect("the heads");
    let own = heads["topic"].clone();
    let topics =
        heads["heads"].as_array().expect("a list").iter().filter_map(|head| head.get("topic").cloned());
    let topics: Vec<Value> = topics.chain([own]).collect();
    socket.call("gateway.subscribe", json!({ "topics": topics })).expect("a barrier");
}

#[test]
fn two_users_chat_and_a_restart_of_the_server_loses_nothing() {
    let mut node = Node::in_three_processes();
    node.add_gateway();
    let [alice, bob] = team(&node);
    let mut alice = node.web().chat(&token(&alice));
    let mut bob = node.web().chat(&token(&bob));
    let hello = alice.next_line();
    assert_eq!((&hello["kind"], &hello["user"]), (&json!("hello"), &json!("alice")));
    assert_eq!(alice.response.headers()["sec-websocket-protocol"], "papo.v1");
    [&mut alice, &mut bob].into_iter().for_each(follow);
    let mut last = 0;
    for round in 0..3 {
        for (sender, name) in [(&mut alice, "alice"), (&mut bob, "bob")] {
            let id = Uuid::now_v7();
            let params = json!({ "to": "#ops", "id": id, "text": format!("{name} {round}") });
            // A request that was lost in the restart is sent again with the same id.
            let n = loop {
                match sender.call_until_answered("message.send", params.clone()) {
                    Ok(sent) => break sent["n"].as_u64().expect("a number"),
                    Err(error) => assert_eq!(error.code, 5030, "{error}"),
                }
            };
            assert!(n > last);
            last = n;
        }
        for reader in [&mut alice, &mut bob] {
            for name in ["alice", "bob"] {
                assert_eq!(reader.next_event()["text"], format!("{name} {round}"));
            }
        }
        node.kill("server");
        node.start("server");
    }
    node.assert_healthy();
    assert!(node.counter("gateway", "deliveries") >= 12);
}

#[test]
fn the_gateway_answers_its_own_methods_and_passes_errors_on_unchanged() {
    let node = Node::with_gateway(&[]);
    let [mut alice, _bob] = team(&node);
    let mut socket = node.web().chat(&token(&alice));
    assert!(
        socket.call("gateway.ping", json!({})).expect("a time")["now"].as_u64() > Some(1_600_000_000_000)
    );
    for (method, params) in [
        ("nope", json!({})),
        ("channel.join", json!({ "channel": "ops" })),
        ("message.send", json!({ "to": "#none", "id": Uuid::now_v7(), "text": "x" })),
        (
            "message.send",
            json!({ "to": "#ops", "id": Uuid::now_v7(), "text": "x".repeat(TEXT_BYTES_MAX + 1) }),
        ),
        ("admin.users", json!({ "after": 7 })),
    ] {
        let direct = alice.call(method, params.clone()).expect_err(method);
        assert_eq!(socket.call(method, params).expect_err(method), direct);
    }
    let own = socket.call("session.list", json!({ "token": "mine" })).expect_err("two tokens");
    assert_eq!(own.data.reason, "invalid_params");
    let refused = socket.call("gateway.subscribe", json!({ "topics": ["channel."] })).expect_err("a prefix");
    assert_eq!(refused.data.reason, "invalid_params");
}

#[test]
fn a_connection_without_a_session_sends_tokens_itself() {
    let node = Node::with_gateway(&[]);
    let [alice] = peers(&node, ["alice"]);
    let mut socket = node.web().socket("/ws", &[("Sec-WebSocket-Protocol", "papo.v1")]).expect("a WebSocket");
    assert_eq!(socket.next_line().get("user"), None);
    assert_eq!(socket.call("session.list", json!({})).expect_err("no token").data.reason, "unauthenticated");
    let sessions = socket.call("session.list", json!({ "token": token(&alice) })).expect("sessions");
    assert_eq!(sessions["sessions"].as_array().expect("a list").len(), 1);
}

#[test]
fn bad_frames_close_the_connection_and_the_subprotocol_is_required() {
    let node = Node::with_gateway(&[]);
    let [alice] = peers(&node, ["alice"]);
    let (web, token) = (node.web(), token(&alice));
    assert_eq!(web.socket("/ws", &[("Authorization", &format!("Bearer {token}"))]).err(), Some(400));
    let mut binary = web.chat(&token);
    binary.socket.send(tungstenite::Message::binary(b"x".as_slice())).expect("sending succeeds");
    assert_eq!(binary.close_code(), 4400);
    let mut large = web.chat(&token);
    let _closed_early = large.socket.send(tungstenite::Message::text("x".repeat((1 << 20) + 1)));
    let mut small = web.chat(&token);
    assert!(small.call("gateway.ping", json!({})).is_ok(), "other connections continue");
}

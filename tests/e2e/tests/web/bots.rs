//! The token of a bot over HTTP, WebSocket and ZeroMQ.

use e2e::Node;
use serde_json::json;
use uuid::Uuid;

use crate::commands::Shell;

#[test]
fn a_bot_uses_its_token_over_http_websocket_and_zeromq_until_it_is_revoked() {
    let node = Node::with_gateway(&[]);
    let alice = Shell::new(&node, "alice");
    alice.run_ok(&["create", "#ops"]);
    alice.run_ok(&["create", "#board"]);
    let token = alice.run_ok(&["bot", "create", "deploy", "--in", "#ops"]);
    let (web, token) = (node.web(), token.trim());
    let send = |to: &str| web.post("/messages", token, &json!({ "to": to, "text": "over HTTP" }));
    assert_eq!(send("#ops").status, 200);
    let mut events = web.events("%23ops", token, Some("#ops:3"));
    let refused = send("#board");
    assert_eq!((refused.status, &*refused.reason()), (403, "out_of_scope"));
    let mut chat = web.chat(token);
    let message = |text: &str| json!({ "to": "#ops", "id": Uuid::now_v7(), "text": text });
    chat.call("message.send", message("over WebSocket")).expect("sent");
    let topic = chat.call("sync.heads", json!({})).expect("heads")["topic"].clone();
    chat.call("gateway.subscribe", json!({ "topics": [topic] })).expect("a barrier");
    let mut peer = node.peer();
    let mut params = message("over ZeroMQ");
    params["token"] = json!(token);
    peer.call("message.send", params).expect("sent");
    assert_eq!(alice.texts(&["history", "#ops", "--json"]), ["over HTTP", "over WebSocket", "over ZeroMQ"]);
    assert_eq!(events.next_event().1["text"], "over HTTP");
    let listed = alice.run_ok(&["bot", "list"]);
    assert!(listed.contains(" @deploy by @alice, write in #ops, used "), "{listed}");
    let (id, _) = listed.split_once(' ').expect("an id");
    alice.run_ok(&["bot", "revoke", id]);
    assert_eq!(send("#ops").status, 401);
    assert_eq!(chat.close_code(), 4401);
    assert_eq!(alice.run_ok(&["bot", "list", "--json"]), "");
}

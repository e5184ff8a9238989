//! The API of the older systems. This client is written from the description of that API only.

use e2e::{ChatSocket, Node, Web};
use serde_json::{Value, json};

use super::{team, token};

/// Opens a WebSocket of the older API.
fn open(web: &Web, token: &str) -> ChatSocket {
    web.socket(&format!("/ws?token={token}"), &[]).expect("a WebSocket")
}

fn message(socket: &mut ChatSocket, to: &str, content: &str) {
    socket.send(&json!({ "type": "message", "to": to, "content": content }).to_string());
}

/// The next message: from, to, content.
fn next(socket: &mut ChatSocket) -> (String, String, String) {
    let line = socket.next_line();
    assert_eq!(line["type"], "message", "{line}");
    assert!(line["timestamp"].as_u64() > Some(1_600_000_000_000));
    let text = |name: &str| line[name].as_str().expect("text").to_owned();
    (text("from"), text("to"), text("content"))
}

#[test]
fn older_clients_chat_and_read_the_history() {
    let node = Node::with_gateway(&[("legacy-api", "")]);
    let [alice, bob] = team(&node);
    let (web, tokens) = (node.web(), [token(&alice), token(&bob)]);
    let [mut alice, mut bob] = [open(&web, &tokens[0]), open(&web, &tokens[1])];
    let texts = |from: &str, to: &str, content: &str| (from.to_owned(), to.to_owned(), content.to_owned());
    // A client may send before its own subscription is in force: it then sees only later messages.
    message(&mut bob, "alice", "oi");
    assert_eq!(next(&mut alice), texts("bob", "alice", "oi"));
    message(&mut alice, "bob", "olá");
    while next(&mut bob) != texts("alice", "bob", "olá") {}
    message(&mut bob, "broadcast", "from bob");
    while next(&mut alice) != texts("bob", "broadcast", "from bob") {}
    message(&mut alice, "broadcast", "from an administrator");
    while next(&mut bob) != texts("alice", "broadcast", "from an administrator") {}
    bob.send("nonsense");
    assert_eq!(bob.next_line()["type"], "error");

    let history = web.request("GET", &format!("/history/alice?token={}", tokens[1]), &[], b"");
    let contents: Vec<Value> =
        history.json().as_array().expect("a list").iter().map(|line| line["content"].clone()).collect();
    assert_eq!((history.status, contents), (200, vec![json!("oi"), json!("olá")]));
    assert_eq!(web.request("GET", "/history/alice?token=wrong", &[], b"").status, 401);
    assert_eq!(web.socket("/ws?token=wrong", &[]).err(), Some(401));
    let foreign = [("Origin", "http://evil.example")];
    assert_eq!(web.socket(&format!("/ws?token={}", tokens[1]), &foreign).err(), Some(403));
}

#[test]
fn the_older_api_is_off_by_default() {
    let node = Node::with_gateway(&[]);
    let [alice, _bob] = team(&node);
    let token = token(&alice);
    assert_eq!(node.web().socket(&format!("/ws?token={token}"), &[]).err(), Some(400));
    let history = node.web().request("GET", &format!("/history/@bob?token={token}"), &[], b"");
    assert_eq!((history.status, &*history.reason()), (401, "unauthenticated"));
}

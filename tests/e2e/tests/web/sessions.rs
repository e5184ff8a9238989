//! A WebSocket ends with its session.

use e2e::{Node, PASSWORD};
use serde_json::json;

use super::{team, token};

/// Ends the session of the second peer.
type End = fn(&mut e2e::Peer, &mut e2e::Peer);

#[test]
fn a_session_that_ended_closes_its_connections_at_once() {
    let node = Node::with_gateway(&[]);
    let [mut alice, mut bob] = team(&node);
    let topic = bob.heads().topic;
    let ends: [(&str, End); 3] = [
        ("session.revoke", |_, bob| {
            let sessions = bob.call("session.list", json!({})).expect("sessions");
            let own = sessions["sessions"].as_array().expect("a list").iter().find(|s| s["current"] == true);
            let own = own.expect("the current session")["session"].clone();
            bob.call("session.revoke", json!({ "session": own })).expect("revoked");
        }),
        ("auth.logout", |_, bob| drop(bob.call("auth.logout", json!({})).expect("logged out"))),
        ("admin.disable", |alice, _| {
            alice.call("admin.disable", json!({ "user": "bob", "disabled": true })).expect("disabled");
        }),
    ];
    let mut topic = topic;
    for (name, end) in ends {
        let mut socket = node.web().chat(&token(&bob));
        socket.call("gateway.subscribe", json!({ "topics": [topic] })).expect("a barrier");
        end(&mut alice, &mut bob);
        assert_eq!(socket.close_code(), 4401, "{name}");
        if name != "admin.disable" {
            topic = bob.login("bob").expect("a session").topic.to_string();
        }
    }
}

#[test]
fn a_request_of_an_ended_session_closes_the_connection_without_subscriptions() {
    let node = Node::with_gateway(&[]);
    let [_alice, mut bob] = team(&node);
    let mut socket = node.web().chat(&token(&bob));
    assert_eq!(socket.next_line()["kind"], "hello");
    bob.call("auth.logout", json!({})).expect("logged out");
    assert_eq!(socket.call("sync.heads", json!({})).expect_err("ended").data.reason, "unauthenticated");
    assert_eq!(socket.close_code(), 4401);
    let mut late = node.web().chat(&token(&bob));
    assert_eq!(late.close_code(), 4401, "an ended session opens no connection");
}

#[test]
fn a_wrong_password_does_not_close_the_connection() {
    let node = Node::with_gateway(&[]);
    let [_alice, bob] = team(&node);
    let mut socket = node.web().chat(&token(&bob));
    let params = json!({ "password": "wrong password", "new_password": PASSWORD });
    assert_eq!(socket.call("auth.password", params).expect_err("wrong").data.reason, "wrong_credentials");
    assert!(socket.call("sync.heads", json!({})).is_ok());
}

#[test]
fn a_user_has_a_limited_number_of_connections() {
    let node = Node::with_gateway(&[]);
    let [_alice, bob] = team(&node);
    let (web, token) = (node.web(), token(&bob));
    let mut open = Vec::new();
    for _ in 0..20 {
        let mut socket = web.chat(&token);
        // The gateway counts a connection when the server has confirmed its session.
        assert!(socket.call("sync.heads", json!({})).is_ok());
        open.push(socket);
    }
    assert_eq!(web.chat(&token).close_code(), 4429);
    assert!(open.iter_mut().all(|socket| socket.call("gateway.ping", json!({})).is_ok()));
}

//! Tests of accounts and sessions: names, passwords, tokens, and restarts.

use common::{Error, Reason};
use e2e::{Node, PASSWORD, Peer, peers};
use serde_json::json;
use transport::clock;

fn reason<T: std::fmt::Debug>(refused: Result<T, Error>) -> Reason {
    refused.expect_err("refused").reason().expect("a reason of the table")
}

#[test]
fn a_name_has_one_spelling_and_one_owner() {
    let node = Node::up();
    let mut peer = node.peer();
    assert_eq!(peer.register("João"), Ok(json!({ "user": "joão", "administrator": true })));
    assert_eq!(reason(peer.register("JOÃO")), Reason::NameTaken);
    assert_eq!(reason(peer.register("joa\u{303}o")), Reason::NameTaken, "typed with a combining tilde");
    assert_eq!(reason(peer.register("bob_")), Reason::InvalidParams, "@bob_ would mention bob");
    assert_eq!(reason(peer.register("here")), Reason::InvalidParams, "@here would mention everybody");
    assert_eq!(peer.login("joÃo").expect("a session").user.as_str(), "joão");
}

#[test]
fn an_unknown_name_and_a_wrong_password_get_the_same_error() {
    let node = Node::up();
    let [mut alice] = peers(&node, ["alice"]);
    let mut refusal = |user| {
        let credentials = json!({ "user": user, "password": "incorrect horse" });
        alice.call("auth.login", credentials).expect_err("refused")
    };
    assert_eq!(refusal("alice").reason(), Some(Reason::WrongCredentials));
    assert_eq!(refusal("alice"), refusal("nobody"));
}

#[test]
fn a_logout_ends_only_its_own_session() {
    let node = Node::up();
    let [mut alice] = peers(&node, ["alice"]);
    let mut elsewhere = node.peer();
    elsewhere.login("alice").expect("a second session");
    assert_eq!(alice.call("auth.logout", json!({})), Ok(json!({})));
    assert_eq!(reason(alice.call("user.list", json!({}))), Reason::Unauthenticated);
    elsewhere.call("user.list", json!({})).expect("the other session stays open");
}

#[test]
fn a_session_survives_a_clean_restart_and_a_kill() {
    let mut node = Node::up();
    let [mut alice, mut bob] = peers(&node, ["alice", "bob"]);
    bob.call("auth.logout", json!({})).expect("bob logs out");
    let restarts: [fn(&mut Node); 2] = [
        |node| node.restart("up"),
        |node| {
            node.kill("up");
            node.start("up");
        },
    ];
    for restart in restarts {
        restart(&mut node);
        let resumed = |peer: &Peer| {
            let mut again = node.peer();
            again.resume(peer.session());
            again.call("user.list", json!({}))
        };
        resumed(&alice).expect("the token is still valid");
        assert_eq!(reason(resumed(&bob)), Reason::Unauthenticated, "the token of an ended session is not");
        // libzmq reconnects the old connection, which also works.
        alice.call_until_answered("user.list", json!({})).expect("an answer");
    }
}

/// A hash takes a hundred times as long as a send. If the event loop computed hashes, the sends would wait.
#[test]
fn a_hundred_logins_do_not_delay_messages() {
    const LOGINS: usize = 100;
    // Fewer logins than the server queues for one client, and enough for all its hash threads.
    const LOGINS_AT_A_TIME: usize = 4;
    const SENDS_MIN: usize = 20;
    let node = Node::up();
    let [mut alice, mut crowd] = peers(&node, ["alice", "bob"]);
    let log_in = |crowd: &mut Peer| {
        let line = crowd.line("auth.login", json!({ "user": "bob", "password": PASSWORD }));
        crowd.post(&line);
    };
    (0..LOGINS_AT_A_TIME).for_each(|_| log_in(&mut crowd));
    let (mut logins, mut sends, started) = (0, 0, clock::now());
    while logins < LOGINS {
        alice.send("@bob", "still here").expect("an answer");
        sends += 1;
        while let Some(reply) = crowd.reply_within(std::time::Duration::ZERO) {
            assert!(
                reply.windows(8).any(|word| word == b"\"token\":"),
                "{}",
                String::from_utf8_lossy(&reply)
            );
            logins += 1;
            log_in(&mut crowd);
        }
        assert!(started.elapsed() < e2e::DEADLINE, "{logins} logins were answered");
    }
    assert!(sends >= SENDS_MIN, "only {sends} sends were answered before the last login");
}

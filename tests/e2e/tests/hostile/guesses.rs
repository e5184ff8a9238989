//! Tests of password guessing and floods of requests. Both are limited, and do not affect other clients.

use std::collections::HashMap;
use std::time::Duration;

use common::{Detail, Error, Reason};
use e2e::{DEADLINE, Node, Peer, RESEND_DELAY, peers};
use serde_json::{Value, json};
use tempfile::TempDir;
use transport::clock;
use uuid::Uuid;

use super::reason;

/// Wrong passwords before the first delay.
const GUESSES_WITHOUT_DELAY: usize = 5;

fn guess(peer: &mut Peer, user: &str) -> Error {
    let credentials = json!({ "user": user, "password": "incorrect horse" });
    peer.call("auth.login", credentials).expect_err("refused")
}

/// Guesses passwords of an account. Returns the first errors, and the delays in seconds after two further
/// guesses.
fn guessing(node: &Node, user: &str) -> (Vec<Error>, Vec<u64>) {
    // A new connection does not reset the counter.
    let first = (0..GUESSES_WITHOUT_DELAY).map(|_| guess(&mut node.peer(), user)).collect();
    let (mut peer, mut waits, begun) = (node.peer(), Vec::new(), clock::now());
    while waits.len() < 2 {
        let refused = guess(&mut peer, user);
        assert_eq!(refused.reason(), Some(Reason::RateLimited), "{refused}");
        let Some(Detail::TooManyGuesses { seconds }) = refused.detail() else { panic!("{refused:?}") };
        waits.push(*seconds);
        while guess(&mut peer, user).reason() == Some(Reason::RateLimited) {
            assert!(begun.elapsed() < DEADLINE, "the delay does not end");
        }
    }
    (first, waits)
}

#[test]
fn guessing_a_password_is_slowed_down_and_reveals_nothing() {
    let node = Node::up();
    let [_alice] = peers(&node, ["alice"]);
    let (known, unknown) = (guessing(&node, "alice"), guessing(&node, "nobody"));
    assert!(known.0.iter().all(|refusal| refusal.reason() == Some(Reason::WrongCredentials)), "{known:?}");
    assert_eq!(known.1, [1, 2], "the delays grow");
    assert_eq!(known, unknown, "the refusals do not reveal whether the account exists");

    // During the delay, alice cannot log in, but other users can.
    let mut alice = node.peer();
    while guess(&mut alice, "alice").reason() == Some(Reason::WrongCredentials) {}
    assert_eq!(reason(alice.login("alice")), Reason::RateLimited);
    let [_bob] = peers(&node, ["bob"]);
    let begun = clock::now();
    while alice.login("alice").is_err() {
        assert!(begun.elapsed() < DEADLINE, "alice is locked out");
    }
}

/// The broker adds the client's key to each request, so a client is also known after it connects again.
#[test]
fn guesses_of_strangers_do_not_lock_out_a_known_client() {
    let node = Node::up();
    let security = node.client_security();
    let alice = || Peer::connect(node.endpoint("clients"), &security);
    alice().register("alice").expect("registered");
    alice().login("alice").expect("logged in");
    while guess(&mut node.peer(), "alice").reason() != Some(Reason::RateLimited) {}
    assert_eq!(reason(node.peer().login("alice")), Reason::RateLimited, "a new client waits");
    alice().login("alice").expect("a known client does not wait");
}

/// The server also hashes the password of an unknown user. The test compares the shortest of several times,
/// which other load on the machine affects least.
#[test]
fn an_unknown_user_takes_as_long_as_a_wrong_password() {
    let node = Node::up();
    let [mut alice] = peers(&node, ["alice"]);
    let mut shortest = HashMap::new();
    for _ in 1..GUESSES_WITHOUT_DELAY {
        for user in ["alice", "nobody"] {
            let begun = clock::now();
            assert_eq!(guess(&mut alice, user).reason(), Some(Reason::WrongCredentials));
            let least = shortest.entry(user).or_insert(Duration::MAX);
            *least = begun.elapsed().min(*least);
        }
    }
    let (known, unknown) = (shortest["alice"], shortest["nobody"]);
    assert!(unknown * 2 > known && known * 2 > unknown, "{known:?} and {unknown:?}");
}

/// Some messages of a flood are refused and can be sent again. Acknowledged messages are stored, and the
/// flood does not slow down other clients.
#[test]
fn a_flood_of_messages_is_limited_and_loses_nothing() {
    const MESSAGES: usize = 200;
    const BURST: usize = 50;
    let flags = [("messages-burst", &*BURST.to_string()), ("messages-per-second", "100")];
    let node = Node::up_with_flags(TempDir::new().expect("a folder"), &flags);
    let [eve, mut alice] = peers(&node, ["eve", "alice"]);
    let flood: Vec<Uuid> = (0..MESSAGES).map(|_| Uuid::now_v7()).collect();
    let post = |id: &Uuid| eve.post(&eve.message_line(*id, "@alice", "buy this"));
    flood.iter().for_each(post);
    for n in 1..=BURST as u64 / 2 {
        assert_eq!(alice.send("@alice", "undisturbed").expect("stored").n, n);
    }

    let (mut receipts, mut refused, begun) = (HashMap::new(), 0, clock::now());
    let mut left = MESSAGES;
    while receipts.len() < MESSAGES {
        assert!(begun.elapsed() < DEADLINE, "only {} of {MESSAGES} were stored", receipts.len());
        if left == 0 {
            let again: Vec<_> = flood.iter().filter(|id| !receipts.contains_key(*id)).collect();
            again.iter().for_each(|id| post(id));
            left = again.len();
        }
        let Some(reply) = eve.reply_within(RESEND_DELAY) else { continue };
        left -= 1;
        let reply: Value = serde_json::from_slice(&reply).expect("one reply line");
        match reply["result"]["n"].as_u64() {
            Some(n) => {
                receipts.insert(reply["id"].as_str().expect("an id").parse::<Uuid>().expect("an id"), n);
            }
            None => {
                assert_eq!(reply["error"]["data"]["reason"], "rate_limited", "{reply}");
                refused += 1;
            }
        }
    }
    assert!(refused >= MESSAGES - BURST - 100, "only {refused} were refused");
    let mut reader = node.peer();
    reader.resume(alice.session());
    for event in reader.history("@eve") {
        let common::Body::Message { id, .. } = event.body else { panic!("{event:?}") };
        assert_eq!(receipts.remove(&id), Some(event.n), "stored once, as it was acknowledged");
    }
    assert!(receipts.is_empty(), "acknowledged, but not in the history: {receipts:?}");
}

/// Each join and leave stores an event and publishes it.
#[test]
fn joins_and_leaves_are_rate_limited() {
    const BURST: usize = 50;
    let flags = [("messages-burst", &*BURST.to_string()), ("messages-per-second", "1")];
    let node = Node::up_with_flags(TempDir::new().expect("a folder"), &flags);
    let [mut alice, mut eve] = peers(&node, ["alice", "eve"]);
    alice.create("#room").expect("made");
    let room = || json!({ "channel": "#room" });
    let mut taken = 0;
    let refused = loop {
        let method = ["channel.join", "channel.leave"][taken % 2];
        match eve.call(method, room()) {
            Ok(_) if taken < 2 * BURST => taken += 1,
            Ok(_) => panic!("{taken} were accepted"),
            Err(error) => break error,
        }
    };
    assert_eq!((refused.reason(), taken >= BURST), (Some(Reason::RateLimited), true), "{refused}");
    alice.call("channel.set", json!({ "channel": "#room", "subject": "others continue" })).expect("taken");
}

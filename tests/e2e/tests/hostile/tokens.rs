//! Tests that forged, altered, revoked and expired tokens are refused.

use std::fs;
use std::path::Path;

use common::accounts::{LoggedIn, Sessions};
use common::{Error, Reason};
use e2e::{Node, Peer, peers};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use rustix::process::Signal;
use serde_json::{Value, json};

use super::reason;

fn request_with(node: &Node, token: &str) -> Result<Value, Error> {
    node.peer().call("sync.heads", json!({ "token": token }))
}

#[track_caller]
fn assert_is_refused(node: &Node, token: &str, which: &str) {
    assert_eq!(reason(request_with(node, token)), Reason::Unauthenticated, "{which}: {token}");
}

/// A token with these claims, signed with the given secret.
fn forged(algorithm: Algorithm, secret: &[u8], claims: &Value) -> String {
    jsonwebtoken::encode(&Header::new(algorithm), claims, &EncodingKey::from_secret(secret)).expect("a token")
}

#[expect(clippy::disallowed_methods, reason = "the attacker has the node's secret")]
fn read(path: &Path) -> Vec<u8> {
    fs::read(path).expect("a file")
}

#[test]
fn a_forged_token_is_refused() {
    let node = Node::up();
    let [alice, eve] = peers(&node, ["alice", "eve"]);
    let parts = |peer: &Peer| -> Vec<String> { peer.session().token.split('.').map(str::to_owned).collect() };
    let (genuine, own) = (parts(&alice), parts(&eve));
    // {"alg":"none","typ":"JWT"}, and the same with "None".
    let none = ["eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0", "eyJhbGciOiJOb25lIiwidHlwIjoiSldUIn0"];
    let claims = json!({
        "sub": "alice", "jti": "01970000-0000-7000-8000-000000000001", "iat": 1_700_000_000, "exp": 9_999_999_999_u64,
    });
    // A token that is signed with the node's secret is refused if the server did not open the session.
    let own_secret = read(&node.data().join("keys/token.secret"));
    let cases = [
        ("another secret", forged(Algorithm::HS256, b"another secret", &claims)),
        ("an empty secret", forged(Algorithm::HS256, b"", &claims)),
        ("another algorithm", forged(Algorithm::HS512, b"another secret", &claims)),
        ("no algorithm", format!("{}.{}.", none[0], genuine[1])),
        ("no algorithm, in other letters", format!("{}.{}.", none[1], genuine[1])),
        ("no algorithm, and alice's signature", format!("{}.{}.{}", none[0], genuine[1], genuine[2])),
        ("alice's claims over eve's signature", format!("{}.{}.{}", own[0], genuine[1], own[2])),
        ("no signature", format!("{}.{}.", genuine[0], genuine[1])),
        ("the node's own secret", forged(Algorithm::HS256, &own_secret, &claims)),
        ("an additional character at the end", format!("{}=", alice.session().token)),
        ("an empty token", String::new()),
        ("a very long token", "x".repeat(60_000)),
    ];
    for (which, token) in cases {
        assert_is_refused(&node, &token, which);
    }
    request_with(&node, &alice.session().token).expect("the genuine token is valid");
}

/// The token of an ended session is invalid after the reply, even after a restart.
#[test]
fn a_stolen_token_is_refused_after_it_was_revoked() {
    let mut node = Node::up();
    let [mut alice] = peers(&node, ["alice"]);
    let session = |end: &dyn Fn(&mut Peer, &LoggedIn)| {
        let mut other = node.peer();
        let stolen = other.login("alice").expect("a session");
        request_with(&node, &stolen.token).expect("a stolen token works before the session ends");
        end(&mut other, &stolen);
        stolen
    };
    let ended = [
        ("auth.logout", session(&|other, _| drop(other.call("auth.logout", json!({})).expect("ended")))),
        ("session.revoke", {
            let stolen = session(&|_, _| ());
            let sessions = alice.call("session.list", json!({})).expect("the sessions");
            let sessions: Sessions = serde_json::from_value(sessions).expect("sessions");
            let newest = sessions.sessions.last().expect("the stolen session").session;
            alice.call("session.revoke", json!({ "session": newest })).expect("revoked");
            stolen
        }),
        ("session.revoke of all", {
            let stolen = session(&|_, _| ());
            alice.call("session.revoke", json!({})).expect("revoked");
            stolen
        }),
        ("auth.password", {
            let stolen = session(&|_, _| ());
            let change = json!({ "password": e2e::PASSWORD, "new_password": "battery staple" });
            alice.call("auth.password", change).expect("changed");
            stolen
        }),
    ];
    for kill in [false, true] {
        for (how, stolen) in &ended {
            assert_is_refused(&node, &stolen.token, how);
        }
        request_with(&node, &alice.session().token).expect("her own session stays open");
        if !kill {
            node.kill("up");
            node.start("up");
        }
    }
    assert_eq!(reason(node.peer().login("alice")), Reason::WrongCredentials, "the old password is invalid");
}

/// The test changes the expiry of a session in the server's snapshot.
#[test]
fn an_expired_token_is_refused() {
    let mut node = Node::up();
    let [alice, bob] = peers(&node, ["alice", "bob"]);
    assert_eq!(node.stop("up", Signal::TERM).code, Some(0));
    let file = node.data().join("users.json");
    let text = fs::read_to_string(&file).expect("a snapshot");
    let was = format!("\"expires\":{}", alice.session().expires);
    let spaced = format!("\"expires\": {}", alice.session().expires);
    assert_ne!(alice.session().expires, bob.session().expires);
    assert_eq!(text.matches(&was).count() + text.matches(&spaced).count(), 1, "{text}");
    let changed = text.replace(&was, "\"expires\":1").replace(&spaced, "\"expires\":1");
    // Remove the checksum, as in snapshots of older versions.
    let (unsigned, _) = changed.split_once(",\n  \"sha256\"").expect("a checksum");
    overwrite(&file, &format!("{unsigned}\n}}\n"));
    node.start("up");
    assert_is_refused(&node, &alice.session().token, "expired");
    request_with(&node, &bob.session().token).expect("bob's session is not expired");
}

#[expect(clippy::disallowed_methods, reason = "the test rewrites the expiry of a session")]
fn overwrite(path: &Path, text: &str) {
    fs::write(path, text).expect("a file that can be written");
}

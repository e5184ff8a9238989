//! `session.revoke` for administrators: the sessions of another user end, one or all, and no topic leaks.

#![expect(clippy::indexing_slicing, reason = "a test fails by panicking")]

use serde_json::{Value, json};
use server::domain::Command;
use server::domain::records::TokenDigest;
use testkit::team::{Team, reason};
use testkit::user;
use uuid::Uuid;

/// Alice is the administrator. Bob has two sessions, with the tokens `bob` and `phone`.
fn team() -> Team {
    let (session, digest) = (Uuid::from_u128(7), TokenDigest::of("phone"));
    let phone = Command::OpenSession { user: user("bob"), session, digest, expires: u64::MAX };
    Team::new(&["alice", "bob", "eva"], [phone])
}

fn is_open(team: &mut Team, token: &str) -> bool {
    team.ask(token, "notify.list", json!({})).get("level").is_some()
}

fn topic(team: &mut Team, token: &str) -> Value {
    team.ask(token, "sync.heads", json!({}))["topic"].clone()
}

#[test]
fn an_administrator_ends_the_sessions_of_a_user() {
    let mut team = team();
    let (own, before) = (topic(&mut team, "alice"), topic(&mut team, "bob"));
    let one = json!({ "user": "bob", "session": Uuid::from_u128(7) });
    let ended = team.ask("alice", "session.revoke", one.clone());
    assert_eq!(ended, json!({ "ended": 1, "topic": own }), "the topic of bob stays secret");
    assert!(!is_open(&mut team, "phone") && is_open(&mut team, "bob"));
    assert_ne!(topic(&mut team, "bob"), before, "the ended session knew the topic");
    assert_eq!(reason(&team.ask("alice", "session.revoke", one)), "no_such_session");
    let ended = team.ask("alice", "session.revoke", json!({ "user": "bob" }));
    assert_eq!(ended, json!({ "ended": 1, "topic": own }));
    team.restart();
    assert!(!is_open(&mut team, "bob") && is_open(&mut team, "alice") && is_open(&mut team, "eva"));
}

#[test]
fn only_administrators_end_the_sessions_of_others() {
    let mut team = team();
    for params in [json!({ "user": "bob" }), json!({ "user": "bob", "session": Uuid::from_u128(7) })] {
        assert_eq!(reason(&team.ask("eva", "session.revoke", params)), "not_administrator");
    }
    assert_eq!(reason(&team.ask("eva", "session.revoke", json!({ "user": "nobody" }))), "not_administrator");
    assert_eq!(reason(&team.ask("alice", "session.revoke", json!({ "user": "nobody" }))), "no_such_user");
    assert!(is_open(&mut team, "phone") && is_open(&mut team, "bob"));
    // The own name means the own sessions: all except the current one.
    let ended = team.ask("phone", "session.revoke", json!({ "user": "bob" }));
    assert_eq!(ended["ended"].as_u64().expect("a number"), 1);
    assert!(is_open(&mut team, "phone") && !is_open(&mut team, "bob"));
}

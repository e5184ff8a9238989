//! Logins during attacks: wrong passwords and floods of strangers never lock out a user who has the correct
//! password.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "tests may panic")]

use serde_json::{Value, json};
use server::services::jobs::Kind;
use testkit::team::{Team, reason};
use transport::Frame;
use transport::client_name::{self, Client};
use transport::keys::PublicKey;

const PASSWORD: &str = "correct horse";

/// The name of the client with this number and its key.
fn client(number: u32) -> Frame {
    let mut key = [7; 32];
    key[..4].copy_from_slice(&number.to_be_bytes());
    client_name::extend(&number.to_be_bytes(), Client::One(Some(PublicKey::from_bytes(key))), b"this run")
}

/// Passes a request to the engine.
fn accept(team: &mut Team, client: Frame, method: &str, user: &str, password: &str) {
    let params = json!({ "user": user, "password": password });
    let line = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }).to_string();
    let mut frames = vec![Frame::from("broker"), client, Frame::new(), Frame::from(&*line)];
    team.engine.accept(&mut frames, team.now_ms);
}

/// Runs the engine until all jobs are done. Returns the results and errors in the order of the replies.
fn answers(team: &mut Team) -> Vec<Value> {
    while !team.engine.is_quiet() {
        team.run();
    }
    let answer = |line: &str| {
        let reply: Value = serde_json::from_str(line).expect("a reply of one line");
        reply.get("result").or(reply.get("error")).expect("a result or an error").clone()
    };
    team.sent.replies.drain(..).map(|reply| answer(&reply.lines)).collect()
}

fn ask(team: &mut Team, client: Frame, method: &str, user: &str, password: &str) -> Value {
    accept(team, client, method, user, password);
    let [answer] = answers(team).try_into().expect("one reply");
    answer
}

/// Alice, who registered and logged in with the client 1, and bob.
fn with_alice() -> Team {
    let mut team = Team::new(&["bob"], []);
    for method in ["auth.register", "auth.login"] {
        let answer = ask(&mut team, client(1), method, "alice", PASSWORD);
        assert_eq!(answer["user"], "alice", "{answer}");
    }
    team
}

/// 400 wrong logins to each account at once, each from its own client. The queue of hashes rejects some of
/// them.
fn attack(team: &mut Team) {
    for user in ["bob", "alice"] {
        (1_000..1_400).for_each(|number| accept(team, client(number), "auth.login", user, "wrong horse"));
    }
    assert!(answers(team).iter().all(|answer| answer["data"]["reason"].is_string()));
}

/// Attack F3 in `docs/SECURITY.md`: the queue of hashes rejected most of these jobs. Their attempts never
/// ended, so the account was locked until a restart.
#[test]
fn four_hundred_wrong_logins_at_once_lock_the_account_for_a_minute_only() {
    let mut team = with_alice();
    attack(&mut team);
    let refused = ask(&mut team, client(2), "auth.login", "alice", PASSWORD);
    assert_eq!(reason(&refused), "rate_limited", "{refused}");
    assert!(refused["data"]["wait_ms"].as_u64().is_some_and(|wait_ms| wait_ms <= 60_000), "{refused}");
    team.now_ms += 60_000;
    let answer = ask(&mut team, client(2), "auth.login", "alice", PASSWORD);
    assert_eq!(answer["user"], "alice", "{answer}");
}

#[test]
fn strangers_do_not_lock_out_a_known_client_even_after_a_restart() {
    let mut team = with_alice();
    for _ in 0..2 {
        attack(&mut team);
        assert_eq!(reason(&ask(&mut team, client(2), "auth.login", "alice", PASSWORD)), "rate_limited");
        let answer = ask(&mut team, client(1), "auth.login", "alice", PASSWORD);
        assert_eq!(answer["user"], "alice", "{answer}");
        team.restart();
    }
}

/// Strangers' wrong passwords do not count against a user with a session.
#[test]
fn a_user_with_a_session_can_change_the_password_during_an_attack() {
    let mut team = with_alice();
    let token = ask(&mut team, client(1), "auth.login", "alice", PASSWORD)["token"].clone();
    let token = token.as_str().expect("a token").to_owned();
    attack(&mut team);
    let changed =
        team.ask(&token, "auth.password", json!({ "password": PASSWORD, "new_password": "battery staple" }));
    assert!(changed["topic"].is_string(), "{changed}");
    // A change of the password also removes the known clients, because a thief may have used one of them.
    attack(&mut team);
    assert_eq!(reason(&ask(&mut team, client(1), "auth.login", "alice", "battery staple")), "rate_limited");
}

/// Attack F10 in `docs/SECURITY.md`: one stranger kept the queue of hashes full, so 16 of 20 correct logins
/// were rejected.
#[test]
fn a_flood_of_one_stranger_rejects_no_correct_login() {
    let mut team = Team::new(&[], []);
    let users: Vec<_> = (0..20).map(|number| (number, format!("user{number}"))).collect();
    for (number, user) in &users {
        let answer = ask(&mut team, client(*number), "auth.register", user, PASSWORD);
        assert_eq!(answer["user"], **user, "{answer}");
    }
    for number in 0..1_000 {
        accept(&mut team, client(99), "auth.login", &format!("nobody{number}"), "wrong horse");
        accept(&mut team, client(99), "auth.register", &format!("somebody{number}"), PASSWORD);
    }
    let waiting = team.engine.jobs_waiting(Kind::Passwords);
    // Each user is at a new client.
    users
        .iter()
        .for_each(|(number, user)| accept(&mut team, client(500 + number), "auth.login", user, PASSWORD));
    assert_eq!(team.engine.jobs_waiting(Kind::Passwords), waiting + users.len(), "all jobs are accepted");
    let answers = answers(&mut team);
    let accepted = answers.iter().filter(|answer| answer["token"].is_string()).count();
    assert_eq!((accepted, answers.len()), (users.len(), 2_000 + users.len()));
}

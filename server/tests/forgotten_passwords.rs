//! Forgotten passwords: `admin.reset_password` and `auth.reset`.

#![expect(clippy::indexing_slicing, reason = "a test fails by panicking")]

use serde_json::{Value, json};
use testkit::team::{Team, reason, request};

const DAY_MS: u64 = 86_400_000;
const WRONG: &str = "4f0c19a2b3d4e5f6071829304a5b6c7d";
const NEW_PASSWORD: &str = "battery staple";

/// Alice is the administrator.
fn team() -> Team {
    Team::new(&["alice", "bob", "carol"], [])
}

/// Creates a code for Bob as Alice.
fn code(team: &mut Team) -> String {
    let created = team.ask("alice", "admin.reset_password", json!({ "user": "bob" }));
    created["code"].as_str().unwrap_or_else(|| panic!("{created}")).to_owned()
}

fn params(user: &str, code: &str) -> Value {
    json!({ "user": user, "code": code, "new_password": NEW_PASSWORD })
}

fn reset(team: &mut Team, user: &str, code: &str) -> Value {
    team.ask("", "auth.reset", params(user, code))
}

fn log_in(team: &mut Team, user: &str) -> Value {
    team.ask("", "auth.login", json!({ "user": user, "password": NEW_PASSWORD }))
}

#[test]
fn an_administrator_gives_a_code_that_replaces_a_forgotten_password_once() {
    let mut team = team();
    let refused = team.ask("bob", "admin.reset_password", json!({ "user": "alice" }));
    assert_eq!(reason(&refused), "not_administrator");
    let code = code(&mut team);
    assert_eq!(reason(&reset(&mut team, "bob", WRONG)), "wrong_credentials");
    assert_eq!(reason(&reset(&mut team, "carol", &code)), "wrong_credentials", "the code is for bob");
    let log = team.log();
    assert!(log.contains("\"password.code\"") && !log.contains(&code), "the log holds no texts of codes");

    team.restart();
    assert_eq!(reset(&mut team, "bob", &code), json!({}));
    assert_eq!(reason(&team.ask("bob", "session.list", json!({}))), "unauthenticated", "all sessions ended");
    assert_eq!(reason(&reset(&mut team, "bob", &code)), "wrong_credentials", "it works once");
    assert!(log_in(&mut team, "bob")["token"].is_string());
    assert!(team.ask("carol", "session.list", json!({}))["sessions"].is_array(), "only bob's sessions ended");
}

#[test]
fn two_requests_with_one_code_at_once_succeed_once() {
    let mut team = team();
    let code = code(&mut team);
    team.sent.replies.clear();
    for connection in ["one", "two"] {
        team.accept_from(connection, &request(1, "", "auth.reset", params("bob", &code)), None);
    }
    team.run();
    let replies: Vec<_> = team.sent.replies.drain(..).map(|reply| reply.lines).collect();
    let succeeded = replies.iter().filter(|reply| reply.contains("\"result\"")).count();
    assert_eq!((replies.len(), succeeded), (2, 1), "{replies:?}");
}

#[test]
fn a_code_expires_is_replaced_and_ends_with_the_old_password() {
    let mut team = team();
    let expired = code(&mut team);
    team.now_ms += DAY_MS;
    assert_eq!(reason(&reset(&mut team, "bob", &expired)), "wrong_credentials");
    team.ask("alice", "admin.reset_password", json!({ "user": "carol" }));
    assert_eq!(team.engine.ledger().state().users.reset_codes.len(), 1, "expired codes are removed");
    let replaced = code(&mut team);
    let newest = code(&mut team);
    assert_eq!(reason(&reset(&mut team, "bob", &replaced)), "wrong_credentials");
    assert_eq!(reset(&mut team, "bob", &newest), json!({}));

    let unused = code(&mut team);
    let token = log_in(&mut team, "bob")["token"].as_str().expect("a token").to_owned();
    let change = json!({ "password": NEW_PASSWORD, "new_password": "correct horse" });
    assert!(team.ask(&token, "auth.password", change)["ended"].is_u64());
    assert_eq!(
        reason(&reset(&mut team, "bob", &unused)),
        "wrong_credentials",
        "the user changed the password"
    );
}

/// As in Mattermost and Zulip, the administrator first enables the account.
#[test]
fn a_disabled_or_deleted_account_gets_no_code() {
    let mut team = team();
    let unused = code(&mut team);
    let ask = |team: &mut Team, method: &str, params: Value| team.ask("alice", method, params);
    ask(&mut team, "admin.disable", json!({ "user": "bob", "disabled": true }));
    let refused = ask(&mut team, "admin.reset_password", json!({ "user": "bob" }));
    assert_eq!((reason(&refused), &refused["data"]["detail"]), ("disabled", &json!("user_disabled")));
    for _ in 0..2 {
        assert_eq!(reason(&reset(&mut team, "bob", &unused)), "wrong_credentials");
        ask(&mut team, "admin.disable", json!({ "user": "bob", "disabled": false }));
    }
    let unused = code(&mut team);
    ask(&mut team, "account.delete", json!({ "user": "bob" }));
    assert_eq!(reason(&reset(&mut team, "bob", &unused)), "wrong_credentials");
    for user in ["bob", "nobody"] {
        let refused = ask(&mut team, "admin.reset_password", json!({ "user": user }));
        assert_eq!(reason(&refused), "no_such_user", "{user}");
    }
}

//! Tokens of bots: who may create them, and what they permit.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use common::limits::SESSIONS_PER_USER_MAX;
use common::methods::Method;
use serde_json::{Value, json};
use server::domain::Command;
use testkit::team::commands::{actor, join, send};
use testkit::team::{Team, reason};

/// Alice owns `#ops` and `#board`, bob is a member of `#ops`.
fn team() -> Team {
    let commands = vec![
        Command::CreateChannel(actor("alice", "#ops"), true),
        Command::CreateChannel(actor("alice", "#board"), true),
        Command::Invite(actor("alice", "#ops"), testkit::user("bob")),
        join("bob", "#ops"),
        send("bob", "#ops", testkit::id(7), "oi"),
    ];
    Team::new(&["alice", "bob"], commands)
}

/// Creates a token of the bot `deploy`. Returns its id and the token.
fn create(team: &mut Team, scope: &str, conversations: &[&str]) -> (Value, String) {
    let params = json!({ "name": "deploy", "scope": scope, "conversations": conversations });
    let created = team.ask("alice", "bot.create", params);
    let token = created["token"].as_str().unwrap_or_else(|| panic!("{created}")).to_owned();
    (created["id"].clone(), token)
}

#[test]
fn a_token_of_a_bot_permits_its_scope_in_its_conversations() {
    let mut team = team();
    let (_, read) = create(&mut team, "read", &["#ops"]);
    let (_, write) = create(&mut team, "write", &["#ops", "@bob"]);
    let (_, admin) = create(&mut team, "admin", &["#ops"]);
    create(&mut team, "read", &["#board"]);
    team.ask("alice", "channel.role", json!({ "channel": "#ops", "user": "deploy", "role": "moderator" }));
    let history = |channel: &str| ("message.history", json!({ "conversation": channel }));
    let message =
        |to: &str, n: u128| ("message.send", json!({ "to": to, "id": testkit::id(n), "text": "done" }));
    let kick = ("channel.kick", json!({ "channel": "#ops", "user": "bob" }));
    let other = ("channel.set", json!({ "channel": "#board", "subject": "x" }));
    let table = [
        (history("#ops"), [true, true, true]),
        (history("#board"), [false, false, false]),
        (("sync.heads", json!({})), [true, true, true]),
        (message("#ops", 20), [false, true, true]),
        (message("#board", 30), [false, false, false]),
        (message("@bob", 40), [false, true, false]),
        (message("@alice", 50), [false, false, false]),
        (kick, [false, false, true]),
        (other, [false, false, false]),
        (("session.revoke", json!({})), [false, false, false]),
        (("hook.create", json!({ "channel": "#ops", "name": "x" })), [false, false, false]),
    ];
    for ((method, params), expected) in table {
        for (number, (token, is_permitted)) in [&read, &write, &admin].into_iter().zip(expected).enumerate() {
            let mut params = params.clone();
            if method == "message.send" {
                params["id"] = json!(team.id());
            }
            let reply = team.ask(token, method, params.clone());
            let error = reply["data"]["reason"].as_str();
            assert_eq!(
                error,
                (!is_permitted).then_some("out_of_scope"),
                "{method} {params} {number}: {reply}"
            );
        }
    }
}

#[test]
fn no_token_of_a_bot_changes_accounts_sessions_or_tokens() {
    let mut team = team();
    let (_, admin) = create(&mut team, "admin", &["#ops"]);
    team.ask("alice", "admin.promote", json!({ "user": "deploy", "administrator": true }));
    for method in Method::ALL.iter().map(|method| method.description()) {
        let is_secret =
            ["bot.", "join_code.", "session.revoke", "auth.password", "account.", "admin.promote"];
        if !is_secret.iter().any(|prefix| method.name.starts_with(prefix)) {
            continue;
        }
        let params: Value = serde_json::from_str(method.params).expect("an example");
        let reply = team.ask(&admin, method.name, params);
        assert_eq!(reason(&reply), "out_of_scope", "{}", method.name);
    }
    assert!(team.ask(&admin, "admin.stats", json!({}))["users"].is_u64());
}

#[test]
fn a_token_of_a_bot_lasts_until_its_owner_revokes_it() {
    let mut team = team();
    let (id, token) = create(&mut team, "write", &["#ops"]);
    let log = team.log();
    assert!(log.contains("\"kind\":\"bot.token\"") && !log.contains(&token), "the log has no token");
    let list = |team: &mut Team, by: &str| team.ask(by, "bot.list", json!({}))["tokens"].clone();
    let listed = list(&mut team, "alice")[0].clone();
    assert_eq!((&listed["id"], &listed["scope"], &listed["used"]), (&id, &json!("write"), &Value::Null));
    assert_eq!((&listed["by"], &listed["conversations"]), (&json!("alice"), &json!(["#ops"])));
    assert_eq!(list(&mut team, "bob"), json!([]));
    team.pass(400 * 24 * 60 * 60 * 1_000);
    let text = json!({ "to": "#ops", "id": team.id(), "text": "done" });
    assert!(team.ask(&token, "message.send", text)["n"].is_u64(), "after more than a year");
    assert_eq!(list(&mut team, "alice")[0]["used"], json!(team.now_ms));
    team.ask(&token, "sync.heads", json!({}));
    assert_eq!(team.log().matches("bot.used").count(), 1, "one record an hour");
    team.restart();
    assert!(team.ask(&token, "sync.heads", json!({}))["heads"].is_array());
    assert_eq!(reason(&team.ask("bob", "bot.revoke", json!({ "id": id }))), "no_such_bot_token");
    assert_eq!(team.ask("alice", "bot.revoke", json!({ "id": id })), json!({}));
    assert_eq!(reason(&team.ask(&token, "sync.heads", json!({}))), "unauthenticated");
    assert_eq!(list(&mut team, "alice"), json!([]));
}

#[test]
fn only_moderators_of_all_channels_create_a_token_and_their_number_is_limited() {
    let mut team = team();
    for (by, conversations, expected) in [
        ("bob", json!(["#ops"]), "not_allowed"),
        ("bob", json!(["#board"]), "no_such_channel"),
        ("alice", json!([]), "invalid_params"),
        ("alice", json!(vec!["#ops"; 101]), "invalid_params"),
    ] {
        let params = json!({ "name": "deploy", "scope": "read", "conversations": conversations });
        assert_eq!(reason(&team.ask(by, "bot.create", params)), expected);
    }
    let params = json!({ "name": "bob", "scope": "read", "conversations": ["#ops"] });
    assert_eq!(reason(&team.ask("alice", "bot.create", params)), "name_taken");
    for _ in 0..SESSIONS_PER_USER_MAX {
        create(&mut team, "read", &["#ops"]);
    }
    let params = json!({ "name": "deploy", "scope": "read", "conversations": ["#ops"] });
    assert_eq!(team.ask("alice", "bot.create", params)["data"]["detail"], "too_many_bot_tokens");
}

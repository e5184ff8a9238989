//! Tokens of bots: who may create them, what they permit, and what ends them.

#![expect(clippy::indexing_slicing, reason = "a test fails by panicking")]

use common::bots::Scope;
use common::limits::{BOT_CONVERSATIONS_MAX, BOT_TOKENS_PER_PAGE, BOT_TOKENS_PER_USER_MAX};
use common::methods::{Method, Rights};
use serde_json::{Value, json};
use server::domain::Command;
use testkit::team::commands::{actor, join, send};
use testkit::team::{Team, reason};

const DAY_MS: u64 = 24 * 60 * 60 * 1_000;

/// Alice, an administrator, owns `#ops` and `#board`. Bob is a member of `#ops`, and owns `#lab`.
fn team() -> Team {
    let commands = vec![
        Command::CreateChannel(actor("alice", "#ops"), true),
        Command::CreateChannel(actor("alice", "#board"), true),
        Command::Invite(actor("alice", "#ops"), testkit::user("bob")),
        join("bob", "#ops"),
        send("bob", "#ops", testkit::id(7), "oi"),
        Command::CreateChannel(actor("bob", "#lab"), false),
    ];
    Team::new(&["alice", "bob"], commands)
}

/// Creates a token of a bot. Returns its id and the token.
fn create(team: &mut Team, by: &str, name: &str, scope: &str, conversations: &[&str]) -> (Value, String) {
    let params = json!({ "name": name, "scope": scope, "conversations": conversations });
    let created = team.ask(by, "bot.create", params);
    let token = created["token"].as_str().unwrap_or_else(|| panic!("{created}")).to_owned();
    (created["id"].clone(), token)
}

fn deploy(team: &mut Team, scope: &str, conversations: &[&str]) -> (Value, String) {
    create(team, "alice", "deploy", scope, conversations)
}

fn bots(team: &mut Team, by: &str) -> Vec<Value> {
    let listed = team.ask(by, "bot.list", json!({}));
    listed["bots"].as_array().unwrap_or_else(|| panic!("{listed}")).clone()
}

/// Checks that a token is no longer valid.
fn assert_ended(team: &mut Team, token: &str) {
    assert_eq!(reason(&team.ask(token, "sync.heads", json!({}))), "unauthenticated");
}

#[test]
fn a_token_permits_its_scope_in_its_conversations() {
    let mut team = team();
    let (_, read) = deploy(&mut team, "read", &["#ops"]);
    let (_, write) = deploy(&mut team, "write", &["#ops", "@bob"]);
    let (_, admin) = deploy(&mut team, "admin", &["#ops"]);
    deploy(&mut team, "read", &["#board"]);
    team.ask("alice", "channel.role", json!({ "channel": "#ops", "user": "deploy", "role": "moderator" }));
    let history = |channel: &str| ("message.history", json!({ "conversation": channel }));
    let message = |to: &str| ("message.send", json!({ "to": to, "text": "done" }));
    let search = |more: Value| ("message.search", more);
    let table = [
        (history("#ops"), [true, true, true]),
        (history("#board"), [false, false, false]),
        (("sync.heads", json!({})), [true, true, true]),
        (("session.list", json!({})), [true, true, true]),
        (message("#ops"), [false, true, true]),
        (message("#board"), [false, false, false]),
        (message("@bob"), [false, true, false]),
        (message("@alice"), [false, false, false]),
        (search(json!({ "query": "oi" })), [false, false, false]),
        (search(json!({ "query": "oi", "conversation": "#board" })), [false, false, false]),
        (("channel.kick", json!({ "channel": "#ops", "user": "bob" })), [false, false, true]),
        (("channel.set", json!({ "channel": "#board", "subject": "x" })), [false, false, false]),
        (("session.revoke", json!({})), [false, false, false]),
        (("mention.list", json!({})), [false, false, false]),
    ];
    for ((method, mut params), expected) in table {
        for (token, is_permitted) in [&read, &write, &admin].into_iter().zip(expected) {
            if method == "message.send" {
                params["id"] = json!(team.id());
            }
            let reply = team.ask(token, method, params.clone());
            let error = reply["data"]["reason"].as_str();
            assert_eq!(error, (!is_permitted).then_some("out_of_scope"), "{method} {params}: {reply}");
        }
    }
    let query = json!({ "query": "in:#board oi", "conversation": "#ops" });
    assert_eq!(team.ask(&read, "message.search", query)["data"]["detail"], "query_repeated");
}

#[test]
fn no_token_permits_a_method_that_needs_a_person() {
    let mut team = team();
    let (_, admin) = deploy(&mut team, "admin", &["#ops"]);
    team.ask("alice", "admin.promote", json!({ "user": "deploy", "administrator": true }));
    let mut refused = 0;
    for row in Method::ALL.iter().map(|method| method.description()) {
        if row.scope != Scope::Person || matches!(row.rights, Rights::Anyone | Rights::Gateway) {
            continue;
        }
        let reply = team.ask(&admin, row.name, serde_json::from_str(row.params).expect("an example"));
        assert_eq!(reason(&reply), "out_of_scope", "{}", row.name);
        refused += 1;
    }
    assert!(refused > 20);
    assert!(team.ask(&admin, "admin.stats", json!({}))["users"].is_u64());
    let secret = ["auth.logout", "auth.", "bot.", "hook.", "join_code.", "session.revoke", "account."];
    for row in Method::ALL.iter().map(|method| method.description()) {
        let is_secret = secret.iter().any(|prefix| row.name.starts_with(prefix));
        assert!(!is_secret || row.scope == Scope::Person, "{} changes an account", row.name);
        assert!(row.rights != Rights::Administrator || row.scope >= Scope::Admin, "{}", row.name);
    }
}

#[test]
fn a_token_learns_the_topics_of_its_conversations_only() {
    let mut team = team();
    let (_, ops) = deploy(&mut team, "read", &["#ops", "@bob"]);
    deploy(&mut team, "read", &["#board"]);
    for (to, text) in [("#ops", "here"), ("#board", "secret")] {
        team.say("alice", to, text);
    }
    for by in ["alice", "bob"] {
        team.say(by, "@deploy", "oi");
    }
    let heads = team.ask(&ops, "sync.heads", json!({}));
    let names = heads["heads"].as_array().expect("heads").iter().map(|head| head["conversation"].clone());
    assert_eq!(names.collect::<Value>(), json!(["#ops", "@bob"]));
    assert!(heads["topic"].as_str().expect("a topic").starts_with("user.deploy."));
}

#[test]
fn a_token_works_under_every_name_of_its_channel() {
    let mut team = team();
    team.ask("alice", "channel.rename", json!({ "channel": "#ops", "new_name": "#support" }));
    let (_, token) = deploy(&mut team, "write", &["#support"]);
    for to in ["#ops", "#support"] {
        let text = json!({ "to": to, "id": team.id(), "text": "done" });
        assert!(team.ask(&token, "message.send", text)["n"].is_u64(), "{to}");
    }
    team.ask("alice", "channel.rename", json!({ "channel": "#board", "new_name": "#later" }));
    let params = json!({ "name": "spy", "scope": "read", "conversations": ["#later"] });
    let refused = team.ask("bob", "bot.create", params);
    assert_eq!(refused["data"]["args"]["channel"], "#later", "the error does not show the first name");
}

#[test]
fn a_token_lasts_until_it_is_revoked_and_its_use_is_recorded_once_a_day() {
    let mut team = team();
    let (id, token) = deploy(&mut team, "write", &["#ops"]);
    let log = team.log();
    assert!(log.contains("\"kind\":\"bot.token\"") && !log.contains(&token), "the log has no token");
    let listed = bots(&mut team, "alice").remove(0);
    let expected = json!({ "id": id, "name": "deploy", "by": "alice", "scope": "write",
        "conversations": ["#ops"], "created": team.now_ms });
    assert_eq!(listed, expected, "it was never used");
    team.pass(400 * DAY_MS);
    let text = json!({ "to": "#ops", "id": team.id(), "text": "done" });
    assert!(team.ask(&token, "message.send", text)["n"].is_u64(), "after more than a year");
    let first_use = team.now_ms;
    team.pass(DAY_MS - 1);
    team.ask(&token, "sync.heads", json!({}));
    assert_eq!(bots(&mut team, "alice")[0]["used"], json!(first_use));
    assert_eq!(team.log().matches("bot.used").count(), 1, "one record a day");
    team.pass(1);
    team.ask(&token, "sync.heads", json!({}));
    assert_eq!(bots(&mut team, "alice")[0]["used"], json!(first_use + DAY_MS));
    team.restart();
    let topic = team.ask(&token, "sync.heads", json!({}))["heads"][0]["topic"].clone();
    assert!(topic.is_string());
    assert_eq!(bots(&mut team, "bob"), Vec::<Value>::new());
    assert_eq!(reason(&team.ask("bob", "bot.revoke", json!({ "id": id }))), "no_such_bot");
    assert_eq!(team.ask("alice", "bot.revoke", json!({ "id": id })), json!({}));
    assert_ended(&mut team, &token);
    assert_eq!(bots(&mut team, "alice"), Vec::<Value>::new());
    let heads = team.ask("alice", "sync.heads", json!({}));
    let mut heads = heads["heads"].as_array().expect("heads").iter();
    let now = heads.find(|head| head["conversation"] == "#ops").expect("a head");
    assert_ne!(now["topic"], topic, "the holder of the token can no longer listen");
    team.restart();
    assert_ended(&mut team, &token);
}

#[test]
fn a_token_ends_with_its_owner_its_account_or_by_an_administrator() {
    let mut team = team();
    let (id, by_admin) = create(&mut team, "bob", "one", "write", &["#lab"]);
    let (_, disabled_bot) = create(&mut team, "bob", "two", "write", &["#lab"]);
    let (_, disabled_owner) = create(&mut team, "bob", "three", "write", &["#lab"]);
    assert_eq!(bots(&mut team, "alice").len(), 3, "an administrator sees all");
    assert_eq!(team.ask("alice", "bot.revoke", json!({ "id": id })), json!({}));
    assert_ended(&mut team, &by_admin);
    let disable = |user: &str, disabled: bool| json!({ "user": user, "disabled": disabled });
    team.ask("alice", "admin.disable", disable("two", true));
    team.ask("alice", "admin.disable", disable("two", false));
    assert_ended(&mut team, &disabled_bot);
    let refused = team.ask("bob", "admin.disable", disable("bob", true));
    assert_eq!(reason(&refused), "not_administrator");
    assert!(team.ask(&disabled_owner, "sync.heads", json!({}))["heads"].is_array());
    team.ask("alice", "admin.disable", disable("bob", true));
    assert_ended(&mut team, &disabled_owner);
    team.ask("alice", "admin.disable", disable("bob", false));
    team.restart();
    assert_ended(&mut team, &disabled_owner);
    team.ask("bob", "session.list", json!({}));
    assert!(team.engine.ledger().state().users.bots.is_empty());
}

#[test]
fn a_deleted_owner_takes_the_tokens_with_them() {
    let mut team = team();
    let (_, token) = create(&mut team, "bob", "helper", "write", &["#lab"]);
    team.ask("alice", "account.delete", json!({ "user": "bob" }));
    assert_ended(&mut team, &token);
    team.restart();
    assert!(team.engine.ledger().state().users.bots.is_empty());
}

#[test]
fn a_kicked_bot_has_no_access_although_its_token_names_the_channel() {
    let mut team = team();
    let (_, token) = deploy(&mut team, "read", &["#ops"]);
    team.ask("alice", "channel.kick", json!({ "channel": "#ops", "user": "deploy" }));
    let history = team.ask(&token, "message.history", json!({ "conversation": "#ops" }));
    assert_eq!(reason(&history), "no_such_channel");
}

#[test]
fn only_moderators_of_all_channels_create_a_token_and_their_number_is_limited() {
    let mut team = team();
    create(&mut team, "alice", "banned", "read", &["@bob"]);
    team.ask("alice", "channel.ban", json!({ "channel": "#ops", "user": "banned" }));
    let too_many: Vec<_> = (0..=BOT_CONVERSATIONS_MAX).map(|n| format!("@user{n}")).collect();
    for (by, name, conversations, expected) in [
        ("bob", "deploy", json!(["#ops"]), "not_allowed"),
        ("bob", "deploy", json!(["#lab", "#board"]), "no_such_channel"),
        ("alice", "deploy", json!([]), "invalid_params"),
        ("alice", "deploy", json!(too_many), "invalid_params"),
        ("alice", "deploy", json!(["@nobody"]), "no_such_user"),
        ("alice", "bob", json!(["#ops"]), "name_taken"),
        ("alice", "banned", json!(["#board", "#ops"]), "banned"),
    ] {
        let before = team.log();
        let params = json!({ "name": name, "scope": "read", "conversations": conversations });
        assert_eq!(reason(&team.ask(by, "bot.create", params)), expected);
        assert_eq!(team.log(), before, "a refused request stores nothing");
    }
    for scope in ["person", "all"] {
        let params = json!({ "name": "deploy", "scope": scope, "conversations": ["#ops"] });
        assert_eq!(reason(&team.ask("alice", "bot.create", params)), "invalid_params");
    }
    for _ in 1..BOT_TOKENS_PER_USER_MAX {
        deploy(&mut team, "read", &["#ops"]);
    }
    let params = json!({ "name": "deploy", "scope": "read", "conversations": ["#ops"] });
    assert_eq!(team.ask("alice", "bot.create", params)["data"]["detail"], "too_many_bot_tokens");
    create(&mut team, "bob", "helper", "read", &["#lab"]);
    let other = json!({ "name": "deploy", "scope": "read", "conversations": ["#lab"] });
    assert_eq!(reason(&team.ask("bob", "bot.create", other)), "name_taken", "the bot of another user");
}

#[test]
fn a_refused_disable_keeps_the_tokens_and_a_bot_is_not_the_last_administrator() {
    let mut team = team();
    let (_, token) = deploy(&mut team, "admin", &["#ops"]);
    team.ask("alice", "admin.promote", json!({ "user": "deploy", "administrator": true }));
    let refused = team.ask("alice", "admin.disable", json!({ "user": "alice", "disabled": true }));
    assert_eq!(reason(&refused), "last_administrator", "a bot cannot log in");
    assert!(team.ask(&token, "sync.heads", json!({}))["heads"].is_array());
}

#[test]
fn a_token_continues_no_upload_of_another_conversation() {
    let mut team = team();
    let (_, one) = create(&mut team, "bob", "helper", "write", &["#lab"]);
    let (_, other) = create(&mut team, "bob", "helper", "write", &["@alice"]);
    let file = team.id();
    let begin = json!({ "id": file, "to": "@alice", "name": "a.txt", "bytes": 1, "sha256": "0".repeat(64) });
    assert_eq!(team.ask(&other, "file.begin", begin)["have"], 0);
    for (method, params) in
        [("file.chunk", json!({ "file": file, "offset": 0 })), ("file.commit", json!({ "file": file }))]
    {
        assert_eq!(reason(&team.ask(&one, method, params)), "no_such_upload", "{method}");
    }
}

#[test]
fn all_tokens_are_listed_in_pages() {
    let users: Vec<_> = (0..3).map(|n| format!("user{n}")).collect();
    let users: Vec<_> = users.iter().map(String::as_str).collect();
    let mut team = Team::new(&users, vec![]);
    for by in &users {
        for _ in 0..BOT_TOKENS_PER_USER_MAX {
            create(&mut team, by, &format!("bot-of-{by}"), "read", &["@user0"]);
        }
    }
    let first = team.ask("user0", "bot.list", json!({}));
    let page = first["bots"].as_array().expect("tokens");
    assert_eq!((page.len(), &first["more"]), (BOT_TOKENS_PER_PAGE, &json!(true)));
    let last = page.last().expect("a token")["id"].clone();
    let second = team.ask("user0", "bot.list", json!({ "after": last }));
    let rest = second["bots"].as_array().expect("tokens").len();
    assert_eq!((page.len() + rest, second.get("more")), (3 * BOT_TOKENS_PER_USER_MAX, None));
}

//! Incoming webhooks: who may create them, and what their tokens allow.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use common::channels::Role;
use common::hex::to_hex;
use common::limits::HOOKS_PER_CHANNEL_MAX;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use server::domain::Command;
use sha2::Sha256;
use testkit::team::commands::{actor, join};
use testkit::team::{Team, reason, request};
use testkit::user;

/// Alice owns `#ops` and moderates `#dev`, bob is a member of `#ops`, eva of no channel.
fn team(private: bool) -> Team {
    let mut commands = vec![Command::CreateChannel(actor("alice", "#ops"), private)];
    commands.push(Command::CreateChannel(actor("eva", "#dev"), false));
    commands.push(join("alice", "#dev"));
    commands.push(Command::GiveRole(actor("eva", "#dev"), user("alice"), Role::Moderator));
    commands.push(Command::Invite(actor("alice", "#ops"), user("bob")));
    commands.push(join("bob", "#ops"));
    Team::new(&["alice", "bob", "eva"], commands)
}

fn create(team: &mut Team, channel: &str, name: &str, more: Value) -> Value {
    let mut params = json!({ "channel": channel, "name": name });
    for (field, value) in more.as_object().expect("an object") {
        params[field] = value.clone();
    }
    let created = team.ask("alice", "hook.create", params);
    assert!(created["hook"].is_string(), "{created}");
    created
}

/// Posts a text, with further parameters.
fn post(team: &mut Team, hook: &Value, text: &str, more: Value) -> Value {
    post_bytes(team, hook, text, more, None)
}

fn post_bytes(team: &mut Team, hook: &Value, text: &str, more: Value, bytes: Option<&[u8]>) -> Value {
    post_from("client", team, hook, text, more, bytes)
}

fn post_from(
    client: &str,
    team: &mut Team,
    hook: &Value,
    text: &str,
    more: Value,
    bytes: Option<&[u8]>,
) -> Value {
    let mut params = json!({ "hook": hook["hook"], "id": team.id(), "text": text });
    for (field, value) in more.as_object().expect("an object") {
        params[field] = value.clone();
    }
    team.sent.replies.clear();
    team.accept_from(client, &request(1, "", "hook.post", params), bytes);
    team.run();
    let reply = team.sent.replies.pop().expect("a reply");
    let mut reply: Value = serde_json::from_str(&reply.lines).expect("a line");
    if reply.get("error").is_some() { reply["error"].take() } else { reply["result"].take() }
}

/// The events of a channel, as bob or alice reads them.
fn events(team: &mut Team, by: &str, channel: &str) -> Vec<Value> {
    let page = team.ask(by, "message.history", json!({ "conversation": channel }));
    page["events"].as_array().unwrap_or_else(|| panic!("{page}")).clone()
}

#[test]
fn a_hook_posts_as_a_bot_that_is_a_member_and_the_log_has_no_token() {
    for private in [false, true] {
        let mut team = team(private);
        let hook = create(&mut team, "#ops", "alerts", json!({}));
        let token = hook["hook"].as_str().expect("a token");
        assert!(token.len() == 40 && token.bytes().all(|byte| byte.is_ascii_hexdigit()), "160 bits: {token}");
        let sent = post(&mut team, &hook, "disk full", json!({ "username": " Graf\u{202e}ana\n" }));
        team.restart();
        let last = events(&mut team, "bob", "#ops").pop().expect("an event");
        assert_eq!(
            (&last["n"], &last["from"], &last["text"]),
            (&sent["n"], &json!("alerts"), &json!("disk full"))
        );
        assert_eq!(last["via"], json!({ "hook": "alerts", "username": "Grafana" }));
        let users = team.ask("bob", "user.list", json!({}));
        let is_bot = |name: &str| {
            let users = users["users"].as_array().expect("users");
            users.iter().any(|user| user["user"] == name && user["bot"] == true)
        };
        assert!(is_bot("alerts") && !is_bot("alice"));
        let log = team.log();
        assert!(log.contains("\"kind\":\"hook\"") && !log.contains(token), "the log has no token");
        let login = team.ask("", "auth.login", json!({ "user": "alerts", "password": "" }));
        assert_eq!(reason(&login), "invalid_params");
        let login = team.ask("", "auth.login", json!({ "user": "alerts", "password": "x" }));
        assert_eq!(reason(&login), "wrong_credentials");
        let code = team.ask("alice", "admin.reset_password", json!({ "user": "alerts" }));
        assert_eq!(code["data"]["detail"], "bot_account");
    }
}

#[test]
fn moderators_list_and_revoke_the_hooks_of_their_channel() {
    let mut team = team(false);
    let hook = create(&mut team, "#ops", "alerts", json!({ "here": true, "unlocked": true }));
    let listed = team.ask("alice", "hook.list", json!({ "channel": "#ops" }));
    let expected =
        json!({ "id": hook["id"], "name": "alerts", "by": "alice", "unlocked": true, "here": true });
    assert_eq!(listed, json!({ "hooks": [expected] }));
    for (by, expected) in [("bob", "not_allowed"), ("eva", "not_member")] {
        let created = team.ask(by, "hook.create", json!({ "channel": "#ops", "name": "mine" }));
        assert_eq!(reason(&created), expected);
        assert_eq!(reason(&team.ask(by, "hook.list", json!({ "channel": "#ops" }))), expected);
        assert_eq!(reason(&team.ask(by, "hook.revoke", json!({ "id": hook["id"] }))), "no_such_hook");
    }
    let revoke = json!({ "id": hook["id"] });
    assert_eq!(team.ask("alice", "hook.revoke", revoke.clone()), json!({}));
    assert_eq!(reason(&team.ask("alice", "hook.revoke", revoke)), "no_such_hook");
    assert_eq!(reason(&post(&mut team, &hook, "x", json!({}))), "no_such_hook");
    assert_eq!(reason(&post(&mut team, &json!({ "hook": "f".repeat(40) }), "x", json!({}))), "no_such_hook");

    create(&mut team, "#ops", "alerts", json!({}));
    let taken = team.ask("eva", "hook.create", json!({ "channel": "#dev", "name": "alerts" }));
    assert_eq!(reason(&taken), "name_taken", "another user cannot use the account");
    let taken = team.ask("alice", "hook.create", json!({ "channel": "#ops", "name": "bob" }));
    assert_eq!(reason(&taken), "name_taken", "the account of a person is not a bot");
    for _ in 1..HOOKS_PER_CHANNEL_MAX {
        create(&mut team, "#ops", "alerts", json!({}));
    }
    let refused = team.ask("alice", "hook.create", json!({ "channel": "#ops", "name": "alerts" }));
    assert_eq!(refused["data"]["detail"], "too_many_hooks");
}

#[test]
fn a_hook_ends_with_its_membership_its_account_or_its_channel() {
    let mut team = team(false);
    let [kicked, disabled, deleted] =
        ["kicked", "disabled", "deleted"].map(|name| create(&mut team, "#ops", name, json!({})));
    team.ask("alice", "channel.kick", json!({ "channel": "#ops", "user": "kicked" }));
    assert_eq!(reason(&post(&mut team, &kicked, "x", json!({}))), "not_member");
    team.ask("alice", "admin.disable", json!({ "user": "disabled", "disabled": true }));
    assert_eq!(reason(&post(&mut team, &disabled, "x", json!({}))), "no_such_hook");
    team.ask("alice", "channel.archive", json!({ "channel": "#ops", "archived": true }));
    assert_eq!(reason(&post(&mut team, &deleted, "x", json!({}))), "archived");
    team.ask("alice", "channel.delete", json!({ "channel": "#ops" }));
    team.restart();
    assert_eq!(reason(&post(&mut team, &deleted, "x", json!({}))), "no_such_hook");
    assert!(team.engine.ledger().state().users.hooks.is_empty());
}

#[test]
fn only_an_unlocked_hook_chooses_a_channel_of_its_account() {
    let mut team = team(false);
    let locked = create(&mut team, "#ops", "alerts", json!({}));
    let unlocked = create(&mut team, "#ops", "alerts", json!({ "unlocked": true }));
    let to_dev = json!({ "channel": "#dev" });
    assert_eq!(reason(&post(&mut team, &unlocked, "x", to_dev.clone())), "not_member");
    create(&mut team, "#dev", "alerts", json!({}));
    post(&mut team, &locked, "to ops", to_dev.clone());
    post(&mut team, &unlocked, "to dev", to_dev);
    assert_eq!(events(&mut team, "alice", "#ops").pop().expect("an event")["text"], "to ops");
    assert_eq!(events(&mut team, "alice", "#dev").pop().expect("an event")["text"], "to dev");
}

#[test]
fn only_a_hook_with_the_right_mentions_all_members() {
    let mut team = team(false);
    for (here, expected) in
        [(false, "here: @bob, a@here.example here"), (true, "@here: @bob, a@here.example @here")]
    {
        let hook = create(&mut team, "#ops", "alerts", json!({ "here": here }));
        post(&mut team, &hook, "@here: @bob, a@here.example @here", json!({}));
        assert_eq!(events(&mut team, "bob", "#ops").pop().expect("an event")["text"], expected);
    }
}

#[test]
fn a_post_with_a_known_id_is_stored_once_and_an_edit_replaces_its_text() {
    let mut team = team(false);
    let hook = create(&mut team, "#ops", "alerts", json!({}));
    let id = json!({ "id": team.id() });
    let first = post(&mut team, &hook, "firing", id.clone());
    assert_eq!(post(&mut team, &hook, "firing again", id.clone()), first);
    let edit = json!({ "id": id["id"], "edit": true });
    assert_eq!(post(&mut team, &hook, "firing", edit.clone()), first, "the same text");
    let edited = post(&mut team, &hook, "resolved", edit.clone());
    assert_eq!(edited["n"].as_u64(), first["n"].as_u64().map(|n| n + 1));
    assert_eq!(post(&mut team, &hook, "resolved", edit.clone()), first, "the same text");
    let shown = events(&mut team, "bob", "#ops").into_iter().find(|event| event["n"] == first["n"]);
    let shown = shown.expect("the message");
    assert_eq!((&shown["text"], &shown["via"]), (&json!("resolved"), &json!({ "hook": "alerts" })));
    let delete = json!({ "conversation": "#ops", "n": first["n"], "id": team.id() });
    assert!(team.ask("alice", "message.delete", delete)["n"].is_u64());
    assert_eq!(reason(&post(&mut team, &hook, "firing", edit)), "no_such_message");
    let other = create(&mut team, "#ops", "other", json!({}));
    assert_eq!(reason(&post(&mut team, &other, "x", id)), "id_taken");
}

#[test]
fn a_signed_hook_accepts_only_bodies_with_its_signature() {
    let mut team = team(false);
    let hook = create(&mut team, "#ops", "alerts", json!({ "signed": true }));
    let secret = hook["secret"].as_str().expect("a secret").to_owned();
    assert!(!team.log().contains(&secret), "the secret is derived");
    let sign = |body: &[u8]| signature(&secret, body);
    let (body, other) = (&b"{\"a\":1}"[..], &b"{\"a\":2}"[..]);
    for (signature, bytes) in [
        (json!({}), Some(body)),
        (sign(body), None),
        (sign(body), Some(other)),
        (json!({ "signature": "sha256=" }), Some(body)),
        (json!({ "signature": "sha1=00" }), Some(body)),
    ] {
        let refused = post_bytes(&mut team, &hook, "x", signature, bytes);
        assert_eq!(reason(&refused), "wrong_signature");
    }
    team.pass(1_000);
    assert!(post_bytes(&mut team, &hook, "x", sign(body), Some(body))["n"].is_u64());
    team.restart();
    assert!(post_bytes(&mut team, &hook, "x", sign(body), Some(body))["n"].is_u64());
}

fn signature(secret: &str, body: &[u8]) -> Value {
    let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any length");
    json!({ "signature": format!("sha256={}", to_hex(&mac.chain_update(body).finalize().into_bytes())) })
}

#[test]
fn wrong_signatures_of_a_client_are_limited_and_lock_no_other_client_out() {
    let mut team = team(false);
    let [hook, other] =
        ["alerts", "other"].map(|name| create(&mut team, "#ops", name, json!({ "signed": true })));
    let (body, wrong) = (&b"{}"[..], json!({ "signature": format!("sha256={}", "0".repeat(64)) }));
    let sign = |hook: &Value| signature(hook["secret"].as_str().expect("a secret"), body);
    let post = |team: &mut Team, client: &str, hook: &Value, signature: Value| {
        post_from(client, team, hook, "x", signature, Some(body))
    };
    for _ in 0..5 {
        assert_eq!(reason(&post(&mut team, "mallory", &hook, wrong.clone())), "wrong_signature");
    }
    let limited = post(&mut team, "mallory", &hook, sign(&hook));
    assert_eq!((reason(&limited), &limited["data"]["wait_ms"]), ("rate_limited", &json!(1_000)), "{limited}");
    assert!(post(&mut team, "sender", &hook, sign(&hook))["n"].is_u64(), "another client");
    assert!(post(&mut team, "mallory", &other, sign(&other))["n"].is_u64(), "another webhook");
    for _ in 0..49 {
        assert!(post(&mut team, "sender", &hook, sign(&hook))["n"].is_u64(), "the rate of posts is unused");
    }
    team.pass(1_000);
    assert!(post(&mut team, "mallory", &hook, sign(&hook))["n"].is_u64());
    assert_eq!(reason(&post(&mut team, "mallory", &hook, wrong)), "wrong_signature", "a right one resets");
}

#[test]
fn a_hook_posts_50_messages_at_once_and_then_10_a_second() {
    let mut team = team(false);
    let [hook, other] = ["alerts", "other"].map(|name| create(&mut team, "#ops", name, json!({})));
    for n in 0..50 {
        assert!(post(&mut team, &hook, "x", json!({}))["n"].is_u64(), "{n}");
    }
    let refused = post(&mut team, &hook, "x", json!({}));
    assert_eq!((reason(&refused), &refused["data"]["wait_ms"]), ("rate_limited", &json!(100)));
    assert!(post(&mut team, &other, "x", json!({}))["n"].is_u64(), "each hook has its own rate");
    team.pass(100);
    assert!(post(&mut team, &hook, "x", json!({}))["n"].is_u64());
    assert_eq!(reason(&post(&mut team, &hook, "x", json!({}))), "rate_limited");
}

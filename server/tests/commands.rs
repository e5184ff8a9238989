//! Slash commands of bots: who may register them, and which messages run them.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use common::limits::{COMMANDS_PER_CHANNEL_MAX, COMMANDS_PER_TOKEN_MAX};
use serde_json::{Value, json};
use server::domain::Command;
use testkit::team::commands::{actor, join};
use testkit::team::{Team, reason};

/// Alice owns `#ops` and `#lab`, bob is a member of `#ops`.
fn team() -> Team {
    let commands = vec![
        Command::CreateChannel(actor("alice", "#ops"), false),
        Command::CreateChannel(actor("alice", "#lab"), true),
        join("bob", "#ops"),
    ];
    Team::new(&["alice", "bob"], commands)
}

/// Creates a token of a bot.
fn bot(team: &mut Team, name: &str, conversations: &[&str]) -> String {
    let params = json!({ "name": name, "scope": "write", "conversations": conversations });
    let created = team.ask("alice", "bot.create", params);
    created["token"].as_str().unwrap_or_else(|| panic!("{created}")).to_owned()
}

fn register(team: &mut Team, token: &str, names: &[&str]) -> Value {
    let command =
        |name: &&str| json!({ "name": name, "description": "Deploy a service.", "usage": "SERVICE" });
    let commands: Vec<_> = names.iter().map(command).collect();
    team.ask(token, "command.register", json!({ "commands": commands }))
}

/// The names of the commands of a conversation, with their bots.
fn listed(team: &mut Team, by: &str, conversation: &str) -> Vec<String> {
    let listed = team.ask(by, "command.list", json!({ "conversation": conversation }));
    let commands = listed["commands"].as_array().unwrap_or_else(|| panic!("{listed}"));
    let text = |field: &Value| field.as_str().expect("a text").to_owned();
    commands.iter().map(|one| text(&one["name"]) + "@" + &text(&one["bot"])).collect()
}

/// The newest event of a conversation.
fn newest(team: &mut Team, by: &str, conversation: &str) -> Value {
    let page = team.ask(by, "message.history", json!({ "conversation": conversation, "limit": 1 }));
    page["events"][0].clone()
}

#[test]
fn a_command_is_a_message_with_its_bot_and_its_name() {
    let mut team = team();
    let token = bot(&mut team, "deploy", &["#ops", "@alice"]);
    assert_eq!(register(&mut team, &token, &["deploy", "roll-back"]), json!({}));
    assert_eq!(listed(&mut team, "bob", "#ops"), ["deploy@deploy", "roll-back@deploy"]);
    team.restart();
    team.say("bob", "#ops", "/deploy api v2");
    let event = newest(&mut team, &token, "#ops");
    assert_eq!((&event["text"], &event["from"]), (&json!("/deploy api v2"), &json!("bob")));
    assert_eq!(event["command"], json!({ "bot": "deploy", "name": "deploy" }));
    team.say("alice", "@deploy", "/roll-back\nnow");
    let event = newest(&mut team, &token, "@alice");
    assert_eq!(event["command"], json!({ "bot": "deploy", "name": "roll-back" }));
    let edit = json!({ "conversation": "#ops", "n": newest(&mut team, "bob", "#ops")["n"],
        "id": team.id(), "text": "/deploy web" });
    team.ask("bob", "message.edit", edit);
    let page = team.ask("bob", "message.history", json!({ "conversation": "#ops", "limit": 2 }));
    let [message, edited] = [0, 1].map(|at| page["events"][at]["command"].is_object());
    assert_eq!((message, edited), (true, false), "an edit keeps the command, and runs none: {page}");
}

#[test]
fn only_a_new_message_of_a_person_runs_a_command() {
    let mut team = team();
    let token = bot(&mut team, "deploy", &["#ops", "@alice"]);
    let other = bot(&mut team, "ci", &["#ops"]);
    let hook = team.ask("alice", "hook.create", json!({ "channel": "#ops", "name": "alerts" }));
    register(&mut team, &token, &["deploy"]);
    for (by, to, text) in [
        ("bob", "#ops", " /deploy"),
        ("bob", "#ops", "//deploy"),
        ("bob", "#ops", "/deployment"),
        ("alice", "#lab", "/deploy"),
        ("bob", "@deploy", "/deploy"),
        (&token, "#ops", "/deploy"),
        (&other, "#ops", "/deploy"),
    ] {
        team.say(by, to, text);
        let event = newest(&mut team, by, to);
        assert_eq!((&event["text"], &event["command"]), (&json!(text), &Value::Null), "{by} {to}");
    }
    let id = team.id();
    team.ask("", "hook.post", json!({ "hook": hook["hook"], "id": id, "text": "/deploy" }));
    assert_eq!(newest(&mut team, "bob", "#ops")["command"], Value::Null);
}

#[test]
fn a_command_ends_with_its_token_or_the_membership_of_its_bot() {
    let mut team = team();
    let token = bot(&mut team, "deploy", &["#ops"]);
    register(&mut team, &token, &["deploy"]);
    team.ask("alice", "channel.kick", json!({ "channel": "#ops", "user": "deploy" }));
    assert_eq!(listed(&mut team, "bob", "#ops"), Vec::<String>::new());
    team.say("bob", "#ops", "/deploy");
    assert_eq!(newest(&mut team, "bob", "#ops")["command"], Value::Null);
    team.ask("alice", "channel.invite", json!({ "channel": "#ops", "user": "deploy" }));
    bot(&mut team, "deploy", &["#ops"]);
    assert_eq!(listed(&mut team, "bob", "#ops"), ["deploy@deploy"]);
    let bots = team.ask("alice", "bot.list", json!({}));
    team.ask("alice", "bot.revoke", json!({ "id": bots["bots"][0]["id"] }));
    assert_eq!(listed(&mut team, "bob", "#ops"), Vec::<String>::new());
}

#[test]
fn a_name_of_papo_or_of_another_bot_is_refused() {
    let mut team = team();
    let ops = bot(&mut team, "deploy", &["#ops"]);
    let both = bot(&mut team, "ci", &["#lab", "#ops"]);
    let lab = bot(&mut team, "lab", &["#lab"]);
    register(&mut team, &ops, &["deploy"]);
    let detail = |error: Value| error["data"]["detail"].as_str().unwrap_or("none").to_owned();
    assert_eq!(detail(register(&mut team, &both, &["test", "deploy"])), "command_taken");
    assert_eq!(register(&mut team, &lab, &["deploy"]), json!({}), "no channel in common");
    let again = bot(&mut team, "deploy", &["#ops"]);
    assert_eq!(register(&mut team, &again, &["deploy"]), json!({}), "the same bot");
    assert_eq!(listed(&mut team, "bob", "#ops"), ["deploy@deploy"]);
    assert_eq!(detail(register(&mut team, &both, &["help"])), "command_built_in");
    assert_eq!(detail(register(&mut team, &both, &["test", "test"])), "command_repeated");
    for name in ["", "Deploy", "de ploy", "-x", "a1", "/deploy"] {
        assert_eq!(detail(register(&mut team, &both, &[name])), "command_name_characters", "{name}");
    }
    let text = json!({ "commands": [{ "name": "test", "description": "two\nlines" }] });
    assert_eq!(detail(team.ask(&both, "command.register", text)), "command_text_characters");
    assert_eq!(detail(register(&mut team, "alice", &["test"])), "not_bot");
    let read = json!({ "name": "ci", "scope": "read", "conversations": ["#lab"] });
    let read = team.ask("alice", "bot.create", read)["token"].as_str().expect("a token").to_owned();
    assert_eq!(reason(&register(&mut team, &read, &["test"])), "out_of_scope");
    assert_eq!(listed(&mut team, "alice", "#lab"), ["deploy@lab"], "refused requests change nothing");
}

#[test]
fn a_registration_replaces_the_commands_and_stores_only_changes() {
    let mut team = team();
    let token = bot(&mut team, "deploy", &["#ops"]);
    for _ in 0..3 {
        register(&mut team, &token, &["deploy", "test"]);
    }
    assert_eq!(team.log().matches("bot.commands").count(), 1);
    register(&mut team, &token, &["test"]);
    assert_eq!(listed(&mut team, "bob", "#ops"), ["test@deploy"]);
    register(&mut team, &token, &[]);
    assert_eq!(listed(&mut team, "bob", "#ops"), Vec::<String>::new());
}

#[test]
fn the_commands_of_a_token_and_of_a_channel_are_limited() {
    let mut team = team();
    let names: Vec<_> = (b'a'..=b'z').map(|letter| char::from(letter).to_string()).collect();
    let named = |prefix: &str, count: usize| -> Vec<String> {
        names.iter().take(count).map(|name| format!("{prefix}-{name}")).collect()
    };
    let mut tokens = 0;
    let mut register_all = |team: &mut Team, count: usize| {
        tokens += 1;
        let token = bot(team, &format!("bot{tokens}"), &["#ops"]);
        let prefix = char::from(b'a' + tokens).to_string();
        let all = named(&prefix, count);
        register(team, &token, &all.iter().map(String::as_str).collect::<Vec<_>>())
    };
    let refused = register_all(&mut team, COMMANDS_PER_TOKEN_MAX + 1);
    assert_eq!(refused["data"]["detail"], "too_many_commands");
    for _ in 0..COMMANDS_PER_CHANNEL_MAX / COMMANDS_PER_TOKEN_MAX {
        assert_eq!(register_all(&mut team, COMMANDS_PER_TOKEN_MAX), json!({}));
    }
    assert_eq!(register_all(&mut team, 1)["data"]["detail"], "too_many_commands");
    assert_eq!(listed(&mut team, "bob", "#ops").len(), COMMANDS_PER_CHANNEL_MAX);
}

#[test]
fn the_list_says_whether_a_bot_is_present() {
    let mut team = team();
    let token = bot(&mut team, "deploy", &["#ops"]);
    register(&mut team, &token, &["deploy"]);
    let online = |team: &mut Team| {
        let listed = team.ask("bob", "command.list", json!({ "conversation": "#ops" }));
        listed["commands"][0]["online"] == json!(true)
    };
    assert!(!online(&mut team));
    team.ask(&token, "presence.set", json!({ "state": "online" }));
    assert!(online(&mut team));
    team.pass(60_000);
    assert!(!online(&mut team));
    assert_eq!(
        reason(&team.ask("bob", "command.list", json!({ "conversation": "#lab" }))),
        "no_such_channel"
    );
}

//! `channel.rename`: every name of a channel leads to it.

use common::limits::NAMES_PER_CHANNEL_MAX;
use serde_json::{Value, json};
use testkit::team::commands::{create, join};
use testkit::team::{Team, reason};

fn team() -> Team {
    let commands = [create("ana", "#help"), join("eva", "#help"), create("bob", "#other")];
    let mut team = Team::new(&["ana", "eva", "bob"], commands);
    team.say("eva", "#help", "before");
    team
}

fn rename(team: &mut Team, by: &str, channel: &str, new_name: &str) -> Value {
    team.ask(by, "channel.rename", json!({ "channel": channel, "new_name": new_name }))
}

#[test]
fn requests_with_any_name_reach_the_channel_and_events_have_the_first_name() {
    let mut team = team();
    let topic = team.ask("eva", "channel.join", json!({ "channel": "#help" }))["topic"].clone();
    for new_name in ["#support", "#Desk"] {
        assert_eq!(rename(&mut team, "ana", "#help", new_name), json!({}));
    }
    let event = &team.sent.published.last().expect("an event").line;
    let fields = ["kind", "to", "from", "new_name"].map(|field| event[field].as_str().expect("a text"));
    assert_eq!(fields, ["channel.renamed", "#help", "ana", "#desk"]);
    for round in 0..2 {
        for name in ["#help", "#support", "#desk"] {
            let id = team.id();
            let sent = team.ask("eva", "message.send", json!({ "to": name, "id": id, "text": name }));
            let channel = if name == "#help" { Value::Null } else { json!("#help") };
            assert_eq!(sent["channel"], channel, "the event has the first name: {sent}");
            let (n, own) = (sent["n"].clone(), json!({ "conversation": name, "after": 3 }));
            let page = team.ask("eva", "message.history", own);
            let last = page["events"].as_array().expect("events").last().expect("an event").clone();
            assert_eq!(
                [&page["conversation"], &last["to"], &last["text"]],
                ["#help", "#help", name],
                "{round}"
            );
            let mark = team.ask("ana", "read.mark", json!({ "conversation": name, "n": n }));
            assert_eq!(mark["unread"], 0, "{name}");
            let joined = team.ask("eva", "channel.join", json!({ "channel": name }));
            let expected = json!([topic, "#help", "#desk", ["#support"]]);
            let fields = ["topic", "channel", "name", "former_names"].map(|field| joined[field].clone());
            assert_eq!(json!(fields), expected, "the topic did not move");
            let level = json!({ "conversation": name, "level": "mentions" });
            assert_eq!(team.ask("eva", "notify.set", level), json!({}));
        }
        let levels = team.ask("eva", "notify.list", json!({}));
        assert_eq!(levels["conversations"], json!([{ "conversation": "#help", "level": "mentions" }]));
        let list = team.ask("bob", "channel.list", json!({}));
        let row = |channel: &Value| json!([channel["channel"], channel["name"]]);
        let rows: Vec<_> = list["channels"].as_array().expect("channels").iter().map(row).collect();
        assert_eq!(rows, [json!(["#help", "#desk"]), json!(["#other", null])]);
        let heads = team.ask("eva", "sync.heads", json!({}));
        let head =
            heads["heads"].as_array().expect("heads").iter().find(|head| head["conversation"] == "#help");
        assert_eq!(head.expect("a head")["name"], "#desk");
        team.restart();
    }
}

#[test]
fn only_owners_rename_and_no_name_is_given_to_another_channel() {
    let mut team = team();
    assert_eq!(reason(&rename(&mut team, "eva", "#help", "#x")), "not_allowed");
    assert_eq!(reason(&rename(&mut team, "bob", "#help", "#x")), "not_member");
    assert_eq!(rename(&mut team, "ana", "#help", "#support"), json!({}));
    for round in 0..2 {
        for taken in ["#help", "#support"] {
            let created = team.ask("bob", "channel.create", json!({ "channel": taken }));
            assert_eq!(reason(&created), "name_taken", "{taken}, round {round}");
            assert_eq!(reason(&rename(&mut team, "bob", "#other", taken)), "name_taken", "{taken}");
        }
        team.restart();
    }
    assert_eq!(rename(&mut team, "ana", "#support", "#help"), json!({}), "the first name again");
    let refused = rename(&mut team, "bob", "#other", "#support");
    assert_eq!(refused["data"]["detail"], "channel_name_leads");
    assert_eq!(team.ask("ana", "channel.archive", json!({ "channel": "#support" })), json!({}));
    assert_eq!(reason(&rename(&mut team, "ana", "#help", "#y")), "archived");
    assert_eq!(team.ask("ana", "channel.delete", json!({ "channel": "#support" })), json!({}));
    for round in 0..2 {
        for used in ["#help", "#support"] {
            let created = team.ask("bob", "channel.create", json!({ "channel": used }));
            assert_eq!(created["data"]["detail"], "channel_name_used", "{used}, round {round}");
            let joined = team.ask("bob", "channel.join", json!({ "channel": used }));
            assert_eq!(joined["data"]["args"]["channel"], used, "the name of the request");
        }
        team.restart();
    }
}

#[test]
fn a_channel_has_a_limited_number_of_names() {
    let mut team = team();
    for number in 2..=NAMES_PER_CHANNEL_MAX {
        assert_eq!(rename(&mut team, "ana", "#help", &format!("#help{number}")), json!({}), "{number}");
    }
    assert_eq!(reason(&rename(&mut team, "ana", "#help", "#more")), "too_large");
    assert_eq!(rename(&mut team, "ana", "#help", "#help2"), json!({}), "one of its names");
}

#[test]
fn an_error_shows_no_name_of_a_channel_that_the_user_may_not_see() {
    let mut team = team();
    let private = json!({ "channel": "#secret", "private": true });
    assert_eq!(team.ask("ana", "channel.create", private)["n"], 1);
    assert_eq!(rename(&mut team, "ana", "#secret", "#board"), json!({}));
    let (id, other_id) = (team.id(), team.id());
    for (method, params) in [
        ("channel.join", json!({ "channel": "#board" })),
        ("message.history", json!({ "conversation": "#board" })),
        ("message.send", json!({ "to": "#board", "id": id, "text": "x" })),
        ("message.edit", json!({ "conversation": "#board", "n": 1, "id": other_id, "text": "x" })),
        ("notify.set", json!({ "conversation": "#board", "level": "none" })),
        ("channel.rename", json!({ "channel": "#board", "new_name": "#z" })),
    ] {
        let refused = team.ask("bob", method, params);
        assert_eq!(reason(&refused), "no_such_channel", "{method}: {refused}");
        assert!(!refused.to_string().contains("secret"), "{method}: {refused}");
        assert!(refused.to_string().contains("there is no channel #board"), "{method}: {refused}");
    }
}

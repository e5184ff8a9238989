//! `channel.archive` and `channel.delete`.

use serde_json::json;
use testkit::team::commands::{create, join};
use testkit::team::{Team, reason};

fn team() -> Team {
    let mut team = Team::new(&["ana", "eva", "bob"], [create("ana", "#room"), join("eva", "#room")]);
    team.say("eva", "#room", "a text");
    team
}

#[test]
fn an_archived_channel_is_read_only() {
    let mut team = team();
    assert_eq!(team.ask("ana", "channel.archive", json!({ "channel": "#room" })), json!({}));
    for round in 0..2 {
        let [one, two, three, four] = [(); 4].map(|()| team.id());
        let sha256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
        let requests = [
            ("message.send", json!({ "to": "#room", "id": one, "text": "late" })),
            ("message.edit", json!({ "conversation": "#room", "n": 3, "id": two, "text": "late" })),
            ("message.react", json!({ "conversation": "#room", "n": 3, "id": three, "emoji": "x" })),
            ("file.begin", json!({ "to": "#room", "id": four, "name": "a", "bytes": 4, "sha256": sha256 })),
            ("typing.set", json!({ "to": "#room", "typing": true })),
        ];
        for (method, params) in requests {
            assert_eq!(reason(&team.ask("eva", method, params)), "archived", "{method}, round {round}");
        }
        let subject = team.ask("ana", "channel.set", json!({ "channel": "#room", "subject": "late" }));
        assert_eq!(reason(&subject), "archived", "round {round}");
        let page = team.ask("eva", "message.history", json!({ "conversation": "#room" }));
        assert_eq!(page["events"][2]["text"], "a text", "round {round}");
        assert_eq!(team.ask("ana", "channel.list", json!({}))["channels"][0]["archived"], true);
        team.restart();
    }
    let joined = team.ask("bob", "channel.join", json!({ "channel": "#room" }));
    assert!(joined["topic"].is_string(), "users may join to read: {joined}");
    let id = team.id();
    let deleted = team.ask("eva", "message.delete", json!({ "conversation": "#room", "n": 3, "id": id }));
    assert!(deleted["n"].is_u64(), "a deletion is allowed: {deleted}");
    let restore = json!({ "channel": "#room", "archived": false });
    assert_eq!(reason(&team.ask("eva", "channel.archive", restore.clone())), "not_allowed");
    assert_eq!(team.ask("ana", "channel.archive", restore), json!({}));
    team.say("eva", "#room", "again");
}

#[test]
fn a_deleted_channel_does_not_exist_and_its_name_cannot_be_used_again() {
    let mut team = team();
    let refused = team.ask("eva", "channel.delete", json!({ "channel": "#room" }));
    assert_eq!(reason(&refused), "not_allowed");
    assert_eq!(team.ask("ana", "channel.delete", json!({ "channel": "#room" })), json!({}));
    let published = team.sent.published.iter().filter(|sent| sent.line["kind"] == "channel.deleted").count();
    assert_eq!(published, 1, "the members receive the event");
    for round in 0..2 {
        for user in ["ana", "eva", "bob"] {
            let id = team.id();
            for (method, params) in [
                ("channel.join", json!({ "channel": "#room" })),
                ("channel.members", json!({ "channel": "#room" })),
                ("message.history", json!({ "conversation": "#room" })),
                ("message.send", json!({ "to": "#room", "id": id, "text": "late" })),
            ] {
                let refused = team.ask(user, method, params);
                assert_eq!(reason(&refused), "no_such_channel", "{user} {method}, round {round}");
            }
            let again = team.ask(user, "channel.create", json!({ "channel": "#room" }));
            assert_eq!(reason(&again), "name_taken", "round {round}");
            assert_eq!(team.ask(user, "channel.list", json!({}))["channels"], json!([]));
        }
        assert_eq!(team.ask("ana", "admin.channels", json!({}))["channels"], json!([]));
        team.restart();
    }
}

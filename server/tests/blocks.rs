//! `user.block`: the server refuses direct messages and invitations of blocked users.

use serde_json::{Value, json};
use testkit::team::commands::{create, join};
use testkit::team::{Team, reason};

/// A team in which Eva has blocked Ana.
fn team() -> Team {
    let mut team = Team::new(&["ana", "eva", "bob"], [create("ana", "#room"), join("eva", "#room")]);
    team.say("ana", "@eva", "first");
    assert_eq!(team.ask("eva", "user.block", json!({ "user": "ana" })), json!({}));
    team
}

#[test]
fn a_blocked_user_can_neither_write_nor_invite() {
    let mut team = team();
    for round in 0..2 {
        let [one, two, three] = [(); 3].map(|()| team.id());
        let sha256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
        let file = json!({ "to": "@eva", "id": two, "name": "a.txt", "bytes": 4, "sha256": sha256 });
        let requests = [
            ("message.send", json!({ "to": "@eva", "id": one, "text": "again" })),
            ("message.edit", json!({ "conversation": "@eva", "n": 1, "id": two, "text": "again" })),
            ("message.react", json!({ "conversation": "@eva", "n": 1, "id": three, "emoji": "x" })),
            ("file.begin", file),
            ("typing.set", json!({ "to": "@eva", "typing": true })),
            ("channel.invite", json!({ "channel": "#room", "user": "eva" })),
        ];
        for (method, params) in requests {
            assert_eq!(reason(&team.ask("ana", method, params)), "blocked", "{method}, round {round}");
        }
        team.say("ana", "#room", "channels are not affected");
        team.say("eva", "@ana", "the blocking user may write");
        team.say("bob", "@eva", "others may write");
        team.restart();
    }
    let id = team.id();
    let deleted = team.ask("ana", "message.delete", json!({ "conversation": "@eva", "n": 1, "id": id }));
    assert!(deleted["n"].is_u64(), "a deletion is allowed: {deleted}");
    assert_eq!(team.ask("eva", "user.unblock", json!({ "user": "ana" })), json!({}));
    team.say("ana", "@eva", "again");
}

#[test]
fn each_user_sees_only_their_own_blocks() {
    let mut team = team();
    let mut blocks = |by: &str| team.ask(by, "user.blocks", json!({}));
    assert_eq!(blocks("eva")["users"][0]["user"], "ana");
    assert_eq!(blocks("ana"), json!({ "users": [], "more": false }));
    assert_eq!(reason(&team.ask("eva", "user.block", json!({ "user": "eva" }))), "invalid_params");
    assert_eq!(reason(&team.ask("eva", "user.block", json!({ "user": "nobody" }))), "no_such_user");
    let position = team.engine.ledger().position();
    let again: Value = team.ask("eva", "user.block", json!({ "user": "ana" }));
    assert_eq!((again, team.engine.ledger().position()), (json!({}), position), "no second record");
}

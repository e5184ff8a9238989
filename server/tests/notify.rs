//! `notify.set`, `notify.list`: the notification levels of a user.

use serde_json::json;
use testkit::team::commands::{create, join};
use testkit::team::{Team, reason};

fn team() -> Team {
    Team::new(&["ana", "bob"], [create("ana", "#a"), join("bob", "#a"), create("ana", "#b")])
}

#[test]
fn levels_are_stored_for_each_user_and_survive_a_restart() {
    let mut team = team();
    let nothing = json!({ "level": "all", "conversations": [] });
    assert_eq!(team.ask("bob", "notify.list", json!({})), nothing);
    for (conversation, level) in [("#a", "mentions"), ("@ana", "none")] {
        let params = json!({ "conversation": conversation, "level": level });
        assert_eq!(team.ask("bob", "notify.set", params), json!({}));
    }
    assert_eq!(team.ask("bob", "notify.set", json!({ "level": "none" })), json!({}));
    let levels = json!({
        "level": "none",
        "conversations": [
            { "conversation": "#a", "level": "mentions" },
            { "conversation": "@ana", "level": "none" },
        ],
    });
    for _ in 0..2 {
        assert_eq!(team.ask("bob", "notify.list", json!({})), levels);
        assert_eq!(team.ask("ana", "notify.list", json!({})), nothing, "the levels of another user");
        team.restart();
    }
    team.ask("bob", "notify.set", json!({ "conversation": "@ana", "level": "all" }));
    let levels = team.ask("bob", "notify.list", json!({}));
    assert_eq!(levels["conversations"], json!([{ "conversation": "#a", "level": "mentions" }]));
}

#[test]
fn only_conversations_that_the_user_can_read_have_a_level() {
    let mut team = team();
    let set = |team: &mut Team, conversation: &str, level: &str| {
        team.ask("bob", "notify.set", json!({ "conversation": conversation, "level": level }))
    };
    assert_eq!(reason(&set(&mut team, "#b", "none")), "not_member");
    assert_eq!(reason(&set(&mut team, "#nowhere", "none")), "no_such_channel");
    assert_eq!(reason(&set(&mut team, "@nobody", "none")), "no_such_user");
    assert_eq!(reason(&set(&mut team, "#a", "loud")), "invalid_params");
    assert_eq!(set(&mut team, "#a", "none"), json!({}));
    team.ask("bob", "channel.leave", json!({ "channel": "#a" }));
    assert_eq!(set(&mut team, "#a", "all"), json!({}), "a level can be removed after the membership");
}

#[test]
fn other_sessions_of_the_user_receive_a_notice() {
    let mut team = team();
    team.sent.published.clear();
    team.ask("bob", "notify.set", json!({ "conversation": "#a", "level": "none" }));
    let notices: Vec<_> = team.sent.published.iter().filter(|sent| sent.line["kind"] == "notify").collect();
    assert_eq!(notices.len(), 1);
    assert!(notices[0].topic.starts_with("user.bob."), "{}", notices[0].topic);
}

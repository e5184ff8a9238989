//! `user.set`: a display name next to the name of a user.

#![expect(clippy::indexing_slicing, reason = "test helpers may panic")]

use common::limits::DISPLAY_NAME_CHARACTERS_MAX;
use serde_json::{Value, json};
use testkit::team::commands::{create, join};
use testkit::team::{Team, reason};

/// The display names of Ana in `user.list` and in `channel.members`.
fn listed(team: &mut Team) -> [Value; 2] {
    let users = team.ask("bob", "user.list", json!({}))["users"][0]["display_name"].clone();
    let members = team.ask("bob", "channel.members", json!({ "channel": "#a" }));
    [users, members["members"][0]["display_name"].clone()]
}

#[test]
fn a_display_name_is_listed_next_to_the_name_until_it_is_removed() {
    let mut team = Team::new(&["ana", "bob"], [create("ana", "#a"), join("bob", "#a")]);
    let set = |team: &mut Team, name: &str| team.ask("ana", "user.set", json!({ "display_name": name }));
    assert_eq!(listed(&mut team), [Value::Null, Value::Null]);
    assert_eq!(set(&mut team, " Ana  Lúcia "), json!({}));
    let records = team.log().lines().count();
    assert_eq!(set(&mut team, "Ana Lúcia"), json!({}));
    assert_eq!(team.log().lines().count(), records, "the same name stores no record");
    for _ in 0..2 {
        assert_eq!(listed(&mut team), ["Ana Lúcia", "Ana Lúcia"]);
        team.restart();
    }
    assert_eq!(set(&mut team, ""), json!({}));
    team.restart();
    assert_eq!(listed(&mut team), [Value::Null, Value::Null]);
}

#[test]
fn an_invisible_or_too_long_display_name_is_refused() {
    let mut team = Team::new(&["ana", "bob"], [create("ana", "#a"), join("bob", "#a")]);
    for name in ["a\u{202e}b", "a\nb", "\u{200b}", &"x".repeat(DISPLAY_NAME_CHARACTERS_MAX + 1)] {
        let refused = team.ask("ana", "user.set", json!({ "display_name": name }));
        assert_eq!(reason(&refused), "invalid_params", "{name:?}");
    }
    assert_eq!(listed(&mut team), [Value::Null, Value::Null]);
}

#[test]
fn a_deleted_account_has_no_display_name() {
    let mut team = Team::new(&["ana", "bob"], [create("ana", "#a"), join("bob", "#a")]);
    assert_eq!(team.ask("bob", "user.set", json!({ "display_name": "Bob" })), json!({}));
    assert_eq!(team.ask("ana", "account.delete", json!({ "user": "bob" })), json!({}));
    team.restart();
    let users = team.ask("ana", "user.list", json!({}));
    assert!(!users.to_string().contains("Bob"), "{users}");
}

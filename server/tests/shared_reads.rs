//! `read.share` and `read.peer`: two users who share their read marks see those of each other.

use serde_json::{Value, json};
use testkit::id;
use testkit::team::commands::send;
use testkit::team::{Team, reason};

fn share(team: &mut Team, user: &str, shared: bool) {
    assert_eq!(team.ask(user, "read.share", json!({ "shared": shared })), json!({}));
}

fn peer(team: &mut Team, user: &str, other: &str) -> Value {
    team.ask(user, "read.peer", json!({ "user": other }))
}

#[test]
fn a_read_mark_is_visible_only_while_both_users_share_theirs() {
    let mut team = Team::new(&["ana", "bob", "eva"], [1, 2].map(|n| send("ana", "@bob", id(n), "hello")));
    assert_eq!(peer(&mut team, "ana", "bob"), json!({}));
    share(&mut team, "bob", true);
    assert_eq!(peer(&mut team, "ana", "bob"), json!({}), "ana does not share");
    share(&mut team, "ana", true);
    assert_eq!(peer(&mut team, "ana", "bob"), json!({ "shared": true, "n": 0 }));
    team.ask("bob", "read.mark", json!({ "conversation": "@ana", "n": 1 }));
    for _ in 0..2 {
        assert_eq!(peer(&mut team, "ana", "bob"), json!({ "shared": true, "n": 1 }));
        assert_eq!(peer(&mut team, "ana", "eva"), json!({ "shared": true }), "eva does not share");
        team.restart();
    }
    let records = team.log().lines().count();
    share(&mut team, "ana", true);
    assert_eq!(team.log().lines().count(), records, "the same setting stores no record");
    assert_eq!(team.ask("bob", "user.block", json!({ "user": "ana" })), json!({}));
    assert_eq!(
        peer(&mut team, "ana", "bob"),
        json!({ "shared": true }),
        "a user who blocks ana shares nothing"
    );
    team.ask("bob", "user.unblock", json!({ "user": "ana" }));
    share(&mut team, "bob", false);
    assert_eq!(peer(&mut team, "ana", "bob"), json!({ "shared": true }));
    assert_eq!(reason(&peer(&mut team, "ana", "nobody")), "no_such_user");
}

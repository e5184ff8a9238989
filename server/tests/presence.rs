//! Tests of presence and typing notices, with a clock that the tests advance.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "test helpers may panic")]

use serde_json::{Value, json};
use testkit::team::commands::{create, join, log_in};
use testkit::team::{NOW_MS, Team, reason};

/// Ana, Bob and Eva, each with a second session whose token ends in `2`. Ana and Bob are members of `#a`.
///
/// The server has run for a minute, so it knows which users are offline.
fn team() -> Team {
    let second_sessions = ["ana", "bob", "eva"].map(|user| log_in(user, &format!("{user}2")));
    let channel = [create("ana", "#a"), join("bob", "#a")];
    let mut team = Team::new(&["ana", "bob", "eva"], second_sessions.into_iter().chain(channel));
    team.pass(60_000);
    team
}

fn set_state(team: &mut Team, token: &str, state: &str) -> Value {
    team.ask(token, "presence.set", json!({ "state": state }))
}

/// The state of a user in `user.list`, and the time at which the user was last seen.
fn listed(team: &mut Team, name: &str) -> Value {
    let list = team.ask("eva2", "user.list", json!({}));
    let mut users = list["users"].as_array().expect("users").iter();
    let user = users.find(|user| user["user"] == name).expect("a user");
    json!([user["state"], user["seen"]])
}

/// The changes of presence that were published since the last call, each with its time in milliseconds after
/// `NOW_MS`.
fn changes(team: &mut Team) -> Vec<String> {
    let mut changes = std::mem::take(&mut team.sent.published);
    changes.retain(|change| change.topic.starts_with("presence.all."));
    let change = changes.iter().map(|change| {
        let users = change.line["users"].as_array().expect("users").iter();
        let users = users.map(|user| format!("{} {}", user["user"], user["state"]).replace('"', ""));
        format!("{}: {}", change.at_ms - NOW_MS, users.collect::<Vec<_>>().join(", "))
    });
    change.collect()
}

#[test]
fn a_silent_user_is_offline_after_45_seconds() {
    let mut team = team();
    set_state(&mut team, "bob", "online");
    team.pass(15_000);
    set_state(&mut team, "bob", "online");
    assert_eq!(listed(&mut team, "bob"), json!(["online", null]));
    team.pass(45_000);
    assert_eq!(changes(&mut team), ["60000: bob online", "115000: bob offline"]);
    assert_eq!(listed(&mut team, "bob"), json!(["offline", NOW_MS + 75_000]), "the time of the last request");
}

#[test]
fn the_change_to_offline_is_published_immediately() {
    let mut team = team();
    set_state(&mut team, "bob", "online");
    team.pass(5_000);
    set_state(&mut team, "bob", "offline");
    assert_eq!(changes(&mut team), ["60000: bob online", "65000: bob offline"]);
    set_state(&mut team, "bob", "online");
    team.pass(2_000);
    team.ask("bob", "auth.logout", json!({}));
    team.pass(2_000);
    assert_eq!(
        changes(&mut team),
        ["66000: bob online", "67000: bob offline"],
        "at most one change a second"
    );
}

#[test]
fn several_sessions_of_a_user_have_one_presence() {
    let mut team = team();
    set_state(&mut team, "bob", "away");
    team.pass(2_000);
    set_state(&mut team, "bob2", "online");
    team.pass(2_000);
    set_state(&mut team, "bob", "offline");
    team.pass(2_000);
    set_state(&mut team, "bob2", "away");
    team.pass(2_000);
    set_state(&mut team, "bob", "online");
    team.pass(30_000);
    set_state(&mut team, "bob", "online");
    team.pass(60_000);
    let expected = [
        "60000: bob away",
        "62000: bob online",
        "66000: bob away",
        "68000: bob online",
        "138000: bob offline",
    ];
    assert_eq!(changes(&mut team), expected);
}

#[test]
fn simultaneous_changes_are_one_notice_and_unchanged_states_are_not_published() {
    let mut team = team();
    for token in ["ana", "bob", "eva"] {
        set_state(&mut team, token, "online");
    }
    set_state(&mut team, "bob", "offline");
    for _ in 0..3 {
        team.pass(10_000);
        set_state(&mut team, "ana", "online");
        set_state(&mut team, "eva", "online");
    }
    let expected = ["60000: ana online", "61000: eva online"];
    assert_eq!(changes(&mut team), expected, "bob was offline before a notice was due");
}

#[test]
fn a_disabled_user_is_offline_immediately_and_the_topic_moves() {
    let mut team = team();
    let before = set_state(&mut team, "bob", "online")["topic"].clone();
    team.pass(5_000);
    changes(&mut team);
    team.ask("ana", "admin.disable", json!({ "user": "bob" }));
    assert_eq!(reason(&set_state(&mut team, "bob", "online")), "unauthenticated");
    team.pass(2_000);
    let mut topics = team.sent.published.iter().filter(|event| event.topic.starts_with("presence."));
    let topic = topics.next_back().map(|event| json!(event.topic));
    assert_eq!(changes(&mut team), ["65000: bob offline"]);
    assert_eq!(
        Some(&set_state(&mut team, "ana", "online")["topic"]),
        topic.as_ref(),
        "the topic of the other users"
    );
    assert_ne!(Some(before), topic);
}

#[test]
fn after_a_restart_a_user_who_is_still_present_is_not_published_as_offline() {
    let mut team = team();
    set_state(&mut team, "ana", "online");
    set_state(&mut team, "bob", "online");
    team.pass(5_000);
    changes(&mut team);
    team.engine.record_present_users(team.now_ms);
    team.run();
    assert_eq!(changes(&mut team), [""; 0], "a server that stops publishes nothing");
    team.restart();
    assert_eq!(listed(&mut team, "bob"), json!([null, NOW_MS + 60_000]), "unknown state");
    team.pass(12_000);
    set_state(&mut team, "ana", "online");
    team.pass(1_000);
    assert_eq!(listed(&mut team, "ana")[0], "online");
    team.pass(27_000);
    assert_eq!(changes(&mut team), ["77000: ana online"]);
    assert_eq!(listed(&mut team, "bob"), json!(["offline", NOW_MS + 60_000]), "no request after the restart");
}

#[test]
fn a_jump_of_the_clock_makes_no_user_offline() {
    let mut team = team();
    set_state(&mut team, "bob", "online");
    team.pass(5_000);
    team.now_ms += 3_600_000;
    team.run();
    team.pass(5_000);
    set_state(&mut team, "bob", "online");
    team.now_ms -= 1_800_000;
    team.pass(15_000);
    set_state(&mut team, "bob", "online");
    assert_eq!(changes(&mut team), ["60000: bob online"]);
}

#[test]
fn a_server_without_present_users_sets_no_early_deadline() {
    let mut team = team();
    let sleeps = |team: &Team| team.engine.deadline().is_some_and(|due_ms| due_ms > NOW_MS + 3_000_000);
    team.run();
    assert!(sleeps(&team), "no user is present");
    set_state(&mut team, "bob", "online");
    assert!(!sleeps(&team), "bob must repeat his state");
    team.pass(100_000);
    assert!(sleeps(&team), "bob is offline");
}

#[test]
fn readers_receive_typing_notices_at_a_limited_rate() {
    let mut team = team();
    let typing = |team: &mut Team, token: &str, to: &str, typing: bool| {
        team.ask(token, "typing.set", json!({ "to": to, "typing": typing }))
    };
    assert_eq!(typing(&mut team, "ana", "#a", true), json!({}));
    assert_eq!(typing(&mut team, "ana2", "#a", true), json!({}), "dropped without an error");
    team.pass(3_000);
    typing(&mut team, "ana", "#a", true);
    typing(&mut team, "ana", "#a", false);
    typing(&mut team, "ana", "@bob", true);
    assert_eq!(reason(&typing(&mut team, "eva", "#a", true)), "not_member");
    assert_eq!(reason(&typing(&mut team, "eva", "#nowhere", true)), "no_such_channel");
    assert_eq!(reason(&typing(&mut team, "eva", "@nobody", true)), "no_such_user");
    let notices = team.sent.published.iter().map(|notice| {
        let (conversation, _) = notice.topic.rsplit_once('.').expect("a key");
        let (at_ms, line) = (notice.at_ms - NOW_MS, &notice.line);
        format!("{at_ms} {conversation} {} {} {}", line["to"], line["from"], line["typing"]).replace('"', "")
    });
    let expected = [
        "60000 channel.a #a ana true",
        "63000 channel.a #a ana true",
        "63000 channel.a #a ana false",
        "63000 user.bob @bob ana true",
    ];
    assert_eq!(notices.collect::<Vec<_>>(), expected);
}

#[test]
fn a_session_is_online_while_one_of_its_connections_is() {
    let mut team = team();
    let set = |team: &mut Team, connection: Option<u128>, state: &str| {
        let id = connection.map(uuid::Uuid::from_u128);
        team.ask("bob", "presence.set", json!({ "state": state, "connection": id }));
        team.pass(2_000);
        let changes = changes(team).into_iter();
        changes.map(|change| change.split_once(": ").expect("a time").1.to_owned()).collect::<Vec<_>>()
    };
    let nothing: Vec<String> = Vec::new();
    assert_eq!(set(&mut team, Some(1), "online"), ["bob online"]);
    assert_eq!(set(&mut team, Some(2), "away"), nothing);
    assert_eq!(set(&mut team, None, "online"), nothing);
    assert_eq!(set(&mut team, Some(1), "offline"), nothing, "the program without an id is online");
    assert_eq!(set(&mut team, None, "offline"), ["bob away"]);
    assert_eq!(set(&mut team, Some(2), "offline"), ["bob offline"]);
    for connection in 1..=40 {
        set(&mut team, Some(connection), "online");
    }
    for connection in 25..=39 {
        assert_eq!(set(&mut team, Some(connection), "offline"), nothing);
    }
    assert_eq!(set(&mut team, Some(40), "offline"), ["bob offline"], "16 connections were kept");
}

//! What a session says of its person, and what it tells of others.

use common::Target;
use serde_json::json;
use testkit::target;
use uuid::Uuid;

use super::stage::{OWN, Stage, moved, ops};
use crate::*;

const PRESENCE: &str = "presence.all.00000000000000000000000000000000";

/// Alice at her keyboard, with @bob open.
fn at_keyboard() -> Stage {
    let mut stage = Stage::following();
    stage.command(Command::Open(bob()));
    stage.reply("message.history", &json!({"conversation": "@bob", "head": 0, "events": []}));
    stage.take_transcript();
    stage.command(Command::SetPresence(PresenceMode::AtKeyboard));
    stage
}

fn bob() -> Target {
    target("@bob")
}

fn beat(stage: &mut Stage) {
    stage.reply("presence.set", &json!({"topic": PRESENCE, "heartbeat_ms": 15_000}));
}

/// What was said and told, without the heads that are asked for every ten seconds.
fn transcript(stage: &mut Stage) -> String {
    let lines = stage.take_transcript();
    let lines = lines.lines().filter(|line| !line.contains("sync.heads"));
    lines
        .map(|line| line.split_once(" presence.set").map_or(line, |(_, said)| said).trim())
        .collect::<Vec<_>>()
        .join("\n")
}

fn notice(stage: &mut Stage, line: &str) {
    stage.session.events(stage.now_ms, PRESENCE.as_bytes(), line.as_bytes());
    stage.note();
}

/// What is said in so many milliseconds, by a session whose every request is answered.
fn said_within(stage: &mut Stage, ms: u64) -> Vec<(u64, bool)> {
    let (end, mut said) = (stage.now_ms + ms, Vec::new());
    while stage.now_ms < end {
        stage.pass(1_000);
        for line in stage.take_transcript().lines().filter(|line| line.starts_with("ask")) {
            if line.contains("presence.set") {
                said.push((stage.now_ms / 1_000, line.contains("away")));
                beat(stage);
            } else {
                stage.reply("sync.heads", &json!({"cursor": 7, "topic": OWN, "heads": []}));
            }
        }
    }
    said
}

#[test]
fn a_heartbeat_goes_on_and_tells_that_nobody_types() {
    let mut stage = at_keyboard();
    beat(&mut stage);
    stage.take_transcript();
    let said = said_within(&mut stage, 660_000);
    // Whoever says nothing for 40 seconds counts as gone: one that is lost does no harm.
    let waits: Vec<_> = said.windows(2).map(|two| two[1].0 - two[0].0).collect();
    assert!(waits.iter().all(|wait| *wait <= 15), "{said:?}");
    assert!(
        waits.iter().filter(|wait| **wait < 12).count() <= waits.len() / 3,
        "not more often than it has to"
    );
    assert!(waits.iter().any(|wait| *wait != waits[0]), "all clients of a server would be in step: {said:?}");
    assert!(said.iter().all(|(second, is_away)| *is_away == (*second >= 600)), "{said:?}");
    assert!(said.contains(&(600, true)), "that is said at once: {said:?}");
    stage.command(Command::KeyTyped(None));
    assert!(stage.take_transcript().contains(r#"presence.set {"state":"online"}"#), "back at once");
}

#[test]
fn what_is_said_and_subscribed_to() {
    let mut stage = at_keyboard();
    beat(&mut stage);
    stage.pass(1_000);
    stage.command(Command::SetPresence(PresenceMode::Away));
    stage.command(Command::KeyTyped(None));
    stage.reply("presence.set", &json!({"topic": moved(PRESENCE), "heartbeat_ms": 15_000}));
    assert!(stage.session.quit() && !stage.session.has_quit());
    stage.note();
    stage.reply("presence.set", &json!({"topic": PRESENCE, "heartbeat_ms": 15_000}));
    assert!(stage.session.has_quit() && !stage.session.quit());
    insta::assert_snapshot!(transcript(&mut stage), @r#"
    {"state":"online"}
    answer Done
    subscribe presence.all, moved
    {"state":"away"}
    answer Done
    subscribe presence.all, moved
    unsubscribe presence.all, moved
    {"state":"offline"}
    "#);
}

#[test]
fn without_a_session_nothing_is_said() {
    let mut stage = at_keyboard();
    beat(&mut stage);
    stage.command(Command::Logout);
    stage.reply("auth.logout", &json!({}));
    stage.take_transcript();
    stage.pass(120_000);
    assert_eq!(stage.take_transcript(), "");
    assert!(!stage.session.quit());
}

#[test]
fn of_whom_one_talks_to_one_is_told() {
    let mut stage = at_keyboard();
    beat(&mut stage);
    transcript(&mut stage);
    for (user, state) in
        [("bob", "online"), ("bob", "online"), ("eva", "online"), ("alice", "away"), ("bob", "offline")]
    {
        notice(
            &mut stage,
            &format!(r#"{{"kind":"presence","at":1,"users":[{{"user":"{user}","state":"{state}"}}]}}"#),
        );
    }
    assert_eq!(transcript(&mut stage), "bob is Online\nbob is Offline");
}

#[test]
fn writing_is_said_every_three_seconds_and_its_end_at_once() {
    let mut stage = at_keyboard();
    beat(&mut stage);
    transcript(&mut stage);
    for _ in 0..5 {
        stage.command(Command::KeyTyped(Some(bob())));
        stage.pass(1_000);
    }
    stage.command(Command::KeyTyped(None));
    stage.command(Command::KeyTyped(None));
    stage.command(Command::KeyTyped(Some(bob())));
    let text = testkit::text("oi");
    stage.command(Command::Send(Message { to: bob(), id: Uuid::from_u128(7), text, reply: None }));
    stage.command(Command::KeyTyped(None));
    let said = stage.take_transcript();
    let said: Vec<_> =
        said.lines().filter_map(|line| line.split_once("typing.set ")).map(|(_, said)| said).collect();
    let (on, off) = (r#"{"to":"@bob","typing":true}"#, r#"{"to":"@bob","typing":false}"#);
    assert_eq!(said, [on, on, off, on], "a message says that it was written");
}

#[test]
fn who_writes_is_shown_until_they_have() {
    let mut stage = at_keyboard();
    beat(&mut stage);
    transcript(&mut stage);
    let writes = |from: &str, to: &str, typing: bool| {
        format!(r#"{{"kind":"typing","at":1,"to":"{to}","from":"{from}","typing":{typing}}}"#)
    };
    stage.own_line(&writes("bob", "@alice", true));
    stage.own_line(&writes("eva", "@alice", true));
    stage.pass(3_000);
    stage.own_line(&writes("bob", "@alice", true));
    stage.pass(5_999);
    assert_eq!(transcript(&mut stage), "writing: bob");
    stage.pass(1);
    stage.own_line(&writes("bob", "@alice", true));
    stage.own_line(&writes("bob", "@alice", false));
    stage.own_line(&writes("bob", "@alice", true));
    let message = r#"{"n":1,"at":1,"to":"@alice","from":"bob","kind":"message","id":"01970000-0000-7000-8000-000000000001","text":"oi"}"#;
    stage.own_line(message);
    let said = transcript(&mut stage);
    let said: Vec<_> =
        said.lines().filter(|line| line.starts_with("writing") || line.starts_with("tell")).collect();
    assert_eq!(said, ["writing:", "writing: bob", "writing:", "writing: bob", "writing:", "tell @bob 1"]);
    stage.own_line(&writes("bob", "@alice", true));
    transcript(&mut stage);
    stage.command(Command::Open(ops()));
    assert!(transcript(&mut stage).starts_with("writing:"), "who writes elsewhere is not shown");
}

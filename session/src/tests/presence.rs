//! Presence and typing: reports about the user, and news about other users.

use common::Target;
use serde_json::json;
use testkit::target;
use uuid::Uuid;

use super::harness::{Harness, OWN, moved, ops};
use crate::*;

const PRESENCE: &str = "presence.all.00000000000000000000000000000000";

/// Alice at her keyboard, with @bob open.
fn at_keyboard() -> Harness {
    let mut harness = Harness::following();
    harness.command(Command::Open(bob()));
    harness.reply("message.history", &json!({"conversation": "@bob", "head": 0, "events": []}));
    harness.take_transcript();
    harness.command(Command::SetPresence(PresenceMode::AtKeyboard));
    harness
}

fn bob() -> Target {
    target("@bob")
}

fn reply_heartbeat(harness: &mut Harness) {
    harness.reply("presence.set", &json!({"topic": PRESENCE, "heartbeat_ms": 15_000}));
}

/// The transcript without the periodic heads, and with only the parameters of `presence.set`.
fn transcript(harness: &mut Harness) -> String {
    let lines = harness.take_transcript();
    let lines = lines.lines().filter(|line| !line.contains("sync.heads"));
    lines
        .map(|line| line.split_once(" presence.set").map_or(line, |(_, params)| params).trim())
        .collect::<Vec<_>>()
        .join("\n")
}

fn notice(harness: &mut Harness, line: &str) {
    harness.session.events(harness.now_ms, PRESENCE.as_bytes(), line.as_bytes());
    harness.run_effects();
}

/// The heartbeats of this time, each with its second and whether it says `away`. All requests get a reply.
fn heartbeats_within(harness: &mut Harness, ms: u64) -> Vec<(u64, bool)> {
    let (end, mut heartbeats) = (harness.now_ms + ms, Vec::new());
    while harness.now_ms < end {
        harness.advance(1_000);
        for line in harness.take_transcript().lines().filter(|line| line.starts_with("request")) {
            if line.contains("presence.set") {
                heartbeats.push((harness.now_ms / 1_000, line.contains("away")));
                reply_heartbeat(harness);
            } else {
                harness.reply("sync.heads", &json!({"cursor": 7, "topic": OWN, "heads": []}));
            }
        }
    }
    heartbeats
}

#[test]
fn heartbeats_continue_and_report_away_after_ten_minutes_without_a_key() {
    let mut harness = at_keyboard();
    reply_heartbeat(&mut harness);
    harness.take_transcript();
    let heartbeats = heartbeats_within(&mut harness, 660_000);
    // A session is offline after 40 seconds without a heartbeat: one or two may be lost.
    let waits: Vec<_> = heartbeats.windows(2).map(|two| two[1].0 - two[0].0).collect();
    assert!(waits.iter().all(|wait| *wait <= 15), "{heartbeats:?}");
    assert!(
        waits.iter().filter(|wait| **wait < 12).count() <= waits.len() / 3,
        "not more often than necessary"
    );
    assert!(waits.iter().any(|wait| *wait != waits[0]), "no jitter: {heartbeats:?}");
    assert!(heartbeats.iter().all(|(second, is_away)| *is_away == (*second >= 600)), "{heartbeats:?}");
    assert!(heartbeats.contains(&(600, true)), "away is reported at once: {heartbeats:?}");
    harness.command(Command::KeyTyped(None));
    assert!(harness.take_transcript().contains(r#","state":"online"}"#), "online is reported at once");
}

#[test]
fn states_are_reported_and_the_presence_topic_is_followed() {
    let mut harness = at_keyboard();
    reply_heartbeat(&mut harness);
    harness.advance(1_000);
    harness.command(Command::SetPresence(PresenceMode::Away));
    harness.command(Command::KeyTyped(None));
    harness.reply("presence.set", &json!({"topic": moved(PRESENCE), "heartbeat_ms": 15_000}));
    assert!(harness.session.quit() && !harness.session.has_quit());
    harness.run_effects();
    harness.reply("presence.set", &json!({"topic": PRESENCE, "heartbeat_ms": 15_000}));
    assert!(harness.session.has_quit() && !harness.session.quit());
    insta::assert_snapshot!(transcript(&mut harness), @r#"
    {"connection":"cb435c8e-7461-4796-a775-dc7701564f61","state":"online"}
    answer Done
    subscribe presence.all, moved
    {"connection":"cb435c8e-7461-4796-a775-dc7701564f61","state":"away"}
    answer Done
    subscribe presence.all, moved
    unsubscribe presence.all, moved
    {"connection":"cb435c8e-7461-4796-a775-dc7701564f61","state":"offline"}
    "#);
}

#[test]
fn no_heartbeat_is_sent_after_a_logout() {
    let mut harness = at_keyboard();
    reply_heartbeat(&mut harness);
    harness.command(Command::Logout);
    harness.reply("auth.logout", &json!({}));
    harness.take_transcript();
    harness.advance(120_000);
    assert_eq!(harness.take_transcript(), "");
    assert!(!harness.session.quit());
}

#[test]
fn the_presence_of_the_other_user_of_the_open_conversation_is_emitted() {
    let mut harness = at_keyboard();
    reply_heartbeat(&mut harness);
    transcript(&mut harness);
    for (user, state) in
        [("bob", "online"), ("bob", "online"), ("eva", "online"), ("alice", "away"), ("bob", "offline")]
    {
        notice(
            &mut harness,
            &format!(r#"{{"kind":"presence","at":1,"users":[{{"user":"{user}","state":"{state}"}}]}}"#),
        );
    }
    assert_eq!(transcript(&mut harness), "bob is Online\nbob is Offline");
}

#[test]
fn typing_is_reported_every_three_seconds_and_its_end_at_once() {
    let mut harness = at_keyboard();
    reply_heartbeat(&mut harness);
    transcript(&mut harness);
    for _ in 0..5 {
        harness.command(Command::KeyTyped(Some(bob())));
        harness.advance(1_000);
    }
    harness.command(Command::KeyTyped(None));
    harness.command(Command::KeyTyped(None));
    harness.command(Command::KeyTyped(Some(bob())));
    let text = testkit::text("oi");
    harness.command(Command::Send(Message { to: bob(), id: Uuid::from_u128(7), text, reply: None }));
    harness.command(Command::KeyTyped(None));
    let transcript = harness.take_transcript();
    let reports = transcript.lines().filter_map(|line| line.split_once("typing.set "));
    let reports: Vec<_> = reports.map(|(_, params)| params).collect();
    let (on, off) = (r#"{"to":"@bob","typing":true}"#, r#"{"to":"@bob","typing":false}"#);
    assert_eq!(reports, [on, on, off, on], "a message that was sent needs no report");
}

#[test]
fn a_typing_user_is_shown_until_the_timeout_or_the_message() {
    let mut harness = at_keyboard();
    reply_heartbeat(&mut harness);
    transcript(&mut harness);
    let typing = |from: &str, to: &str, typing: bool| {
        format!(r#"{{"kind":"typing","at":1,"to":"{to}","from":"{from}","typing":{typing}}}"#)
    };
    harness.own_topic_line(&typing("bob", "@alice", true));
    harness.own_topic_line(&typing("eva", "@alice", true));
    harness.advance(3_000);
    harness.own_topic_line(&typing("bob", "@alice", true));
    harness.advance(5_999);
    assert_eq!(transcript(&mut harness), "typing: bob");
    harness.advance(1);
    harness.own_topic_line(&typing("bob", "@alice", true));
    harness.own_topic_line(&typing("bob", "@alice", false));
    harness.own_topic_line(&typing("bob", "@alice", true));
    let message = r#"{"n":1,"at":1,"to":"@alice","from":"bob","kind":"message","id":"01970000-0000-7000-8000-000000000001","text":"oi"}"#;
    harness.own_topic_line(message);
    let lines = transcript(&mut harness);
    let lines: Vec<_> =
        lines.lines().filter(|line| line.starts_with("typing") || line.starts_with("emit")).collect();
    assert_eq!(lines, ["typing:", "typing: bob", "typing:", "typing: bob", "typing:", "emit @bob 1"]);
    harness.own_topic_line(&typing("bob", "@alice", true));
    transcript(&mut harness);
    harness.command(Command::Open(ops()));
    assert!(
        transcript(&mut harness).starts_with("typing:"),
        "users who type in other conversations are not shown"
    );
}

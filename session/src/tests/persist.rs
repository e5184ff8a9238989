//! Transcripts of messages that are kept before they leave, and of what waits from before.

use serde_json::json;
use uuid::Uuid;

use super::stage::{Stage, ops};
use crate::*;

/// Alice, whose disk takes its time.
fn slow_disk() -> Stage {
    let mut stage = Stage::restored();
    stage.has_disk = false;
    stage.send("one", 1);
    stage.send("two", 2);
    stage.take_transcript();
    stage
}

fn kept(stage: &mut Stage, outcome: Result<(), Error>) {
    let ids = std::mem::take(&mut stage.unkept);
    stage.session.persisted(stage.now_ms, &ids, outcome);
    stage.note();
}

fn message(id: u128, text: &str) -> Message {
    let text = testkit::text(text.to_owned());
    Message { to: ops(), id: Uuid::from_u128(id), text, reply: None }
}

#[test]
fn nothing_leaves_before_it_is_on_the_disk() {
    let mut stage = slow_disk();
    stage.pass(60_000);
    assert_eq!(stage.take_transcript(), "");
    assert_eq!(stage.session.deadline(), None, "there is nothing to do");
    kept(&mut stage, Ok(()));
    stage.reply("message.send", &json!({"n": 2, "at": 1}));
    assert_eq!(stage.released, [Uuid::from_u128(2)]);
    insta::assert_snapshot!(stage.transcript, @r##"
    ask 1 message.send {"id":"00000000-0000-0000-0000-000000000001","text":"one","to":"#ops"}
    ask 2 message.send {"id":"00000000-0000-0000-0000-000000000002","text":"two","to":"#ops"}
    pending one
    pending two
    sent two Ok(2)
    "##);
}

#[test]
fn what_the_disk_does_not_take_is_refused_with_its_text_and_never_sent() {
    let mut stage = slow_disk();
    kept(&mut stage, Err(Detail::StorageFull.into()));
    stage.pass(60_000);
    insta::assert_snapshot!(stage.transcript, @r##"
    sent one Err("the server's disk is full, and nothing was stored: its operator must free space")
    sent two Err("the server's disk is full, and nothing was stored: its operator must free space")
    "##);
    assert_eq!(stage.session.messages_waiting(), 0);
}

#[test]
fn what_waits_from_before_goes_first_and_in_its_order() {
    let mut stage = slow_disk();
    stage.session.recalled(0, vec![message(10, "ten"), message(11, "eleven"), message(2, "two")]);
    kept(&mut stage, Ok(()));
    for id in [1, 2] {
        let line = json!({"jsonrpc": "2.0", "id": id.to_string(), "result": {"n": id, "at": 1}});
        stage.session.replies(0, line.to_string().as_bytes());
        stage.note();
    }
    insta::assert_snapshot!(stage.transcript, @r##"
    recalled ["ten", "eleven"]
    ask 1 message.send {"id":"00000000-0000-0000-0000-00000000000a","text":"ten","to":"#ops"}
    ask 2 message.send {"id":"00000000-0000-0000-0000-00000000000b","text":"eleven","to":"#ops"}
    sent ten Ok(1)
    sent eleven Ok(2)
    ask 3 message.send {"id":"00000000-0000-0000-0000-000000000001","text":"one","to":"#ops"}
    ask 4 message.send {"id":"00000000-0000-0000-0000-000000000002","text":"two","to":"#ops"}
    "##);
}

#[test]
fn what_waits_is_shown_once_when_it_waits_for_longer_than_usual() {
    let mut stage = Stage::restored();
    stage.send("one", 1);
    stage.take_transcript();
    stage.pass(limits::PENDING_AFTER_MS - 1);
    assert_eq!(stage.take_transcript(), "");
    stage.pass(60_000);
    let pending = stage.take_transcript().lines().filter(|line| line.starts_with("pending")).count();
    assert_eq!(pending, 1);
    stage.send("two", 2);
    insta::assert_snapshot!(stage.transcript, @r##"
    pending two
    "##);
}

#[test]
fn what_is_acknowledged_in_time_is_not_shown_as_waiting() {
    let mut stage = Stage::restored();
    (1..=3).for_each(|id| stage.send("x", id));
    for id in [1, 2, 3] {
        let line = json!({"jsonrpc": "2.0", "id": id.to_string(), "result": {"n": id, "at": 1}});
        stage.session.replies(0, line.to_string().as_bytes());
    }
    stage.pass(60_000);
    assert!(!stage.transcript.contains("pending"), "{}", stage.transcript);
    stage.send("y", 4);
    stage.pass(limits::PENDING_AFTER_MS);
    assert!(stage.transcript.ends_with("pending y\n"), "{}", stage.transcript);
}

#[test]
fn what_is_shown_as_waiting_is_no_more_so_when_it_is_sent() {
    let mut stage = Stage::restored();
    stage.send("one", 1);
    stage.reply("message.send", &json!({"n": 1, "at": 1}));
    (2..=4).for_each(|id| stage.send("x", id));
    stage.pass(limits::PENDING_AFTER_MS);
    assert_eq!(stage.session.status(stage.now_ms).standing.pending, 3);
    stage.reply("message.send", &json!({"n": 2, "at": 1}));
    assert_eq!(stage.session.status(stage.now_ms).standing.pending, 2);
}

#[test]
fn a_flight_is_bounded_in_bytes() {
    let mut stage = Stage::restored();
    let long = "x".repeat(common::limits::TEXT_BYTES_MAX);
    (0..100).for_each(|id| stage.send(&long, id));
    stage.asked.truncate(1);
    stage.reply("message.send", &json!({"n": 1, "at": 1}));
    let bytes = (stage.asked.len() - 1) * long.len();
    assert!(bytes > limits::FLIGHT_BYTES_MAX / 2, "a flight takes many: {bytes}");
    assert!(bytes <= limits::FLIGHT_BYTES_MAX, "{bytes}");
}

#[test]
fn texts_are_bounded_in_bytes_too() {
    let mut stage = Stage::restored();
    let long = "x".repeat(common::limits::TEXT_BYTES_MAX);
    let fit = limits::OUTBOX_BYTES_MAX / long.len();
    (0..=fit as u128).for_each(|id| stage.send(&long, id));
    assert_eq!(stage.session.messages_waiting(), fit);
    stage.reply("message.send", &json!({"n": 1, "at": 1}));
    stage.send(&long, 7_000);
    assert_eq!(stage.session.messages_waiting(), fit, "room for one was made, and taken");
}

//! The outbox on the disk: messages are persisted before they are sent, and loaded by the next run.

use serde_json::json;
use uuid::Uuid;

use super::harness::{Harness, ops};
use crate::*;

/// Alice, whose disk reports the outcome later.
fn slow_disk() -> Harness {
    let mut harness = Harness::logged_in();
    harness.persists_at_once = false;
    harness.send("one", 1);
    harness.send("two", 2);
    harness.take_transcript();
    harness
}

fn report_persisted(harness: &mut Harness, outcome: Result<(), Error>) {
    let ids = std::mem::take(&mut harness.unpersisted);
    harness.session.persisted(harness.now_ms, &ids, outcome);
    harness.run_effects();
}

fn message(id: u128, text: &str) -> Message {
    let text = testkit::text(text.to_owned());
    Message { to: ops(), id: Uuid::from_u128(id), text, reply: None }
}

#[test]
fn no_message_is_sent_before_it_is_on_the_disk() {
    let mut harness = slow_disk();
    harness.advance(60_000);
    assert_eq!(harness.take_transcript(), "");
    assert_eq!(harness.session.deadline(), None, "nothing is due");
    report_persisted(&mut harness, Ok(()));
    harness.reply("message.send", &json!({"n": 2, "at": 1}));
    assert_eq!(harness.forgotten, [Uuid::from_u128(2)]);
    insta::assert_snapshot!(harness.transcript, @r##"
    request 1 message.send {"id":"00000000-0000-0000-0000-000000000001","text":"one","to":"#ops"}
    request 2 message.send {"id":"00000000-0000-0000-0000-000000000002","text":"two","to":"#ops"}
    delayed one
    delayed two
    sent two Ok(2)
    "##);
}

#[test]
fn a_message_that_the_disk_cannot_store_is_refused_and_never_sent() {
    let mut harness = slow_disk();
    report_persisted(&mut harness, Err(Detail::StorageFull.into()));
    harness.advance(60_000);
    insta::assert_snapshot!(harness.transcript, @r##"
    sent one Err("the server's disk is full, and nothing was stored: its operator must free space")
    sent two Err("the server's disk is full, and nothing was stored: its operator must free space")
    "##);
    assert_eq!(harness.session.messages_waiting(), 0);
}

#[test]
fn messages_of_an_earlier_run_are_sent_first_and_in_order() {
    let mut harness = slow_disk();
    harness.session.outbox_loaded(0, vec![message(10, "ten"), message(11, "eleven"), message(2, "two")]);
    report_persisted(&mut harness, Ok(()));
    for id in [1, 2] {
        let line = json!({"jsonrpc": "2.0", "id": id.to_string(), "result": {"n": id, "at": 1}});
        harness.session.replies(0, line.to_string().as_bytes());
        harness.run_effects();
    }
    insta::assert_snapshot!(harness.transcript, @r##"
    outbox loaded ["ten", "eleven"]
    request 1 message.send {"id":"00000000-0000-0000-0000-00000000000a","text":"ten","to":"#ops"}
    request 2 message.send {"id":"00000000-0000-0000-0000-00000000000b","text":"eleven","to":"#ops"}
    sent ten Ok(1)
    sent eleven Ok(2)
    request 3 message.send {"id":"00000000-0000-0000-0000-000000000001","text":"one","to":"#ops"}
    request 4 message.send {"id":"00000000-0000-0000-0000-000000000002","text":"two","to":"#ops"}
    "##);
}

#[test]
fn a_message_is_shown_as_delayed_once_after_the_usual_time() {
    let mut harness = Harness::logged_in();
    harness.send("one", 1);
    harness.take_transcript();
    harness.advance(limits::DELAYED_AFTER_MS - 1);
    assert_eq!(harness.take_transcript(), "");
    harness.advance(60_000);
    let delayed = harness.take_transcript().lines().filter(|line| line.starts_with("delayed")).count();
    assert_eq!(delayed, 1);
    harness.send("two", 2);
    insta::assert_snapshot!(harness.transcript, @r##"
    delayed two
    "##);
}

#[test]
fn a_message_that_is_acknowledged_in_time_is_not_shown_as_delayed() {
    let mut harness = Harness::logged_in();
    (1..=3).for_each(|id| harness.send("x", id));
    for id in [1, 2, 3] {
        let line = json!({"jsonrpc": "2.0", "id": id.to_string(), "result": {"n": id, "at": 1}});
        harness.session.replies(0, line.to_string().as_bytes());
    }
    harness.advance(60_000);
    assert!(!harness.transcript.contains("delayed"), "{}", harness.transcript);
    harness.send("y", 4);
    harness.advance(limits::DELAYED_AFTER_MS);
    assert!(harness.transcript.ends_with("delayed y\n"), "{}", harness.transcript);
}

#[test]
fn an_acknowledged_message_no_longer_counts_as_delayed() {
    let mut harness = Harness::logged_in();
    harness.send("one", 1);
    harness.reply("message.send", &json!({"n": 1, "at": 1}));
    (2..=4).for_each(|id| harness.send("x", id));
    harness.advance(limits::DELAYED_AFTER_MS);
    assert_eq!(harness.session.status(harness.now_ms).summary.delayed, 3);
    harness.reply("message.send", &json!({"n": 2, "at": 1}));
    assert_eq!(harness.session.status(harness.now_ms).summary.delayed, 2);
}

#[test]
fn a_flight_is_bounded_in_bytes() {
    let mut harness = Harness::logged_in();
    let long = "x".repeat(common::limits::TEXT_BYTES_MAX);
    (0..100).for_each(|id| harness.send(&long, id));
    harness.requests.truncate(1);
    harness.reply("message.send", &json!({"n": 1, "at": 1}));
    let bytes = (harness.requests.len() - 1) * long.len();
    assert!(bytes > limits::FLIGHT_BYTES_MAX / 2, "a flight has many messages: {bytes}");
    assert!(bytes <= limits::FLIGHT_BYTES_MAX, "{bytes}");
}

#[test]
fn the_outbox_is_bounded_in_bytes() {
    let mut harness = Harness::logged_in();
    let long = "x".repeat(common::limits::TEXT_BYTES_MAX);
    let fit = limits::OUTBOX_BYTES_MAX / long.len();
    (0..=fit as u128).for_each(|id| harness.send(&long, id));
    assert_eq!(harness.session.messages_waiting(), fit);
    harness.reply("message.send", &json!({"n": 1, "at": 1}));
    harness.send(&long, 7_000);
    assert_eq!(harness.session.messages_waiting(), fit, "the acknowledged message made room for one");
}

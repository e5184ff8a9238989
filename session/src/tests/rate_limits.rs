//! Servers that postpone messages and commands.

use serde_json::json;
use uuid::Uuid;

use super::harness::Harness;
use crate::*;

fn too_fast(wait_ms: u64) -> Error {
    Error::from(Detail::SentTooFast { wait_ms }).with_wait_ms(wait_ms)
}

/// A session whose first message is acknowledged, and whose second and third messages are in one flight.
fn three_messages() -> Harness {
    let mut harness = Harness::logged_in();
    harness.send("one", 1);
    harness.send("two", 2);
    harness.send("three", 3);
    harness.reply("message.send", &json!({"n": 1, "at": 1}));
    harness.take_transcript();
    harness
}

#[test]
fn postponed_messages_are_sent_again_after_the_servers_delay_and_in_order() {
    let mut harness = three_messages();
    harness.reply_error_to(2, too_fast(500));
    harness.reply_error_to(3, too_fast(501));
    harness.advance(500);
    assert_eq!(
        harness.take_transcript(),
        "delayed two\ndelayed three\n",
        "not before the delay of the server"
    );
    harness.advance(1);
    harness.send("four", 4);
    harness.reply("message.send", &json!({"n": 3, "at": 1}));
    harness.requests.pop();
    harness.reply("message.send", &json!({"n": 2, "at": 1}));
    insta::assert_snapshot!(harness.transcript, @r##"
    request 2 message.send {"id":"00000000-0000-0000-0000-000000000002","text":"two","to":"#ops"}
    request 3 message.send {"id":"00000000-0000-0000-0000-000000000003","text":"three","to":"#ops"}
    sent three Ok(3)
    sent two Ok(2)
    request 4 message.send {"id":"00000000-0000-0000-0000-000000000004","text":"four","to":"#ops"}
    "##);
}

#[test]
fn the_next_flight_waits_for_the_longest_delay() {
    let mut harness = three_messages();
    harness.reply_error_to(2, too_fast(501));
    harness.reply_error_to(3, too_fast(500));
    harness.advance(500);
    assert_eq!(harness.take_transcript(), "delayed two\ndelayed three\n", "not before the longer delay");
    harness.advance(1);
    assert_eq!(harness.transcript.matches("request ").count(), 2, "{}", harness.transcript);
}

#[test]
fn a_very_short_delay_is_raised_to_the_minimum() {
    let mut harness = three_messages();
    harness.reply_error_to(2, too_fast(1));
    harness.reply_error_to(3, too_fast(1));
    harness.advance(limits::POSTPONED_MS_MIN - 1);
    assert_eq!(harness.take_transcript(), "");
    harness.advance(1);
    assert_eq!(harness.transcript.lines().count(), 2, "{}", harness.transcript);
}

#[test]
fn a_postponed_flight_counts_as_one_attempt() {
    let mut harness = Harness::logged_in();
    (0..40).for_each(|id| harness.send("x", id));
    harness.reply("message.send", &json!({"n": 1, "at": 1}));
    harness.take_transcript();
    for (id, _) in harness.requests.clone().into_iter().skip(1) {
        harness.reply_error_to(id, Detail::LogUnwritable);
    }
    harness.advance(limits::REPLY_WAIT_MS * 5 / 4);
    let requests = harness.transcript.lines().filter(|line| line.starts_with("request"));
    assert_eq!(requests.count(), 39, "all are sent again after the shortest wait");
}

#[test]
fn a_permanently_refused_message_does_not_delay_later_ones() {
    let mut harness = three_messages();
    harness.reply_error_to(2, Detail::NotAdministrator);
    harness.reply_error_to(3, too_fast(100));
    harness.advance(100);
    insta::assert_snapshot!(harness.transcript, @r##"
    sent two Err("only administrators of the node may do this")
    request 3 message.send {"id":"00000000-0000-0000-0000-000000000003","text":"three","to":"#ops"}
    "##);
    assert_eq!(harness.forgotten, [1, 2].map(Uuid::from_u128), "the disk forgets the message");
}

#[test]
fn a_command_with_a_long_delay_fails_with_that_error() {
    let mut harness = Harness::logged_in();
    harness.take_transcript();
    for wait_ms in [limits::REPLY_WAIT_MS, limits::REPLY_WAIT_MS + 1] {
        harness.command(Command::Revoke(None));
        harness.reply_error_to(harness.id("session.revoke"), too_fast(wait_ms));
    }
    insta::assert_snapshot!(harness.transcript, @"
    request 1 session.revoke {}
    request 2 session.revoke {}
    error you send too fast: wait 2001 ms, then try again
    ");
}

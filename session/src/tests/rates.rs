//! Transcripts of a server that asks for patience.

use serde_json::json;
use uuid::Uuid;

use super::stage::Stage;
use crate::*;

fn too_fast(wait_ms: u64) -> Error {
    Error::from(Detail::SentTooFast { wait_ms }).with_wait_ms(wait_ms)
}

/// Three messages, of which the first leaves alone and the others together.
fn three_messages() -> Stage {
    let mut stage = Stage::restored();
    stage.send("one", 1);
    stage.send("two", 2);
    stage.send("three", 3);
    stage.reply("message.send", &json!({"n": 1, "at": 1}));
    stage.take_transcript();
    stage
}

#[test]
fn messages_that_were_put_off_leave_again_when_told_and_in_order() {
    let mut stage = three_messages();
    stage.refuse_id(2, too_fast(500));
    stage.refuse_id(3, too_fast(501));
    stage.pass(500);
    assert_eq!(stage.take_transcript(), "pending two\npending three\n", "not before it is time");
    stage.pass(1);
    stage.send("four", 4);
    stage.reply("message.send", &json!({"n": 3, "at": 1}));
    stage.asked.pop();
    stage.reply("message.send", &json!({"n": 2, "at": 1}));
    insta::assert_snapshot!(stage.transcript, @r##"
    ask 2 message.send {"id":"00000000-0000-0000-0000-000000000002","text":"two","to":"#ops"}
    ask 3 message.send {"id":"00000000-0000-0000-0000-000000000003","text":"three","to":"#ops"}
    sent three Ok(3)
    sent two Ok(2)
    ask 4 message.send {"id":"00000000-0000-0000-0000-000000000004","text":"four","to":"#ops"}
    "##);
}

#[test]
fn the_longest_wait_of_a_flight_counts() {
    let mut stage = three_messages();
    stage.refuse_id(2, too_fast(501));
    stage.refuse_id(3, too_fast(500));
    stage.pass(500);
    assert_eq!(stage.take_transcript(), "pending two\npending three\n", "not before it is time for both");
    stage.pass(1);
    assert_eq!(stage.transcript.matches("ask ").count(), 2, "{}", stage.transcript);
}

#[test]
fn being_put_off_by_almost_nothing_is_no_reason_to_hurry() {
    let mut stage = three_messages();
    stage.refuse_id(2, too_fast(1));
    stage.refuse_id(3, too_fast(1));
    stage.pass(limits::POSTPONED_MS_MIN - 1);
    assert_eq!(stage.take_transcript(), "");
    stage.pass(1);
    assert_eq!(stage.transcript.lines().count(), 2, "{}", stage.transcript);
}

#[test]
fn a_flight_that_is_put_off_counts_as_one_attempt() {
    let mut stage = Stage::restored();
    (0..40).for_each(|id| stage.send("x", id));
    stage.reply("message.send", &json!({"n": 1, "at": 1}));
    stage.take_transcript();
    for (id, _) in stage.asked.clone().into_iter().skip(1) {
        stage.refuse_id(id, Detail::LogUnwritable);
    }
    stage.pass(limits::REPLY_WAIT_MS * 5 / 4);
    let asked = stage.transcript.lines().filter(|line| line.starts_with("ask"));
    assert_eq!(asked.count(), 39, "all leave again after the shortest wait");
}

#[test]
fn a_refusal_for_good_holds_nothing_up() {
    let mut stage = three_messages();
    stage.refuse_id(2, Detail::NotAdministrator);
    stage.refuse_id(3, too_fast(100));
    stage.pass(100);
    insta::assert_snapshot!(stage.transcript, @r##"
    sent two Err("only administrators of the node may do this")
    ask 3 message.send {"id":"00000000-0000-0000-0000-000000000003","text":"three","to":"#ops"}
    "##);
    assert_eq!(stage.released, [1, 2].map(Uuid::from_u128), "nobody sends it once more");
}

#[test]
fn a_login_that_has_to_wait_for_long_is_refused_with_that() {
    let mut stage = Stage::restored();
    stage.take_transcript();
    for wait_ms in [limits::REPLY_WAIT_MS, limits::REPLY_WAIT_MS + 1] {
        stage.command(Command::Revoke(None));
        stage.refuse_id(stage.id("session.revoke"), too_fast(wait_ms));
    }
    insta::assert_snapshot!(stage.transcript, @"
    ask 1 session.revoke {}
    ask 2 session.revoke {}
    refuse you send too fast: wait 2001 ms, then send it again
    ");
}

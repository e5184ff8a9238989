//! Transcripts of servers that go away: what the person sees, where we go on, and that nothing turns in
//! circles.

use serde_json::json;

use super::stage::{Stage, heads, info};
use crate::*;

fn connectivity(stage: &Stage) -> Connectivity {
    stage.session.status(stage.now_ms).standing.connectivity
}

#[test]
fn the_next_endpoint_is_asked_what_the_last_one_did_not_answer() {
    let mut stage = Stage::restored_at(2);
    stage.send("oi", 1);
    stage.command(super::stage::users());
    stage.pass(2_500);
    stage.reply("user.list", &json!({"users": [], "more": false}));
    stage.reply("message.send", &json!({"n": 4, "at": 1}));
    insta::assert_snapshot!(stage.transcript, @r##"
    answer Done
    ask 1 message.send {"id":"00000000-0000-0000-0000-000000000001","text":"oi","to":"#ops"}
    ask 2 user.list {}
    pending oi
    ask 1 message.send {"id":"00000000-0000-0000-0000-000000000001","text":"oi","to":"#ops"}
    ConnectionLost
    endpoint 1
    ask 2 user.list {}
    ask 1 message.send {"id":"00000000-0000-0000-0000-000000000001","text":"oi","to":"#ops"}
    ConnectionRestored
    answer Result("{\"more\":false,\"users\":[]}")
    sent oi Ok(4)
    "##);
    assert_eq!(stage.session.status(stage.now_ms).endpoint, 1);
}

#[test]
fn before_anybody_logs_in_it_shows_whether_the_server_is_there() {
    let mut stage = Stage::nobody();
    stage.command(Command::Ping);
    assert_eq!(connectivity(&stage), Connectivity::Connecting);
    stage.pass(2_500);
    assert_eq!(connectivity(&stage), Connectivity::Offline);
    stage.reply("server.info", &info());
    assert_eq!(connectivity(&stage), Connectivity::Connected);
    insta::assert_snapshot!(stage.transcript, @"
    ask 1 server.info {}
    ask 1 server.info {}
    ConnectionLost
    ConnectionRestored
    answer Done
    ");
}

#[test]
fn all_endpoints_are_tried_in_turn_and_ever_more_slowly() {
    let mut stage = Stage::restored_at(3);
    stage.send("oi", 1);
    let moves = |stage: &mut Stage, ms| {
        stage.pass(ms);
        stage.take_transcript().lines().filter(|line| line.starts_with("endpoint")).count()
    };
    assert_eq!(moves(&mut stage, 3 * 2_500), 3, "the first round");
    let late: Vec<_> = (0..4).map(|_| moves(&mut stage, 60_000)).collect();
    assert!(late.iter().skip(1).all(|moves| (4..=8).contains(moves)), "about one in ten seconds: {late:?}");
    stage.reply("message.send", &json!({"n": 4, "at": 1}));
    assert_eq!(connectivity(&stage), Connectivity::Connected);
}

#[test]
fn everything_is_restored_at_the_endpoint_that_answers() {
    let mut stage = Stage::restored_at(2);
    stage.command(Command::Follow(Follow::Everything));
    stage.pass(2_500);
    stage.reply("server.info", &info());
    stage.reply("server.info", &info());
    stage.reply("sync.heads", &heads(7, 3));
    stage.barrier();
    assert!(stage.transcript.contains("endpoint 1"), "{}", stage.transcript);
    assert!(stage.transcript.ends_with("ask 4 sync.heads {\"since\":7}\n"), "{}", stage.transcript);
}

#[test]
fn a_server_that_stays_away_is_first_reconnected_to_and_then_offline() {
    let mut stage = Stage::following();
    assert_eq!(connectivity(&stage), Connectivity::Connected);
    stage.pass(limits::HEADS_INTERVAL_MS + 3_000);
    assert_eq!(connectivity(&stage), Connectivity::Reconnecting);
    stage.pass(limits::OFFLINE_AFTER_MS);
    assert_eq!(connectivity(&stage), Connectivity::Offline);
    stage.reply("sync.heads", &heads(8, 3));
    assert_eq!(connectivity(&stage), Connectivity::Connected);
}

#[test]
fn who_never_reached_the_server_is_offline() {
    let mut stage = Stage::restored();
    assert_eq!(connectivity(&stage), Connectivity::Connecting);
    stage.send("oi", 1);
    stage.pass(2_500);
    assert_eq!(connectivity(&stage), Connectivity::Offline);
    assert_eq!(stage.session.status(stage.now_ms).standing.waiting, 1);
}

#[test]
fn the_status_says_how_far_everything_has_come() {
    let mut stage = Stage::following();
    let progress = |stage: &Stage| {
        let [ops] = stage.session.status(stage.now_ms).conversations.try_into().expect("one conversation");
        (ops.shown, ops.head)
    };
    assert_eq!(progress(&stage), (3, 3));
    stage.event(6);
    assert_eq!(progress(&stage), (3, 6));
    stage.event(4);
    stage.event(5);
    assert_eq!(progress(&stage), (6, 6));
}

#[test]
fn while_the_server_is_away_little_is_done() {
    for endpoints in [1, 3] {
        let mut stage = Stage::restored_at(endpoints);
        stage.command(Command::Follow(Follow::Everything));
        (0..50).for_each(|id| stage.send("x", id));
        stage.take_transcript();
        let mut wakeups = 0;
        while let Some(deadline) = stage.session.deadline().filter(|deadline| *deadline < 600_000) {
            stage.now_ms = deadline.max(stage.now_ms);
            stage.session.tick(stage.now_ms);
            stage.note();
            wakeups += 1;
        }
        // Of ten minutes: a few requests each ten seconds, at most two wake-ups for each.
        assert!(wakeups < 400, "{endpoints} endpoints: {wakeups} wake-ups");
        let asked = stage.transcript.lines().filter(|line| line.starts_with("ask")).count();
        assert!(asked < 160 * 51, "{endpoints} endpoints: {asked} lines");
    }
}

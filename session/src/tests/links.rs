//! Servers that do not reply: the connectivity, the switch to another endpoint, and the number of retries.

use serde_json::json;

use super::harness::{Harness, heads, info, page, users};
use crate::*;

fn connectivity(harness: &Harness) -> Connectivity {
    harness.session.status(harness.now_ms).summary.connectivity
}

#[test]
fn requests_without_a_reply_are_repeated_at_the_next_endpoint() {
    let mut harness = Harness::with_endpoints(2);
    harness.send("oi", 1);
    harness.command(users());
    harness.advance(2_500);
    harness.reply("user.list", &json!({"users": [], "more": false}));
    harness.reply("message.send", &json!({"n": 4, "at": 1}));
    insta::assert_snapshot!(harness.transcript, @r##"
    answer Done
    request 1 message.send {"id":"00000000-0000-0000-0000-000000000001","text":"oi","to":"#ops"}
    request 2 user.list {}
    delayed oi
    request 1 message.send {"id":"00000000-0000-0000-0000-000000000001","text":"oi","to":"#ops"}
    ConnectionLost
    use endpoint 1
    request 2 user.list {}
    request 1 message.send {"id":"00000000-0000-0000-0000-000000000001","text":"oi","to":"#ops"}
    ConnectionRestored
    answer Result("{\"more\":false,\"users\":[]}")
    sent oi Ok(4)
    "##);
    assert_eq!(harness.session.status(harness.now_ms).endpoint, 1);
}

#[test]
fn a_ping_without_a_login_shows_the_connectivity() {
    let mut harness = Harness::logged_out();
    harness.command(Command::Ping);
    assert_eq!(connectivity(&harness), Connectivity::Connecting);
    harness.advance(2_500);
    assert_eq!(connectivity(&harness), Connectivity::Offline);
    harness.reply("server.info", &info());
    assert_eq!(connectivity(&harness), Connectivity::Connected);
    insta::assert_snapshot!(harness.transcript, @"
    request 1 server.info {}
    request 1 server.info {}
    ConnectionLost
    ConnectionRestored
    answer Done
    ");
}

#[test]
fn all_endpoints_are_tried_in_turn_with_growing_delays() {
    let mut harness = Harness::with_endpoints(3);
    harness.send("oi", 1);
    let switches = |harness: &mut Harness, ms| {
        harness.advance(ms);
        harness.take_transcript().lines().filter(|line| line.starts_with("use endpoint")).count()
    };
    assert_eq!(switches(&mut harness, 3 * 2_500), 3, "the first round");
    let late: Vec<_> = (0..4).map(|_| switches(&mut harness, 60_000)).collect();
    assert!(
        late.iter().skip(1).all(|switches| (4..=8).contains(switches)),
        "about one in ten seconds: {late:?}"
    );
    harness.reply("message.send", &json!({"n": 4, "at": 1}));
    assert_eq!(connectivity(&harness), Connectivity::Connected);
}

#[test]
fn following_begins_at_the_endpoint_that_replies() {
    let mut harness = Harness::with_endpoints(2);
    harness.command(Command::Follow(Follow::Everything));
    harness.advance(2_500);
    harness.reply("server.info", &info());
    harness.reply("server.info", &info());
    harness.reply("sync.heads", &heads(7, 3));
    harness.barrier();
    assert!(harness.transcript.contains("use endpoint 1"), "{}", harness.transcript);
    assert!(harness.transcript.ends_with("request 4 sync.heads {\"since\":7}\n"), "{}", harness.transcript);
}

#[test]
fn a_server_without_replies_is_first_reconnecting_and_then_offline() {
    let mut harness = Harness::following();
    assert_eq!(connectivity(&harness), Connectivity::Connected);
    harness.advance(limits::HEADS_INTERVAL_MS + 3_000);
    assert_eq!(connectivity(&harness), Connectivity::Reconnecting);
    harness.advance(limits::OFFLINE_AFTER_MS);
    assert_eq!(connectivity(&harness), Connectivity::Offline);
    harness.reply("sync.heads", &heads(8, 3));
    assert_eq!(connectivity(&harness), Connectivity::Connected);
}

#[test]
fn a_server_that_never_replied_is_offline() {
    let mut harness = Harness::logged_in();
    assert_eq!(connectivity(&harness), Connectivity::Connecting);
    harness.send("oi", 1);
    harness.advance(2_500);
    assert_eq!(connectivity(&harness), Connectivity::Offline);
    assert_eq!(harness.session.status(harness.now_ms).summary.waiting, 1);
}

#[test]
fn the_status_has_the_progress_of_each_conversation() {
    let mut harness = Harness::following();
    let progress = |harness: &Harness| {
        let [ops] =
            harness.session.status(harness.now_ms).conversations.try_into().expect("one conversation");
        (ops.shown, ops.head)
    };
    assert_eq!(progress(&harness), (3, 3));
    harness.event(6);
    assert_eq!(progress(&harness), (3, 6));
    harness.event(4);
    harness.event(5);
    assert_eq!(progress(&harness), (6, 6));
}

#[test]
fn an_unreachable_server_causes_few_wakeups_and_requests() {
    for endpoints in [1, 3] {
        let mut harness = Harness::with_endpoints(endpoints);
        harness.command(Command::Follow(Follow::Everything));
        (0..50).for_each(|id| harness.send("x", id));
        harness.take_transcript();
        let mut wakeups = 0;
        while let Some(deadline) = harness.session.deadline().filter(|deadline| *deadline < 600_000) {
            harness.now_ms = deadline.max(harness.now_ms);
            harness.session.tick(harness.now_ms);
            harness.run_effects();
            wakeups += 1;
        }
        // In ten minutes: a few requests each ten seconds, with at most two wake-ups for each.
        assert!(wakeups < 400, "{endpoints} endpoints: {wakeups} wake-ups");
        let requests = harness.transcript.lines().filter(|line| line.starts_with("request")).count();
        assert!(requests < 160 * 51, "{endpoints} endpoints: {requests} lines");
    }
}

#[test]
fn a_new_connection_repeats_the_requests_and_finds_lost_events_in_two_round_trips() {
    let mut harness = Harness::following();
    harness.send("oi", 1);
    harness.command(users());
    harness.take_transcript();
    harness.session.link_down(harness.now_ms);
    harness.run_effects();
    harness.send("offline", 2);
    harness.advance(100);
    harness.session.link_up(harness.now_ms);
    harness.run_effects();
    harness.barrier();
    harness.reply("sync.heads", &heads(9, 5));
    harness.advance(limits::GAP_GRACE_MS);
    harness.reply("message.history", &page(4..=5, 5));
    insta::assert_snapshot!(harness.transcript, @r##"
    ConnectionLost
    delayed oi
    delayed offline
    ConnectionRestored
    request 5 user.list {}
    subscribe channel.ops
    subscribe user.alice
    subscribe barrier
    request 4 message.send {"id":"00000000-0000-0000-0000-000000000001","text":"oi","to":"#ops"}
    request 6 message.send {"id":"00000000-0000-0000-0000-000000000002","text":"offline","to":"#ops"}
    unsubscribe barrier
    request 7 sync.heads {"since":7}
    request 8 message.history {"after":3,"conversation":"#ops","limit":2}
    emit #ops 4
    emit #ops 5
    "##);
    assert_eq!(harness.emitted, [4, 5]);
}

#[test]
fn a_new_connection_repeats_all_steps_if_not_all_topics_are_known() {
    let mut harness = Harness::logged_in();
    harness.command(Command::Follow(Follow::Everything));
    harness.reply("server.info", &info());
    harness.take_transcript();
    harness.session.link_up(harness.now_ms);
    harness.run_effects();
    insta::assert_snapshot!(harness.transcript, @"request 3 server.info {}");
}

#[test]
fn dropped_events_are_found_by_a_barrier_and_heads() {
    let mut harness = Harness::following();
    harness.session.events_lost(harness.now_ms);
    harness.run_effects();
    harness.barrier();
    harness.reply("sync.heads", &heads(9, 5));
    harness.advance(limits::GAP_GRACE_MS);
    insta::assert_snapshot!(harness.transcript, @r##"
    subscribe barrier
    unsubscribe barrier
    request 4 sync.heads {"since":7}
    request 5 message.history {"after":3,"conversation":"#ops","limit":2}
    "##);
}

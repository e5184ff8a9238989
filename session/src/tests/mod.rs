//! Transcripts of whole sessions: their inputs, and all their effects.

mod plain_requests;
mod complete;
mod persist;
mod links;
mod memberships;
mod topic_moves;
mod opening;
mod presence;
mod rate_limits;
mod reads;
mod rollback;
mod harness;
mod traces;

use std::collections::BTreeSet;

use common::accounts::LoggedIn;
use proptest::prelude::*;
use serde_json::json;

use super::*;
use harness::{Harness, OWN, TOPIC, answer_histories, heads, info, ops, page, users};

#[test]
fn following_subscribes_then_waits_for_a_barrier_then_repairs_gaps() {
    let mut harness = Harness::logged_in();
    harness.command(Command::Follow(Follow::Everything));
    harness.reply("server.info", &info());
    harness.reply("sync.heads", &heads(7, 3));
    harness.barrier();
    harness.reply("sync.heads", &heads(8, 4));
    harness.advance(400);
    harness.reply("message.history", &page(4..=4, 4));
    insta::assert_snapshot!(harness.transcript, @r##"
    answer Done
    request 1 server.info {}
    connect tcp://*:5558
    subscribe user.alice
    request 2 sync.heads {}
    subscribe channel.ops
    subscribe barrier
    unsubscribe barrier
    request 3 sync.heads {"since":7}
    answer Done
    request 4 message.history {"after":3,"conversation":"#ops","limit":1}
    emit #ops 4
    "##);
}

#[test]
fn a_gap_is_repaired_once_and_events_are_emitted_once_and_in_order() {
    let mut harness = Harness::following();
    for n in [4, 4, 7, 3, 8, 7] {
        harness.event(n);
        harness.advance(10);
    }
    harness.reply("message.history", &page(5..=6, 8));
    harness.event(9);
    insta::assert_snapshot!(harness.transcript, @r##"
    emit #ops 4
    request 4 message.history {"after":4,"conversation":"#ops","limit":2}
    emit #ops 5
    emit #ops 6
    emit #ops 7
    emit #ops 8
    emit #ops 9
    "##);
}

#[test]
fn an_event_of_an_unknown_kind_leaves_no_gap() {
    let mut harness = Harness::following();
    let later = r##"{"n":4,"at":1,"to":"#ops","from":"bob","kind":"poll.opened","question":"lunch?"}"##;
    harness.session.events(0, TOPIC.as_bytes(), later.as_bytes());
    harness.event(5);
    assert_eq!(harness.emitted, [4, 5]);
}

#[test]
fn a_message_without_a_reply_is_sent_again() {
    let mut harness = Harness::logged_in();
    harness.send("oi", 1);
    let first = harness.take_transcript();
    harness.advance(2_500);
    let second = harness.take_transcript();
    harness.reply("message.send", &json!({"n": 4, "at": 1}));
    harness.advance(60_000);
    insta::assert_snapshot!(first + "--\n" + &second + "--\n" + &harness.transcript, @r##"
    answer Done
    request 1 message.send {"id":"00000000-0000-0000-0000-000000000001","text":"oi","to":"#ops"}
    --
    delayed oi
    request 1 message.send {"id":"00000000-0000-0000-0000-000000000001","text":"oi","to":"#ops"}
    ConnectionLost
    --
    ConnectionRestored
    sent oi Ok(4)
    "##);
}

#[test]
fn messages_are_sent_in_order_and_the_next_flight_waits_for_the_last() {
    let mut harness = Harness::logged_in();
    harness.send("one", 1);
    harness.send("two", 2);
    harness.send("three", 3);
    harness.take_transcript();
    harness.reply_error("message.send", Detail::TooManyRequests);
    harness.advance(3_000);
    harness.reply("message.send", &json!({"n": 1, "at": 1}));
    insta::assert_snapshot!(harness.transcript, @r##"
    delayed one
    delayed two
    delayed three
    request 1 message.send {"id":"00000000-0000-0000-0000-000000000001","text":"one","to":"#ops"}
    request 2 message.send {"id":"00000000-0000-0000-0000-000000000002","text":"two","to":"#ops"}
    request 3 message.send {"id":"00000000-0000-0000-0000-000000000003","text":"three","to":"#ops"}
    sent three Ok(1)
    "##);
}

#[test]
fn a_full_outbox_refuses_a_message_with_an_error() {
    let mut harness = Harness::logged_in();
    (0..limits::OUTBOX_MESSAGES_MAX as u128 + 1).for_each(|id| harness.send("x", id));
    let last = harness.transcript.lines().last().expect("a line");
    insta::assert_snapshot!(last, @r#"sent x Err("too many messages are waiting to be sent: wait until the server has received some of them")"#);
}

#[test]
fn an_own_message_is_emitted_once_by_its_acknowledgement() {
    let mut harness = Harness::following();
    harness.send("oi", 9);
    harness.reply("message.send", &json!({"n": 4, "at": 1}));
    harness.event(4);
    assert_eq!(harness.emitted, [4]);
}

#[test]
fn an_acknowledgement_gives_the_proxy_time_to_publish_earlier_events() {
    let mut harness = Harness::following();
    harness.send("oi", 9);
    harness.reply("message.send", &json!({"n": 5, "at": 1}));
    harness.advance(limits::GAP_GRACE_MS - 1);
    harness.event(4);
    harness.advance(1_000);
    assert_eq!(harness.emitted, [4, 5]);
    assert!(!harness.transcript.contains("message.history"), "{}", harness.transcript);
}

#[test]
fn heads_reveal_a_lost_event_and_the_session_reconnects_to_the_proxy() {
    let mut harness = Harness::following();
    harness.advance(limits::HEADS_INTERVAL_MS);
    harness.reply("sync.heads", &heads(9, 5));
    harness.advance(limits::GAP_GRACE_MS);
    harness.reply("message.history", &page(4..=5, 5));
    harness.advance(limits::FANOUT_GRACE_MS);
    harness.reply("server.info", &info());
    harness.reply("sync.heads", &heads(9, 5));
    harness.barrier();
    insta::assert_snapshot!(harness.transcript, @r##"
    request 4 sync.heads {"since":7}
    request 5 message.history {"after":3,"conversation":"#ops","limit":2}
    emit #ops 4
    emit #ops 5
    request 6 server.info {}
    connect tcp://*:5558
    subscribe channel.ops
    subscribe user.alice
    request 7 sync.heads {}
    subscribe barrier
    unsubscribe barrier
    request 8 sync.heads {"since":9}
    "##);
}

#[test]
fn a_lost_barrier_makes_the_session_reconnect_to_the_proxy() {
    let mut harness = Harness::logged_in();
    harness.command(Command::Follow(Follow::Everything));
    harness.reply("server.info", &info());
    harness.reply("sync.heads", &heads(7, 3));
    harness.take_transcript();
    harness.advance(2_500);
    insta::assert_snapshot!(harness.transcript, @"request 3 server.info {}");
}

#[test]
fn the_subscriptions_are_restored_after_a_lost_connection() {
    let mut harness = Harness::following();
    harness.advance(limits::HEADS_INTERVAL_MS + 3_000);
    let id = harness.id("sync.heads");
    assert!(harness.transcript.ends_with("ConnectionLost\n"), "{}", harness.transcript);
    harness.take_transcript();
    harness.reply("sync.heads", &json!({"cursor": 8, "topic": OWN, "heads": []}));
    harness.reply("server.info", &info());
    harness.reply("sync.heads", &heads(9, 5));
    harness.barrier();
    assert_ne!(harness.id("sync.heads"), id);
    insta::assert_snapshot!(harness.transcript, @r##"
    ConnectionRestored
    request 5 server.info {}
    connect tcp://*:5558
    subscribe channel.ops
    subscribe user.alice
    request 6 sync.heads {}
    subscribe barrier
    unsubscribe barrier
    request 7 sync.heads {"since":9}
    "##);
    harness.advance(limits::GAP_GRACE_MS);
    harness.reply("message.history", &page(4..=5, 5));
    assert_eq!(harness.emitted, [4, 5]);
}

#[test]
fn an_invalid_token_ends_the_session_and_loses_no_message() {
    let mut harness = Harness::following();
    harness.send("oi", 1);
    harness.take_transcript();
    harness.reply_error("message.send", Detail::NoSession);
    harness.advance(60_000);
    insta::assert_snapshot!(harness.take_transcript(), @"
    unsubscribe channel.ops
    unsubscribe user.alice
    session ended: your session has ended: log in again
    delayed oi
    ");
    let user = testkit::user("alice");
    harness.command(Command::Restore(LoggedIn {
        user,
        token: "new".into(),
        topic: "user".into(),
        expires: 1,
    }));
    harness.reply("message.send", &json!({"n": 4, "at": 1}));
    insta::assert_snapshot!(harness.transcript, @r##"
    request 5 message.send {"id":"00000000-0000-0000-0000-000000000001","text":"oi","to":"#ops"}
    answer Done
    sent oi Ok(4)
    "##);
}

#[test]
fn an_invalid_token_is_the_answer_to_a_pending_follow() {
    let mut harness = Harness::logged_in();
    harness.command(Command::Follow(Follow::Everything));
    harness.reply("server.info", &info());
    harness.take_transcript();
    harness.reply_error("sync.heads", Detail::NoSession);
    insta::assert_snapshot!(harness.transcript, @"
    unsubscribe user.alice
    error your session has ended: log in again
    session ended: your session has ended: log in again
    ");
}

#[test]
fn messages_of_one_user_are_never_sent_by_another() {
    let mut harness = Harness::logged_in();
    harness.send("oi", 1);
    harness.take_transcript();
    let user = testkit::user("bob");
    harness.command(Command::Restore(LoggedIn { user, token: "b".into(), topic: "user".into(), expires: 1 }));
    insta::assert_snapshot!(harness.transcript, @r#"
    sent oi Err("the session ended before this message was sent: send it again")
    answer Done
    "#);
}

#[test]
fn following_one_channel_needs_membership_and_begins_after_the_given_event() {
    let mut harness = Harness::logged_in();
    let follow = |after| Command::Follow(Follow::One { conversation: ops(), after });
    harness.command(follow(Some(1)));
    harness.reply("server.info", &info());
    harness.reply("sync.heads", &json!({"cursor": 1, "topic": OWN, "heads": []}));
    harness.take_transcript();
    harness.command(follow(Some(1)));
    harness.reply("server.info", &info());
    harness.reply("sync.heads", &heads(7, 3));
    harness.advance(limits::GAP_GRACE_MS);
    harness.reply("message.history", &page(2..=3, 3));
    assert_eq!(harness.emitted, [2, 3]);
    harness.command(follow(None));
    harness.reply("server.info", &info());
    harness.take_transcript();
    harness.reply("sync.heads", &json!({"cursor": 1, "topic": OWN, "heads": []}));
    insta::assert_snapshot!(harness.transcript, @"
    unsubscribe user.alice
    error you are not a member of #ops: join it first
    ");
}

#[test]
fn a_new_direct_conversation_is_emitted_from_its_first_event() {
    let mut harness = Harness::following();
    let line = r#"{"n":2,"at":1,"to":"@alice","from":"bob","kind":"message","id":"00000000-0000-0000-0000-000000000001","text":"oi"}"#;
    harness.session.events(0, b"user.alice.0", line.as_bytes());
    harness.advance(0);
    insta::assert_snapshot!(harness.transcript, @r#"request 4 message.history {"after":0,"conversation":"@bob","limit":1}"#);
}

#[test]
fn a_direct_conversation_that_only_the_heads_name_is_emitted_from_its_first_event() {
    let mut harness = Harness::following();
    harness.advance(limits::HEADS_INTERVAL_MS);
    harness.reply(
        "sync.heads",
        &json!({"cursor": 8, "topic": OWN, "heads": [{"conversation": "@bob", "n": 2}]}),
    );
    harness.advance(limits::GAP_GRACE_MS);
    insta::assert_snapshot!(harness.transcript, @r#"
    request 4 sync.heads {"since":7}
    request 5 message.history {"after":0,"conversation":"@bob","limit":2}
    "#);
}

#[test]
fn too_many_pending_commands_are_refused() {
    let mut harness = Harness::logged_in();
    (0..=limits::COMMANDS_PENDING_MAX).for_each(|_| harness.command(users()));
    let refused = harness.transcript.lines().filter(|line| line.starts_with("error too many"));
    assert_eq!(refused.count(), 1);
}

#[test]
fn invalid_lines_are_ignored() {
    let mut harness = Harness::following();
    for lines in ["", "\n\n", "x", "{}", r#"{"id":"4","result":5}"#, r#"{"id":null}"#, "\u{0}"] {
        harness.session.replies(0, lines.as_bytes());
        harness.session.events(0, b"channel.ops", lines.as_bytes());
        harness.session.events(0, b"\xff", lines.as_bytes());
    }
    harness.event(4);
    assert_eq!(harness.emitted, [4]);
}

proptest! {
    /// The proxy reorders, repeats and loses events: history and heads complete them.
    #[test]
    fn every_event_is_emitted_once_and_in_order(arrivals in proptest::collection::vec(4..40_u64, 0..120), page_size in 1..9_u64) {
        let mut harness = Harness::following();
        let mut answered = BTreeSet::new();
        for n in arrivals {
            harness.event(n);
            harness.advance(50);
            if n % 3 == 0 {
                answer_histories(&mut harness, &mut answered, page_size);
            }
        }
        for _ in 0..60 {
            harness.advance(limits::HEADS_INTERVAL_MS / 10);
            answer_histories(&mut harness, &mut answered, page_size);
        }
        prop_assert_eq!(harness.emitted, (4..40).collect::<Vec<_>>());
    }
}

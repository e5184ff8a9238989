//! Transcripts of whole sessions: what goes in, and every effect that comes out.

mod asks;
mod complete;
mod persist;
mod links;
mod memberships;
mod moving;
mod opening;
mod presence;
mod rates;
mod reads;
mod set_back;
mod stage;

use std::collections::BTreeSet;

use common::accounts::LoggedIn;
use proptest::prelude::*;
use serde_json::json;

use super::*;
use stage::{OWN, Stage, TOPIC, answer_histories, heads, info, ops, page, users};

#[test]
fn following_begins_with_subscriptions_then_barrier_then_what_came_meanwhile() {
    let mut stage = Stage::restored();
    stage.command(Command::Follow(Follow::Everything));
    stage.reply("server.info", &info());
    stage.reply("sync.heads", &heads(7, 3));
    stage.barrier();
    stage.reply("sync.heads", &heads(8, 4));
    stage.pass(400);
    stage.reply("message.history", &page(4..=4, 4));
    insta::assert_snapshot!(stage.transcript, @r##"
    answer Done
    ask 1 server.info {}
    connect tcp://*:5558
    subscribe user.alice
    ask 2 sync.heads {}
    subscribe channel.ops
    raise barrier
    lower barrier
    ask 3 sync.heads {"since":7}
    answer Done
    ask 4 message.history {"after":3,"conversation":"#ops","limit":1}
    tell #ops 4
    "##);
}

#[test]
fn a_gap_is_asked_for_once_and_everything_is_told_once_and_in_order() {
    let mut stage = Stage::following();
    for n in [4, 4, 7, 3, 8, 7] {
        stage.event(n);
        stage.pass(10);
    }
    stage.reply("message.history", &page(5..=6, 8));
    stage.event(9);
    insta::assert_snapshot!(stage.transcript, @r##"
    tell #ops 4
    ask 4 message.history {"after":4,"conversation":"#ops","limit":2}
    tell #ops 5
    tell #ops 6
    tell #ops 7
    tell #ops 8
    tell #ops 9
    "##);
}

#[test]
fn a_kind_of_a_later_version_leaves_no_hole() {
    let mut stage = Stage::following();
    let later = r##"{"n":4,"at":1,"to":"#ops","from":"bob","kind":"poll.opened","question":"lunch?"}"##;
    stage.session.events(0, TOPIC.as_bytes(), later.as_bytes());
    stage.event(5);
    assert_eq!(stage.told, [4, 5]);
}

#[test]
fn a_lost_reply_has_the_same_message_sent_again() {
    let mut stage = Stage::restored();
    stage.send("oi", 1);
    let first = stage.take_transcript();
    stage.pass(2_500);
    let second = stage.take_transcript();
    stage.reply("message.send", &json!({"n": 4, "at": 1}));
    stage.pass(60_000);
    insta::assert_snapshot!(first + "--\n" + &second + "--\n" + &stage.transcript, @r##"
    answer Done
    ask 1 message.send {"id":"00000000-0000-0000-0000-000000000001","text":"oi","to":"#ops"}
    --
    pending oi
    ask 1 message.send {"id":"00000000-0000-0000-0000-000000000001","text":"oi","to":"#ops"}
    ConnectionLost
    --
    ConnectionRestored
    sent oi Ok(4)
    "##);
}

#[test]
fn messages_leave_in_order_and_the_next_flight_waits_for_the_last() {
    let mut stage = Stage::restored();
    stage.send("one", 1);
    stage.send("two", 2);
    stage.send("three", 3);
    stage.take_transcript();
    stage.refuse("message.send", Detail::TooManyRequests);
    stage.pass(3_000);
    stage.reply("message.send", &json!({"n": 1, "at": 1}));
    insta::assert_snapshot!(stage.transcript, @r##"
    pending one
    pending two
    pending three
    ask 1 message.send {"id":"00000000-0000-0000-0000-000000000001","text":"one","to":"#ops"}
    ask 2 message.send {"id":"00000000-0000-0000-0000-000000000002","text":"two","to":"#ops"}
    ask 3 message.send {"id":"00000000-0000-0000-0000-000000000003","text":"three","to":"#ops"}
    sent three Ok(1)
    "##);
}

#[test]
fn a_full_outbox_refuses_and_says_so() {
    let mut stage = Stage::restored();
    (0..limits::OUTBOX_MESSAGES_MAX as u128 + 1).for_each(|id| stage.send("x", id));
    let last = stage.transcript.lines().last().expect("a line");
    insta::assert_snapshot!(last, @r#"sent x Err("too many messages are pending: try again when the server has received some")"#);
}

#[test]
fn an_own_message_is_told_by_its_acknowledgement_and_only_once() {
    let mut stage = Stage::following();
    stage.send("oi", 9);
    stage.reply("message.send", &json!({"n": 4, "at": 1}));
    stage.event(4);
    assert_eq!(stage.told, [4]);
}

#[test]
fn an_acknowledgement_gives_the_fan_out_time_to_bring_what_came_before() {
    let mut stage = Stage::following();
    stage.send("oi", 9);
    stage.reply("message.send", &json!({"n": 5, "at": 1}));
    stage.pass(limits::GAP_GRACE_MS - 1);
    stage.event(4);
    stage.pass(1_000);
    assert_eq!(stage.told, [4, 5]);
    assert!(!stage.transcript.contains("message.history"), "{}", stage.transcript);
}

#[test]
fn heads_reveal_a_loss_and_a_dead_fan_out_is_replaced() {
    let mut stage = Stage::following();
    stage.pass(limits::HEADS_INTERVAL_MS);
    stage.reply("sync.heads", &heads(9, 5));
    stage.pass(limits::GAP_GRACE_MS);
    stage.reply("message.history", &page(4..=5, 5));
    stage.pass(limits::FANOUT_GRACE_MS);
    stage.reply("server.info", &info());
    stage.reply("sync.heads", &heads(9, 5));
    stage.barrier();
    insta::assert_snapshot!(stage.transcript, @r##"
    ask 4 sync.heads {"since":7}
    ask 5 message.history {"after":3,"conversation":"#ops","limit":2}
    tell #ops 4
    tell #ops 5
    ask 6 server.info {}
    connect tcp://*:5558
    subscribe channel.ops
    subscribe user.alice
    ask 7 sync.heads {}
    raise barrier
    lower barrier
    ask 8 sync.heads {"since":9}
    "##);
}

#[test]
fn a_barrier_that_does_not_come_has_everything_subscribed_anew() {
    let mut stage = Stage::restored();
    stage.command(Command::Follow(Follow::Everything));
    stage.reply("server.info", &info());
    stage.reply("sync.heads", &heads(7, 3));
    stage.take_transcript();
    stage.pass(2_500);
    insta::assert_snapshot!(stage.transcript, @"ask 3 server.info {}");
}

#[test]
fn after_a_silence_everything_is_restored() {
    let mut stage = Stage::following();
    stage.pass(limits::HEADS_INTERVAL_MS + 3_000);
    let id = stage.id("sync.heads");
    assert!(stage.transcript.ends_with("ConnectionLost\n"), "{}", stage.transcript);
    stage.take_transcript();
    stage.reply("sync.heads", &json!({"cursor": 8, "topic": OWN, "heads": []}));
    stage.reply("server.info", &info());
    stage.reply("sync.heads", &heads(9, 5));
    stage.barrier();
    assert_ne!(stage.id("sync.heads"), id);
    insta::assert_snapshot!(stage.transcript, @r##"
    ConnectionRestored
    ask 5 server.info {}
    connect tcp://*:5558
    subscribe channel.ops
    subscribe user.alice
    ask 6 sync.heads {}
    raise barrier
    lower barrier
    ask 7 sync.heads {"since":9}
    "##);
    stage.pass(limits::GAP_GRACE_MS);
    stage.reply("message.history", &page(4..=5, 5));
    assert_eq!(stage.told, [4, 5]);
}

#[test]
fn a_stale_token_asks_for_a_login_and_loses_no_message() {
    let mut stage = Stage::following();
    stage.send("oi", 1);
    stage.take_transcript();
    stage.refuse("message.send", Detail::NoSession);
    stage.pass(60_000);
    insta::assert_snapshot!(stage.take_transcript(), @"
    unsubscribe channel.ops
    unsubscribe user.alice
    session ended: your session has ended: log in again
    pending oi
    ");
    let user = testkit::user("alice");
    stage.command(Command::Restore(LoggedIn { user, token: "new".into(), topic: "user".into(), expires: 1 }));
    stage.reply("message.send", &json!({"n": 4, "at": 1}));
    insta::assert_snapshot!(stage.transcript, @r##"
    ask 5 message.send {"id":"00000000-0000-0000-0000-000000000001","text":"oi","to":"#ops"}
    answer Done
    sent oi Ok(4)
    "##);
}

#[test]
fn whoever_waits_for_following_learns_that_the_token_is_stale() {
    let mut stage = Stage::restored();
    stage.command(Command::Follow(Follow::Everything));
    stage.reply("server.info", &info());
    stage.take_transcript();
    stage.refuse("sync.heads", Detail::NoSession);
    insta::assert_snapshot!(stage.transcript, @"
    unsubscribe user.alice
    refuse your session has ended: log in again
    session ended: your session has ended: log in again
    ");
}

#[test]
fn messages_of_one_person_are_never_sent_by_another() {
    let mut stage = Stage::restored();
    stage.send("oi", 1);
    stage.take_transcript();
    let user = testkit::user("bob");
    stage.command(Command::Restore(LoggedIn { user, token: "b".into(), topic: "user".into(), expires: 1 }));
    insta::assert_snapshot!(stage.transcript, @r#"
    sent oi Err("the session ended before this message was sent: send it again")
    answer Done
    "#);
}

#[test]
fn following_one_conversation_needs_membership_and_begins_where_asked() {
    let mut stage = Stage::restored();
    let follow = |after| Command::Follow(Follow::One { conversation: ops(), after });
    stage.command(follow(Some(1)));
    stage.reply("server.info", &info());
    stage.reply("sync.heads", &json!({"cursor": 1, "topic": OWN, "heads": []}));
    stage.take_transcript();
    stage.command(follow(Some(1)));
    stage.reply("server.info", &info());
    stage.reply("sync.heads", &heads(7, 3));
    stage.pass(limits::GAP_GRACE_MS);
    stage.reply("message.history", &page(2..=3, 3));
    assert_eq!(stage.told, [2, 3]);
    stage.command(follow(None));
    stage.reply("server.info", &info());
    stage.take_transcript();
    stage.reply("sync.heads", &json!({"cursor": 1, "topic": OWN, "heads": []}));
    insta::assert_snapshot!(stage.transcript, @"
    unsubscribe user.alice
    refuse you are not a member of #ops: join it first
    ");
}

#[test]
fn a_new_direct_conversation_is_told_from_its_beginning() {
    let mut stage = Stage::following();
    let line = r#"{"n":2,"at":1,"to":"@alice","from":"bob","kind":"message","id":"00000000-0000-0000-0000-000000000001","text":"oi"}"#;
    stage.session.events(0, b"user.alice.0", line.as_bytes());
    stage.pass(0);
    insta::assert_snapshot!(stage.transcript, @r#"ask 4 message.history {"after":0,"conversation":"@bob","limit":1}"#);
}

#[test]
fn a_direct_conversation_that_only_the_heads_know_is_told_from_its_beginning() {
    let mut stage = Stage::following();
    stage.pass(limits::HEADS_INTERVAL_MS);
    stage.reply(
        "sync.heads",
        &json!({"cursor": 8, "topic": OWN, "heads": [{"conversation": "@bob", "n": 2}]}),
    );
    stage.pass(limits::GAP_GRACE_MS);
    insta::assert_snapshot!(stage.transcript, @r#"
    ask 4 sync.heads {"since":7}
    ask 5 message.history {"after":0,"conversation":"@bob","limit":2}
    "#);
}

#[test]
fn too_many_questions_at_once_are_refused() {
    let mut stage = Stage::restored();
    (0..=limits::COMMANDS_PENDING_MAX).for_each(|_| stage.command(users()));
    let refused = stage.transcript.lines().filter(|line| line.starts_with("refuse too many"));
    assert_eq!(refused.count(), 1);
}

#[test]
fn whatever_comes_in_is_survived() {
    let mut stage = Stage::following();
    for lines in ["", "\n\n", "x", "{}", r#"{"id":"4","result":5}"#, r#"{"id":null}"#, "\u{0}"] {
        stage.session.replies(0, lines.as_bytes());
        stage.session.events(0, b"channel.ops", lines.as_bytes());
        stage.session.events(0, b"\xff", lines.as_bytes());
    }
    stage.event(4);
    assert_eq!(stage.told, [4]);
}

proptest! {
    /// The fan-out may reorder, double and lose as it likes: with the help of history and of the heads
    /// everything is told once and in order.
    #[test]
    fn every_event_is_told_once_and_in_order(arrivals in proptest::collection::vec(4..40_u64, 0..120), page_size in 1..9_u64) {
        let mut stage = Stage::following();
        let mut answered = BTreeSet::new();
        for n in arrivals {
            stage.event(n);
            stage.pass(50);
            if n % 3 == 0 {
                answer_histories(&mut stage, &mut answered, page_size);
            }
        }
        for _ in 0..60 {
            stage.pass(limits::HEADS_INTERVAL_MS / 10);
            answer_histories(&mut stage, &mut answered, page_size);
        }
        prop_assert_eq!(stage.told, (4..40).collect::<Vec<_>>());
    }
}

//! Servers that return to an earlier state, and assign event numbers a second time.

use super::harness::{Harness, heads, info, ops, page};
use super::*;
use crate::limits::HEADS_INTERVAL_MS;

#[test]
fn after_a_rollback_the_session_starts_again_from_the_servers_state() {
    let mut harness = Harness::following();
    harness.command(Command::Open(ops()));
    harness.reply("message.history", &page(1..=3, 3));
    harness.advance(1);
    harness.reply("read.mark", &json!({ "unread": 0 }));
    harness.transcript.clear();
    harness.advance(HEADS_INTERVAL_MS);
    harness.reply("sync.heads", &heads(6, 2));
    harness.reply("server.info", &info());
    harness.reply("message.history", &page(1..=2, 2));
    harness.reply("sync.heads", &heads(6, 2));
    harness.barrier();
    harness.reply("sync.heads", &heads(6, 2));
    harness.event(3);
    insta::assert_snapshot!(harness.transcript, @r##"
    request 6 sync.heads {"since":7}
    RolledBack
    request 7 server.info {}
    request 8 message.history {"conversation":"#ops","limit":20}
    connect tcp://*:5558
    subscribe channel.ops
    subscribe user.alice
    request 9 sync.heads {}
    opened #ops [1, 2]
    answer Done
    subscribe barrier
    unsubscribe barrier
    request 10 sync.heads {"since":6}
    emit #ops 3
    "##);
}

#[test]
fn a_restored_backup_without_a_smaller_cursor_is_a_rollback() {
    let mut harness = Harness::following();
    harness.event(4);
    harness.advance(HEADS_INTERVAL_MS);
    harness.reply("sync.heads", &json!({ "cursor": 9, "restored": 1, "topic": OWN, "heads": [] }));
    harness.reply("server.info", &info());
    harness.reply(
        "sync.heads",
        &json!({ "cursor": 9, "restored": 1, "topic": OWN, "heads": [
        { "conversation": "#ops", "n": 3, "topic": harness::TOPIC }
    ] }),
    );
    harness.event(4);
    assert_eq!(harness.emitted, [4, 4], "the server gave the number twice");
}

#[test]
fn after_a_rollback_one_followed_conversation_continues_from_the_servers_head() {
    let mut harness = Harness::logged_in();
    harness.command(Command::Follow(Follow::One { conversation: ops(), after: Some(2) }));
    harness.reply("server.info", &info());
    harness.reply("sync.heads", &heads(7, 2));
    harness.barrier();
    harness.reply("sync.heads", &heads(7, 2));
    harness.advance(HEADS_INTERVAL_MS);
    harness.reply("sync.heads", &heads(5, 1));
    harness.reply("server.info", &info());
    harness.reply("sync.heads", &heads(5, 1));
    harness.barrier();
    harness.event(2);
    assert_eq!(harness.emitted, [2], "event 2 of the new state");
}

#[test]
fn a_late_reply_with_a_smaller_cursor_is_no_rollback() {
    let mut harness = Harness::following();
    harness.advance(HEADS_INTERVAL_MS);
    let overtaken = harness.id("sync.heads");
    harness.own_topic_line(r##"{"n":1,"at":1,"to":"#new","from":"alice","kind":"channel.joined"}"##);
    harness.advance(1);
    assert_ne!(harness.id("sync.heads"), overtaken, "a second request");
    harness.reply("sync.heads", &heads(9, 3));
    harness.reply_to(overtaken, &heads(8, 3));
    harness.event(4);
    assert_eq!(harness.emitted, [1, 4]);
    assert!(!harness.transcript.contains("RolledBack"), "{}", harness.transcript);
}

//! A server that has gone back to an earlier state: its numbers are given anew.

use super::stage::{Stage, heads, info, ops, page};
use super::*;
use crate::limits::HEADS_INTERVAL_MS;

#[test]
fn everything_begins_anew_from_what_the_server_has_now() {
    let mut stage = Stage::following();
    stage.command(Command::Open(ops()));
    stage.reply("message.history", &page(1..=3, 3));
    stage.pass(1);
    stage.reply("read.mark", &json!({ "unread": 0 }));
    stage.transcript.clear();
    stage.pass(HEADS_INTERVAL_MS);
    stage.reply("sync.heads", &heads(6, 2));
    stage.reply("server.info", &info());
    stage.reply("message.history", &page(1..=2, 2));
    stage.reply("sync.heads", &heads(6, 2));
    stage.barrier();
    stage.reply("sync.heads", &heads(6, 2));
    stage.event(3);
    insta::assert_snapshot!(stage.transcript, @r##"
    ask 6 sync.heads {"since":7}
    SetBack
    ask 7 server.info {}
    ask 8 message.history {"conversation":"#ops","limit":20}
    connect tcp://*:5558
    subscribe channel.ops
    subscribe user.alice
    ask 9 sync.heads {}
    opened #ops [1, 2]
    answer Done
    raise barrier
    lower barrier
    ask 10 sync.heads {"since":6}
    tell #ops 3
    "##);
}

#[test]
fn a_backup_that_was_made_a_moment_ago_is_seen_too() {
    let mut stage = Stage::following();
    stage.event(4);
    stage.pass(HEADS_INTERVAL_MS);
    stage.reply("sync.heads", &json!({ "cursor": 9, "restored": 1, "topic": OWN, "heads": [] }));
    stage.reply("server.info", &info());
    stage.reply(
        "sync.heads",
        &json!({ "cursor": 9, "restored": 1, "topic": OWN, "heads": [
        { "conversation": "#ops", "n": 3, "topic": stage::TOPIC }
    ] }),
    );
    stage.event(4);
    assert_eq!(stage.told, [4, 4], "the number is given anew");
}

#[test]
fn who_follows_one_conversation_from_a_place_goes_on_from_where_the_server_is() {
    let mut stage = Stage::restored();
    stage.command(Command::Follow(Follow::One { conversation: ops(), after: Some(2) }));
    stage.reply("server.info", &info());
    stage.reply("sync.heads", &heads(7, 2));
    stage.barrier();
    stage.reply("sync.heads", &heads(7, 2));
    stage.pass(HEADS_INTERVAL_MS);
    stage.reply("sync.heads", &heads(5, 1));
    stage.reply("server.info", &info());
    stage.reply("sync.heads", &heads(5, 1));
    stage.barrier();
    stage.event(2);
    assert_eq!(stage.told, [2], "of another past than what was told before");
}

#[test]
fn an_answer_that_was_overtaken_by_another_is_no_earlier_state() {
    let mut stage = Stage::following();
    stage.pass(HEADS_INTERVAL_MS);
    let overtaken = stage.id("sync.heads");
    stage.own_line(r##"{"n":1,"at":1,"to":"#new","from":"alice","kind":"channel.joined"}"##);
    stage.pass(1);
    assert_ne!(stage.id("sync.heads"), overtaken, "asked once more");
    stage.reply("sync.heads", &heads(9, 3));
    stage.reply_to(overtaken, &heads(8, 3));
    stage.event(4);
    assert_eq!(stage.told, [1, 4]);
    assert!(!stage.transcript.contains("SetBack"), "{}", stage.transcript);
}

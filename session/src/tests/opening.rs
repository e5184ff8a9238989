//! Opening a conversation: one page, and then everything after it.

use super::stage::{Stage, heads, info, ops, page};
use super::*;

#[test]
fn opening_shows_the_newest_page_and_then_goes_on_after_it() {
    let mut stage = Stage::following();
    stage.command(Command::Open(ops()));
    stage.event(4);
    stage.event(5);
    stage.reply("message.history", &page(1..=4, 4));
    insta::assert_snapshot!(stage.transcript, @r##"
    ask 4 message.history {"conversation":"#ops","limit":20}
    opened #ops [1, 2, 3, 4]
    tell #ops 5
    answer Done
    "##);
}

#[test]
fn a_page_that_was_asked_for_before_the_heads_is_gone_on_from() {
    let mut stage = Stage::restored();
    stage.command(Command::Follow(Follow::Everything));
    stage.reply("server.info", &info());
    stage.command(Command::Open(ops()));
    stage.reply("sync.heads", &heads(7, 5));
    stage.barrier();
    stage.event(6);
    stage.transcript.clear();
    stage.reply("message.history", &page(1..=3, 3));
    stage.reply("message.history", &page(4..=5, 6));
    insta::assert_snapshot!(stage.transcript, @r##"
    opened #ops [1, 2, 3]
    answer Done
    ask 5 message.history {"after":3,"conversation":"#ops","limit":2}
    tell #ops 4
    tell #ops 5
    tell #ops 6
    "##);
}

#[test]
fn what_waited_for_a_page_is_told_when_the_page_is_refused() {
    let mut stage = Stage::following();
    stage.command(Command::Open(ops()));
    stage.event(4);
    stage.refuse("message.history", Detail::Internal);
    insta::assert_snapshot!(stage.transcript, @r##"
    ask 4 message.history {"conversation":"#ops","limit":20}
    tell #ops 4
    refuse the server failed: ask its operator, who finds the cause in the server's log
    "##);
}

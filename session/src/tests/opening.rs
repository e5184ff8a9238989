//! Opening a conversation: a page, and then the events after it.

use super::harness::{Harness, heads, info, ops, page};
use super::*;

#[test]
fn opening_shows_the_newest_page_and_then_later_events() {
    let mut harness = Harness::following();
    harness.command(Command::Open(ops()));
    harness.event(4);
    harness.event(5);
    harness.reply("message.history", &page(1..=4, 4));
    insta::assert_snapshot!(harness.transcript, @r##"
    request 4 message.history {"conversation":"#ops","limit":20}
    opened #ops [1, 2, 3, 4]
    emit #ops 5
    answer Done
    "##);
}

#[test]
fn events_continue_after_a_page_that_was_requested_before_the_heads() {
    let mut harness = Harness::logged_in();
    harness.command(Command::Follow(Follow::Everything));
    harness.reply("server.info", &info());
    harness.command(Command::Open(ops()));
    harness.reply("sync.heads", &heads(7, 5));
    harness.barrier();
    harness.event(6);
    harness.transcript.clear();
    harness.reply("message.history", &page(1..=3, 3));
    harness.reply("message.history", &page(4..=5, 6));
    insta::assert_snapshot!(harness.transcript, @r##"
    opened #ops [1, 2, 3]
    answer Done
    request 5 message.history {"after":3,"conversation":"#ops","limit":2}
    emit #ops 4
    emit #ops 5
    emit #ops 6
    "##);
}

#[test]
fn events_that_waited_for_a_page_are_emitted_if_the_page_fails() {
    let mut harness = Harness::following();
    harness.command(Command::Open(ops()));
    harness.event(4);
    harness.reply_error("message.history", Detail::Internal);
    insta::assert_snapshot!(harness.transcript, @r##"
    request 4 message.history {"conversation":"#ops","limit":20}
    emit #ops 4
    error the server failed: ask its operator to read the server's log
    "##);
}

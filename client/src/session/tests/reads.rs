//! What was read: counts, pages from the first unread event on, and marks.

use super::stage::event;
use super::*;

/// Alice follows, and is told that she has read #ops up to `n` of 3.
fn having_read(n: u64, unread: u64) -> Stage {
    let mut stage = Stage::following();
    stage.command(Command::Reads);
    let ops = json!({"conversation": "#ops", "n": n, "head": 3, "unread": unread});
    stage.reply("read.list", &json!({"conversations": [ops], "more": false}));
    stage.take_transcript();
    stage
}

#[test]
fn a_conversation_opens_at_the_first_unread_event() {
    let mut stage = having_read(1, 2);
    stage.command(Command::Open(ops()));
    stage.reply("message.history", &page(2..=3, 3));
    stage.pass(0);
    insta::assert_snapshot!(stage.transcript, @r##"
    ask 5 message.history {"after":1,"conversation":"#ops","limit":50}
    opened #ops [2, 3]
    answer Done
    ask 6 read.mark {"conversation":"#ops","n":3}
    "##);
}

#[test]
fn what_is_too_much_for_one_page_is_read_on_and_nothing_is_skipped() {
    let mut stage = having_read(1, 60);
    stage.command(Command::Open(ops()));
    stage.reply("message.history", &page(2..=51, 70));
    stage.event(71);
    stage.pass(0);
    stage.command(Command::ReadOn(ops()));
    stage.reply("message.history", &page(52..=71, 71));
    stage.event(72);
    stage.pass(limits::MARK_EVERY_MS);
    let asked = stage.transcript.lines().filter(|line| line.starts_with("ask") || line.starts_with("tell"));
    insta::assert_snapshot!(asked.collect::<Vec<_>>().join("\n"), @r##"
    ask 5 message.history {"after":1,"conversation":"#ops","limit":50}
    tell #ops 71
    ask 6 read.mark {"conversation":"#ops","n":51}
    ask 7 message.history {"after":51,"conversation":"#ops","limit":50}
    tell #ops 72
    ask 6 read.mark {"conversation":"#ops","n":51}
    ask 8 read.mark {"conversation":"#ops","n":72}
    "##);
}

#[test]
fn marks_are_few_and_the_newest_counts() {
    let mut stage = having_read(3, 0);
    stage.command(Command::Open(ops()));
    stage.reply("message.history", &page(1..=3, 3));
    stage.pass(0);
    for n in 4..=9 {
        stage.event(n);
        stage.pass(limits::MARK_EVERY_MS / 3);
    }
    stage.pass(limits::MARK_EVERY_MS);
    let marks = stage.transcript.lines().filter(|line| line.contains("read.mark"));
    insta::assert_snapshot!(marks.collect::<Vec<_>>().join("\n"), @r##"
    ask 6 read.mark {"conversation":"#ops","n":4}
    ask 6 read.mark {"conversation":"#ops","n":4}
    ask 7 read.mark {"conversation":"#ops","n":6}
    ask 7 read.mark {"conversation":"#ops","n":6}
    ask 8 read.mark {"conversation":"#ops","n":9}
    ask 8 read.mark {"conversation":"#ops","n":9}
    "##);
}

#[test]
fn one_s_own_words_are_no_reason_for_a_mark() {
    let mut stage = having_read(3, 0);
    stage.command(Command::Open(ops()));
    stage.reply("message.history", &page(1..=3, 3));
    let own = event(4).replace("bob", "alice");
    stage.session.events(stage.now_ms, TOPIC.as_bytes(), own.as_bytes());
    stage.pass(limits::MARK_EVERY_MS);
    assert!(!stage.transcript.contains("read.mark"), "{}", stage.transcript);
}

#[test]
fn what_is_read_in_another_session_is_read_here_too() {
    let mut stage = having_read(1, 2);
    stage.own_line(r##"{"kind":"read","conversation":"#ops","n":3,"unread":0}"##);
    stage.command(Command::Open(ops()));
    insta::assert_snapshot!(stage.transcript, @r##"
    read #ops 3, 0 unread
    ask 5 message.history {"conversation":"#ops","limit":20}
    "##);
}

#[test]
fn what_is_unread_in_other_conversations_is_counted() {
    let mut stage = having_read(1, 2);
    assert_eq!(stage.session.status(0).unread, 2);
    stage.command(Command::Open(ops()));
    stage.reply("message.history", &page(2..=3, 3));
    assert_eq!(stage.session.status(0).unread, 0, "it is on the screen");
}

#[test]
fn what_was_read_before_another_conversation_is_opened_is_marked_too() {
    let mut stage = having_read(1, 2);
    stage.command(Command::Open(ops()));
    stage.reply("message.history", &page(2..=3, 3));
    stage.pass(0);
    stage.reply("read.mark", &json!({"unread": 0}));
    stage.event(4);
    stage.command(Command::Open(Target::new("@bob").expect("a name")));
    stage.reply("message.history", &json!({"head": 0, "events": []}));
    stage.take_transcript();
    stage.pass(limits::MARK_EVERY_MS);
    assert_eq!(stage.session.status(0).unread, 0);
    insta::assert_snapshot!(stage.transcript, @r##"ask 8 read.mark {"conversation":"#ops","n":4}"##);
}

//! What was read: counts, pages from the first unread event on, and marks.

use testkit::{channel, target};

use super::stage::event;
use uuid::Uuid;

use super::*;

/// Alice follows, and is told that she has read #ops up to `n` of 3.
fn having_read(n: u64, unread: u64) -> Stage {
    let mut stage = Stage::following();
    stage.command(Command::ListReads);
    let ops = json!({"conversation": "#ops", "n": n, "head": 3, "unread": unread, "mentions": 0});
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
    stage.command(Command::NextPage(ops()));
    stage.reply("message.history", &page(52..=71, 71));
    stage.event(72);
    stage.pass(limits::MARK_INTERVAL_MS);
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
        stage.pass(limits::MARK_INTERVAL_MS / 3);
    }
    stage.pass(limits::MARK_INTERVAL_MS);
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
    stage.pass(limits::MARK_INTERVAL_MS);
    assert!(!stage.transcript.contains("read.mark"), "{}", stage.transcript);
}

#[test]
fn what_is_read_in_another_session_is_read_here_too() {
    let mut stage = having_read(1, 2);
    stage.own_line(r##"{"kind":"read","conversation":"#ops","n":3,"unread":0,"mentions":0}"##);
    stage.command(Command::Open(ops()));
    insta::assert_snapshot!(stage.transcript, @r##"
    read #ops 3, 0 unread
    ask 5 message.history {"conversation":"#ops","limit":20}
    "##);
}

#[test]
fn what_is_unread_in_other_conversations_is_counted() {
    let mut stage = having_read(1, 2);
    assert_eq!(stage.session.status(0).standing.unread, 2);
    stage.command(Command::Open(ops()));
    stage.reply("message.history", &page(2..=3, 3));
    assert_eq!(stage.session.status(0).standing.unread, 0, "it is on the screen");
}

/// Events of #ops from 4 on, a word each: who, and what.
fn happens(stage: &mut Stage, events: &[(&str, &str)]) {
    for (n, (from, rest)) in (4..).zip(events) {
        let id = Uuid::from_u128(n);
        let line = format!(r##"{{"n":{n},"at":1,"to":"#ops","from":"{from}","id":"{id}",{rest}}}"##);
        stage.session.events(stage.now_ms, TOPIC.as_bytes(), line.as_bytes());
        stage.note();
    }
}

const FILE: &str = r#""kind":"file","name":"a","bytes":1,"sha256":"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08""#;
const MESSAGE: &str = r#""kind":"message","text":"oi""#;

/// The same story as on the server: `domain/tests/reads.rs`.
#[test]
fn messages_and_files_are_counted_and_what_is_deleted_is_not() {
    let mut stage = having_read(3, 0);
    let unread = |stage: &Stage| stage.session.status(0).standing.unread;
    happens(&mut stage, &[("bob", FILE), ("bob", MESSAGE), ("bob", r#""kind":"channel.left""#)]);
    assert_eq!(unread(&stage), 2, "a file is something to see, that somebody left is not");
    let deleted = r#""kind":"message.deleted","of":4"#;
    let mut stage = having_read(3, 0);
    happens(&mut stage, &[("bob", FILE), ("bob", MESSAGE), ("bob", deleted)]);
    assert_eq!(unread(&stage), 1, "the file was taken back");
    let read_already = r#""kind":"message.deleted","of":2"#;
    let mut stage = having_read(3, 0);
    happens(&mut stage, &[("bob", FILE), ("bob", read_already)]);
    assert_eq!(unread(&stage), 1, "what was taken back was read before");
}

#[test]
fn one_s_own_are_read_when_nothing_else_is_unread() {
    let unread = |events: &[(&str, &str)]| {
        let mut stage = having_read(3, 0);
        happens(&mut stage, events);
        stage.session.status(0).standing.unread
    };
    assert_eq!(unread(&[("alice", FILE), ("alice", MESSAGE)]), 0);
    assert_eq!(
        unread(&[("alice", FILE), ("bob", MESSAGE), ("bob", r#""kind":"message.deleted","of":4"#)]),
        1
    );
    assert_eq!(unread(&[("bob", FILE), ("alice", MESSAGE)]), 1, "what one said oneself is no news");
    let taken_back = r#""kind":"message.deleted","of":5"#;
    for by in ["alice", "bob"] {
        assert_eq!(unread(&[("bob", FILE), ("alice", MESSAGE), (by, taken_back)]), 1, "by {by}");
    }
    let joined = r#""kind":"channel.joined""#;
    assert_eq!(unread(&[("bob", FILE), ("alice", joined)]), 0, "what was said before is not unread");
    assert_eq!(unread(&[("bob", FILE), ("bob", joined)]), 1);
}

#[test]
fn what_was_counted_when_it_was_read_elsewhere_is_not_counted_again() {
    let mut stage = Stage::following();
    stage.command(Command::ListReads);
    let ops = json!({"conversation": "#ops", "n": 2, "head": 5, "unread": 3, "mentions": 0});
    stage.reply("read.list", &json!({"conversations": [ops], "more": false}));
    stage.own_line(r##"{"kind":"read","conversation":"#ops","n":3,"unread":2,"mentions":0}"##);
    happens(&mut stage, &[("bob", FILE), ("bob", MESSAGE)]);
    assert_eq!(stage.session.status(0).standing.unread, 2, "4 and 5 were unread already");
}

#[test]
fn before_the_server_was_asked_nothing_is_counted() {
    let mut stage = Stage::following();
    happens(&mut stage, &[("bob", MESSAGE)]);
    assert_eq!(stage.session.status(0).standing.unread, 0);
}

#[test]
fn a_long_list_is_read_to_its_end() {
    let mut stage = Stage::following();
    stage.take_transcript();
    stage.command(Command::ListReads);
    let page = |name: &str, more: bool| {
        let reading = json!({"conversation": name, "n": 0, "head": 1, "unread": 1, "mentions": 0});
        json!({"conversations": [reading], "more": more})
    };
    stage.reply("read.list", &page("#ops", true));
    assert!(!stage.transcript.contains("answer"), "{}", stage.transcript);
    assert!(stage.transcript.ends_with("read.list {\"after\":\"#ops\"}\n"), "{}", stage.transcript);
    stage.reply("read.list", &page("@bob", false));
    assert_eq!(stage.session.status(0).standing.unread, 2);
}

#[test]
fn where_nothing_is_unread_nothing_is_marked() {
    let mut stage = having_read(1, 0);
    stage.command(Command::Open(ops()));
    stage.reply("message.history", &page(1..=3, 3));
    stage.pass(limits::MARK_INTERVAL_MS);
    assert!(!stage.transcript.contains("read.mark"), "{}", stage.transcript);
}

#[test]
fn what_the_server_has_counted_is_not_counted_again() {
    let mut stage = Stage::following();
    stage.command(Command::ListReads);
    let ops = json!({"conversation": "#ops", "n": 3, "head": 5, "unread": 2, "mentions": 0});
    stage.reply("read.list", &json!({"conversations": [ops], "more": false}));
    happens(&mut stage, &[("bob", FILE), ("bob", MESSAGE), ("bob", MESSAGE)]);
    assert_eq!(stage.session.status(0).standing.unread, 3, "4 and 5 are in the list, 6 is new");
}

#[test]
fn what_was_read_before_another_conversation_is_opened_is_marked_too() {
    let mut stage = having_read(1, 2);
    stage.command(Command::Open(ops()));
    stage.reply("message.history", &page(2..=3, 3));
    stage.pass(0);
    stage.reply("read.mark", &json!({"unread": 0}));
    stage.event(4);
    stage.command(Command::Open(target("@bob")));
    stage.reply("message.history", &json!({"conversation": "@bob", "head": 0, "events": []}));
    assert!(stage.transcript.ends_with("opened @bob []\nanswer Done\n"), "{}", stage.transcript);
    stage.take_transcript();
    stage.pass(limits::MARK_INTERVAL_MS);
    assert_eq!(stage.session.status(0).standing.unread, 0);
    insta::assert_snapshot!(stage.transcript, @r##"ask 8 read.mark {"conversation":"#ops","n":4}"##);
}

/// The membership ends by somebody's hand, in another session, and by one's own wish.
#[test]
fn of_a_channel_that_one_is_not_in_nothing_is_unread() {
    let ends = [
        r#""from":"bob","kind":"channel.kicked","user":"alice""#,
        r#""from":"bob","kind":"channel.banned","user":"alice""#,
        r#""from":"alice","kind":"channel.left""#,
    ];
    for end in ends {
        let mut stage = having_read(1, 2);
        stage.own_line(&format!(r##"{{"n":4,"at":1,"to":"#ops",{end}}}"##));
        assert_eq!(stage.session.status(0).standing.unread, 0, "{end}");
        // What another session has read before it comes late.
        stage.own_line(r##"{"kind":"read","conversation":"#ops","n":2,"unread":1,"mentions":0}"##);
        assert_eq!(stage.session.status(0).standing.unread, 0, "{end}");
    }
    let mut stage = having_read(1, 2);
    stage.command(Command::Leave(channel("#ops")));
    stage.reply("channel.leave", &json!({}));
    assert_eq!(stage.session.status(0).standing.unread, 0, "one has left");
}

#[test]
fn of_a_channel_that_the_heads_do_not_name_any_more_nothing_is_unread() {
    let mut stage = having_read(1, 2);
    // The fan-out is found anew, as after a lost connection.
    let session = &mut stage.session;
    session.conversations.sync().find_fan_out(&mut session.cx);
    stage.note();
    stage.reply("server.info", &info());
    stage.reply("sync.heads", &json!({"cursor": 9, "topic": OWN, "heads": []}));
    assert_eq!(stage.session.status(0).standing.unread, 0);
}

#[test]
fn what_is_not_read_any_more_is_not_marked() {
    let mut stage = having_read(1, 2);
    stage.command(Command::Open(ops()));
    stage.reply("message.history", &page(2..=3, 3));
    stage.own_line(r##"{"n":4,"at":1,"to":"#ops","from":"bob","kind":"channel.kicked","user":"alice"}"##);
    stage.pass(limits::MARK_INTERVAL_MS);
    assert!(!stage.transcript.contains("read.mark"), "{}", stage.transcript);
}

#[test]
fn a_count_that_changes_is_told_once() {
    let mut stage = having_read(1, 2);
    stage.session.tick(stage.now_ms);
    stage.note();
    let told = |stage: &mut Stage| {
        stage.session.tick(stage.now_ms);
        stage.note();
        stage.standing.take().map(|standing| standing.unread)
    };
    stage.standing = None;
    stage.event(4);
    stage.event(5);
    assert_eq!(told(&mut stage), Some(4));
    assert_eq!(told(&mut stage), None, "nothing has changed");
    stage.command(Command::Open(ops()));
    stage.reply("message.history", &page(2..=5, 5));
    assert_eq!(told(&mut stage), Some(0), "it is on the screen");
}

//! Unread counts, pages from the first unread event on, and read marks.

use testkit::{channel, target};

use super::harness::event;
use uuid::Uuid;

use super::*;

/// Alice, who follows everything, with a read mark at the event `n` of 3 in #ops.
fn with_read_mark(n: u64, unread: u64) -> Harness {
    let mut harness = Harness::following();
    harness.command(Command::ListReads);
    let ops = json!({"conversation": "#ops", "n": n, "head": 3, "unread": unread, "mentions": 0});
    harness.reply("read.list", &json!({"conversations": [ops], "more": false}));
    harness.take_transcript();
    harness
}

#[test]
fn a_conversation_opens_at_the_first_unread_event() {
    let mut harness = with_read_mark(1, 2);
    harness.command(Command::Open(ops()));
    harness.reply("message.history", &page(2..=3, 3));
    harness.advance(0);
    insta::assert_snapshot!(harness.transcript, @r##"
    request 5 message.history {"after":1,"conversation":"#ops","limit":50}
    opened #ops [2, 3]
    answer Done
    request 6 read.mark {"conversation":"#ops","n":3}
    "##);
}

#[test]
fn unread_events_of_several_pages_are_shown_without_a_gap() {
    let mut harness = with_read_mark(1, 60);
    harness.command(Command::Open(ops()));
    harness.reply("message.history", &page(2..=51, 70));
    harness.event(71);
    harness.advance(0);
    harness.command(Command::NextPage(ops()));
    harness.reply("message.history", &page(52..=71, 71));
    harness.event(72);
    harness.advance(limits::MARK_INTERVAL_MS);
    let lines =
        harness.transcript.lines().filter(|line| line.starts_with("request") || line.starts_with("emit"));
    insta::assert_snapshot!(lines.collect::<Vec<_>>().join("\n"), @r##"
    request 5 message.history {"after":1,"conversation":"#ops","limit":50}
    emit #ops 71
    request 6 read.mark {"conversation":"#ops","n":51}
    request 7 message.history {"after":51,"conversation":"#ops","limit":50}
    emit #ops 72
    request 6 read.mark {"conversation":"#ops","n":51}
    request 8 read.mark {"conversation":"#ops","n":72}
    "##);
}

#[test]
fn read_marks_are_sent_rarely_and_only_for_the_newest_event() {
    let mut harness = with_read_mark(3, 0);
    harness.command(Command::Open(ops()));
    harness.reply("message.history", &page(1..=3, 3));
    harness.advance(0);
    for n in 4..=9 {
        harness.event(n);
        harness.advance(limits::MARK_INTERVAL_MS / 3);
    }
    harness.advance(limits::MARK_INTERVAL_MS);
    let marks = harness.transcript.lines().filter(|line| line.contains("read.mark"));
    insta::assert_snapshot!(marks.collect::<Vec<_>>().join("\n"), @r##"
    request 6 read.mark {"conversation":"#ops","n":4}
    request 6 read.mark {"conversation":"#ops","n":4}
    request 7 read.mark {"conversation":"#ops","n":6}
    request 7 read.mark {"conversation":"#ops","n":6}
    request 8 read.mark {"conversation":"#ops","n":9}
    request 8 read.mark {"conversation":"#ops","n":9}
    "##);
}

#[test]
fn own_messages_cause_no_read_mark() {
    let mut harness = with_read_mark(3, 0);
    harness.command(Command::Open(ops()));
    harness.reply("message.history", &page(1..=3, 3));
    let own = event(4).replace("bob", "alice");
    harness.session.events(harness.now_ms, TOPIC.as_bytes(), own.as_bytes());
    harness.advance(limits::MARK_INTERVAL_MS);
    assert!(!harness.transcript.contains("read.mark"), "{}", harness.transcript);
}

#[test]
fn events_read_in_another_session_are_read_here() {
    let mut harness = with_read_mark(1, 2);
    harness.own_topic_line(r##"{"kind":"read","conversation":"#ops","n":3,"unread":0,"mentions":0}"##);
    harness.command(Command::Open(ops()));
    insta::assert_snapshot!(harness.transcript, @r##"
    read #ops 3, 0 unread
    request 5 message.history {"conversation":"#ops","limit":20}
    "##);
}

#[test]
fn unread_messages_of_other_conversations_are_counted() {
    let mut harness = with_read_mark(1, 2);
    assert_eq!(harness.session.status(0).summary.unread, 2);
    harness.command(Command::Open(ops()));
    harness.reply("message.history", &page(2..=3, 3));
    assert_eq!(harness.session.status(0).summary.unread, 0, "#ops is open");
}

/// Publishes events of #ops from 4 on, each with its sender and its other fields.
fn publish(harness: &mut Harness, events: &[(&str, &str)]) {
    for (n, (from, rest)) in (4..).zip(events) {
        let id = Uuid::from_u128(n);
        let line = format!(r##"{{"n":{n},"at":1,"to":"#ops","from":"{from}","id":"{id}",{rest}}}"##);
        harness.session.events(harness.now_ms, TOPIC.as_bytes(), line.as_bytes());
        harness.run_effects();
    }
}

const FILE: &str = r#""kind":"file","name":"a","bytes":1,"sha256":"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08""#;
const MESSAGE: &str = r#""kind":"message","text":"oi""#;

/// `domain/tests/reads.rs` checks the same rules for the server.
#[test]
fn messages_and_files_count_as_unread_until_they_are_deleted() {
    let mut harness = with_read_mark(3, 0);
    let unread = |harness: &Harness| harness.session.status(0).summary.unread;
    publish(&mut harness, &[("bob", FILE), ("bob", MESSAGE), ("bob", r#""kind":"channel.left""#)]);
    assert_eq!(unread(&harness), 2, "files count, but channel events do not");
    let deleted = r#""kind":"message.deleted","of":4"#;
    let mut harness = with_read_mark(3, 0);
    publish(&mut harness, &[("bob", FILE), ("bob", MESSAGE), ("bob", deleted)]);
    assert_eq!(unread(&harness), 1, "the file was deleted");
    let deleted_after_reading = r#""kind":"message.deleted","of":2"#;
    let mut harness = with_read_mark(3, 0);
    publish(&mut harness, &[("bob", FILE), ("bob", deleted_after_reading)]);
    assert_eq!(unread(&harness), 1, "the deleted message was read before");
}

#[test]
fn own_messages_are_read_if_no_other_message_is_unread() {
    let unread = |events: &[(&str, &str)]| {
        let mut harness = with_read_mark(3, 0);
        publish(&mut harness, events);
        harness.session.status(0).summary.unread
    };
    assert_eq!(unread(&[("alice", FILE), ("alice", MESSAGE)]), 0);
    assert_eq!(
        unread(&[("alice", FILE), ("bob", MESSAGE), ("bob", r#""kind":"message.deleted","of":4"#)]),
        1
    );
    assert_eq!(unread(&[("bob", FILE), ("alice", MESSAGE)]), 1, "own messages do not count");
    let deleted = r#""kind":"message.deleted","of":5"#;
    for by in ["alice", "bob"] {
        assert_eq!(unread(&[("bob", FILE), ("alice", MESSAGE), (by, deleted)]), 1, "by {by}");
    }
    let joined = r#""kind":"channel.joined""#;
    assert_eq!(unread(&[("bob", FILE), ("alice", joined)]), 0, "messages before the join do not count");
    assert_eq!(unread(&[("bob", FILE), ("bob", joined)]), 1);
}

#[test]
fn a_read_notice_does_not_count_events_twice() {
    let mut harness = Harness::following();
    harness.command(Command::ListReads);
    let ops = json!({"conversation": "#ops", "n": 2, "head": 5, "unread": 3, "mentions": 0});
    harness.reply("read.list", &json!({"conversations": [ops], "more": false}));
    harness.own_topic_line(r##"{"kind":"read","conversation":"#ops","n":3,"unread":2,"mentions":0}"##);
    publish(&mut harness, &[("bob", FILE), ("bob", MESSAGE)]);
    assert_eq!(harness.session.status(0).summary.unread, 2, "4 and 5 were unread already");
}

#[test]
fn nothing_is_counted_before_the_list_has_arrived() {
    let mut harness = Harness::following();
    publish(&mut harness, &[("bob", MESSAGE)]);
    assert_eq!(harness.session.status(0).summary.unread, 0);
}

#[test]
fn a_list_of_several_pages_is_read_to_its_end() {
    let mut harness = Harness::following();
    harness.take_transcript();
    harness.command(Command::ListReads);
    let page = |name: &str, more: bool| {
        let reading = json!({"conversation": name, "n": 0, "head": 1, "unread": 1, "mentions": 0});
        json!({"conversations": [reading], "more": more})
    };
    harness.reply("read.list", &page("#ops", true));
    assert!(!harness.transcript.contains("answer"), "{}", harness.transcript);
    assert!(harness.transcript.ends_with("read.list {\"after\":\"#ops\"}\n"), "{}", harness.transcript);
    harness.reply("read.list", &page("@bob", false));
    assert_eq!(harness.session.status(0).summary.unread, 2);
}

#[test]
fn a_conversation_without_unread_messages_is_not_marked() {
    let mut harness = with_read_mark(1, 0);
    harness.command(Command::Open(ops()));
    harness.reply("message.history", &page(1..=3, 3));
    harness.advance(limits::MARK_INTERVAL_MS);
    assert!(!harness.transcript.contains("read.mark"), "{}", harness.transcript);
}

#[test]
fn events_that_the_list_includes_are_not_counted_again() {
    let mut harness = Harness::following();
    harness.command(Command::ListReads);
    let ops = json!({"conversation": "#ops", "n": 3, "head": 5, "unread": 2, "mentions": 0});
    harness.reply("read.list", &json!({"conversations": [ops], "more": false}));
    publish(&mut harness, &[("bob", FILE), ("bob", MESSAGE), ("bob", MESSAGE)]);
    assert_eq!(harness.session.status(0).summary.unread, 3, "4 and 5 are in the list, 6 is new");
}

#[test]
fn a_closed_conversation_is_marked() {
    let mut harness = with_read_mark(1, 2);
    harness.command(Command::Open(ops()));
    harness.reply("message.history", &page(2..=3, 3));
    harness.advance(0);
    harness.reply("read.mark", &json!({"unread": 0}));
    harness.event(4);
    harness.command(Command::Open(target("@bob")));
    harness.reply("message.history", &json!({"conversation": "@bob", "head": 0, "events": []}));
    assert!(harness.transcript.ends_with("opened @bob []\nanswer Done\n"), "{}", harness.transcript);
    harness.take_transcript();
    harness.advance(limits::MARK_INTERVAL_MS);
    assert_eq!(harness.session.status(0).summary.unread, 0);
    insta::assert_snapshot!(harness.transcript, @r##"request 8 read.mark {"conversation":"#ops","n":4}"##);
}

/// Another user, another session or this session ends the membership.
#[test]
fn a_channel_has_no_unread_messages_after_the_membership_ends() {
    let ends = [
        r#""from":"bob","kind":"channel.kicked","user":"alice""#,
        r#""from":"bob","kind":"channel.banned","user":"alice""#,
        r#""from":"alice","kind":"channel.left""#,
    ];
    for end in ends {
        let mut harness = with_read_mark(1, 2);
        harness.own_topic_line(&format!(r##"{{"n":4,"at":1,"to":"#ops",{end}}}"##));
        assert_eq!(harness.session.status(0).summary.unread, 0, "{end}");
        // A late notice of another session's read mark.
        harness.own_topic_line(r##"{"kind":"read","conversation":"#ops","n":2,"unread":1,"mentions":0}"##);
        assert_eq!(harness.session.status(0).summary.unread, 0, "{end}");
    }
    let mut harness = with_read_mark(1, 2);
    harness.command(Command::Leave(channel("#ops")));
    harness.reply("channel.leave", &json!({}));
    assert_eq!(harness.session.status(0).summary.unread, 0, "alice has left");
}

#[test]
fn a_channel_that_the_heads_no_longer_name_has_no_unread_messages() {
    let mut harness = with_read_mark(1, 2);
    // The session reconnects after a lost connection.
    harness.command(users());
    harness.advance(2_500);
    harness.reply("user.list", &json!({"users": [], "more": false}));
    harness.reply("server.info", &info());
    harness.reply("sync.heads", &json!({"cursor": 9, "topic": OWN, "heads": []}));
    assert_eq!(harness.session.status(0).summary.unread, 0);
}

#[test]
fn a_removed_member_sends_no_read_mark() {
    let mut harness = with_read_mark(1, 2);
    harness.command(Command::Open(ops()));
    harness.reply("message.history", &page(2..=3, 3));
    harness.own_topic_line(
        r##"{"n":4,"at":1,"to":"#ops","from":"bob","kind":"channel.kicked","user":"alice"}"##,
    );
    harness.advance(limits::MARK_INTERVAL_MS);
    assert!(!harness.transcript.contains("read.mark"), "{}", harness.transcript);
}

#[test]
fn a_changed_unread_count_is_emitted_once() {
    let mut harness = with_read_mark(1, 2);
    harness.session.tick(harness.now_ms);
    harness.run_effects();
    let emitted_unread = |harness: &mut Harness| {
        harness.session.tick(harness.now_ms);
        harness.run_effects();
        harness.summary.take().map(|summary| summary.unread)
    };
    harness.summary = None;
    harness.event(4);
    harness.event(5);
    assert_eq!(emitted_unread(&mut harness), Some(4));
    assert_eq!(emitted_unread(&mut harness), None, "the count has not changed");
    harness.command(Command::Open(ops()));
    harness.reply("message.history", &page(2..=5, 5));
    assert_eq!(emitted_unread(&mut harness), Some(0), "#ops is open");
}

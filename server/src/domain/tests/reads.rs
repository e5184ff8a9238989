//! Read marks and unread counts.

use super::amendments::deletes;
use super::files::share;
use super::*;
use crate::domain::reads::{list, reading};
use common::Detail;

/// The conversations of `by` as `conversation read/head (unread)`.
fn reads(fixture: &Fixture, by: &str) -> String {
    let line = |reading: common::reads::Reading| {
        format!("{} {}/{} ({})", reading.conversation, reading.n, reading.head, reading.unread)
    };
    list(&fixture.state, &user(by), None).map(line).collect::<Vec<_>>().join(", ")
}

#[test]
fn only_messages_after_the_mark_are_unread() {
    let mut fixture = Fixture::with(
        &["ana", "bob", "eva"],
        [create("ana", "#a"), send("ana", "#a"), join("bob", "#a"), send("ana", "#a"), join("eva", "#a")],
    );
    fixture.run(send("ana", "#a"));
    assert_eq!(
        reads(&fixture, "bob"),
        "#a 3/6 (2)",
        "messages before the user joined, and the joins of others, are not unread"
    );
    assert_eq!(reads(&fixture, "eva"), "#a 5/6 (1)");
    fixture.run(mark("bob", "#a", 4));
    assert_eq!(reads(&fixture, "bob"), "#a 4/6 (1)");
    fixture.run(mark("bob", "#a", u64::MAX));
    assert_eq!(reads(&fixture, "bob"), "#a 6/6 (0)", "the mark stays within the conversation");
    let before = fixture.log.len();
    fixture.run(mark("bob", "#a", 2));
    assert_eq!(
        (reads(&fixture, "bob").as_str(), fixture.log.len()),
        ("#a 6/6 (0)", before),
        "a mark never moves backwards"
    );
}

/// The client has the same test: `session/src/tests/reads.rs`.
#[test]
fn files_count_as_unread_and_deleted_messages_do_not() {
    let mut fixture = Fixture::with(&["ana", "bob"], [create("ana", "#a"), join("bob", "#a")]);
    fixture.run(share("ana", "#a", true));
    fixture.run(send("ana", "#a"));
    assert_eq!(reads(&fixture, "bob"), "#a 2/4 (2)");
    fixture.run(deletes("ana", "#a", 3));
    assert_eq!(reads(&fixture, "bob"), "#a 2/5 (1)", "the file was deleted");
    fixture.run(share("bob", "#a", false));
    assert_eq!(
        reads(&fixture, "bob"),
        "#a 2/6 (1)",
        "bob's file does not count, and sending it does not move the mark"
    );
    assert_eq!(reads(&fixture, "ana"), "#a 4/6 (1)");
}

#[test]
fn redacted_messages_are_not_unread() {
    let fixture = Fixture::with(
        &["ana", "bob"],
        [create("ana", "#a"), join("bob", "#a"), send("ana", "#a"), send("ana", "#a"), send("bob", "@ana")],
    );
    assert_eq!(reads(&fixture, "bob"), "#a 2/4 (2), @ana 1/1 (0)");
    let redacted = |line: &String| match line.contains(r#""n":3,"#) || line.contains("@ana") {
        true => line.replace(r#""text":"oi""#, r#""text":"","deleted":true"#),
        false => line.clone(),
    };
    let mut log: Vec<_> = fixture.log.iter().map(redacted).collect();
    for (conversation, n) in [("#a", 3), ("@ana @bob", 1)] {
        log.push(format!(
            r#"{{"kind":"redacted","at":7,"conversation":"{conversation}","numbers":[{n}],"by":"operator","head_before":"00"}}"#
        ));
    }
    let fixture = Fixture { state: replay(&log), log };
    assert_eq!(
        reads(&fixture, "bob"),
        "#a 2/4 (1), @ana 1/1 (0)",
        "the sender's mark includes the redacted message"
    );
    assert_eq!(reads(&fixture, "ana"), "#a 4/4 (0), @bob 0/1 (0)");
}

#[test]
fn sending_moves_the_mark_of_a_sender_without_unread_messages() {
    let mut fixture = Fixture::with(&["ana", "bob", "eva"], [send("ana", "@bob"), send("ana", "@bob")]);
    assert_eq!(
        (reads(&fixture, "ana").as_str(), reads(&fixture, "bob").as_str()),
        ("@bob 2/2 (0)", "@ana 0/2 (2)")
    );
    fixture.run(send("bob", "@ana"));
    assert_eq!(reads(&fixture, "bob"), "@ana 0/3 (2)", "bob may have sent it without reading");
    fixture.run(send("ana", "@bob"));
    fixture.run(send("bob", "@ana"));
    assert_eq!(reads(&fixture, "bob"), "@ana 0/5 (3)");
    fixture.run(deletes("bob", "@ana", 3));
    assert_eq!(reads(&fixture, "bob"), "@ana 0/6 (3)", "bob's message did not count before");
    fixture.run(mark("bob", "@ana", 2));
    assert_eq!(reads(&fixture, "bob"), "@ana 2/6 (1)", "one message of ana is unread");
    fixture.run(mark("bob", "@ana", 4));
    assert_eq!(
        reads(&fixture, "bob"),
        "@ana 4/6 (0)",
        "bob's message does not count, and ana's message was deleted"
    );
    fixture.run(send("bob", "@ana"));
    assert_eq!(reads(&fixture, "bob"), "@ana 7/7 (0)", "nothing was unread");
    fixture.run(create("ana", "#a"));
    fixture.run(join("bob", "#a"));
    fixture.run(join("eva", "#a"));
    fixture.run(send("bob", "#a"));
    assert_eq!(reads(&fixture, "bob"), "#a 4/4 (0), @ana 7/7 (0)", "a join does not count as unread");
}

#[test]
fn a_read_mark_ends_with_the_membership() {
    let mut fixture =
        Fixture::with(&["ana", "bob"], [create("ana", "#a"), join("bob", "#a"), send("ana", "#a")]);
    fixture.run(mark("bob", "#a", 3));
    fixture.run(leave("bob", "#a"));
    assert_eq!(reads(&fixture, "bob"), "");
    assert_eq!(fixture.rejection(mark("bob", "#a", 4)), Detail::NotMember { channel: channel("#a") });
    fixture.run(send("ana", "#a"));
    fixture.run(join("bob", "#a"));
    assert_eq!(reads(&fixture, "bob"), "#a 6/6 (0)");
    assert_eq!(fixture.rejection(mark("bob", "@carol", 1)), Detail::NoSuchUser { user: user("carol") });
    assert_eq!(reading(&fixture.state, &user("bob"), &to("@ana")), None, "the conversation has no events");
    fixture.run(mark("bob", "@ana", 1));
}

//! Tests of read marks and unread counts.

use e2e::{Node, PASSWORD, Terminal, peers};
use serde_json::json;
use tempfile::TempDir;
use uuid::Uuid;

#[test]
fn unread_messages_are_counted_at_login_and_shown_from_the_first() {
    let node = Node::up();
    let [mut alice, mut bob] = peers(&node, ["alice", "bob"]);
    for channel in ["#a", "#b"] {
        alice.create(channel).expect("made");
        bob.join(channel).expect("joined");
    }
    alice.send("#a", "seen").expect("sent");
    bob.call("read.mark", json!({"conversation": "#a", "n": 3})).expect("marked");
    for text in ["one, @here", "two"] {
        alice.send("#a", text).expect("sent");
    }
    alice.send("#b", "three").expect("sent");

    let mut elsewhere = node.subscriber();
    elsewhere.follow(&[&bob.session().topic]);
    let config = TempDir::new().expect("a folder");
    let terminal = Terminal::chat(node.server(), config.path());
    terminal.wait_for("papo>");
    terminal.enter("/login bob");
    terminal.wait_for("password");
    terminal.enter(PASSWORD);
    terminal.wait_for("3 unread messages in 2 conversations");
    terminal.wait_for("#a: 2 unread, 1 mentioning you, after 3");
    terminal.wait_for("#a: 2 unread, from 4 on");
    terminal.wait_for("alice: two");
    assert!(!terminal.screen().contains("seen"), "{}", terminal.screen());
    // Shown messages are marked as read, also in other sessions of bob.
    assert_eq!(elsewhere.next_read_mark(), "#a 5, 0 unread");
    let unread = bob.call("read.list", json!({})).expect("a list");
    let marks: Vec<_> =
        unread["conversations"].as_array().expect("a list").iter().map(|of| of["unread"].clone()).collect();
    assert_eq!(marks, [0, 1]);
    terminal.enter("/mentions");
    terminal.wait_until("lists the mention", |screen| screen.matches("alice: one, @here").count() == 2);
    alice
        .call("message.delete", json!({"conversation": "#a", "n": 4, "id": Uuid::now_v7()}))
        .expect("deleted");
    let mentions = bob.call("mention.list", json!({})).expect("a list");
    assert_eq!(mentions, json!({"events": []}));
}

#[test]
fn a_backlog_can_be_marked_as_read_and_new_messages_still_appear() {
    let node = Node::up();
    let [mut bob] = peers(&node, ["bob"]);
    let config = TempDir::new().expect("a folder");
    let alice = Terminal::registered(node.server(), config.path(), "alice");
    alice.enter("/quit");
    alice.wait_for_end();
    for number in 0..120 {
        bob.send("@alice", &format!("message {number}")).expect("sent");
    }
    let alice = Terminal::chat(node.server(), config.path());
    alice.wait_for("-- 70 more: /next shows them, /read marks them as read --");
    assert!(!alice.transcript().contains("message 50"), "the backlog is shortened");
    alice.enter("/read");
    alice.wait_for("bob: message 119");
    alice.enter("/unread");
    alice.wait_for("you have no unread messages");
    bob.send("@alice", "and one more").expect("sent");
    alice.wait_for("and one more");
    assert!(!alice.transcript().contains("message 60"), "skipped");
}

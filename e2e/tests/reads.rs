//! What was read, and what is unread.

use e2e::{Node, PASSWORD, Terminal, peers};
use serde_json::json;
use tempfile::TempDir;

#[test]
fn what_came_meanwhile_is_counted_at_login_and_shown_from_the_first_unread_message_on() {
    let node = Node::up();
    let [mut alice, mut bob] = peers(&node, ["alice", "bob"]);
    for channel in ["#a", "#b"] {
        alice.create(channel).expect("made");
        bob.join(channel).expect("joined");
    }
    alice.send("#a", "seen").expect("sent");
    bob.call("read.mark", json!({"conversation": "#a", "n": 3})).expect("marked");
    for text in ["one", "two"] {
        alice.send("#a", text).expect("sent");
    }
    alice.send("#b", "three").expect("sent");

    let mut elsewhere = node.listener();
    elsewhere.follow(&[&bob.session().topic]);
    let config = TempDir::new().expect("a folder");
    let terminal = Terminal::chat(node.server(), config.path());
    terminal.wait_for("papo>");
    terminal.enter("/login bob");
    terminal.wait_for("password");
    terminal.enter(PASSWORD);
    terminal.wait_for("unread: 3 in 2 conversations");
    terminal.wait_for("#a: 2 unread, from 4 on");
    terminal.wait_for("alice: two");
    assert!(!terminal.screen().contains("seen"), "{}", terminal.screen());
    // What was shown is read, in every session.
    assert_eq!(elsewhere.hear_of_reading(), "#a 5, 0 unread");
    let unread = bob.call("read.list", json!({})).expect("a list");
    let marks: Vec<_> =
        unread["conversations"].as_array().expect("a list").iter().map(|one| one["unread"].clone()).collect();
    assert_eq!(marks, [0, 1]);
}

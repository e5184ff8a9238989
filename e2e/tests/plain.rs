//! `papo chat --plain`: what a screen reader is given, byte by byte.

use e2e::{Node, Terminal, peers};
use tempfile::TempDir;

const PASSWORD: &str = "correct horse";

/// Asserts that lines only ever followed each other: no escape sequence, no backspace, no bell, and no carriage
/// return but the one that the terminal puts before a line's end.
fn assert_only_lines(written: &str) {
    let without_ends = written.replace("\r\n", "\n");
    let control = without_ends.chars().find(|c| c.is_control() && *c != '\n');
    assert_eq!(control, None, "{written:?}");
}

#[test]
fn plain_lines_are_written_once_and_nothing_is_drawn_over() {
    let node = Node::up();
    let config = TempDir::new().expect("a folder");
    // Even when colours are asked for.
    let alice = Terminal::chat_with(node.server(), config.path(), "--plain --color always");
    alice.wait_for_written("you are not logged in");
    alice.enter("/register alice");
    alice.wait_for_written("choose a password: ");
    alice.enter(PASSWORD);
    alice.wait_for_written("once more: ");
    alice.enter(PASSWORD);
    alice.wait_for_written("you are alice");
    alice.enter("/create #general");
    alice.wait_for_written("alice created #general");
    let [mut bob] = peers(&node, ["bob"]);
    bob.join("#general").expect("joined");
    bob.send("#general", &"a long text ".repeat(20)).expect("sent");
    alice.wait_for_written("a long text");
    alice.enter("olá, 日本語");
    alice.wait_for_written("alice: olá, 日本語");
    alice.enter("/jion #x");
    alice.wait_for_written("papo: there is no /jion");
    bob.send("#general", "bye").expect("sent");
    alice.wait_for_written("bob: bye");

    let written = alice.written();
    assert_only_lines(&written);
    for once in ["you are alice", "alice created #general", "alice: olá, 日本語", "bob: bye"] {
        assert_eq!(written.matches(once).count(), 1, "{once} in {written:?}");
    }
    assert!(!written.contains(PASSWORD));
    alice.press("C-d");
    alice.wait_for_end();
}

//! Links to messages and to files, in real terminals.

use e2e::{Node, Terminal};
use tempfile::TempDir;

#[test]
fn a_permalink_opens_its_message() {
    let node = Node::up();
    let config = TempDir::new().expect("a folder");
    let alice = Terminal::registered(node.server(), config.path(), "alice");
    alice.enter("/create general");
    alice.wait_for("#general>");
    alice.enter("the linked message");
    alice.wait_for("#general 2 alice: the linked message");
    alice.enter("/link 2");
    let link = format!("papo://{}/#general/2", node.address("clients"));
    alice.wait_for(&link);
    alice.enter("/create other");
    alice.wait_for("#other>");
    alice.enter(&link);
    alice.wait_for("#general>");
    alice.enter("papo://elsewhere:5555/#general/2");
    alice.wait_for("the link leads to another server");
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a user's own file")]
fn a_file_has_a_web_link() {
    let node = Node::with_gateway(&[]);
    let config = TempDir::new().expect("a folder");
    let alice = Terminal::registered(node.server(), config.path(), "alice");
    alice.enter("/create general");
    alice.wait_for("#general>");
    let file = config.path().join("plano.txt");
    std::fs::write(&file, "tudo").expect("written");
    alice.enter(&format!("/send {}", file.display()));
    alice.wait_for("plano.txt was sent: #general 2");
    alice.enter("/share 2");
    alice.wait_for(&format!("http://{}/f/", node.web().address()));
    alice.enter("/share 1");
    alice.wait_for("there is no file 1 in #general, or it was deleted");
    alice.enter("/share");
    alice.wait_for("/share N");
}

//! A full disk, which one user can cause.

use e2e::{DEADLINE, Node, Peer, peers};
use serde_json::{Value, json};
use tempfile::TempDir;
use transport::clock;

use crate::chaos::small_disk::SmallDisk;

#[test]
fn the_search_returns_after_a_full_disk() {
    const MESSAGES: usize = 200;
    let disk = match SmallDisk::mount(24) {
        Ok(disk) => disk,
        Err(reason) => return println!("skipped: no small disk can be mounted here: {reason}"),
    };
    let node = Node::up_on(TempDir::new_in(disk.data()).expect("a folder"));
    let [mut alice] = peers(&node, ["alice"]);
    alice.create("#a").expect("a channel");
    alice.send("#a", "before").expect("a message");
    assert_eq!(search(&mut alice, "before"), 1);
    for number in 0..MESSAGES {
        alice.send("#a", &format!("later {number}")).expect("a message");
    }
    disk.fill();
    wait_until("a problem", || {
        search(&mut alice, "later");
        has_search_problem(&node)
    });
    assert_eq!(search(&mut alice, "before"), 1, "old messages are still found");

    disk.empty();
    wait_until("a healthy search", || !has_search_problem(&node));
    assert_eq!(search(&mut alice, "later 199"), 1);
    node.assert_healthy();
}

/// The number of hits; 0 if the search is unavailable.
fn search(peer: &mut Peer, query: &str) -> usize {
    let found = peer.call("message.search", json!({ "query": query }));
    found.ok().and_then(|found| found.get("events").and_then(Value::as_array).map(Vec::len)).unwrap_or(0)
}

fn has_search_problem(node: &Node) -> bool {
    node.problems("server").iter().any(|problem| problem.starts_with("the search finds no new messages"))
}

fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
    let begun = clock::now();
    while !condition() {
        assert!(begun.elapsed() < DEADLINE, "no sign of {what}");
    }
}

//! A node whose next batch etcd no longer keeps.

use std::time::Duration;

use cluster::{Etcd, Followed, SharedLog as _, Tls};

use super::{Cluster, user, wait_for};

const MESSAGES: usize = 40;

#[test]
fn a_node_that_was_down_while_the_window_was_trimmed_catches_up_from_another_node() {
    let Some(mut cluster) = Cluster::start(1, 3) else { return };
    let leader = cluster.leader();
    let (behind, other) = ((leader + 1) % 3, (leader + 2) % 3);
    let mut alice = user(&cluster.nodes[leader], "alice");
    alice.create("#general").expect("a channel");
    cluster.assert_one_log();
    cluster.nodes[behind].kill("up");
    let before = cluster.nodes[behind].verify();
    let last = (0..MESSAGES).map(|number| alice.send("#general", &format!("message {number}"))).last();
    let last = last.expect("messages").expect("a receipt").n;

    let mut log = Etcd::new(&cluster.etcd.address("test").parse().expect("an address"), Tls::default())
        .expect("a client");
    wait_for("a trimmed window", || log.trim(1).ok());
    let head = before["chain"].as_str().expect("a chain");
    let head = format!("{} {head}", before["records"]).parse().expect("a head");
    let followed = wait_for("an answer", || log.follow(&head, Duration::ZERO).ok());
    assert!(matches!(followed, Followed::Trimmed { .. }), "{followed:?}");

    // Only one of the other nodes runs, and it did not lead.
    cluster.nodes[leader].kill("up");
    cluster.nodes[behind].start("up");
    let mut bob = user(&cluster.nodes[behind], "bob");
    bob.join("#general").expect("a member");
    let messages = bob.history("#general");
    assert!(messages.iter().any(|event| event.n == last), "the newest message is in the history");
    assert!(cluster.nodes[other].is_running("up"));
    let log = cluster.nodes[behind].log("up");
    assert!(log.contains("receiving them from another node"), "{log}");
    cluster.nodes[leader].start("up");
    cluster.assert_one_log();
}

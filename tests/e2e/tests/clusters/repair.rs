//! etcd that lost acknowledged batches.

use e2e::{Finished, Process};
use serde_json::{Value, json};

use super::{Cluster, user, wait_for};

/// Runs `papo cluster repair` on the data folder of a node.
fn repair(cluster: &Cluster, node: usize, flags: &[&str]) -> Finished {
    let (address, data) =
        (cluster.etcd.address("test"), cluster.nodes[node].data().to_str().expect("a path"));
    let arguments = ["cluster", "repair", "--cluster", &address, "--data", data];
    Process::run([&arguments, flags].concat())
}

/// Repeats a repair until etcd answers.
fn repair_ok(cluster: &Cluster, node: usize) {
    wait_for("a repair", || (repair(cluster, node, &["--confirm"]).code == Some(0)).then_some(()));
}

#[test]
fn a_log_that_etcd_lost_is_repaired_from_the_longest_log() {
    let Some(mut cluster) = Cluster::start(1, 3) else { return };
    let mut alice = user(&cluster.nodes[0], "alice");
    alice.create("#general").expect("a channel");
    cluster.assert_one_log();
    cluster.nodes[2].kill("up");
    cluster.etcd.kill(0);
    let old = cluster.etcd.copy_data(0);
    cluster.etcd.restart(0);
    let send =
        |alice: &mut e2e::Peer, text: &str| wait_for("a message", || alice.send("#general", text).ok()).n;
    send(&mut alice, "one");
    let records = |node: usize| cluster.nodes[node].verify()["records"].clone();
    wait_for("the message on both nodes", || (records(0) == records(1)).then_some(()));
    cluster.nodes[1].kill("up");
    let last = send(&mut alice, "two");
    cluster.nodes[0].kill("up");
    cluster.etcd.kill(0);
    cluster.etcd.set_data(0, Some(&old));
    cluster.etcd.restart(0);

    let longest = cluster.nodes[0].verify();
    let refused = wait_for("an answer of etcd", || {
        let refused = repair(&cluster, 0, &[]);
        refused.log.contains("nothing was changed").then_some(refused)
    });
    let heads: Value = serde_json::from_str(refused.output.trim()).expect("a line of JSON");
    assert_eq!((&heads["record"], &heads["cluster_log"]), (&longest["records"], &json!("part")));
    assert!(
        refused.code != Some(0) && heads["cluster_record"].as_u64() < heads["record"].as_u64(),
        "{heads}"
    );
    cluster.nodes[2].start("up");
    assert_eq!(cluster.leader(), 2);
    let refused = repair(&cluster, 0, &["--confirm"]);
    assert!(refused.code != Some(0) && refused.log.contains("n3 runs and leads"), "{}", refused.log);
    cluster.nodes[2].kill("up");

    repair_ok(&cluster, 0);
    assert_same_log(&mut cluster, last);
    for node in &mut cluster.nodes {
        node.kill("up");
    }
    cluster.etcd.kill(0);
    cluster.etcd.set_data(0, None);
    cluster.etcd.restart(0);
    let records = |node: &usize| cluster.nodes[*node].verify()["records"].as_u64();
    repair_ok(&cluster, (0..3).max_by_key(records).expect("nodes"));
    assert_same_log(&mut cluster, last);
}

/// Starts all nodes, and asserts that no message is lost and that the nodes have one log.
fn assert_same_log(cluster: &mut Cluster, last: u64) {
    for node in &mut cluster.nodes {
        node.spawn("up");
    }
    for node in &mut cluster.nodes {
        node.wait_until_ready("up");
    }
    for node in &cluster.nodes {
        let mut alice = node.peer();
        wait_for("a session", || alice.login("alice").ok());
        assert!(
            alice.history("#general").iter().any(|event| event.n == last),
            "an acknowledged message is lost"
        );
    }
    cluster.assert_one_log();
}

//! Files in a cluster.

use std::path::Path;
use std::process::Command;

use common::ContentHash;
use e2e::{Finished, Node, PASSWORD, Process, binary};
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

use super::{Cluster, folder, user, wait_for};

/// A user with a folder, who uses script commands at any node.
struct FileUser(TempDir);

impl FileUser {
    fn run(&self, node: &Node, arguments: &[&str]) -> Finished {
        let mut command = Command::new(binary());
        command.args(arguments).args(["--server", node.endpoint("clients"), "--timeout", "30"]);
        command.arg("--data").arg(node.data()).arg("--config").arg(self.0.path().join("config"));
        command.current_dir(self.0.path()).env("PAPO_PASSWORD", PASSWORD);
        Process::start(command).finish()
    }

    fn run_ok(&self, node: &Node, arguments: &[&str]) -> String {
        let finished = self.run(node, arguments);
        assert_eq!(finished.code, Some(0), "{arguments:?}: {}", finished.log);
        finished.output.trim_end().to_owned()
    }

    /// Sends a file with this content to `#general`. Returns the number of its event.
    fn send(&self, node: &Node, name: &str, content: &[u8]) -> String {
        write(&self.0.path().join(name), content);
        let sent = self.run_ok(node, &["file", "send", "#general", name]);
        sent.split_once(' ').expect("the channel and a number").1.to_owned()
    }

    fn assert_gets(&self, node: &Node, n: &str, content: &[u8]) {
        let downloads = folder();
        let to = downloads.path().to_str().expect("a path");
        let file = self.run_ok(node, &["file", "get", "#general", n, "--downloads", to]);
        assert!(read(Path::new(&file)) == content, "the content differs");
    }
}

#[expect(clippy::disallowed_methods, reason = "a user's own file")]
fn write(path: &Path, content: &[u8]) {
    std::fs::write(path, content).expect("written");
}

#[expect(clippy::disallowed_methods, reason = "a user's own file, or the file of a node")]
fn read(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Whether the data folder of a node has this content.
fn has(node: &Node, content: &[u8]) -> bool {
    let digits = ContentHash(Sha256::digest(content).into()).to_string();
    node.data().join("files").join(&digits[..2]).join(digits).exists()
}

#[test]
fn an_acknowledged_file_is_on_two_nodes_and_soon_on_all() {
    let Some(mut cluster) = Cluster::start(1, 3) else { return };
    let leader = cluster.leader();
    let others = [(leader + 1) % 3, (leader + 2) % 3];
    user(&cluster.nodes[others[0]], "alice").create("#general").expect("a channel");
    let alice = FileUser(folder());
    for node in &cluster.nodes {
        alice.run_ok(node, &["login", "alice"]);
    }
    // More than one window of parts, and an empty file.
    let content: Vec<u8> = (0..1_500_007_u32).map(|at| (at.wrapping_mul(at) >> 7) as u8).collect();
    let n = alice.send(&cluster.nodes[others[0]], "plan.pdf", &content);
    let copies = cluster.nodes.iter().filter(|node| has(node, &content)).count();
    assert!(copies >= 2, "{copies} nodes have the acknowledged file");
    cluster.nodes[leader].kill("up");
    for other in others {
        alice.assert_gets(&cluster.nodes[other], &n, &content);
    }
    let empty = alice.send(&cluster.nodes[others[1]], "empty", b"");
    alice.assert_gets(&cluster.nodes[others[0]], &empty, b"");
    cluster.nodes[leader].start("up");
    wait_for("all files on all nodes", || {
        cluster.nodes.iter().all(|node| has(node, &content) && has(node, b"")).then_some(())
    });
    cluster.assert_one_log();
}

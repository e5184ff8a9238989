//! A log that a crash has torn, or that something has damaged: what the real server makes of it at a start.
//!
//! The journal's own tests go through every byte; here are a few places of each sort, with a process each.

use std::fs;
use std::path::Path;

use common::Body;
use common::accounts::LoggedIn;
use e2e::{Node, Peer, Process, peers};
use serde_json::json;
use tempfile::TempDir;
use uuid::Uuid;

const LOG: &str = "log/00000000000000000001.log";

/// Batches of one message each, then one batch of as many: the last one.
const MESSAGES: usize = 5;

/// A data folder as a killed node has left it, and what is in it.
struct Left {
    data: TempDir,
    session: LoggedIn,
    log: Vec<u8>,
    /// Where each batch begins, and the log ends.
    starts: Vec<usize>,
}

impl Left {
    fn behind(kill: impl FnOnce(&mut Node)) -> Self {
        let mut node = Node::up();
        let [mut alice] = peers(&node, ["alice"]);
        for number in 1..=MESSAGES {
            alice.send("@alice", &format!("message {number}")).expect("stored");
        }
        let batch: Vec<_> =
            (1..=MESSAGES).flat_map(|number| line(&mut alice, &format!("batch {number}"))).collect();
        alice.post(&batch);
        assert_eq!(alice.reply().split_inclusive(|byte| *byte == b'\n').count(), MESSAGES);
        kill(&mut node);
        let data = node.into_data();
        let log = fs::read_to_string(data.path().join(LOG)).expect("a log").into_bytes();
        let mut starts = vec![0];
        for line in log.split_inclusive(|byte| *byte == b'\n').scan(0, |end, line| {
            *end += line.len();
            Some((line, *end))
        }) {
            if line.0.starts_with(b"{\"commit\":") {
                starts.push(line.1);
            }
        }
        Self { data, session: alice.session().clone(), log, starts }
    }

    /// A copy of the folder, with another log.
    fn with_log(&self, log: &[u8]) -> TempDir {
        let copy = TempDir::new().expect("a folder");
        copy_folder(self.data.path(), copy.path());
        overwrite(&copy.path().join(LOG), log);
        copy
    }

    fn last_batch(&self) -> usize {
        self.starts[self.starts.len() - 2]
    }
}

fn line(peer: &mut Peer, text: &str) -> Vec<u8> {
    peer.line("message.send", json!({ "to": "@alice", "id": Uuid::now_v7(), "text": text }))
}

#[expect(clippy::disallowed_methods, reason = "what a disk does to a log, nobody else does")]
fn overwrite(path: &Path, bytes: &[u8]) {
    fs::write(path, bytes).expect("a file that can be written");
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder").map(|entry| entry.expect("an entry")) {
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if from.is_dir() {
            copy_folder(&from, &to);
        } else {
            fs::copy(from, to).expect("a copy");
        }
    }
}

fn killed(node: &mut Node) {
    node.kill("up");
}

#[test]
fn a_torn_batch_is_cut_off_and_everything_before_it_is_there() {
    let left = Left::behind(killed);
    let (start, end) = (left.last_batch(), left.log.len());
    let first_line = left.log[start..].iter().position(|byte| *byte == b'\n').expect("a line");
    let commit = end - left.log[..end - 1].iter().rev().position(|byte| *byte == b'\n').expect("a line") - 1;
    let cuts = [
        (start, "before its first byte"),
        (start + 1, "behind its first byte"),
        (start + first_line / 2, "within its first line"),
        (start + first_line + 1, "behind its first line"),
        (commit, "before its commit line"),
        (commit + 40, "within its commit line"),
        (end - 1, "before its last byte"),
    ];
    for (cut, place) in cuts {
        let mut node = Node::up_with(left.with_log(&left.log[..cut]));
        assert_eq!(node.log("up").contains("cut a torn batch"), cut > start, "{place}: {}", node.log("up"));
        let mut alice = node.peer();
        alice.resume(&left.session);
        let expected: Vec<_> = (1..=MESSAGES).map(|number| format!("message {number}")).collect();
        assert_eq!(texts(&mut alice), expected, "{place}");
        assert_eq!(alice.send("@alice", "and on").expect("stored").n, MESSAGES as u64 + 1, "{place}");
        killed(&mut node);
        assert_eq!(node.verify()["torn_bytes"], 0, "{place}");
    }
}

fn texts(alice: &mut Peer) -> Vec<String> {
    let text = |body: Body<'_>| {
        let Body::Message { text, .. } = body else { panic!("{body:?}") };
        text.as_str().to_owned()
    };
    alice.history("@alice").into_iter().map(|event| text(event.body)).collect()
}

#[test]
fn a_damaged_byte_is_refused_by_file_and_offset() {
    let left = Left::behind(killed);
    let text = left.log.windows(9).position(|word| word == b"message 2").expect("a message");
    let batch = *left.starts.iter().rfind(|start| **start <= text).expect("its batch");
    let mut log = left.log.clone();
    log[text] ^= 1;
    let data = left.with_log(&log);
    let sentence = format!("{LOG} is damaged at byte {batch}:");
    for command in [vec!["up"], vec!["log", "verify"]] {
        let refused = start(&command, data.path());
        assert_eq!(refused.code, Some(1), "{}", refused.log);
        assert!(refused.log.contains(&sentence), "{sentence} is not in: {}", refused.log);
    }
    assert_eq!(
        fs::read_to_string(data.path().join(LOG)).expect("the log").into_bytes(),
        log,
        "nothing was changed"
    );
}

#[test]
fn a_log_that_ends_before_its_snapshots_is_refused() {
    let left = Left::behind(|node| drop(node.stop("up", rustix::process::Signal::TERM)));
    let data = left.with_log(&left.log[..left.last_batch()]);
    let refused = start(&["up"], data.path());
    assert_eq!(refused.code, Some(1), "{}", refused.log);
    assert!(refused.log.contains("later records are missing"), "{}", refused.log);
}

/// A command on a data folder, where it must not get as far as to listen anywhere for long.
fn start(command: &[&str], data: &Path) -> e2e::Finished {
    let ports = ["clients", "subscribers", "broker-control", "proxy-control", "server-control"];
    let ports = ports.map(|flag| format!("--{flag}=tcp://127.0.0.1:0"));
    let ports = if command == ["up"] { &ports[..] } else { &[] };
    let data = format!("--data={}", data.display());
    Process::run(command.iter().copied().chain([&*data]).chain(ports.iter().map(|port| &**port)))
}
